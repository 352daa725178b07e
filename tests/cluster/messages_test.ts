import { deepEqual, equal } from "node:assert/strict";
import type { Qos } from "../../lib/codec/mod.ts";
import { MemoryStore } from "../../lib/store/mod.ts";
import { type Listener, NatsServer, natsTest, TestNode, until } from "./support.ts";

const numbers = (count: number, topicName: string) =>
  Array.from({ length: count }, (_, i) => `${topicName} ${i}`);

for (const qos of [0, 1, 2] as Qos[]) {
  natsTest(`QoS ${qos} reaches subscribers of both nodes once, in order`, async () => {
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a");
    await using b = await TestNode.start(nats.url, "b");
    const one = await a.connect("one");
    const two = await b.connect("two");
    await one.client.subscribe({ topicFilter: "t/#", qos });
    // Filters that overlap: NATS sends a copy for each.
    await two.client.subscribe([{ topicFilter: "t/+", qos }, { topicFilter: "t/x", qos }]);
    const publisher = await a.connect("publisher");
    await until("the other node's interest is known", async () => {
      await publisher.client.publish("t/begin", "", { qos });
      return two.got.length > 0;
    });
    const sent = numbers(300, "t/x");
    await Promise.all(sent.map((_, i) => publisher.client.publish("t/x", `${i}`, { qos })));
    const ofX = ({ got }: Listener) => got.filter((text) => text.startsWith("t/x "));
    await until("all have come", () => ofX(one).length >= 300 && ofX(two).length >= 300);
    await publisher.client.publish("t/x", "end", { qos: 1 });
    await until("the last has come", () => [one, two].every(({ got }) => got.includes("t/x end")));
    for (const listener of [one, two]) deepEqual(ofX(listener), [...sent, "t/x end"]);
    for (const { client } of [one, two, publisher]) await client.disconnect();
    deepEqual([...a.log.lines, ...b.log.lines], []);
  });
}

natsTest(
  "a retained message is every node's, also of one that comes later; an empty one removes it",
  async () => {
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a");
    await using b = await TestNode.start(nats.url, "b");
    const publisher = await a.connect("publisher");
    await publisher.client.publish("r/1", "first", { qos: 1, retain: true });
    await publisher.client.publish("r/2", "gone", { qos: 1, retain: true });
    await publisher.client.publish("r/1", "last", { qos: 1, retain: true });
    await publisher.client.publish("r/2", "", { qos: 1, retain: true });
    await using c = await TestNode.start(nats.url, "c");
    for (const node of [a, b, c]) {
      const reader = await node.connect("reader");
      await until("it is known", async () => {
        await reader.client.subscribe({ topicFilter: "r/#", qos: 1 });
        return reader.got.includes("retained r/1 last");
      });
      equal(reader.got.some((text) => text.includes("gone")), false);
      await reader.client.disconnect();
    }
    await publisher.client.disconnect();
  },
);

natsTest("a will reaches subscribers of another node", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  await using b = await TestNode.start(nats.url, "b");
  const reader = await b.connect("reader");
  await reader.client.subscribe({ topicFilter: "w", qos: 1 });
  const dying = await a.connect("dying", {
    will: { topicName: "w", payload: new TextEncoder().encode("gone"), qos: 1, retain: false },
  } as never);
  dying.client.abort();
  await until("it has come", () => reader.got.includes("w gone"));
  await reader.client.disconnect();
});

natsTest("No Local holds for what comes back by the log", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  const own = await a.connect("own");
  await own.client.subscribe({ topicFilter: "n", qos: 1, noLocal: true });
  await own.client.publish("n", "mine", { qos: 1 });
  const other = await a.connect("other");
  await other.client.publish("n", "others'", { qos: 1 });
  await until("it has come", () => own.got.length > 0);
  deepEqual(own.got, ["n others'"]);
  for (const { client } of [own, other]) await client.disconnect();
});

natsTest("topics of every kind go by NATS's subjects", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  await using b = await TestNode.start(nats.url, "b");
  const topics = [
    "/",
    "a.b/c",
    "a b/*",
    "é/\u{1f600}",
    "x//y",
    ">/%",
    "long/".repeat(100) + "x".repeat(2000),
    "$own/x",
  ];
  const reader = await b.connect("reader");
  await reader.client.subscribe(topics.map((topicFilter) => ({ topicFilter, qos: 0 })));
  const wild = await b.connect("wild");
  await wild.client.subscribe({ topicFilter: "#", qos: 0 });
  const publisher = await a.connect("publisher");
  await until("interest is known", async () => {
    for (const topic of topics) await publisher.client.publish(topic, "x", { qos: 0 });
    return topics.every((topic) => reader.got.includes(`${topic} x`));
  });
  await until(
    "wildcards match",
    () => topics.slice(0, -1).every((topic) => wild.got.includes(`${topic} x`)),
  );
  equal(wild.got.includes("$own/x x"), false);
  for (const { client } of [reader, wild, publisher]) await client.disconnect();
});

natsTest(
  "NATS is killed and comes back under load: nothing acknowledged is lost, QoS 2 comes once, in order",
  async () => {
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a");
    // The publisher does not wait for this node, which may fall behind on a busy machine.
    const endless = { maxQueuedMessages: 0 };
    await using b = await TestNode.start(nats.url, "b", undefined, endless);
    const reader = await b.connect("reader");
    await reader.client.subscribe({ topicFilter: "k", qos: 2 });
    const publisher = await a.connect("publisher");
    let sent = 0;
    let isOver = false;
    const publishing = Promise.all(Array.from({ length: 10 }, async () => {
      while (!isOver) await publisher.client.publish("k", `${sent++}`, { qos: 2 });
    }));
    await until("it runs", () => reader.got.length > 200);
    await nats.kill();
    equal(await holds(() => a.cluster.isReady, false), true);
    await nats.restart();
    const before = reader.got.length;
    await until("it goes on", () => reader.got.length > before + 200);
    isOver = true;
    await publishing;
    await until("all have come", () => reader.got.length >= sent);
    deepEqual(reader.got, numbers(sent, "k"));
    for (const { client } of [reader, publisher]) await client.disconnect();
  },
  true,
);

natsTest(
  "without NATS a PUBACK does not leave, and QoS 0 reaches the node's own subscribers",
  async () => {
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a");
    const reader = await a.connect("reader");
    await reader.client.subscribe({ topicFilter: "u/#", qos: 1 });
    const publisher = await a.connect("publisher");
    await nats.kill();
    let isAcknowledged = false;
    const waiting = publisher.client.publish("u/1", "kept", { qos: 1 }).then(() =>
      isAcknowledged = true
    );
    await publisher.client.publish("u/0", "now", { qos: 0 });
    await until("QoS 0 has come", () => reader.got.includes("u/0 now"));
    equal(isAcknowledged, false);
    deepEqual(reader.got, ["u/0 now"]);
    await nats.restart();
    await waiting;
    await until("it has come", () => reader.got.includes("u/1 kept"));
    for (const { client } of [reader, publisher]) await client.disconnect();
  },
);

natsTest(
  "a node that was away catches up: its stored session gets what was published meanwhile, once",
  async () => {
    await using nats = await NatsServer.start();
    const store = new MemoryStore();
    const session = { cleanStart: false, properties: { sessionExpiryInterval: 3600 } };
    await using b = await TestNode.start(nats.url, "b");
    const publisher = await b.connect("publisher");
    {
      await using a = await TestNode.start(nats.url, "a", store);
      const reader = await a.connect("reader", session);
      await reader.client.subscribe({ topicFilter: "c", qos: 2 });
      await publisher.client.publish("c", "0", { qos: 2 });
      await until("it has come", () => reader.got.length === 1);
      await reader.client.disconnect();
      await publisher.client.publish("c", "1", { qos: 2 });
    }
    for (let i = 2; i < 50; i++) await publisher.client.publish("c", `${i}`, { qos: 2 });
    await using a = await TestNode.start(nats.url, "a", store);
    const reader = await a.connect("reader", session);
    await until("all have come", () => reader.got.length >= 49);
    deepEqual(reader.got, numbers(50, "c").slice(1));
    for (const { client } of [reader, publisher]) await client.disconnect();
  },
);

/** Whether it becomes so. */
async function holds(value: () => boolean, expected: boolean): Promise<boolean> {
  await until("it changes", () => value() === expected);
  return true;
}
