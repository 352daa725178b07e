import { equal } from "node:assert/strict";
import { NatsServer, natsTest, TestNode, until } from "./support.ts";

natsTest("after SUBACK no message of QoS 0 of another node is missed", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  await using b = await TestNode.start(nats.url, "b");
  const publisher = await a.connect("publisher");
  const reader = await b.connect("reader");
  const ROUNDS = 200;
  for (let i = 0; i < ROUNDS; i++) {
    await reader.client.subscribe({ topicFilter: `round/${i}`, qos: 0 });
    await publisher.client.publish(`round/${i}`, "here");
  }
  await until("all have come", () => reader.got.length >= ROUNDS);
  equal(reader.got.length, ROUNDS);
  for (const { client } of [publisher, reader]) await client.disconnect();
});

natsTest("without NATS a client without a session subscribes all the same", async () => {
  const nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  const reader = await a.connect("reader");
  await nats[Symbol.asyncDispose]();
  await until("it is away", () => !a.cluster.level.isConnected);
  await reader.client.subscribe({ topicFilter: "x", qos: 0 });
  await reader.client.publish("x", "here");
  await until("it has come", () => reader.got.length === 1);
  await reader.client.disconnect();
});
