/// <reference lib="deno.worker" />
import { WorkerBus } from "../../lib/bus/mod.ts";

// Sends back every message under in/ as one under out/, and stands still from time to time.

/** Messages between two stalls. */
const STALL_EVERY = 25_000;
const STALL_MS = 300;

const bus = new WorkerBus({ name: self.name, maxPendingBytes: 4 * 1024 * 1024 });
const sleeper = new Int32Array(new SharedArrayBuffer(4));
let count = 0;
let refused = 0;

bus.subscribe("in/#", ({ topicName, payload }) => {
  if (!bus.publish(`out${topicName.slice(2)}`, payload)) refused++;
  if (++count % STALL_EVERY === 0) Atomics.wait(sleeper, 0, 0, STALL_MS);
});
await bus.flush();
self.postMessage("ready");

self.onmessage = () => {
  self.postMessage({ refused, stats: bus.stats });
  bus.close();
  self.close();
};
