import { strict as assert } from "node:assert";
import { Releases } from "../../lib/broker/core/releases.ts";
import { TestStore } from "../support/test_broker.ts";

function* names(count: number, length: number): Generator<string> {
  for (let i = 0; i < count; i++) yield `${i}`.padEnd(length, "x");
}

const floods: [what: string, count: number, length: number, most: number][] = [
  ["many", 110_000, 6, 100_000],
  ["long", 400, 60_000, 300],
];
for (const [what, count, length, most] of floods) {
  Deno.test(`Sessions that end while the store fails are remembered, and not ever more: ${what} names`, () => {
    const releases = new Releases(() => {});
    for (const name of names(count, length)) releases.end(name);
    assert.ok(releases.endingCount <= most && releases.endingCount > most / 2);
    assert.ok(releases.isEnding("0".padEnd(length, "x")), "the first is known");
    const store = new TestStore();
    releases.commit(store);
    assert.equal(releases.endingCount, 0);
    // There is room again, as much as before.
    for (const name of names(count, length)) releases.end(name);
    assert.ok(releases.endingCount <= most && releases.endingCount > most / 2);
  });
}
