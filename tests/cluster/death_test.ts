import { deepEqual, equal } from "node:assert/strict";
import { MemoryStore } from "../../lib/store/mod.ts";
import { NatsServer, natsTest, TestNode, until } from "./support.ts";

const SESSION = { cleanStart: false, properties: { sessionExpiryInterval: 3600 } };
const OPTIONS = { willRecoveryDelaySeconds: 0 };
const will = (text: string) => ({
  topicName: "will",
  payload: new TextEncoder().encode(text),
  qos: 1 as const,
  retain: false,
  properties: { correlationData: Uint8Array.of(1, 2), willDelayInterval: 1 },
});

natsTest(
  "a node dies: of its clients the wills are published once, and their sessions wait for them",
  async () => {
    await using nats = await NatsServer.start();
    const stores = [new MemoryStore(), new MemoryStore(), new MemoryStore()] as const;
    await using b = await TestNode.start(nats.url, "b", stores[1], OPTIONS);
    await using c = await TestNode.start(nats.url, "c", stores[2], OPTIONS);
    const a = await TestNode.start(nats.url, "a", stores[0], OPTIONS);
    const readers = [await b.connect("reader b"), await c.connect("reader c")] as const;
    for (const { client } of readers) await client.subscribe({ topicFilter: "will", qos: 1 });
    const mover = await a.connect("mover", { ...SESSION, will: will("mover") });
    await mover.client.subscribe({ topicFilter: "k", qos: 2 });
    // This one has its will no more.
    const other = await a.connect("other", { ...SESSION, will: will("other") });
    await other.client.disconnect();
    await readers[0].client.publish("k", "0", { qos: 2 });
    await until("it has come", () => mover.got.length === 1);
    // It says nothing more.
    await a.cluster.close();
    await a.server.close();
    await readers[0].client.publish("k", "1", { qos: 2 });
    await until("its will has come", () => readers.every(({ got }) => got.length > 0));
    const back = await c.connect("mover", SESSION);
    equal(back.client.connack.sessionPresent, true);
    await until("all have come", () => back.got.length === 1);
    deepEqual(back.got, ["k 1"]);
    {
      await using a = await TestNode.start(nats.url, "a", stores[0], OPTIONS);
      await readers[0].client.publish("will", "last", { qos: 1 });
      await until("the last has come", () => readers.every(({ got }) => got.includes("will last")));
      equal(a.server.broker.clients.get("mover")?.copy?.isElsewhere, true);
      for (const { got } of readers) deepEqual(got, ["will mover", "will last"]);
      equal(back.client.isConnected, true);
    }
    for (const { client } of [back, ...readers]) await client.disconnect();
  },
);

natsTest(
  "without NATS a client with a session is sent away, and its will waits; without one it stays",
  async () => {
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a", new MemoryStore(), OPTIONS);
    await using b = await TestNode.start(nats.url, "b", new MemoryStore(), OPTIONS);
    const reader = await b.connect("reader");
    await reader.client.subscribe({ topicFilter: "will", qos: 1 });
    const stays = await a.connect("stays");
    const one = await a.connect("one", { ...SESSION, will: will("one") });
    const two = await a.connect("two", { ...SESSION, will: will("two") });
    await nats.kill();
    for (const { client } of [one, two]) equal((await client.closed)?.reasonCode, 0x9c);
    equal(stays.client.isConnected, true);
    await nats.restart();
    await until("they are back", () => a.cluster.isReady && b.cluster.isReady);
    const back = await b.connect("one", { ...SESSION });
    equal(back.client.connack.sessionPresent, true);
    await until("the will has come", () => reader.got.length > 0);
    await reader.client.publish("will", "last", { qos: 1 });
    await until("the last has come", () => reader.got.includes("will last"));
    deepEqual(reader.got, ["will two", "will last"]);
    for (const { client } of [back, stays, reader]) await client.disconnect();
  },
  true,
);
