import { strict as assert } from "node:assert";
import { ByteReader, ByteWriter } from "../../lib/bus/bytes.ts";
import { decodeFrame, encodeFrame, type FrameHeader, HEADER_SIZE } from "../../lib/bus/frame.ts";
import {
  type BusRecord,
  decodeRecord,
  encodeDeliver,
  encodeLost,
  encodePublish,
  encodeSubscribe,
  encodeUnsubscribe,
} from "../../lib/bus/record.ts";
import type { Properties } from "../../lib/codec/mod.ts";
import { Random } from "../support/random.ts";

const allProperties: Properties = {
  payloadFormatIndicator: 1,
  contentType: "text/plain",
  responseTopic: "answer/here",
  correlationData: new Uint8Array([0, 1, 255]),
  userProperties: [["a", "1"], ["a", "2"], ["", "\u{1F600}"]],
};
const message = { topicName: "a/ä", payload: new Uint8Array([1, 2]), retain: false } as const;

const records: [name: string, record: BusRecord][] = [
  ["publish", { type: "publish", message: { ...message, qos: 0 } }],
  ["publish with everything", {
    type: "publish",
    message: {
      topicName: "x",
      payload: new Uint8Array(70_000),
      qos: 2,
      retain: true,
      properties: allProperties,
      messageExpiryIntervalSeconds: 0xffff_ffff,
    },
  }],
  ["publish with an empty payload", {
    type: "publish",
    message: { ...message, qos: 1, payload: new Uint8Array(), messageExpiryIntervalSeconds: 0 },
  }],
  ["deliver", {
    type: "deliver",
    filterId: 0xffff_ffff,
    message: { ...message, qos: 1, properties: undefined, publisherId: "client-1" },
  }],
  ["deliver with properties", {
    type: "deliver",
    filterId: 1,
    message: { ...message, qos: 0, retain: true, properties: allProperties, publisherId: "" },
  }],
  ["subscribe", { type: "subscribe", filterId: 7, topicFilter: "+/b/#" }],
  ["unsubscribe", { type: "unsubscribe", filterId: 7 }],
  ["lost", { type: "lost", messages: 123_456 }],
];

function encode(writer: ByteWriter, record: BusRecord): void {
  switch (record.type) {
    case "publish":
      return encodePublish(writer, record.message);
    case "deliver": {
      const properties = record.message.properties;
      const all = { ...record.message, properties, expiresAtMs: Infinity };
      return encodeDeliver(writer, record.filterId, all);
    }
    case "subscribe":
      return encodeSubscribe(writer, record.filterId, record.topicFilter);
    case "unsubscribe":
      return encodeUnsubscribe(writer, record.filterId);
    case "lost":
      return encodeLost(writer, record.messages);
  }
}

for (const [name, record] of records) {
  Deno.test(`decodeRecord() reads back: ${name}`, () => {
    const writer = new ByteWriter(1);
    encode(writer, record);
    const bytes = writer.copy(0, writer.length, 0);
    const reader = new ByteReader(bytes);
    assert.deepEqual(decodeRecord(reader), record);
    assert(reader.isAtEnd);
    for (let end = 0; end < Math.min(bytes.length, 300); end++) {
      assert.throws(() => decodeRecord(new ByteReader(bytes.subarray(0, end))), RangeError);
    }
  });
}

Deno.test("decodeRecord() reads records one after the other", () => {
  const writer = new ByteWriter(16);
  for (const [, record] of records) encode(writer, record);
  const reader = new ByteReader(writer.copy(0, writer.length, 0));
  const decoded: BusRecord[] = [];
  while (!reader.isAtEnd) decoded.push(decodeRecord(reader));
  assert.deepEqual(decoded, records.map(([, record]) => record));
});

Deno.test("A payload read from a record is not a view of the frame", () => {
  const writer = new ByteWriter(16);
  encodePublish(writer, message);
  const record = decodeRecord(new ByteReader(writer.copy(0, writer.length, 0)));
  assert(record.type === "publish" && record.message.payload.buffer.byteLength === 2);
});

Deno.test("ByteWriter refuses a text of more than 65,535 bytes", () => {
  assert.throws(() => new ByteWriter(1).text("ä".repeat(32_768)), {
    name: "RangeError",
    message: "Cannot encode text of 65536 bytes: the most is 65535",
  });
});

const headers: FrameHeader[] = [
  { kind: "hello", from: 1, to: 0, number: 0, confirmed: 0 },
  { kind: "welcome", from: 0xffff_ffff, to: 1, number: 0, confirmed: 0 },
  { kind: "data", from: 1, to: 2, number: Number.MAX_SAFE_INTEGER, confirmed: 1 },
  { kind: "ack", from: 1, to: 2, number: 0, confirmed: 2 ** 40 },
  { kind: "probe", from: 1, to: 2, number: 3, confirmed: 4 },
  { kind: "bye", from: 1, to: 2, number: 0, confirmed: 0 },
];
for (const header of headers) {
  Deno.test(`decodeFrame() reads back: ${header.kind}`, () => {
    const missing: [number, number][] = header.kind === "ack" ? [[1, 1], [3, 2 ** 40]] : [];
    const bytes = encodeFrame(header, missing);
    assert.deepEqual(decodeFrame(bytes), { ...header, missing, bytes });
  });
}

Deno.test("decodeFrame() takes nothing that is not a frame", () => {
  const random = new Random(1);
  const hello = encodeFrame(headers[0]!);
  const strangers: unknown[] = [
    undefined,
    "text",
    { kind: "data" },
    new Uint8Array(),
    new ArrayBuffer(HEADER_SIZE),
    hello.subarray(0, HEADER_SIZE - 1),
    new Uint8Array(HEADER_SIZE),
    hello.with(1, 6),
    hello.with(0, random.int(0xb1)),
  ];
  for (const stranger of strangers) assert.equal(decodeFrame(stranger), undefined);
});
