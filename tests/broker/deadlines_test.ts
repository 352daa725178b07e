import { deepEqual, equal } from "node:assert/strict";
import { Deadline, Deadlines } from "../../lib/broker/mod.ts";
import { Random } from "../support/random.ts";

Deno.test("without deadlines there is no next one, and nothing runs", () => {
  const deadlines = new Deadlines();
  deadlines.run(1000);
  deepEqual([deadlines.size, deadlines.nextMs], [0, Infinity]);
});

Deno.test("run() calls what is due up to now, earliest first, each once", () => {
  const { deadlines, called, add } = queue();
  for (const atMs of [30, 10, 40, 20]) add(atMs);
  equal(deadlines.nextMs, 10);
  deadlines.run(30);
  deepEqual(called, [10, 20, 30]);
  equal(deadlines.nextMs, 40);
  deadlines.run(30);
  deepEqual(called, [10, 20, 30]);
});

Deno.test("a deadline may be moved forward and back, and stands in the queue once", () => {
  const { deadlines, called, add } = queue();
  const moved = add(50);
  add(20);
  deadlines.set(moved, 10);
  equal(deadlines.nextMs, 10);
  deadlines.set(moved, 30);
  deepEqual([deadlines.nextMs, deadlines.size], [20, 2]);
  deadlines.run(100);
  deepEqual(called, [20, 50]);
});

Deno.test("clear() takes a deadline out; clearing it again does nothing", () => {
  const { deadlines, called, add } = queue();
  const cleared = add(10);
  add(20);
  deadlines.clear(cleared);
  deadlines.clear(cleared);
  deepEqual([cleared.index, cleared.atMs, deadlines.size], [-1, Infinity, 1]);
  deadlines.run(100);
  deepEqual(called, [20]);
});

Deno.test("what is due may set itself again, and clear and set others", () => {
  const deadlines = new Deadlines();
  const calls: string[] = [];
  const other = new Deadline(() => calls.push("other"));
  const added = new Deadline(() => calls.push("added"));
  const again: Deadline = new Deadline(() => {
    calls.push("again");
    if (calls.length === 1) deadlines.set(again, 15);
    deadlines.clear(other);
    deadlines.set(added, 12);
  });
  deadlines.set(again, 10);
  deadlines.set(other, 11);
  deadlines.run(14);
  deepEqual(calls, ["again", "added"]);
  equal(deadlines.nextMs, 15);
});

Deno.test("a deadline at Infinity never comes", () => {
  const { deadlines, called, add } = queue();
  add(Infinity);
  deadlines.run(Number.MAX_VALUE);
  deepEqual([called, deadlines.nextMs], [[], Infinity]);
});

for (let seed = 1; seed <= 20; seed++) {
  Deno.test(`Deadlines does what a sorted list does, seed ${seed}`, () => {
    const random = new Random(seed);
    const deadlines = new Deadlines();
    const model = new Map<Deadline, number>();
    const called: Deadline[] = [];
    const all = Array.from({ length: 60 }, () => {
      const deadline: Deadline = new Deadline(() => called.push(deadline));
      return deadline;
    });
    let nowMs = 0;
    for (let step = 0; step < 1500; step++) {
      const deadline = random.pick(all);
      const choice = random.int(10);
      if (choice < 6) {
        const atMs = nowMs + random.int(100);
        deadlines.set(deadline, atMs);
        model.set(deadline, atMs);
      } else if (choice < 8) {
        deadlines.clear(deadline);
        model.delete(deadline);
      } else {
        nowMs += random.int(20);
        called.length = 0;
        deadlines.run(nowMs);
        const due = [...model].filter(([, atMs]) => atMs <= nowMs);
        deepEqual(new Set(called), new Set(due.map(([one]) => one)));
        const times = called.map((one) => model.get(one)!);
        deepEqual(times, times.toSorted((a, b) => a - b));
        for (const [one] of due) model.delete(one);
      }
      equal(deadlines.size, model.size);
      equal(deadlines.nextMs, Math.min(Infinity, ...model.values()));
      for (const one of all) equal(one.index >= 0, model.has(one));
    }
  });
}

function queue() {
  const deadlines = new Deadlines();
  /** The times at which those called were set first. */
  const called: number[] = [];
  const add = (atMs: number): Deadline => {
    const deadline = new Deadline(() => called.push(atMs));
    deadlines.set(deadline, atMs);
    return deadline;
  };
  return { deadlines, called, add };
}
