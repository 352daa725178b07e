import { deepEqual, equal } from "node:assert/strict";
import { JetStream } from "../../lib/cluster/nats/mod.ts";
import { MemoryStore } from "../../lib/store/mod.ts";
import { connected } from "./nats/connected.ts";
import { NatsServer, natsTest, TestNode, until } from "./support.ts";

const SESSION = { cleanStart: false, properties: { sessionExpiryInterval: 3600 } };
const STREAM = "FLUX_test";

/** Takes the log away from the servers. */
async function deleteLog(nats: NatsServer): Promise<void> {
  const other = await connected(nats);
  await new JetStream(other).call(`STREAM.DELETE.${STREAM}`);
  await other.close();
}

async function hasLog(nats: NatsServer): Promise<boolean> {
  const other = await connected(nats);
  const info = await new JetStream(other).streamInfo(STREAM);
  await other.close();
  return info !== undefined;
}

natsTest(
  "an idle node whose log is gone is not ready, says and counts it, and makes a new one",
  async () => {
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a");
    const { client } = await a.connect("one");
    await client.publish("x", "1", { qos: 1, retain: true });
    equal(a.cluster.isReady, true);
    equal(a.cluster.level.losses, 0);
    await deleteLog(nats);
    await until("it has seen that", () => a.cluster.level.losses === 1);
    equal(a.cluster.isReady, false);
    equal(a.log.lines.some((line) => line.includes("or has lost its end")), true);
    await until("there is a log again", () => hasLog(nats));
    await client.disconnect();
  },
);

natsTest(
  "a node that lives puts its own records into the new log: who had not read them gets them, others once",
  async () => {
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a");
    await using c = await TestNode.start(nats.url, "c");
    const store = new MemoryStore();
    {
      await using b = await TestNode.start(nats.url, "b", store);
      const reader = await b.connect("reader", SESSION);
      await reader.client.subscribe({ topicFilter: "q", qos: 1 });
      await reader.client.disconnect();
    }
    const there = await c.connect("there");
    await there.client.subscribe({ topicFilter: "q", qos: 1 });
    const publisher = await a.connect("publisher");
    for (let i = 0; i < 5; i++) await publisher.client.publish("q", `${i}`, { qos: 1 });
    await until("the other node has read them", () => there.got.length === 5);
    // As if a machine had lost its power and its disk: the server begins anew.
    await nats.kill();
    await Deno.remove(`${nats.directory}/store`, { recursive: true });
    await nats.restart();
    const isAgain = ({ log }: TestNode) => log.lines.some((line) => line.includes("log again"));
    await until("both have put theirs into it", () => [a, c].every(isAgain), 40_000);
    await using b = await TestNode.start(nats.url, "b", store);
    equal(b.cluster.level.losses, 1);
    const reader = await b.connect("reader", SESSION);
    await until("all have come", () => reader.got.length >= 5);
    deepEqual(reader.got, ["q 0", "q 1", "q 2", "q 3", "q 4"]);
    equal(there.got.length, 5);
    for (const { client } of [reader, there, publisher]) await client.disconnect().catch(() => {});
  },
);
