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

/** A client with a session that outlives its connection. */
const ofSession = { clientId: "m", cleanStart: false, properties: { sessionExpiryInterval: 3600 } };

/** The next PUBLISH that comes. */
async function nextPublish(client: RawClient) {
  for (;;) {
    const packet = await client.receive();
    if (packet?.type === "publish") return packet;
  }
}

natsTest(
  "a member goes to another node: what was on its way to it with QoS 2 comes there, under its Packet Identifier",
  async () => {
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a");
    await using b = await TestNode.start(nats.url, "b");
    const publisher = await a.connect("publisher");
    const packetIds: number[] = [];
    {
      using member = await RawClient.connect(a.port, ofSession);
      await member.subscribe(FILTER, 2);
      await publisher.client.publish("job/x", "1", { qos: 2 });
      packetIds.push((await nextPublish(member)).packetId);
    }
    {
      using member = await RawClient.connect(b.port, ofSession);
      const again = await nextPublish(member);
      deepEqual([new TextDecoder().decode(again.payload), again.dup], ["1", true]);
      packetIds.push(again.packetId);
      await member.send({ type: "pubrec", packetId: again.packetId, reasonCode: 0 });
      deepEqual(await member.receive(), {
        type: "pubrel",
        packetId: again.packetId,
        reasonCode: 0,
      });
    }
    // It has taken it: where it comes now only the rest of the exchange does.
    using member = await RawClient.connect(a.port, ofSession);
    const released = await member.receive();
    deepEqual(released?.type, "pubrel");
    deepEqual(packetIds[1], packetIds[0]);
    await publisher.client.disconnect();
  },
);

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
