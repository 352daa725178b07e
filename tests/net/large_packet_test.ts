import { strict as assert } from "node:assert";
import { Buffer } from "node:buffer";
import {
  Broker,
  DEFAULT_BROKER_OPTIONS,
  DEFAULT_LISTENER_OPTIONS,
  OPEN_ACCESS,
} from "../../lib/broker/mod.ts";
import { encodePacket } from "../../lib/codec/mod.ts";
import {
  loadTransport,
  LOOPBACK_ADDRESS,
  nowMs,
  ReadBuffers,
  SILENT,
  Turns,
} from "../../lib/net/mod.ts";
import { DEFAULT_UNFINISHED_LIMITS } from "../../lib/net/unfinished.ts";
import { netTest } from "../support/net_test.ts";
import { publishPacket, RawClient } from "../support/raw_client.ts";
import { TRANSPORTS } from "../support/transports.ts";
import { WatchedBuffers } from "../support/watched_buffers.ts";

const KB = 1024;
const MB = 1024 * KB;
const LARGE_BYTES = 20_000_000;

const growths: [bufferBytes: number, packetBytes: number, grownBytes: number, why: string][] = [
  [64 * KB, 100_000, 128 * KB, "twice"],
  [64 * KB, 64 * KB, 64 * KB, "the packet is complete, and waits"],
  [64 * KB, 40_000, 64 * KB, "the packet is complete, and others behind it wait"],
  [4 * MB, 5 * MB, 8 * MB, "twice, as such buffers are kept for others"],
  [4 * MB, 200 * MB, 8 * MB, "twice, whatever length it claims"],
  [8 * MB, 9 * MB + 1, 9 * MB + 64 * KB, "no more than the packet needs"],
  [128 * MB, 256 * MB + 4, 256 * MB + 64 * KB, "a little more than twice, for all of it"],
  [64 * MB, 256 * MB + 4, 128 * MB, "twice, as it is far from its end"],
];
for (const [bufferBytes, packetBytes, grownBytes, why] of growths) {
  Deno.test(`a buffer of ${bufferBytes} with a packet of ${packetBytes} grows to ${grownBytes}: ${why}`, () => {
    const buffer = new Uint8Array(bufferBytes);
    const lengthBytes = packetBytes < 2 ** 21 ? 3 : 4;
    let left = packetBytes - 1 - lengthBytes;
    for (let i = 1; i <= lengthBytes; i++, left >>= 7) {
      buffer[i] = left & 0x7f | (i < lengthBytes ? 0x80 : 0);
    }
    assert.equal(new ReadBuffers().grownSize(buffer), grownBytes);
  });
}

Deno.test("a buffer whose packet has no length yet grows to twice its size", () => {
  const endless = new Uint8Array(64 * KB).fill(0xff);
  assert.equal(new ReadBuffers().grownSize(endless), 128 * KB);
});

/** A broker on a real port over epoll, whose buffers are watched. */
async function open() {
  const { transport } = await loadTransport("epoll");
  assert.ok(transport);
  const buffers = new WatchedBuffers({ ...DEFAULT_UNFINISHED_LIMITS, maxUnfinishedBytes: 0 });
  const turns = new Turns();
  const broker = new Broker(
    { ...DEFAULT_BROKER_OPTIONS, maxPacketSizeBytes: LARGE_BYTES * 2 },
    { log: SILENT, access: OPEN_ACCESS, randomId: () => "id", wake: (at) => turns.wake(at) },
    nowMs(),
  );
  turns.attach(broker);
  transport.connect({ broker, turns, buffers });
  const listener = transport.listen({
    address: { hostname: LOOPBACK_ADDRESS, port: 0 },
    options: { ...DEFAULT_LISTENER_OPTIONS, allowAnonymous: true },
    setTcpNodelay: true,
    proxy: undefined,
    tls: undefined,
    webSocket: undefined,
    log: SILENT,
    broker,
    turns,
    buffers,
  });
  return {
    broker,
    buffers,
    port: listener.port,
    async close(): Promise<void> {
      await until(() => broker.connections.size === 0);
      listener.close();
      turns.stop();
      await transport.close();
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** A packet of 20 MB whose parts differ. */
function largePacket(): { readonly payload: Uint8Array; readonly bytes: Uint8Array } {
  const payload = new Uint8Array(LARGE_BYTES);
  for (let i = 0; i < payload.length; i += 999) payload[i] = i % 251 + 1;
  return { payload, bytes: encodePacket(publishPacket("large", payload), 5) };
}

if (TRANSPORTS.includes("epoll")) {
  netTest("over epoll a packet of 20 MB moves in parts of 4 MB, and is whole", async () => {
    const { broker, buffers, port, close } = await open();
    const got: Uint8Array[] = [];
    broker.subscribe("large", ({ payload }) => void got.push(payload.slice()));
    {
      using client = await RawClient.connect(port);
      const { payload, bytes } = largePacket();
      await client.write(bytes);
      await client.ping();
      assert.equal(buffers.mostBytes, 4 * MB);
      assert.ok(buffers.movedBytes > 16_000_000, `${buffers.movedBytes} bytes have moved`);
      assert.ok(Buffer.from(got[0]!.buffer).equals(Buffer.from(payload.buffer)));
      await client.write(encodePacket(publishPacket("large", payload.subarray(0, 1000)), 5));
      await client.ping();
      assert.equal(got.length, 2);
    }
    await close();
  });

  netTest("over epoll a connection that ends while its packet moves leaves nothing", async () => {
    const { broker, buffers, port, close } = await open();
    {
      using client = await RawClient.connect(port);
      const { bytes } = largePacket();
      client.write(bytes).catch(() => {});
      await until(() => buffers.last.length > 8 * MB);
      const { movedBytes } = buffers;
      const [connection] = broker.connections;
      broker.lost(connection!, nowMs());
      broker.endTurn();
      await until(() => buffers.last.length === 0);
      assert.ok(buffers.movedBytes - movedBytes <= 8 * MB, "it moves no more");
    }
    await close();
  });
}
