import { strict as assert } from "node:assert";
import { type AttemptOutcome, FailedAttempts } from "../../lib/auth/failed_attempts.ts";

function attempts(maxDelayMs = 5000, maxAddresses = 100) {
  const clock = { nowMs: 1000 };
  const failed = new FailedAttempts({ maxDelayMs, maxAddresses, nowMs: () => clock.nowMs });
  /** One attempt from its beginning to its end; returns how long it waited. */
  const attempt = (address: string, user = "u", outcome: AttemptOutcome = "wrong") => {
    const begun = failed.begin(address, user);
    clock.nowMs += begun?.waitMs ?? 0;
    begun?.end(outcome);
    return begun?.waitMs;
  };
  /** That can begin at once. */
  const together = (count: number, address: string, user: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => failed.begin(address, user(i)));
  return { clock, failed, attempt, together };
}

Deno.test("The first two failures of a user cost nothing; then each makes the next attempt wait twice as long", () => {
  const { failed, attempt } = attempts();
  const waits = Array.from({ length: 9 }, () => attempt("a"));
  assert.deepEqual(waits, [0, 0, 0, 100, 200, 400, 800, 1600, 3200]);
  assert.equal(failed.counts().get("a"), 9);
  assert.equal(attempt("b"), 0);
});

Deno.test("A thousand attempts at once go one after the other, and most are refused", () => {
  const { attempt, together } = attempts(1000);
  for (let i = 0; i < 4; i++) attempt("a");
  const waits = together(1000, "a", () => "u").map((begun) => begun?.waitMs);
  assert.deepEqual(waits.slice(0, 5), [200, 400, 800, undefined, undefined]);
  assert.equal(waits.filter((wait) => wait !== undefined).length, 3);
});

Deno.test("Attempts under way count as failures to come: six hundred at once are a dozen", () => {
  const { together } = attempts();
  const begun = together(600, "a", () => "alice").filter((attempt) => attempt !== undefined);
  assert.ok(begun.length <= 12, `${begun.length} were let through`);
  // With the same right password, or dropped, they cost nothing afterwards.
  for (const attempt of begun) attempt.end("dropped");
});

Deno.test("Of an address alone many more fail before it waits, whatever their names", () => {
  const { together } = attempts();
  const begun = together(600, "a", (i) => `user${i}`).filter((attempt) => attempt !== undefined);
  assert.ok(begun.length >= 50 && begun.length <= 60, `${begun.length} were let through`);
  for (const attempt of begun) attempt.end("wrong");
  const { failed, attempt } = attempts();
  for (let i = 0; i < 70; i++) attempt("a", `user${i}`);
  assert.notEqual(failed.begin("a", "one more")?.waitMs, 0);
  assert.equal(failed.begin("b", "one more")?.waitMs, 0);
});

Deno.test("A device with a stale password makes nobody else behind its address wait", () => {
  const { clock, attempt } = attempts();
  attempt("a", "stale");
  for (let i = 0; i < 1000; i++) {
    attempt("a", "stale", "repeated");
    clock.nowMs += 1000;
    assert.equal(attempt("a", `device${i}`, "right"), 0);
  }
  for (let i = 0; i < 20; i++) attempt("a", "stale", "repeated");
  assert.notEqual(attempt("a", "stale", "repeated"), 0);
});

Deno.test("At a Unix socket, whose clients have no address, one user's failures are no other's", () => {
  const { failed, attempt } = attempts();
  for (let i = 0; i < 200; i++) attempt("unix:/run/mqtt", `user${i}`);
  assert.equal(attempt("unix:/run/mqtt", "other"), 0);
  for (let i = 0; i < 5; i++) attempt("unix:/run/mqtt", "one");
  assert.notEqual(attempt("unix:/run/mqtt", "one"), 0);
  assert.equal(failed.counts().get("unix:/run/mqtt"), 207);
});

Deno.test("A failure is forgiven after ten seconds", () => {
  const { clock, attempt } = attempts();
  for (let i = 0; i < 5; i++) attempt("a");
  clock.nowMs += 60_000;
  assert.deepEqual([attempt("a"), attempt("a")], [0, 0]);
});

Deno.test("With a longest delay of 0 nobody waits", () => {
  const { failed, attempt } = attempts(0);
  for (let i = 0; i < 20; i++) attempt("a");
  assert.equal(failed.begin("a", "u")?.waitMs, 0);
});

Deno.test("Addresses are forgotten when there are too many, the one that failed longest ago first", () => {
  const { failed, attempt } = attempts(5000, 2);
  for (const address of ["a", "b", "a", "c"]) attempt(address);
  assert.deepEqual([...failed.counts()], [["a", 2], ["c", 1]]);
});

Deno.test("Whose attempts were right is not remembered, and long names are not kept", () => {
  const { failed, attempt } = attempts();
  const before = Deno.memoryUsage().heapUsed;
  for (let i = 0; i < 90; i++) attempt("a", `${i}${"x".repeat(1_000_000)}`, "repeated");
  assert.ok(Deno.memoryUsage().heapUsed - before < 45_000_000);
  for (let i = 0; i < 1000; i++) attempt(`right${i}`, "u", "right");
  assert.equal(failed.counts().size, 0);
});
