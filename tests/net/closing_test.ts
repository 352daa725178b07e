import { strict as assert } from "node:assert";
import { encodePacket, type Packet, ReasonCode } from "../../lib/codec/mod.ts";
import { connectPacket, publishPacket, RawClient } from "../support/raw_client.ts";
import { transportTest } from "../support/transports.ts";

const MB = 1024 * 1024;

function disconnectReasons(packets: readonly Packet[]): (number | undefined)[] {
  return packets.flatMap((packet) => packet.type === "disconnect" ? [packet.reasonCode] : []);
}

transportTest(
  "the reason of a DISCONNECT arrives, even where the client has sent more",
  async (open) => {
    await using local = await open();
    for (let round = 0; round < 3; round++) {
      using client = await RawClient.connect(local.port);
      // A second CONNECT is a Protocol Error; what follows is never handled, and must not cause a reset. [MQTT-3.1.0-2]
      const wrong = encodePacket(connectPacket(), 5);
      const more = encodePacket(publishPacket("more", new Uint8Array(16 * MB)), 5);
      await client.write(wrong);
      await client.write(more);
      const { packets, isReset } = await client.untilEnd();
      assert.deepEqual(disconnectReasons(packets), [ReasonCode.ProtocolError]);
      assert.equal(isReset, false);
    }
  },
);

transportTest("a client whose session is taken over hears why", async (open) => {
  await using local = await open();
  using old = await RawClient.connect(local.port, { clientId: "one" });
  using older = await RawClient.connect(local.port, { clientId: "two", protocolVersion: 4 });
  using _new = await RawClient.connect(local.port, { clientId: "one" });
  using _newer = await RawClient.connect(local.port, { clientId: "two", protocolVersion: 4 });
  assert.deepEqual(disconnectReasons((await old.untilEnd()).packets), [0x8e]);
  // 3.1.1 has no word for it. [v3 MQTT-3.1.4-2]
  assert.deepEqual(await older.untilEnd(), { packets: [], isReset: false });
});

transportTest("a client that has said goodbye and stays is closed", async (open) => {
  await using local = await open();
  using client = await RawClient.connect(local.port);
  await client.send({ type: "disconnect", reasonCode: 0 });
  assert.deepEqual(await client.untilEnd(), { packets: [], isReset: false });
  // It never closes its own end: a second is enough.
  await local.settle();
});

transportTest("closing the server tells everybody, after what was already theirs", async (open) => {
  const local = await open();
  using modern = await RawClient.connect(local.port);
  using classic = await RawClient.connect(local.port, { protocolVersion: 4 });
  using reader = await RawClient.connect(local.port);
  const silent = await RawClient.open(local.port);
  await reader.subscribe("bulk");
  for (let i = 0; i < 10; i++) await modern.send(publishPacket("bulk", new Uint8Array(MB)));
  await modern.ping();
  const startMs = performance.now();
  const closing = local.server.close();
  const [one, two, three, four] = await Promise.all(
    [modern, classic, reader, silent].map((client) => client.untilEnd()),
  );
  for (const client of [modern, classic, reader, silent]) client.close();
  await closing;
  const code = ReasonCode.ServerShuttingDown;
  assert.deepEqual(disconnectReasons(one!.packets), [code]);
  assert.deepEqual(two, { packets: [], isReset: false });
  assert.deepEqual(three!.packets.map(({ type }) => type), [
    ...Array<string>(10).fill("publish"),
    "disconnect",
  ]);
  assert.deepEqual(four, { packets: [], isReset: false });
  assert.ok(performance.now() - startMs < 3000);
  assert.equal(local.server.connectionCount, 0);
});

transportTest("closing the server does not wait for those who take nothing", async (open) => {
  const local = await open();
  using stuck = await RawClient.connect(local.port);
  await stuck.subscribe("flood");
  using publisher = await RawClient.connect(local.port);
  for (let i = 0; i < 12; i++) await publisher.send(publishPacket("flood", new Uint8Array(MB)));
  await publisher.ping();
  const startMs = performance.now();
  await local.server.close();
  assert.ok(performance.now() - startMs < 4000);
  assert.equal(local.server.connectionCount, 0);
});
