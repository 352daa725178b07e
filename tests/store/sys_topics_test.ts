import { deepEqual, equal } from "node:assert/strict";
import { Metrics } from "../../lib/broker/ground/metrics.ts";
import { Distribution } from "../../lib/broker/mod.ts";
import type { MessageInit } from "../../lib/broker/mod.ts";
import { Server } from "../../lib/net/mod.ts";
import { SysTopics } from "../../lib/observe/mod.ts";
import { MemoryStore } from "../../lib/store/mod.ts";

Deno.test("what the broker says of itself is retained and not stored", async () => {
  const store = new MemoryStore();
  const server = new Server({ store });
  for (const topicName of ["$SYS/broker/uptime", "state"]) {
    server.hub.publish({ topicName, payload: Uint8Array.of(1), retain: true });
  }
  await server.close();
  equal(server.broker.core.retained.size, 2);
  deepEqual([...store.load().retained].map(({ topicName }) => topicName), ["state"]);
});

Deno.test("$SYS tells what the store has written, and whether it fails", () => {
  const said = new Map<string, string>();
  const hub = {
    publish: ({ topicName, payload }: MessageInit) =>
      void said.set(topicName.slice("$SYS/broker/".length), new TextDecoder().decode(payload)),
    subscribe: () => () => {},
  };
  const levels = {
    metrics: new Metrics(),
    connectedCount: 0,
    sessionCount: 0,
    subscriptionCount: 0,
    retainedCount: 0,
    retainedBytes: 0,
    sharedSubscriptionCount: 0,
    queuedCount: 0,
    queuedBytes: 0,
    bufferedBytes: 0,
    heapBytes: 0,
    store: {
      commits: 1,
      writtenBytes: 2,
      fsyncs: 3,
      failures: 4,
      usedBytes: 5,
      commitSeconds: new Distribution([], 1),
      isFailing: true,
    },
  };
  new SysTopics(hub, () => levels, "1.0.0", 0).publish(0);
  const stored = [...said].filter(([topic]) => topic.startsWith("store/"));
  deepEqual(Object.fromEntries(stored), {
    "store/messages/bytes": "0",
    "store/messages/count": "0",
    "store/commits": "1",
    "store/bytes written": "2",
    "store/fsyncs": "3",
    "store/failures": "4",
    "store/bytes used": "5",
    "store/failing": "1",
  });
});
