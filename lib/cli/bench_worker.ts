/// <reference lib="deno.worker" />
import { setImmediate } from "node:timers";
import { LoadConnection, loadTopic } from "../client/mod.ts";
import {
  type BenchJob,
  type BenchResult,
  BUCKETS,
  DELIVERED,
  latencyBucket,
  PUBLISHED,
  STOP,
} from "./bench_job.ts";

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

async function publishAll(job: BenchJob): Promise<void> {
  const counters = new Int32Array(job.counters);
  const connections = await Promise.all(
    Array.from({ length: job.count }, async (_, i) => ({
      connection: await LoadConnection.open(job.place, `bench-${job.run}-p${i}`),
      topic: loadTopic(`bench/${job.run}/${job.isPaired || job.takesAll ? i : 0}`),
    })),
  );
  const payload = new Uint8Array(Math.max(8, job.payloadBytes));
  const stamp = new DataView(payload.buffer);
  self.postMessage({ type: "ready" } satisfies BenchResult);
  await started(counters);
  while (Atomics.load(counters, STOP) === 0) {
    let isStuck = true;
    for (const { connection, topic } of connections) {
      // A few messages at a time, so that all publishers get a turn.
      for (let i = 0; i < 16; i++) {
        const underWay = Atomics.load(counters, PUBLISHED) * job.receivers -
          Atomics.load(counters, DELIVERED);
        if (underWay >= job.window || connection.inFlight >= 200) break;
        stamp.setFloat64(0, nowMs());
        connection.publish(topic.name, topic.bytes, payload, job.qos);
        Atomics.add(counters, PUBLISHED, 1);
        isStuck = false;
        if (job.window <= job.count) break;
      }
      connection.flush();
    }
    // The window opens when the other Worker counts deliveries, which can only be polled.
    await new Promise((resolve) => isStuck ? setTimeout(resolve, 0) : setImmediate(resolve));
  }
  for (const { connection } of connections) connection.close();
  self.postMessage({ type: "done" } satisfies BenchResult);
}

async function subscribeAll(job: BenchJob): Promise<void> {
  const counters = new Int32Array(job.counters);
  const latencies = new Uint32Array(BUCKETS);
  const connections = await Promise.all(Array.from({ length: job.count }, async (_, i) => {
    const topicFilter = job.takesAll
      ? `bench/${job.run}/#`
      : `bench/${job.run}/${job.isPaired ? i : 0}`;
    const connection = await LoadConnection.open(
      job.place,
      `bench-${job.run}-s${i}`,
      { topicFilter, qos: job.qos },
      job.keepsSessions,
    );
    connection.onPublish = (payload) => {
      const view = new DataView(payload.buffer, payload.byteOffset);
      latencies[latencyBucket((nowMs() - view.getFloat64(0)) * 1000)]!++;
      Atomics.add(counters, DELIVERED, 1);
    };
    return connection;
  }));
  self.postMessage({ type: "ready" } satisfies BenchResult);
  while (Atomics.load(counters, STOP) !== 1) await new Promise((done) => setTimeout(done, 20));
  for (const connection of connections) connection.close();
  if (job.keepsSessions) {
    for (let i = 0; i < job.count; i++) {
      (await LoadConnection.open(job.place, `bench-${job.run}-s${i}`)).close();
    }
  }
  self.postMessage({ type: "done", latencies } satisfies BenchResult);
}

/** Waits until the run begins. */
async function started(counters: Int32Array): Promise<void> {
  while (Atomics.load(counters, STOP) === 2) await new Promise((done) => setTimeout(done, 1));
}

self.onmessage = async ({ data }: MessageEvent<BenchJob>) => {
  try {
    await (data.role === "publisher" ? publishAll(data) : subscribeAll(data));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    self.postMessage({ type: "failed", reason } satisfies BenchResult);
  }
};
