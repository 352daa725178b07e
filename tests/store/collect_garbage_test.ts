import { equal, ok } from "node:assert/strict";
import { IdleCollection } from "../../lib/store/collect_garbage.ts";

Deno.test("IdleCollection: a thread that rests gives back what it has allocated, and is left alone afterwards", async () => {
  const idle = new IdleCollection();
  equal(await idle.rest(), false);
  let kept: number[][] = Array.from({ length: 40_000 }, (_, i) => Array<number>(100).fill(i));
  const full = Deno.memoryUsage().heapUsed;
  ok(kept.length > 0);
  kept = [];
  equal(await idle.rest(), true);
  // 32 MB are garbage.
  ok(Deno.memoryUsage().heapUsed < full - 16 * 1024 * 1024);
  equal(await idle.rest(), false);
});
