import { deepEqual } from "node:assert/strict";
import { EvictionLog } from "../../lib/net/eviction_log.ts";

/** A log that keeps its warnings, and a clock. */
function begin() {
  const lines: unknown[] = [];
  const log = {
    debugOn: false,
    debug() {},
    info() {},
    warning: (_: string, fields?: Record<string, unknown>) => {
      lines.push(fields?.["client"] ?? fields?.["clients"]);
    },
    error() {},
  };
  const clock = { nowMs: 1000 };
  const evictions = new EvictionLog(() => clock.nowMs);
  const tell = (client: string) => evictions.tell(log, { client });
  return { lines, clock, evictions, tell };
}

Deno.test("of many clients that are disconnected in a second ten are named, and the others counted", () => {
  const { lines, clock, evictions, tell } = begin();
  for (let i = 0; i < 500; i++) tell(`c${i}`);
  deepEqual(lines, Array.from({ length: 10 }, (_, i) => `c${i}`));
  lines.length = 0;
  clock.nowMs += 1000;
  tell("next");
  deepEqual(lines, [490, "next"]);
  evictions.flush();
  deepEqual(lines, [490, "next"]);
});

Deno.test("those that were only counted are said when it is quiet", () => {
  const { lines, evictions, tell } = begin();
  for (let i = 0; i < 11; i++) tell(`c${i}`);
  lines.length = 0;
  evictions.flush();
  deepEqual(lines, [1]);
});
