import { deepEqual, equal } from "node:assert/strict";
import { Growth } from "../../lib/net/epoll/growth.ts";
import { MOVED_BYTES } from "../../lib/net/move_in_parts.ts";

const PART_BYTES = MOVED_BYTES / 4;

Deno.test("In a round as much grows as its limit lets, and the rest in later ones, in its order", () => {
  const growth = new Growth();
  const grown: number[] = [];
  const rounds: number[][] = [];
  for (let i = 0; i < 10; i++) {
    if (growth.admits(PART_BYTES)) grown.push(i);
    else growth.later(PART_BYTES, () => grown.push(i));
  }
  for (; growth.isAwaited; growth.beginRound()) rounds.push(grown.splice(0));
  deepEqual([...rounds, grown], [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]);
});

Deno.test("Who comes while others wait, waits behind them", () => {
  const growth = new Growth();
  equal(growth.admits(MOVED_BYTES), true);
  growth.later(MOVED_BYTES, () => {});
  growth.later(MOVED_BYTES, () => {});
  growth.beginRound();
  equal(growth.admits(1), false);
  growth.beginRound();
  equal(growth.isAwaited, false);
  equal(growth.admits(1), false, "the one that waited has filled the round");
  growth.beginRound();
  equal(growth.admits(1), true);
});

Deno.test("A buffer that is larger than the limit has a round of its own", () => {
  const growth = new Growth();
  equal(growth.admits(1), true);
  let hasGrown = false;
  equal(growth.admits(2 * MOVED_BYTES), false);
  growth.later(2 * MOVED_BYTES, () => hasGrown = true);
  growth.beginRound();
  equal(hasGrown, true);
});
