import { deepEqual } from "node:assert/strict";
import { MemoryStore } from "../../lib/store/mod.ts";
import { type Listener, NatsServer, natsTest, TestNode, until } from "./support.ts";

const FILTER = "$share/crew/job/#";
const SESSION = { cleanStart: false, properties: { sessionExpiryInterval: 3600 } };

async function publishAll(publisher: Listener, from: number, to: number) {
  for (let i = from; i < to; i++) await publisher.client.publish("job/x", `${i}`, { qos: 1 });
}

/** The numbers that have come to these, each once. */
const numbers = (...members: Listener[]) =>
  [...new Set(members.flatMap(({ got }) => got))].map((line) => Number(line.split(" ")[1]))
    .sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

natsTest(
  "the only member's node is away, is back soon, and its member gets what was published meanwhile",
  async () => {
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a");
    const publisher = await a.connect("publisher");
    const store = new MemoryStore();
    {
      await using b = await TestNode.start(nats.url, "b", store);
      const member = await b.connect("member", SESSION);
      await member.client.subscribe({ topicFilter: FILTER, qos: 1 });
      await publishAll(publisher, 0, 5);
      await until("these have come", () => numbers(member).length === 5);
      await member.client.disconnect();
    }
    await publishAll(publisher, 5, 30);
    await using b = await TestNode.start(nats.url, "b", store);
    const back = await b.connect("member", SESSION);
    await publishAll(publisher, 30, 35);
    // What it has acknowledged just before its node was away may come again.
    const news = () => numbers(back).filter((number) => number >= 5);
    await until("all have come", () => news().length >= 30);
    deepEqual(news(), upTo(35).slice(5));
    for (const { client } of [back, publisher]) await client.disconnect();
  },
);

natsTest(
  "what waited for a member that moves goes to members at its new node, which has started since",
  async () => {
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a");
    const publisher = await a.connect("publisher");
    const member = await a.connect("member", SESSION);
    await member.client.subscribe({ topicFilter: FILTER, qos: 1 });
    await member.client.disconnect();
    await publishAll(publisher, 0, 20);
    await using b = await TestNode.start(nats.url, "b", new MemoryStore());
    const other = await b.connect("other");
    await other.client.subscribe({ topicFilter: FILTER, qos: 1 });
    const moved = await b.connect("member", SESSION);
    await publishAll(publisher, 20, 30);
    await until("all have come", () => numbers(other, moved).length >= 30);
    deepEqual(numbers(other, moved), upTo(30));
    for (const { client } of [other, moved, publisher]) await client.disconnect();
  },
);

natsTest("the only member goes from node to node, and loses nothing on its way", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  await using b = await TestNode.start(nats.url, "b");
  const publisher = await a.connect("publisher");
  const homes = [a, b];
  const members = [await a.connect("member", SESSION)];
  await members[0]!.client.subscribe({ topicFilter: FILTER, qos: 1 });
  let isOver = false;
  let count = 0;
  const publishing = (async () => {
    while (!isOver) await publishAll(publisher, count, ++count);
  })();
  for (let i = 1; i <= 12; i++) members.push(await homes[i % 2]!.connect("member", SESSION));
  isOver = true;
  await publishing;
  await until("all have come", () => numbers(...members).length >= count);
  deepEqual(numbers(...members), upTo(count));
  await members.at(-1)!.client.disconnect();
  await publisher.client.disconnect();
});
