import assert from "node:assert/strict";
import { encodePacket, type Packet } from "../../lib/codec/mod.ts";
import { PacketFrames } from "../../lib/net/packet_frames.ts";
import { Random } from "../support/random.ts";

/** A PUBLISH of QoS 0 with so many bytes of payload. */
function publish(payloadBytes: number): Uint8Array {
  const packet: Packet = {
    type: "publish",
    topicName: "t",
    payload: new Uint8Array(payloadBytes).fill(7),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: undefined,
  };
  return encodePacket(packet, 4);
}

/** The payloads of frames. */
function payloadsOf(bytes: Uint8Array): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    assert.equal(bytes[at], 0x82, "a whole binary message");
    const short = bytes[at + 1]!;
    const start = at + (short < 126 ? 2 : 4);
    const length = short < 126 ? short : bytes[at + 2]! << 8 | bytes[at + 3]!;
    assert.ok(start + length <= bytes.length, "the frame is whole");
    payloads.push(bytes.slice(start, start + length));
    at = start + length;
  }
  return payloads;
}

/** All frames for bytes that are offered at most `pieceBytes` at a time, as a link does, and the number of writes. */
function frame(bytes: Uint8Array, pieceBytes: number): [payloads: Uint8Array[], writes: number] {
  const frames = new PacketFrames();
  const written: Uint8Array[] = [];
  let writes = 0;
  for (let at = 0; at < bytes.length;) {
    const framed = frames.take(bytes.subarray(at, at + pieceBytes));
    assert.ok(framed.takenBytes > 0);
    written.push(framed.frames.slice(), framed.payload ?? new Uint8Array());
    at += framed.takenBytes;
    writes++;
  }
  return [payloadsOf(join(written)), writes];
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

Deno.test("every packet has a frame of its own, and many of them are one write", () => {
  const packets = [publish(0), publish(100), publish(4000), Uint8Array.of(0xd0, 0), publish(200)];
  const [payloads, writes] = frame(join(packets), 1 << 18);
  assert.deepEqual(payloads, packets);
  assert.equal(writes, 1);
});

Deno.test("a large packet has several frames, and what follows it begins a frame", () => {
  const packets = [publish(10), publish(100_000), publish(10)];
  const [payloads] = frame(join(packets), 1 << 18);
  assert.deepEqual(payloads[0], packets[0]);
  assert.deepEqual(payloads.at(-1), packets[2]);
  assert.deepEqual(join(payloads.slice(1, -1)), packets[1]);
  for (const payload of payloads) assert.ok(payload.length <= 32 * 1024);
});

Deno.test("wherever what is offered is cut, packets begin frames, and not a byte is lost", () => {
  const random = new Random(7);
  for (let round = 0; round < 200; round++) {
    const packets = Array.from(
      { length: 1 + random.int(12) },
      () => publish(random.int(random.pick([4, 130, 6000, 40_000]))),
    );
    const bytes = join(packets);
    const [payloads] = frame(bytes, Math.max(7, random.int(70_000)));
    assert.deepEqual(join(payloads), bytes);
    const starts = new Set<number>();
    payloads.reduce((at, { length }) => (starts.add(at), at + length), 0);
    packets.reduce((at, { length }) => {
      assert.ok(starts.has(at), `the packet at ${at} begins no frame`);
      return at + length;
    }, 0);
  }
});
