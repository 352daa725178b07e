import { strict as assert } from "node:assert";
import { Buffer } from "node:buffer";
import {
  type AccessPort,
  type AuthenticationVerdict,
  Broker,
  DEFAULT_BROKER_OPTIONS,
  DEFAULT_LISTENER_OPTIONS,
  OPEN_ACCESS,
} from "../../lib/broker/mod.ts";
import { encodePacket, type Packet } from "../../lib/codec/mod.ts";
import { type ByteStream, nowMs, StreamLink, Turns } from "../../lib/net/mod.ts";
import { DEFAULT_UNFINISHED_LIMITS } from "../../lib/net/unfinished.ts";
import { netTest } from "../support/net_test.ts";
import { connectPacket, publishPacket, subscribePacket } from "../support/raw_client.ts";
import { CountingBuffers, WatchedBuffers } from "../support/watched_buffers.ts";

/** A stream whose every answer is the test's: what arrives when, and how much is taken. */
class FakeStream implements ByteStream {
  closedCount = 0;
  reads = 0;
  /** Bytes taken so far. */
  readonly taken: number[] = [];
  /** Whether writes stand still. */
  isBlocked = false;
  /** Whether writes fail. */
  isBroken = false;
  isWriteClosed = false;
  #arrived: (Uint8Array | null)[] = [];
  #reading: { buffer: Uint8Array; settle: PromiseWithResolvers<number | null> } | undefined;
  #writing: PromiseWithResolvers<number> | undefined;

  read(buffer: Uint8Array): Promise<number | null> {
    assert.equal(this.#reading, undefined, "Two reads at once");
    this.reads++;
    const settle = Promise.withResolvers<number | null>();
    this.#reading = { buffer, settle };
    this.#serve();
    return settle.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    assert.equal(this.#writing, undefined, "Two writes at once");
    if (this.isBroken) return Promise.reject(new Deno.errors.BrokenPipe());
    if (this.isBlocked) {
      this.#writing = Promise.withResolvers();
      return this.#writing.promise;
    }
    this.taken.push(...bytes.subarray(0, 1000));
    return Promise.resolve(Math.min(bytes.length, 1000));
  }

  closeWrite(): Promise<void> {
    this.isWriteClosed = true;
    return this.isBroken ? Promise.reject(new Deno.errors.NotConnected()) : Promise.resolve();
  }

  close(): void {
    this.closedCount++;
    const gone = new Deno.errors.BadResource();
    this.#reading?.settle.reject(gone);
    this.#writing?.reject(gone);
    this.#reading = this.#writing = undefined;
  }

  /** `null`: the peer ends its direction. */
  arrive(bytes: Uint8Array | null): void {
    this.#arrived.push(bytes);
    this.#serve();
  }

  /** The read under way fails. */
  reset(): void {
    this.#reading!.settle.reject(new Deno.errors.ConnectionReset());
    this.#reading = undefined;
  }

  #serve(): void {
    const reading = this.#reading;
    const next = this.#arrived[0];
    if (reading === undefined || next === undefined) return;
    this.#reading = undefined;
    if (next === null) return reading.settle.resolve(null);
    const part = next.subarray(0, reading.buffer.length);
    reading.buffer.set(part);
    if (part.length < next.length) this.#arrived[0] = next.subarray(part.length);
    else this.#arrived.shift();
    reading.settle.resolve(part.length);
  }
}

/** A broker with one connection over a fake stream. */
function open(access: AccessPort = OPEN_ACCESS, buffers = new CountingBuffers()) {
  const turns = new Turns();
  const log = { debugOn: false, debug() {}, info() {}, warning() {}, error() {} };
  const randomId = () => "id";
  const wake = (atMs: number) => turns.wake(atMs);
  const broker = new Broker(DEFAULT_BROKER_OPTIONS, { log, access, randomId, wake }, nowMs());
  turns.attach(broker);
  const stream = new FakeStream();
  let ends = 0;
  const link = new StreamLink(
    stream,
    { remoteAddress: "test" },
    broker,
    turns,
    buffers,
    () => void ends++,
  );
  const options = { ...DEFAULT_LISTENER_OPTIONS, allowAnonymous: true };
  const connection = broker.accept(link, options, turns.begin())!;
  link.start(connection);
  return {
    broker,
    connection,
    link,
    stream,
    buffers,
    ends: () => ends,
    /** Packets arrive, and are handled as far as they can be. */
    async arrive(...packets: readonly Packet[]): Promise<void> {
      stream.arrive(concat(packets));
      await settled();
    },
    /** Nothing is left, and everything happened once. */
    assertOver(): void {
      turns.stop();
      assert.deepEqual([stream.closedCount, ends], [1, 1]);
      assert.equal(broker.connections.size, 0);
      assert.equal(broker.levels.connectedCount, 0);
      assert.equal(broker.levels.bufferedBytes, 0);
    },
  };
}

function concat(packets: readonly Packet[]): Uint8Array {
  return Uint8Array.from(packets.flatMap((packet) => [...encodePacket(packet, 5)]));
}

/** All promises that can be are settled, and the turns they began have ended. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** Waits until the broker has no connection any more, a second at most. */
async function gone({ connections }: Broker): Promise<void> {
  for (let i = 0; i < 1000 && connections.size > 0; i++) await settled();
}

function typesOf(bytes: readonly number[]): number[] {
  const types: number[] = [];
  for (let at = 0; at < bytes.length; at += 2 + bytes[at + 1]!) types.push(bytes[at]! >> 4);
  return types;
}

for (const payloadBytes of [0, 5, 20, 33, 100, 700]) {
  netTest(
    `who always has more to read is read by the largest buffer, with payloads of ${payloadBytes} bytes`,
    async () => {
      const { stream, arrive, broker, buffers, link, assertOver } = open();
      await arrive(connectPacket());
      const packet = publishPacket("chat/room", new Uint8Array(payloadBytes));
      const packets = Array.from(
        { length: Math.ceil(300_000 / (payloadBytes + 10)) },
        () => packet,
      );
      const before = stream.reads;
      stream.arrive(concat(packets));
      while (broker.metrics.publishReceived < packets.length) await settled();
      // Where a packet is cut off at the end of the buffer, a read fills what the rest of it leaves free.
      assert.ok(stream.reads - before < 20, `${stream.reads - before} reads`);
      assert.ok(buffers.taken >= 3);
      stream.arrive(null);
      await gone(broker);
      link.abort();
      assertOver();
    },
  );
}

netTest("a large packet in small pieces moves to a larger buffer a few times only", async () => {
  const { stream, arrive, broker, buffers, link, assertOver } = open();
  await arrive(connectPacket());
  const before = buffers.taken;
  const bytes = concat([publishPacket("large", new Uint8Array(300_000))]);
  for (let at = 0; at < bytes.length; at += 100) stream.arrive(bytes.subarray(at, at + 100));
  while (broker.metrics.publishReceived === 0) await settled();
  assert.ok(stream.reads > 3000, `${stream.reads} reads`);
  // 2 KB, 16, 64, 128, 256, 512, and back to the smallest, since nothing says that more will come.
  assert.ok(buffers.taken - before <= 7, `${buffers.taken - before} buffers`);
  assert.equal(buffers.lastBytes, buffers.smallest);
  stream.arrive(null);
  await gone(broker);
  link.abort();
  assertOver();
});

const LARGE_BYTES = 20_000_000;
const FOUR_MB = 4 * 1024 * 1024;

netTest("a packet of 20 MB moves to larger buffers in parts of 4 MB, and is whole", async () => {
  const buffers = new WatchedBuffers({ ...DEFAULT_UNFINISHED_LIMITS, maxUnfinishedBytes: 0 });
  const { stream, arrive, broker, link, assertOver } = open(OPEN_ACCESS, buffers);
  broker.reconfigure({ ...DEFAULT_BROKER_OPTIONS, maxPacketSizeBytes: LARGE_BYTES * 2 });
  const got: Uint8Array[] = [];
  broker.subscribe("large", ({ payload }) => void got.push(payload.slice()));
  await arrive(connectPacket());
  const payload = new Uint8Array(LARGE_BYTES);
  for (let i = 0; i < payload.length; i += 999) payload[i] = i % 251 + 1;
  stream.arrive(encodePacket(publishPacket("large", payload), 5));
  while (broker.metrics.publishReceived === 0) await settled();
  assert.equal(buffers.mostBytes, FOUR_MB);
  assert.ok(buffers.movedBytes > 16_000_000);
  assert.ok(Buffer.from(got[0]!.buffer).equals(Buffer.from(payload.buffer)));
  stream.arrive(encodePacket(publishPacket("large", payload.subarray(0, 1000)), 5));
  while (broker.metrics.publishReceived === 1) await settled();
  link.abort();
  await settled();
  broker.lost([...broker.connections][0]!, nowMs());
  broker.endTurn();
  assertOver();
});

netTest("a connection that ends while its packet moves leaves nothing", async () => {
  const buffers = new WatchedBuffers({ ...DEFAULT_UNFINISHED_LIMITS, maxUnfinishedBytes: 0 });
  const { stream, arrive, broker, connection, link, assertOver } = open(OPEN_ACCESS, buffers);
  broker.reconfigure({ ...DEFAULT_BROKER_OPTIONS, maxPacketSizeBytes: LARGE_BYTES * 2 });
  await arrive(connectPacket());
  const payload = new Uint8Array(LARGE_BYTES);
  stream.arrive(encodePacket(publishPacket("large", payload), 5));
  while (buffers.last.length <= 2 * FOUR_MB) await settled();
  link.abort();
  for (let i = 0; i < 5; i++) await settled();
  assert.ok(buffers.movedBytes < LARGE_BYTES, `${buffers.movedBytes} bytes have moved`);
  assert.equal(buffers.last.length, 0, "its memory is free at once");
  broker.lost(connection, nowMs());
  broker.endTurn();
  assertOver();
});

netTest("the buffer of a connection that ends while it is read is lent again", async () => {
  const { stream, arrive, broker, connection, buffers, link, assertOver } = open();
  await arrive(connectPacket());
  const bytes = concat([publishPacket("large", new Uint8Array(300_000))]);
  const { reads } = stream;
  stream.arrive(bytes.subarray(0, 100_000));
  while (stream.reads < reads + 4) await settled();
  const { last } = buffers;
  assert.equal(last.length, 128 * 1024);
  link.abort();
  await settled();
  assert.equal(buffers.take(last.length), last);
  broker.lost(connection, nowMs());
  broker.endTurn();
  assertOver();
});

netTest("a stranger that goes with a long CONNECT keeps no buffer for a second more", async () => {
  const { stream, broker, buffers, link, connection, assertOver } = open();
  const bytes = concat([{ ...connectPacket(), userName: "u", password: new Uint8Array(60_000) }]);
  const { reads } = stream;
  stream.arrive(bytes.subarray(0, 40_000));
  while (stream.reads < reads + 3) await settled();
  const { last } = buffers;
  assert.equal(last.length, 64 * 1024);
  link.close();
  assert.equal(stream.closedCount, 1);
  await settled();
  assert.equal(buffers.take(last.length), last);
  broker.lost(connection, nowMs());
  broker.endTurn();
  assertOver();
});

netTest("a connection that is closed while a write stands still ends a second later", async () => {
  const { stream, arrive, broker, link, assertOver, ends } = open();
  await arrive(connectPacket());
  stream.isBlocked = true;
  await arrive({ type: "pingreq" });
  await arrive(connectPacket()); // A second one is an error.
  assert.equal(broker.connections.size, 0);
  assert.equal(ends(), 0);
  link.close();
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await settled();
  assertOver();
});

/** Access control that lets the test answer. */
function slowAccess() {
  const asked = Promise.withResolvers<(verdict: AuthenticationVerdict) => void>();
  const access: AccessPort = {
    ...OPEN_ACCESS,
    authenticate: (_, reply) => asked.resolve(reply),
  };
  return { access, letIn: async () => (await asked.promise)({ isAllowed: true }) };
}

netTest("what a client sent with its CONNECT is handled when it is let in", async () => {
  const { access, letIn } = slowAccess();
  const { stream, arrive, link, broker, connection, assertOver } = open(access);
  await arrive(connectPacket(), subscribePacket("a"), { type: "pingreq" });
  assert.deepEqual(stream.taken, []);
  await letIn();
  await settled();
  // CONNACK, SUBACK, PINGRESP.
  assert.deepEqual(typesOf(stream.taken), [2, 9, 13]);
  broker.lost(connection, nowMs());
  link.abort();
  assertOver();
});

netTest(
  "a client that waits to be let in is read as far as there is room, and hanging up is seen",
  async () => {
    const { access, letIn } = slowAccess();
    const { stream, arrive, broker, link, connection, assertOver } = open(access);
    await arrive(connectPacket());
    const { reads } = stream;
    for (let i = 0; i < 100; i++) await arrive(publishPacket("a", "x".repeat(50)));
    assert.ok(stream.reads > reads && stream.reads < reads + 20);
    await letIn();
    await settled();
    assert.equal(broker.metrics.publishReceived, 100);
    broker.lost(connection, nowMs());
    link.abort();
    assertOver();

    const other = open(slowAccess().access);
    await other.arrive(connectPacket());
    other.stream.arrive(null);
    await settled();
    assert.equal(other.connection.state, "closed");
    other.assertOver();
  },
);

netTest("the end of a client that has sent packets ahead is seen behind them", async () => {
  const { access, letIn } = slowAccess();
  const { stream, arrive, broker, assertOver } = open(access);
  await arrive(connectPacket());
  await arrive(subscribePacket("a"), publishPacket("a", "x"));
  stream.arrive(null);
  await settled();
  assert.equal(broker.connections.size, 1);
  await letIn();
  await settled();
  // CONNACK, SUBACK, PUBLISH.
  assert.deepEqual(typesOf(stream.taken), [2, 9, 3]);
  assertOver();
});

const failures: [name: string, fail: (stream: FakeStream) => void][] = [
  ["reading fails", (stream) => stream.reset()],
  ["reading fails while a write stands still", (stream) => {
    stream.isBlocked = true;
    stream.arrive(concat([{ type: "pingreq" }]));
    setTimeout(() => stream.reset(), 2);
  }],
  ["writing fails", (stream) => {
    stream.isBroken = true;
    stream.arrive(concat([{ type: "pingreq" }]));
  }],
  ["writing fails on the way out", (stream) => {
    stream.isBroken = true;
    stream.arrive(concat([connectPacket()]));
  }],
  ["the peer is gone when its goodbye is answered", (stream) => {
    stream.isBroken = true;
    stream.arrive(concat([{ type: "disconnect", reasonCode: 0 }]));
  }],
  ["the peer ends with half a packet", (stream) => {
    stream.arrive(concat([{ type: "pingreq" }]).subarray(0, 1));
    stream.arrive(null);
  }],
];
for (const [name, fail] of failures) {
  netTest(`the connection ends once, and whole, where ${name}`, async () => {
    const { stream, arrive, assertOver } = open();
    await arrive(connectPacket());
    fail(stream);
    await new Promise((resolve) => setTimeout(resolve, 10));
    assertOver();
  });
}

netTest("a connection that always has more lets the event loop look at others", async () => {
  const { stream, arrive, broker, link, connection, assertOver } = open();
  await arrive(connectPacket());
  const chunk = concat(Array(2000).fill(publishPacket("busy", new Uint8Array(20))));
  for (let i = 0; i < 300; i++) stream.arrive(chunk);
  // Every read of it is answered at once, so without a pause all of it comes before any timer.
  await settled();
  const { publishReceived } = broker.metrics;
  assert.ok(publishReceived < 400_000, `${publishReceived} messages in one go`);
  while (broker.metrics.publishReceived < 600_000) await settled();
  broker.lost(connection, nowMs());
  link.abort();
  assertOver();
});

netTest("after a goodbye the stream is read to its end before it is closed", async () => {
  const { stream, arrive, broker, assertOver, ends } = open();
  await arrive(connectPacket());
  await arrive({ type: "disconnect", reasonCode: 0 });
  assert.equal(broker.connections.size, 0);
  assert.ok(stream.isWriteClosed);
  assert.equal(ends(), 0);
  for (let i = 0; i < 5; i++) await arrive(publishPacket("late", new Uint8Array(5000)));
  assert.equal(broker.metrics.publishReceived, 0);
  stream.arrive(null);
  await settled();
  assertOver();
});
