import { strict as assert } from "node:assert";
import {
  decodePublish,
  encodePublishInto,
  encodeText,
  NameCache,
  plainTopicNameAt,
  type Publish,
  publishSize,
} from "../../lib/codec/mod.ts";
import { ALL, BEFORE_5, fromHex, testGolden } from "./golden.ts";

const publish: Publish = {
  type: "publish",
  topicName: "a/b",
  payload: fromHex("'hi'"),
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  properties: undefined,
};

testGolden([
  {
    name: "PUBLISH of QoS 0 has no Packet Identifier [v3 MQTT-2.3.1-5]",
    version: BEFORE_5,
    hex: "30 07 0003 'a/b' 'hi'",
    packet: publish,
  },
  {
    name: "PUBLISH of QoS 0 has no Packet Identifier [MQTT-2.2.1-2]",
    version: 5,
    hex: "30 08 0003 'a/b' 00 'hi'",
    packet: publish,
  },
  {
    name: "PUBLISH without payload",
    version: BEFORE_5,
    hex: "30 05 0003 'a/b'",
    packet: { ...publish, payload: fromHex("") },
  },
  {
    name: "PUBLISH without payload",
    version: 5,
    hex: "30 06 0003 'a/b' 00",
    packet: { ...publish, payload: fromHex("") },
  },
  {
    name: "PUBLISH of QoS 1, retained",
    version: BEFORE_5,
    hex: "33 09 0003 'a/b' 1234 'hi'",
    packet: { ...publish, qos: 1, retain: true, packetId: 0x1234 },
  },
  {
    name: "PUBLISH of QoS 1 with DUP",
    version: BEFORE_5,
    hex: "3a 09 0003 'a/b' 0001 'hi'",
    packet: { ...publish, qos: 1, dup: true, packetId: 1 },
  },
  {
    name: "PUBLISH of QoS 2 with DUP, retained",
    version: 5,
    hex: "3d 0a 0003 'a/b' ffff 00 'hi'",
    packet: { ...publish, qos: 2, dup: true, retain: true, packetId: 65_535 },
  },
  {
    name: "PUBLISH of QoS 2",
    version: BEFORE_5,
    hex: "34 09 0003 'a/b' 0100 'hi'",
    packet: { ...publish, qos: 2, packetId: 256 },
  },
  {
    name: "Topic Name with a byte order mark, which is kept [v3 MQTT-1.5.3-3]",
    version: BEFORE_5,
    hex: "30 06 0004 ef bb bf 'a'",
    packet: { ...publish, topicName: "\ufeffa", payload: fromHex("") },
  },
  {
    name: "Topic Name with a byte order mark, which is kept [MQTT-1.5.4-3]",
    version: 5,
    hex: "30 08 0005 'a' ef bb bf 'b' 00",
    packet: { ...publish, topicName: "a\ufeffb", payload: fromHex("") },
  },
  {
    name: "Topic Name outside the first plane",
    version: BEFORE_5,
    hex: "30 09 0005 'A' f0 aa 9b 94 'hi'",
    packet: { ...publish, topicName: "A\u{2a6d4}" },
  },
  {
    name: "an empty Topic Name is not the codec's to judge",
    version: BEFORE_5,
    hex: "30 04 0000 'hi'",
    packet: { ...publish, topicName: "" },
  },
  {
    name: "Topic Alias instead of a Topic Name",
    version: 5,
    hex: "30 08 0000 03 23 0005 'hi'",
    packet: { ...publish, topicName: "", properties: { topicAlias: 5 } },
  },
  {
    name: "a control character is tolerated",
    version: BEFORE_5,
    hex: "30 05 0001 01 'hi'",
    packet: { ...publish, topicName: "\u0001" },
  },
  {
    name: "PUBLISH with all properties",
    version: 5,
    hex: "32 39 0003 'a/b' 000a 2f 01 01 02 0000003c 23 0001 08 0001 'r' 09 0002 beef " +
      "26 0001 'a' 0001 'b' 26 0001 'a' 0001 'c' 0b 01 0b ffffff7f 03 0004 'json' 'hi'",
    packet: {
      ...publish,
      qos: 1,
      packetId: 10,
      properties: {
        payloadFormatIndicator: 1,
        messageExpiryInterval: 60,
        topicAlias: 1,
        responseTopic: "r",
        correlationData: fromHex("beef"),
        userProperties: [["a", "b"], ["a", "c"]],
        subscriptionIdentifiers: [1, 268_435_455],
        contentType: "json",
      },
    },
  },
  {
    name: "Remaining Length in two bytes where one would do",
    version: BEFORE_5,
    hex: "30 87 00 0003 'a/b' 'hi'",
    packet: publish,
    decodeOnly: true,
  },
  {
    name: "Property Length in two bytes where one would do",
    version: 5,
    hex: "30 09 0003 'a/b' 80 00 'hi'",
    packet: publish,
    decodeOnly: true,
  },
  {
    name: "payload of 122 bytes, the last with one byte of Remaining Length",
    version: BEFORE_5,
    hex: "30 7f 0003 'a/b' " + "00".repeat(122),
    packet: { ...publish, payload: new Uint8Array(122) },
  },
  {
    name: "payload of 123 bytes, the first with two bytes of Remaining Length [MQTT-1.5.5-1]",
    version: 5,
    hex: "30 8101 0003 'a/b' 00 " + "00".repeat(123),
    packet: { ...publish, payload: new Uint8Array(123) },
  },
]);

testGolden([
  {
    name: "QoS 3 [v3 MQTT-3.3.1-4]",
    version: BEFORE_5,
    hex: "36 07 0003 'a/b' 0001",
    reasonCode: 0x81,
  },
  { name: "QoS 3 [MQTT-3.3.1-4]", version: 5, hex: "36 08 0003 'a/b' 0001 00", reasonCode: 0x81 },
  {
    name: "DUP with QoS 0 [v3 MQTT-3.3.1-2]",
    version: BEFORE_5,
    hex: "38 05 0003 'a/b'",
    reasonCode: 0x81,
  },
  {
    name: "DUP with QoS 0 [MQTT-3.3.1-2]",
    version: 5,
    hex: "38 06 0003 'a/b' 00",
    reasonCode: 0x81,
  },
  {
    name: "Packet Identifier 0 [v3 MQTT-2.3.1-1]",
    version: BEFORE_5,
    hex: "32 07 0003 'a/b' 0000",
    reasonCode: 0x81,
  },
  {
    name: "Packet Identifier 0 [MQTT-2.2.1-3]",
    version: 5,
    hex: "34 08 0003 'a/b' 0000 00",
    reasonCode: 0x81,
  },
  { name: "half a Packet Identifier", version: ALL, hex: "32 06 0003 'a/b' 00", reasonCode: 0x81 },
  { name: "empty PUBLISH [v3 MQTT-3.3.2-1]", version: BEFORE_5, hex: "30 00", reasonCode: 0x81 },
  { name: "empty PUBLISH [MQTT-3.3.2-1]", version: 5, hex: "30 00", reasonCode: 0x81 },
  { name: "half a length of the Topic Name", version: ALL, hex: "30 01 00", reasonCode: 0x81 },
  {
    name: "Topic Name longer than the packet",
    version: ALL,
    hex: "30 04 0003 'a/'",
    reasonCode: 0x81,
  },
  {
    name: "PUBLISH without Property Length",
    version: 5,
    hex: "30 05 0003 'a/b'",
    reasonCode: 0x81,
  },
  {
    name: "properties longer than the packet",
    version: 5,
    hex: "30 08 0003 'a/b' 03 01 00",
    reasonCode: 0x81,
  },
  {
    name: "ill-formed Topic Name [v3 MQTT-3.3.2-1]",
    version: BEFORE_5,
    hex: "30 03 0001 ff",
    reasonCode: 0x81,
  },
  {
    name: "ill-formed Topic Name [MQTT-3.3.2-1]",
    version: 5,
    hex: "30 04 0001 ff 00",
    reasonCode: 0x81,
  },
  {
    name: "Topic Alias 0 [MQTT-3.3.2-8]",
    version: 5,
    hex: "30 06 0000 03 23 0000",
    reasonCode: 0x94,
  },
  {
    name: "ill-formed Response Topic [MQTT-3.3.2-13]",
    version: 5,
    hex: "30 08 0001 'a' 04 08 0001 ff",
    reasonCode: 0x81,
  },
  {
    name: "ill-formed Content Type [MQTT-3.3.2-19]",
    version: 5,
    hex: "30 08 0001 'a' 04 03 0001 ff",
    reasonCode: 0x81,
  },
]);

Deno.test("the payload of a PUBLISH is a view of the buffer that was read", () => {
  const bytes = fromHex("30 07 0003 'a/b' 'hi'");
  const { payload } = decodePublish(bytes, 0, bytes.length, 4);
  assert.equal(payload.buffer, bytes.buffer);
});

Deno.test("binary properties of a PUBLISH are copies", () => {
  const bytes = fromHex("30 0a 0001 'a' 05 09 0002 beef 'x'");
  const { properties } = decodePublish(bytes, 0, bytes.length, 5);
  bytes.fill(0);
  assert.deepEqual(properties, { correlationData: fromHex("beef") });
});

Deno.test("a PUBLISH that others may get as it is has a name, no properties, and a Remaining Length in few bytes", () => {
  const cases: readonly [text: string, isV5: boolean, at: number][] = [
    ["30 07 0003 'a/b' 'hi'", false, 4],
    ["30 08 0003 'a/b' 00 'hi'", true, 4],
    ["30 05 0003 'a/b'", false, 4],
    ["30 06 0003 'a/b' 00", true, 4],
    ["30 05 0003 'a/b'", true, 0], // no room for the length of its properties
    ["30 0a 0003 'a/b' 02 0101 'hi'", true, 0],
    ["30 8700 0003 'a/b' 'hi'", false, 0],
    ["30 04 0000 'hi'", false, 0],
    ["30 06 0000 03 230001", true, 0],
    ["30 04 0003 'a/'", false, 0], // the name ends behind the packet
    ["30 01 00", false, 0],
    ["30 00", false, 0],
  ];
  for (const [text, isV5, at] of cases) {
    // What follows in the buffer belongs to the next packet.
    const bytes = Uint8Array.of(...fromHex(text), 0, 0, 0x30, 7);
    assert.equal(plainTopicNameAt(bytes, 0, bytes.length - 4, isV5), at, text);
  }
  const long = Uint8Array.of(0x30, 0x85, 0x01, 0, 1, 0x61, ...new Uint8Array(130));
  assert.equal(plainTopicNameAt(long, 0, long.length, false), 5);
});

Deno.test("a repeated Topic Name is the identical string from the cache", () => {
  const bytes = fromHex("30 07 0003 'a/b' 'hi'");
  const names = new NameCache();
  const first = decodePublish(bytes, 0, bytes.length, 4, names);
  const second = decodePublish(bytes, 0, bytes.length, 4, names);
  assert.equal(first.topicName, "a/b");
  assert.deepEqual(first, second);
});

Deno.test("an encoded Topic Name gives the same packet as its text", () => {
  const packet: Publish = { ...publish, topicName: "ü/€", qos: 1, packetId: 9 };
  const name = encodeText(packet.topicName);
  for (const version of ALL) {
    const size = publishSize(packet, version);
    assert.equal(publishSize(packet, version, name), size);
    const [fromText, fromBytes] = [new Uint8Array(size), new Uint8Array(size)];
    assert.equal(encodePublishInto(packet, version, fromText, 0), size);
    assert.equal(encodePublishInto(packet, version, fromBytes, 0, name), size);
    assert.deepEqual(fromBytes, fromText);
  }
});

Deno.test("properties of a PUBLISH are left out before 5.0", () => {
  const packet: Publish = { ...publish, properties: { contentType: "json" } };
  for (const version of BEFORE_5) assert.equal(publishSize(packet, version), 9);
});
