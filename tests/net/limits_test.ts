import { strict as assert } from "node:assert";
import { encodePacket, packetSize } from "../../lib/codec/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { connectPacket, publishPacket, RawClient } from "../support/raw_client.ts";
import { transportTest } from "../support/transports.ts";

const KB = 1024;
const MB = 1024 * KB;

/** A PUBLISH of exactly so many bytes. */
function publishOf(sizeBytes: number) {
  const overheadBytes = sizeBytes - 100;
  const size = packetSize(publishPacket("size", new Uint8Array(overheadBytes)), 5);
  return publishPacket("size", new Uint8Array(overheadBytes - (size - sizeBytes)));
}

transportTest(
  "packets up to max_packet_size pass, a byte more is refused with 0x95",
  async (open) => {
    for (const maxPacketSizeBytes of [1000, 3000, 100_000, 2_000_000]) {
      await using local = await open({ maxPacketSizeBytes });
      using client = await RawClient.connect(local.port);
      await client.subscribe("size");
      const largest = publishOf(maxPacketSizeBytes);
      assert.equal(packetSize(largest, 5), maxPacketSizeBytes);
      await client.send(largest, largest);
      for (let i = 0; i < 2; i++) {
        const packet = await client.receive();
        assert.ok(packet?.type === "publish" && largest.type === "publish");
        assert.equal(packet.payload.length, largest.payload.length);
      }
      // Its length is enough: nobody waits for the rest.
      const tooLarge = encodePacket(publishOf(maxPacketSizeBytes + 1), 5);
      await client.write(tooLarge.subarray(0, 5));
      const { packets, isReset } = await client.untilEnd();
      const [packet] = packets;
      assert.equal(packet?.type === "disconnect" && packet.reasonCode, 0x95);
      assert.equal(isReset, false);
    }
  },
);

transportTest(
  "beyond max_connections a 5.0 client hears why, and those who are in stay",
  async (open) => {
    await using local = await open({}, { maxConnections: 3 });
    const inside: RawClient[] = [];
    for (let i = 0; i < 3; i++) inside.push(await RawClient.connect(local.port));
    using outside = await RawClient.open(local.port);
    await outside.send(connectPacket());
    const { packets } = await outside.untilEnd();
    const [packet] = packets;
    assert.equal(packet?.type === "connack" && packet.reasonCode, 0x97);
    // Many more are not even heard.
    const crowd = await Promise.all(Array.from({ length: 40 }, () => RawClient.open(local.port)));
    let endedCount = 0;
    const ends = crowd.map((client) => client.untilEnd().then(() => void endedCount++));
    await local.until(() => endedCount >= 40 - 16);
    assert.ok(local.broker.connections.size <= 3 + 16);
    for (const client of [...crowd, inside.pop()!]) client.close();
    await Promise.all(ends);
    await local.settle(2);
    inside.push(await RawClient.connect(local.port));
    for (const client of inside) {
      await client.ping();
      client.close();
    }
  },
);

// The first would be 45 MB if what is announced were reserved; what the process grows by without it, the
// heap of 500 connections and V8's slack, is 10 to 22 MB.
const strangers: [name: string, announced: readonly number[], sentBytes: number, most: number][] = [
  ["announce 90 KB and send one", [0x10, 0x80, 0xd0, 0x05], KB, 32 * MB],
  ["announce 200 MB", [0x10, 0xff, 0xff, 0xff, 0x7f], 64 * KB, 60 * MB],
];
for (const [name, announced, sentBytes, mostBytes] of strangers) {
  transportTest(`500 CONNECTs that ${name} take little memory`, async (_, transport) => {
    await using broker = await BrokerProcess.start({ transport });
    using before = await RawClient.connect(broker.port);
    const atFirst = await broker.residentBytes();
    const clients: RawClient[] = [];
    for (let i = 0; i < 500; i++) {
      const client = await RawClient.open(broker.port);
      clients.push(client);
      await client.write(Uint8Array.from(announced));
      await client.write(new Uint8Array(sentBytes)).catch(() => {}); // Refused already.
    }
    await before.ping();
    const atLast = await broker.residentBytes();
    if (atFirst !== undefined && atLast !== undefined) {
      const grown = Math.round((atLast - atFirst) / KB);
      assert.ok(atLast - atFirst < mostBytes, `Memory grew by ${grown} KB`);
    }
    for (const client of clients) client.close();
    await before.ping();
  });
}

transportTest("a CONNECT almost as large as is accepted comes in, in pieces", async (open) => {
  await using local = await open();
  using client = await RawClient.open(local.port);
  const will = { topicName: "w", payload: new Uint8Array(60_000), qos: 0, retain: false } as const;
  const connect = { ...connectPacket({ will }), userName: "u", password: new Uint8Array(39_000) };
  const bytes = encodePacket(connect, 5);
  for (let at = 0; at < bytes.length; at += 997) await client.write(bytes.subarray(at, at + 997));
  assert.equal((await client.receive())?.type, "connack");
});

if (Deno.build.os !== "windows") {
  transportTest(
    "the broker survives running out of file descriptors, and takes clients again",
    async (_, transport) => {
      await using broker = await BrokerProcess.start({ openFiles: 64, transport });
      const properties = { sessionExpiryInterval: 60 };
      using before = await RawClient.connect(broker.port, { properties });
      await before.subscribe("stored");
      // The system accepts them for the broker, which cannot.
      const crowd = await Promise.all(
        Array.from({ length: 90 }, () => RawClient.open(broker.port)),
      );
      await broker.untilLog(/Cannot accept connections for now/);
      await before.ping();
      for (const client of crowd) client.close();
      using after = await RawClient.connect(broker.port);
      await after.ping();
      assert.ok(broker.log.match(/Cannot accept/g)!.length < 20, "It says so again and again");
    },
  );

  transportTest(
    "the store begins where clients have taken all file descriptors before",
    async (_, transport) => {
      await using broker = await BrokerProcess.start({ openFiles: 80, transport });
      const crowd = await Promise.all(
        Array.from({ length: 120 }, () => RawClient.open(broker.port)),
      );
      await broker.untilLog(/Cannot accept connections for now/);
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.equal(broker.isEnded, false, broker.log);
      for (const client of crowd) client.close();
      const properties = { sessionExpiryInterval: 60 };
      using after = await RawClient.connect(broker.port, { properties });
      await after.subscribe("stored", 1); // Its acknowledgement waits for the store.
      await after.ping();
    },
  );
}
