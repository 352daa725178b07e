import { deepEqual, equal } from "node:assert/strict";
import { Marks } from "../../lib/cluster/marks.ts";
import { Window } from "../../lib/cluster/window.ts";
import { Random } from "../support/random.ts";

const record = (node: string, epoch: number, number: number) => ({ node, epoch, number });

Deno.test("Marks takes a node's records in order and once, whatever stands between", () => {
  const marks = new Marks([], false);
  equal(marks.judge(record("a", 1, 1)), "next");
  equal(marks.judge(record("b", 7, 1)), "next");
  equal(marks.judge(record("a", 1, 1)), "repeat");
  equal(marks.judge(record("a", 1, 3)), "early");
  equal(marks.judge(record("a", 1, 2)), "next");
  equal(marks.judge(record("a", 1, 3)), "next");
  equal(marks.judge(record("a", 2, 2)), "early");
  equal(marks.judge(record("a", 2, 1)), "next");
  equal(marks.judge(record("a", 1, 4)), "repeat");
  deepEqual(marks.list, [["a", 2, 1], ["b", 7, 1]]);
});

Deno.test("Marks goes on from a list as it would have without the break", () => {
  const before = new Marks([], false);
  before.judge(record("a", 5, 1));
  const after = new Marks(before.list, false);
  equal(after.judge(record("a", 5, 1)), "repeat");
  equal(after.judge(record("a", 5, 2)), "next");
});

Deno.test("Marks takes the first record that there is where the log is cut off, and no gap after it", () => {
  const marks = new Marks([], true);
  equal(marks.judge(record("a", 5, 40)), "next");
  equal(marks.judge(record("a", 5, 42)), "early");
  equal(marks.judge(record("a", 5, 41)), "next");
});

Deno.test("Window and Marks: whatever is lost, doubled or late, each record counts once and in order", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed);
    const log: number[] = [];
    const late: number[] = [];
    const counted: number[] = [];
    const marks = new Marks([], false);
    let nowMs = 0;
    const window: Window = new Window((number, attempt) => {
      const fate = random.int(10);
      if (fate < 2) return true; // Lost.
      if (fate < 4) late.push(number);
      else log.push(number);
      if (fate === 4) log.push(number);
      if (fate === 5) window.answered(number, attempt, false);
      else if (fate > 6) window.answered(number, attempt, true);
      return true;
    }, 1000);
    const read = () => {
      if (random.int(3) === 0) log.push(...late.splice(0));
      for (const number of log.splice(0)) {
        const verdict = marks.judge(record("a", 1, number));
        if (verdict === "early") window.early(number);
        if (verdict !== "next") continue;
        counted.push(number);
        window.applied(number, nowMs);
      }
    };
    for (let number = 1; number <= 50; number++) {
      window.add(number, new Uint8Array(10), nowMs);
      if (random.int(3) === 0) read();
      nowMs += random.int(500);
      if (random.int(4) === 0) window.look(nowMs);
    }
    for (let rounds = 0; window.length > 0; rounds++) {
      equal(rounds < 2000, true, `seed ${seed}: it does not end`);
      nowMs += 4000;
      window.look(nowMs);
      read();
    }
    deepEqual(counted, Array.from({ length: 50 }, (_, i) => i + 1), `seed ${seed}`);
  }
});
