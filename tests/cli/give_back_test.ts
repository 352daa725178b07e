import { strict as assert } from "node:assert";
import { Rush, type Sight } from "../../lib/cli/give_back.ts";

const MB = 1024 * 1024;
const CALM: Sight = {
  packets: 0,
  connections: 0,
  unfinishedReads: 0,
  steps: 0,
  keptBytes: 0,
  liveBytes: 0,
};

function usage(externalBytes: number): Deno.MemoryUsage {
  return { heapTotal: 10 * MB, heapUsed: 8 * MB, external: externalBytes, rss: 100 * MB };
}

const busy: [what: string, next: (sight: Sight) => Sight][] = [
  ["packets come", (sight) => ({ ...sight, packets: sight.packets + 1000 })],
  ["the core works on a few large packets", (sight) => ({ ...sight, steps: sight.steps + 1e6 })],
  ["connections come", (sight) => ({ ...sight, connections: sight.connections + 10 })],
  [
    "clients send packets that they never finish",
    (sight) => ({ ...sight, unfinishedReads: sight.unfinishedReads + 500 }),
  ],
];
for (const [what, next] of busy) {
  Deno.test(`No memory is given back while ${what}, and it is when that is over, and once more later`, () => {
    const rush = new Rush(CALM, usage(0));
    let sight = CALM;
    const asked = () => assert.fail("It is busy, and asks what memory there is");
    for (let i = 0; i < 10; i++) assert.equal(rush.look(sight = next(sight), asked), false);
    assert.equal(rush.look(sight, () => usage(100 * MB)), true);
    rush.settle(sight, usage(0));
    const later = [1, 2, 3, 4, 5, 6, 7, 8].map(() => rush.look(sight, () => usage(0)));
    assert.deepEqual(later.map(Number).join(""), "00010000");
  });
}

Deno.test("What is kept for somebody is nothing that could be given back", () => {
  const rush = new Rush(CALM, usage(0));
  const sight = { ...CALM, keptBytes: 60 * MB };
  assert.equal(rush.look(sight, () => usage(60 * MB)), false);
  assert.equal(rush.look(sight, () => usage(70 * MB)), true);
});

Deno.test("Who comes now and then does not keep memory from being given back", () => {
  const rush = new Rush(CALM, usage(0));
  assert.equal(rush.look({ ...CALM, connections: 2 }, () => usage(100 * MB)), true);
});

const heaps: [what: string, usedBytes: number, liveBytes: number, isGiven: boolean][] = [
  ["a large heap of garbage", 300 * MB, 16 * MB, true],
  ["a heap that is in use", 100 * MB, 90 * MB, false],
  ["a heap that is in use and seems larger than it is", 100 * MB, 900 * MB, false],
  ["a heap of garbage beside a large one that is in use", 500 * MB, 50 * MB, false],
];
for (const [what, heapUsed, liveBytes, isGiven] of heaps) {
  Deno.test(`${what} is ${isGiven ? "" : "not "}collected: only what lives takes long`, () => {
    const rush = new Rush(CALM, usage(0));
    const used = { ...usage(0), heapUsed, heapTotal: heapUsed };
    assert.equal(rush.look({ ...CALM, liveBytes }, () => used), isGiven);
  });
}
