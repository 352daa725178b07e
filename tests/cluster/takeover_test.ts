import { equal } from "node:assert/strict";
import { MemoryStore } from "../../lib/store/mod.ts";
import { NatsServer, natsTest, TestNode, until } from "./support.ts";

const SESSION = { cleanStart: false, properties: { sessionExpiryInterval: 3600 } };

natsTest(
  "a client that comes to another node is taken over there: 0x8E, and it stays one",
  async () => {
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a");
    await using b = await TestNode.start(nats.url, "b");
    // CONNACK comes when the log has the client's arrival: who comes later stays.
    const connect = (node: TestNode) => node.connect("mover");
    const first = await connect(a);
    const second = await connect(b);
    const error = await first.client.closed;
    equal(error?.reasonCode, 0x8e);
    equal(second.client.isConnected, true);
    let last = second;
    for (let i = 0; i < 20; i++) {
      const next = await connect(i % 2 === 0 ? a : b);
      equal((await last.client.closed)?.reasonCode, 0x8e);
      equal(next.client.isConnected, true);
      last = next;
    }
    await last.client.disconnect();
  },
);

natsTest("with Clean Start the session at another node ends; without it stays", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a", new MemoryStore());
  await using b = await TestNode.start(nats.url, "b", new MemoryStore());
  const sessions = () => [a, b].map(({ server }) => server.broker.clients.has("mover"));
  const at = async (node: TestNode, more: object) =>
    await (await node.connect("mover", more)).client.disconnect();
  await at(a, SESSION);
  await at(b, SESSION);
  await until(
    "the log has come to it",
    () => a.cluster.level.sequence === b.cluster.level.sequence,
  );
  equal(sessions().join(), "true,true");
  await at(b, { cleanStart: true });
  await until("both are gone", () => sessions().join() === "false,false");
});

natsTest("when a client races between nodes, one connection is left in the end", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  await using b = await TestNode.start(nats.url, "b");
  for (let round = 0; round < 10; round++) {
    // Who is taken over before its CONNACK has come is closed without one.
    const racing = await Promise.allSettled([a, b, a, b].map((node) => node.connect("racer")));
    const both = racing.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
    await until("one is left", () => both.filter(({ client }) => client.isConnected).length <= 1);
    const marker = await a.connect("marker");
    await marker.client.publish("x", "", { qos: 1 });
    await until("all is applied", () => a.cluster.level.sequence === b.cluster.level.sequence);
    equal(both.filter(({ client }) => client.isConnected).length, 1);
    for (const { client } of both) client.abort();
    await marker.client.disconnect();
  }
});
