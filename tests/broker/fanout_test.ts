import { deepEqual, equal, notEqual } from "node:assert/strict";
import { BufferPool, ByteBuffer } from "../../lib/broker/ground/byte_buffer.ts";
import { Fanout, keepMessage } from "../../lib/broker/ground/fanout.ts";
import { encodePacket, encodeText, type ProtocolVersion, type Qos } from "../../lib/codec/mod.ts";
import type { Message } from "../../lib/session/mod.ts";
import { Random } from "../support/random.ts";

const NOW_MS = 10_000;

const MESSAGE: Message = {
  topicName: "a/ü",
  payload: Uint8Array.of(1, 2, 3),
  qos: 2,
  retain: true,
  properties: undefined,
  expiresAtMs: Infinity,
  publisherId: "publisher",
};

/** What every receiver of these must get. */
const MESSAGES: readonly [name: string, message: Message][] = [
  ["a plain message", MESSAGE],
  ["no payload", { ...MESSAGE, payload: new Uint8Array() }],
  ["properties", {
    ...MESSAGE,
    properties: { contentType: "text/plain", userProperties: [["k", "1"], ["k", "2"]] },
  }],
  ["an expiry", { ...MESSAGE, expiresAtMs: NOW_MS + 4500 }],
  // Around the steps of the Remaining Length, behind which the Packet Identifier stands.
  ...[100, 120, 127, 128, 16_370, 16_384, 100_000].map((length): [string, Message] => [
    `${length} bytes`,
    { ...MESSAGE, payload: new Uint8Array(length).fill(7) },
  ]),
];

for (const [name, message] of MESSAGES) {
  for (const isSingle of [true, false]) {
    Deno.test(`every kind of receiver gets ${name} as the codec writes it, ${isSingle ? "alone" : "among many"}`, () => {
      const fanout = new Fanout();
      fanout.begin(message, encodeText(message.topicName), isSingle, NOW_MS);
      const buffer = new ByteBuffer(new BufferPool());
      let packetId = 500;
      // Twice: encoded the first time, copied the second.
      for (const version of [3, 4, 5, 3, 4, 5] as const) {
        for (const qos of [0, 1, 2] as const) {
          for (const retain of [false, true]) {
            packetId += 7;
            const at = buffer.length;
            fanout.copyInto(buffer, version, qos, retain, qos === 0 ? 0 : packetId);
            deepEqual(
              buffer.bytes.slice(at, buffer.length),
              expected(message, version, qos, retain, qos === 0 ? 0 : packetId),
            );
          }
        }
      }
    });
  }
}

Deno.test("a message that expires says what is left, in whole seconds, rounded up [MQTT-3.3.2-6]", () => {
  const fanout = new Fanout();
  fanout.begin({ ...MESSAGE, expiresAtMs: NOW_MS + 4001 }, encodeText("a/ü"), true, NOW_MS);
  const buffer = new ByteBuffer(new BufferPool());
  fanout.copyInto(buffer, 5, 0, false, 0);
  deepEqual(
    buffer.bytes.slice(0, buffer.length),
    encodePacket({
      type: "publish",
      topicName: "a/ü",
      payload: MESSAGE.payload,
      qos: 0,
      retain: false,
      dup: false,
      packetId: 0,
      properties: { messageExpiryInterval: 5 },
    }, 5),
  );
});

Deno.test("a fanout serves one message after the other, without a trace of those before", () => {
  const random = new Random(7);
  const fanout = new Fanout();
  for (let i = 0; i < 300; i++) {
    const message = {
      ...MESSAGE,
      topicName: `topic/${random.int(1000)}`,
      payload: random.bytes(random.int(random.pick([10, 300, 9000]))),
    };
    fanout.begin(message, encodeText(message.topicName), random.int(4) === 0, NOW_MS);
    const buffer = new ByteBuffer(new BufferPool());
    for (let receiver = random.int(6); receiver >= 0; receiver--) {
      const version = random.pick([3, 4, 5] as const);
      const qos = random.pick([0, 1, 2] as const);
      const packetId = qos === 0 ? 0 : 1 + random.int(65_535);
      const retain = random.bool();
      const at = buffer.length;
      fanout.copyInto(buffer, version, qos, retain, packetId);
      deepEqual(
        buffer.bytes.slice(at, buffer.length),
        expected(message, version, qos, retain, packetId),
      );
    }
  }
});

Deno.test("keep() copies the payload once for all, and is good beyond the turn", () => {
  const readBuffer = Uint8Array.of(1, 2, 3, 4);
  const correlationData = readBuffer.subarray(2, 4);
  const fanout = new Fanout();
  const message = {
    ...MESSAGE,
    payload: readBuffer.subarray(0, 2),
    properties: { correlationData },
  };
  fanout.begin(message, encodeText("a/ü"), false, NOW_MS);
  const kept = fanout.keep();
  equal(fanout.keep(), kept);
  readBuffer.fill(0);
  deepEqual([...kept.payload], [1, 2]);
  deepEqual([...kept.properties!.correlationData!], [3, 4]);
  notEqual(kept.payload.buffer, readBuffer.buffer);
  deepEqual({ ...kept, payload: null, properties: null }, {
    ...MESSAGE,
    payload: null,
    properties: null,
    storeId: 0,
  });
});

Deno.test("keepForLong() gives the message a payload of its own, for all who have it", () => {
  const fanout = new Fanout();
  fanout.begin(MESSAGE, encodeText("a/ü"), false, NOW_MS);
  const kept = fanout.keep();
  const { length } = MESSAGE.payload;
  notEqual(kept.payload.buffer.byteLength, length, "many share a slab");
  equal(fanout.keepForLong(), kept);
  equal(kept.payload.buffer.byteLength, length);
  deepEqual(kept.payload, MESSAGE.payload);
});

Deno.test("a message that somebody keeps already is not copied again; the next one is", () => {
  const fanout = new Fanout();
  const kept = keepMessage(MESSAGE);
  fanout.begin(kept, encodeText("a/ü"), true, NOW_MS, kept);
  equal(fanout.keep(), kept);
  fanout.begin(MESSAGE, encodeText("a/ü"), true, NOW_MS);
  notEqual(fanout.keep(), kept);
});

function expected(
  message: Message,
  version: ProtocolVersion,
  qos: Qos,
  retain: boolean,
  packetId: number,
): Uint8Array {
  const { topicName, payload, expiresAtMs } = message;
  const left = expiresAtMs === Infinity
    ? {}
    : { messageExpiryInterval: Math.ceil((expiresAtMs - NOW_MS) / 1000) };
  const hasProperties = message.properties !== undefined || expiresAtMs !== Infinity;
  const properties = version === 5 && hasProperties
    ? { ...message.properties, ...left }
    : undefined;
  return encodePacket(
    { type: "publish", topicName, payload, qos, retain, dup: false, packetId, properties },
    version,
  );
}
