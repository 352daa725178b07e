import { deepEqual, equal } from "node:assert/strict";
import { MemoryStore } from "../../lib/store/mod.ts";
import { NatsServer, natsTest, TestNode, until } from "./support.ts";

const SESSION = { cleanStart: false, properties: { sessionExpiryInterval: 3600 } };

natsTest(
  "a log that is shorter than what a node has applied is said, and nothing comes again",
  async () => {
    await using nats = await NatsServer.start();
    const store = new MemoryStore();
    await using b = await TestNode.start(nats.url, "b");
    const publisher = await b.connect("publisher");
    {
      await using a = await TestNode.start(nats.url, "a", store);
      const reader = await a.connect("reader", SESSION);
      await reader.client.subscribe({ topicFilter: "k", qos: 2 });
      await publisher.client.publish("k", "0", { qos: 2 });
      await until("it has come", () => reader.got.length === 1);
      await reader.client.disconnect();
    }
    // As if it had applied more than the log has.
    const { position } = store.load();
    const stored = JSON.parse(position!);
    store.putPosition(JSON.stringify({ ...stored, sequence: stored.sequence + 1000 }));
    await new Promise<void>((resolve) => store.commit(resolve));
    await using a = await TestNode.start(nats.url, "a", store);
    equal(a.log.lines.some((line) => line.includes("shorter than what this node")), true);
    const reader = await a.connect("reader", SESSION);
    await publisher.client.publish("k", "1", { qos: 2 });
    await until("it has come", () => reader.got.includes("k 1"));
    deepEqual(reader.got, ["k 1"]);
    equal(a.cluster.level.messages, 1);
    for (const { client } of [reader, publisher]) await client.disconnect();
  },
);
