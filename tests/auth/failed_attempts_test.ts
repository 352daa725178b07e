import { strict as assert } from "node:assert";
import { FailedAttempts } from "../../lib/auth/failed_attempts.ts";

function attempts(maxDelayMs = 5000, maxAddresses = 100) {
  const clock = { nowMs: 1000 };
  return {
    clock,
    failed: new FailedAttempts({ maxDelayMs, maxAddresses, nowMs: () => clock.nowMs }),
  };
}

Deno.test("The first two failures cost nothing; then each makes the next attempt wait twice as long", () => {
  const { clock, failed } = attempts();
  const waits: (number | undefined)[] = [];
  for (let i = 0; i < 9; i++) {
    waits.push(failed.enter("a"));
    clock.nowMs += waits.at(-1) ?? 0;
    failed.fail("a");
  }
  assert.deepEqual(waits, [0, 0, 0, 100, 200, 400, 800, 1600, 3200]);
  assert.equal(failed.counts().get("a"), 9);
  assert.equal(failed.enter("b"), 0);
});

Deno.test("A thousand attempts at once go one after the other, and most are refused", () => {
  const { failed } = attempts(1000);
  for (let i = 0; i < 4; i++) failed.fail("a");
  const waits = Array.from({ length: 1000 }, () => failed.enter("a"));
  assert.deepEqual(waits.slice(0, 7), [200, 400, 600, 800, 1000, undefined, undefined]);
  assert.equal(waits.filter((wait) => wait !== undefined).length, 5);
});

Deno.test("A failure is forgiven after ten seconds", () => {
  const { clock, failed } = attempts();
  for (let i = 0; i < 5; i++) failed.fail("a");
  clock.nowMs += 60_000;
  assert.equal(failed.enter("a"), 0);
  failed.fail("a");
  assert.equal(failed.enter("a"), 0);
});

Deno.test("With a longest delay of 0 nobody waits", () => {
  const { failed } = attempts(0);
  for (let i = 0; i < 20; i++) failed.fail("a");
  assert.equal(failed.enter("a"), 0);
});

Deno.test("Addresses are forgotten when there are too many, the one that failed longest ago first", () => {
  const { failed } = attempts(5000, 2);
  for (const address of ["a", "b", "a", "c"]) failed.fail(address);
  assert.deepEqual([...failed.counts()], [["a", 2], ["c", 1]]);
});
