import { strict as assert } from "node:assert";
import {
  BORROWED,
  EXPOSED,
  giveBackMemory,
  Rush,
  type Sight,
  UNLOADED,
} from "../../lib/cli/give_back.ts";
import { Server } from "../../lib/net/mod.ts";

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

/** Whether memory is given back. */
type Given = "given" | "kept";

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
    for (let i = 0; i < 10; i++) {
      assert.equal(rush.look(sight = next(sight), asked, EXPOSED), false);
    }
    assert.equal(rush.look(sight, () => usage(100 * MB), EXPOSED), true);
    rush.settle(sight, usage(0));
    const later = [1, 2, 3, 4, 5, 6, 7, 8].map(() => rush.look(sight, () => usage(0), EXPOSED));
    assert.deepEqual(later.map(Number).join(""), "00010000");
  });
}

Deno.test("What is kept for somebody is nothing that could be given back", () => {
  const rush = new Rush(CALM, usage(0));
  const sight = { ...CALM, keptBytes: 60 * MB };
  assert.equal(rush.look(sight, () => usage(60 * MB), EXPOSED), false);
  assert.equal(rush.look(sight, () => usage(70 * MB), EXPOSED), true);
});

Deno.test("Who comes now and then does not keep memory from being given back", () => {
  const rush = new Rush(CALM, usage(0));
  assert.equal(rush.look({ ...CALM, connections: 2 }, () => usage(100 * MB), EXPOSED), true);
});

const heaps: [
  what: string,
  usedMb: number,
  liveMb: number,
  calm: Given,
  late: Given,
  silent: Given,
][] = [
  ["a small heap", 19, 10, "given", "given", "given"],
  ["a heap of garbage", 60, 8, "given", "given", "given"],
  ["a large heap of garbage", 400, 10, "given", "given", "given"],
  ["the heap of thousands of clients", 30, 27, "kept", "given", "given"],
  ["a large heap that is in use", 80, 70, "kept", "kept", "given"],
  ["a large heap that is in use and seems larger than it is", 80, 900, "kept", "kept", "given"],
  ["a very large heap", 200, 150, "kept", "kept", "kept"],
];
for (const [what, usedMb, liveMb, ...expected] of heaps) {
  Deno.test(`${what}, while clients come now and then, half a minute later, and in silence: ${expected}`, () => {
    const used = { ...usage(0), heapUsed: usedMb * MB, heapTotal: usedMb * MB };
    const given = (looks: number, packets: number): Given => {
      const rush = new Rush(CALM, usage(0));
      let sight: Sight = { ...CALM, liveBytes: liveMb * MB };
      for (let i = 0; i < looks; i++) {
        sight = { ...sight, packets: sight.packets + packets };
        rush.look(sight, () => usage(0), EXPOSED);
      }
      sight = { ...sight, packets: sight.packets + packets };
      return rush.look(sight, () => used, EXPOSED) ? "given" : "kept";
    };
    assert.deepEqual([given(0, 3), given(60, 3), given(10, 0)], expected);
  });
}

Deno.test("Who says something begins the wait for silence anew", () => {
  const rush = new Rush(CALM, usage(0));
  const used = { ...usage(0), heapUsed: 80 * MB, heapTotal: 80 * MB };
  let sight: Sight = { ...CALM, liveBytes: 70 * MB };
  const look = () => Number(rush.look(sight, () => used, EXPOSED));
  const before = Array.from({ length: 8 }, look);
  sight = { ...sight, packets: 1 };
  const after = Array.from({ length: 11 }, look);
  assert.equal([...before, ...after].join(""), "0".repeat(18) + "1");
});

Deno.test("A collection that takes longer is made later, or only in silence", () => {
  const look = (cost: typeof EXPOSED, looks: number, packets: number) => {
    const rush = new Rush(CALM, usage(0));
    let sight: Sight = { ...CALM, liveBytes: 10 * MB };
    for (let i = 0; i <= looks; i++) {
      sight = { ...sight, packets: sight.packets + packets };
      if (rush.look(sight, () => usage(i === looks ? 100 * MB : 0), cost)) return true;
    }
    return false;
  };
  const times: [looks: number, packets: number][] = [[0, 3], [60, 3], [10, 0]];
  const when = (cost: typeof EXPOSED) =>
    times.map(([looks, packets]) => look(cost, looks, packets));
  assert.deepEqual(when(EXPOSED), [true, true, true]);
  assert.deepEqual(when(BORROWED), [false, true, true]);
  assert.deepEqual(when(UNLOADED), [false, false, true]);
});

Deno.test("Pages that V8 keeps of the heap that was are given back 12 and 23 seconds after the rush", () => {
  const rush = new Rush(CALM, usage(0));
  const pooled = { ...usage(0), rss: 500 * MB };
  assert.equal(rush.look(CALM, () => usage(400 * MB), EXPOSED), true);
  rush.settle(CALM, pooled);
  const later = Array.from({ length: 100 }, () => rush.look(CALM, () => pooled, EXPOSED));
  assert.deepEqual(later.flatMap((given, i) => given ? [i + 1] : []), [4, 24, 46]);
});

Deno.test("Pages that V8 keeps after collections of its own are given back, once", () => {
  const rush = new Rush(CALM, usage(0));
  const pooled = { ...usage(0), rss: 500 * MB };
  const given = Array.from({ length: 100 }, (_, i) => {
    const isGiven = rush.look(CALM, () => i < 30 ? pooled : usage(0), EXPOSED);
    if (isGiven) rush.settle(CALM, pooled);
    return isGiven;
  });
  assert.deepEqual(given.flatMap((given, i) => given ? [i] : []), [0, 4, 24]);
});

Deno.test("How large the heap may become is asked for once there are many subscriptions", async () => {
  await using server = new Server();
  const { core } = server.broker;
  const stop = giveBackMemory(server);
  try {
    await new Promise((resolve) => setTimeout(resolve, 600)); // It has looked once.
    assert.equal(core.heapLimitBytes, Infinity);
    core.subscriptionBytes = 9 * 1024 * 1024;
    const endMs = performance.now() + 10_000;
    while (core.heapLimitBytes === Infinity && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.ok(core.heapLimitBytes < 1e12);
  } finally {
    stop();
  }
});
