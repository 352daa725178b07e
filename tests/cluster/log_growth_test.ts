import { equal } from "node:assert/strict";
import { LogGrowth } from "../../lib/cluster/log_growth.ts";

const log = (firstSequence: number, lastSequence: number, bytes: number) => ({
  firstSequence,
  lastSequence,
  bytes,
  messages: 0,
  leader: "",
  created: "",
  maxBytes: 0,
  replicas: 1,
});

Deno.test("the bytes behind a record are counted where the node was there, large ones as such", () => {
  const growth = new LogGrowth();
  growth.add({ sequence: 100, bytes: 0 });
  growth.add({ sequence: 110, bytes: 1000 });
  growth.add({ sequence: 111, bytes: 501_000 });
  const info = log(1, 111, 600_000);
  // It has begun to read at 100: what stands before is estimated.
  equal(Math.round(growth.bytesBehind(0, info)), Math.round(501_000 + 1100 + 600_000 * 100 / 111));
  equal(growth.bytesBehind(105, info), 501_000 + 1100);
  equal(growth.bytesBehind(110, info), 500_100);
  equal(growth.bytesBehind(111, info), 0);
});

Deno.test("without anything seen, all records of the log count as equally large", () => {
  equal(new LogGrowth().bytesBehind(0, log(11, 20, 1000)), 1000);
  equal(new LogGrowth().bytesBehind(15, log(11, 20, 1000)), 500);
  equal(new LogGrowth().bytesBehind(20, log(11, 20, 1000)), 0);
  equal(new LogGrowth().bytesBehind(0, log(1, 0, 0)), 0);
});
