import { deepEqual, equal } from "node:assert/strict";
import { MemoryStore } from "../../lib/store/mod.ts";
import { Balancer } from "../support/balancer.ts";
import { NatsServer, natsTest, TestNode, until } from "./support.ts";

const SESSION = { cleanStart: false, properties: { sessionExpiryInterval: 3600 } };

/** All nodes have applied the same. */
const applied = (...nodes: TestNode[]) =>
  until(
    "the log is applied",
    () => new Set(nodes.map(({ cluster }) => cluster.level.sequence)).size === 1,
  );

natsTest(
  "a session is found at another node: its subscriptions, and what waited for it, once",
  async () => {
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a", new MemoryStore());
    await using b = await TestNode.start(nats.url, "b", new MemoryStore());
    const publisher = await a.connect("publisher");
    const first = await a.connect("mover", SESSION);
    await first.client.subscribe([{ topicFilter: "one/#", qos: 1 }, {
      topicFilter: "two/+",
      qos: 2,
    }]);
    await publisher.client.publish("one/x", "0", { qos: 1 });
    await until("it has come", () => first.got.length === 1);
    await first.client.disconnect();
    for (const qos of [1, 2] as const) {
      for (let i = 1; i < 20; i++) {
        await publisher.client.publish(qos === 1 ? "one/x" : "two/x", `${i}`, { qos });
      }
    }
    const second = await b.connect("mover", SESSION);
    equal(second.client.connack.sessionPresent, true);
    await until("all have come", () => second.got.length >= 38);
    await publisher.client.publish("two/y", "last", { qos: 2 });
    await until("it is subscribed", () => second.got.includes("two/y last"));
    const expected = Array.from({ length: 19 }, (_, i) => i + 1);
    const of = (topic: string) => second.got.filter((line) => line.startsWith(topic));
    deepEqual(of("one"), expected.map((i) => `one/x ${i}`));
    deepEqual(of("two"), [...expected.map((i) => `two/x ${i}`), "two/y last"]);
    await second.client.unsubscribe(["one/#", "two/+"]);
    await second.client.disconnect();
    await applied(a, b);
    // What it has taken at the other node does not come again.
    const third = await a.connect("mover", SESSION);
    equal(third.client.connack.sessionPresent, true);
    await publisher.client.publish("one/x", "unwanted", { qos: 1 });
    deepEqual(third.got, []);
    for (const { client } of [third, publisher]) await client.disconnect();
  },
);

natsTest("a session that ends or begins anew does so on all nodes", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a", new MemoryStore());
  await using b = await TestNode.start(nats.url, "b", new MemoryStore());
  const has = () => [a, b].map(({ server }) => server.broker.clients.has("mover")).join();
  const at = async (node: TestNode, more: object) => {
    const { client } = await node.connect("mover", more);
    await client.subscribe({ topicFilter: "x", qos: 1 });
    await client.disconnect();
    return client.connack.sessionPresent;
  };
  equal(await at(a, SESSION), false);
  await until("both have it", () => has() === "true,true");
  equal(await at(b, SESSION), true);
  equal(await at(a, { ...SESSION, cleanStart: true }), false);
  equal(await at(b, { cleanStart: false, properties: { sessionExpiryInterval: 0 } }), true);
  await until("it has ended", () => has() === "false,false");
  equal(await at(a, SESSION), false);
  equal(await at(b, { cleanStart: true }), false);
  await until("it has ended", () => has() === "false,false");
});

natsTest("a session moves from a node that is gone, and its copies outlive restarts", async () => {
  await using nats = await NatsServer.start();
  const stores = [new MemoryStore(), new MemoryStore()] as const;
  await using c = await TestNode.start(nats.url, "c");
  const publisher = await c.connect("publisher");
  const publish = (text: string) => publisher.client.publish("k", text, { qos: 2 });
  {
    await using _b = await TestNode.start(nats.url, "b", stores[1]);
    const a = await TestNode.start(nats.url, "a", stores[0]);
    const mover = await a.connect("mover", SESSION);
    await mover.client.subscribe({ topicFilter: "k", qos: 2 });
    await publish("0");
    await until("it has come", () => mover.got.length === 1);
    await mover.client.disconnect();
    await publish("1");
    // It says nothing more.
    await a.cluster.close();
    await a.server.close();
    await publish("2");
  }
  await publish("3");
  await using b = await TestNode.start(nats.url, "b", stores[1]);
  const mover = await b.connect("mover", SESSION);
  equal(mover.client.connack.sessionPresent, true);
  await publish("4");
  await until("all have come", () => mover.got.length >= 4);
  deepEqual(mover.got, ["k 1", "k 2", "k 3", "k 4"]);
  await mover.client.disconnect();
  await using a = await TestNode.start(nats.url, "a", stores[0]);
  const back = await a.connect("mover", SESSION);
  equal(back.client.connack.sessionPresent, true);
  await publish("5");
  await until("it has come", () => back.got.length >= 1);
  deepEqual(back.got, ["k 5"]);
  for (const { client } of [back, publisher]) await client.disconnect();
});

for (const hasStore of [true, false]) {
  natsTest(
    `clients move between nodes under load${
      hasStore ? "" : " without stores"
    }: QoS 2 comes once and in order`,
    async () => {
      await using nats = await NatsServer.start();
      const store = () => hasStore ? new MemoryStore() : undefined;
      await using a = await TestNode.start(nats.url, "a", store());
      await using b = await TestNode.start(nats.url, "b", store());
      const nodes = [a, b] as const;
      const balancers = [new Balancer(a.port), new Balancer(b.port)] as const;
      using _ = balancers[0];
      using __ = balancers[1];
      const connect = (clientId: string, { port }: Balancer) =>
        a.connect(clientId, { ...SESSION, port, reconnect: { minDelayMs: 5, maxDelayMs: 50 } });
      const publisher = await connect("publisher", balancers[0]);
      const reader = await connect("reader", balancers[1]);
      await reader.client.subscribe([{ topicFilter: "two", qos: 2 }, {
        topicFilter: "one",
        qos: 1,
      }]);
      let sent = 0;
      let isOver = false;
      const publishing = Promise.all(Array.from({ length: 5 }, async () => {
        while (!isOver) {
          const text = `${sent++}`;
          await Promise.all([
            publisher.client.publish("two", text, { qos: 2 }),
            publisher.client.publish("one", text, { qos: 1 }),
          ]);
        }
      }));
      for (let round = 0; round < 20; round++) {
        const before = reader.got.length;
        await until("some come", () => reader.got.length > before + 40);
        balancers[round % 3 === 0 ? 0 : 1].moveTo(nodes[(round >> 1) % 2]!.port);
      }
      isOver = true;
      await publishing;
      const last = `${sent - 1}`;
      await until(
        "all have come",
        () => reader.got.includes(`two ${last}`) && reader.got.includes(`one ${last}`),
      );
      const two = reader.got.filter((line) => line.startsWith("two"));
      deepEqual(two, Array.from({ length: sent }, (_, i) => `two ${i}`));
      const one = new Set(reader.got.filter((line) => line.startsWith("one")));
      equal(one.size, sent);
      for (const { client } of [reader, publisher]) await client.disconnect();
    },
    !hasStore,
  );
}

natsTest(
  "a long queue, of which the end is in the stores alone, is drained at several nodes",
  async () => {
    await using nats = await NatsServer.start();
    const options = { queueMemoryMessages: 8 };
    await using a = await TestNode.start(nats.url, "a", new MemoryStore(), options);
    await using b = await TestNode.start(nats.url, "b", new MemoryStore(), options);
    const nodes = [a, b] as const;
    using balancer = new Balancer(a.port);
    const { port } = balancer;
    const reconnect = { minDelayMs: 5, maxDelayMs: 50 };
    const reader = await a.connect("reader", { ...SESSION, port, reconnect });
    await reader.client.subscribe({ topicFilter: "k", qos: 2 });
    const publisher = await a.connect("publisher");
    const COUNT = 600;
    const publish = (from: number, to: number) =>
      Promise.all(
        Array.from(
          { length: to - from },
          (_, i) => publisher.client.publish("k", `${from + i}`, { qos: 2 }),
        ),
      );
    balancer.moveTo(1);
    await publish(0, COUNT);
    await applied(a, b);
    for (let round = 0; reader.got.length < COUNT - 50; round++) {
      const before = reader.got.length;
      balancer.moveTo(nodes[round % 2]!.port);
      await until("some come", () => reader.got.length > before + 30);
    }
    await publish(COUNT, COUNT + 20);
    await until("all have come", () => reader.got.length >= COUNT + 20);
    deepEqual(reader.got, Array.from({ length: COUNT + 20 }, (_, i) => `k ${i}`));
    await applied(a, b);
    const waiting = () => nodes.map(({ server }) => server.broker.levels.queuedCount).join();
    await until("nothing waits", () => waiting() === "0,0");
    for (const { client } of [reader, publisher]) await client.disconnect();
  },
);
