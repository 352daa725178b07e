import { strict as assert } from "node:assert";
import { type MessageInit, Metrics } from "../../lib/broker/mod.ts";
import { type SysLevels, SysTopics } from "../../lib/observe/mod.ts";

/** What is published of these levels, without `$SYS/broker/`. */
function published(levels: Partial<SysLevels>): Map<string, string> {
  const said = new Map<string, string>();
  const hub = {
    publish: ({ topicName, payload }: MessageInit) =>
      void said.set(topicName.slice("$SYS/broker/".length), new TextDecoder().decode(payload)),
    subscribe: () => () => {},
  };
  const all: SysLevels = {
    metrics: new Metrics(),
    connectedCount: 3,
    sessionCount: 10,
    subscriptionCount: 0,
    retainedCount: 5,
    retainedBytes: 0,
    sharedSubscriptionCount: 0,
    queuedCount: 0,
    queuedBytes: 0,
    bufferedBytes: 0,
    heapBytes: 1000,
    ...levels,
  };
  new SysTopics(hub, () => all, "1.0.0", 0).publish(0);
  return said;
}

const topics: [topic: string, value: string | undefined, levels: Partial<SysLevels>][] = [
  ["clients/connected", "3", {}],
  ["clients/active", "3", {}],
  ["clients/disconnected", "7", {}],
  ["clients/inactive", "7", {}],
  ["heap/current", "1000", {}],
  ["retained messages/count", "5", {}],
  ["store/messages/count", "12", { queuedCount: 7 }],
  ["messages/stored", "12", { queuedCount: 7 }],
  ["shared_subscriptions/count", "4", { sharedSubscriptionCount: 4 }],
];
for (const [topic, value, levels] of topics) {
  Deno.test(`$SYS/broker/${topic} is ${value} of ${JSON.stringify(levels)}`, () => {
    assert.equal(published(levels).get(topic), value);
  });
}
