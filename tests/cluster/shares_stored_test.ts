import { deepEqual } from "node:assert/strict";
import { MemoryStore } from "../../lib/store/mod.ts";
import { RawClient } from "../support/raw_client.ts";
import { type Listener, NatsServer, natsTest, TestNode, until } from "./support.ts";

const FILTER = "$share/crew/job/#";
const COUNT = 10;

/** A member that acknowledges nothing, and to which all messages go. */
async function holdAll(nats: NatsServer, stores: readonly MemoryStore[]): Promise<void> {
  await using a = await TestNode.start(nats.url, "a", stores[0]);
  await using b = await TestNode.start(nats.url, "b", stores[1]);
  using dumb = await RawClient.connect(b.port, { clientId: "dumb" });
  await dumb.subscribe(FILTER, 1);
  const publisher = await a.connect("publisher");
  for (let i = 0; i < COUNT; i++) await publisher.client.publish("job/x", `${i}`, { qos: 1 });
  for (let i = 0; i < COUNT; i++) await dumb.receive();
  await publisher.client.disconnect();
  // Nothing more is told of the member.
  for (const { cluster } of [a, b]) await cluster.close();
}

const numbers = ({ got }: Listener) =>
  got.map((line) => Number(line.split(" ")[1])).sort((a, b) => a - b);
const all = Array.from({ length: COUNT }, (_, i) => i);

natsTest(
  "all nodes were away, one stays away: another one knows what that had to deliver",
  async () => {
    await using nats = await NatsServer.start();
    const stores = [new MemoryStore(), new MemoryStore()];
    await holdAll(nats, stores);
    await using a = await TestNode.start(nats.url, "a", stores[0]);
    const member = await a.connect("member");
    await member.client.subscribe({ topicFilter: FILTER, qos: 1 });
    await until("all have come", () => member.got.length >= COUNT);
    deepEqual(numbers(member), all);
    await member.client.disconnect();
  },
);

natsTest(
  "all nodes were away, and the member that had all is not back: another one's member gets it",
  async () => {
    await using nats = await NatsServer.start();
    const stores = [new MemoryStore(), new MemoryStore()];
    await holdAll(nats, stores);
    await using a = await TestNode.start(nats.url, "a", stores[0]);
    const member = await a.connect("member");
    await member.client.subscribe({ topicFilter: FILTER, qos: 1 });
    await using _b = await TestNode.start(nats.url, "b", stores[1]);
    await until("all have come", () => member.got.length >= COUNT);
    deepEqual(numbers(member), all);
    await member.client.disconnect();
  },
);
