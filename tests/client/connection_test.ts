import { strict as assert } from "node:assert";
import { incoming, SessionWire } from "../support/session_wire.ts";

Deno.test("bytes that are cut anywhere are put together", () => {
  for (const size of [1, 2, 3, 7, 64]) {
    const sender = new SessionWire();
    sender.connect();
    sender.sent();
    for (const topic of ["a", "b/c", "d".repeat(300)]) sender.publish(topic, 1);
    const bytes = sender.connection.takeOutput(0)!;
    const wire = new SessionWire();
    wire.connect();
    for (let at = 0; at < bytes.length; at += size) {
      wire.connection.receive(bytes.subarray(at, at + size), 0);
    }
    assert.deepEqual(wire.messages.map(({ topicName }) => topicName), [
      "a",
      "b/c",
      "d".repeat(300),
    ]);
    assert.deepEqual(wire.said(), ["puback 1", "puback 2", "puback 3"]);
  }
});

Deno.test("Keep Alive: who neither sends nor receives for long asks, and gives up a period later", () => {
  const wire = new SessionWire();
  wire.connect({ serverKeepAlive: 10 }, false, { keepAliveSeconds: 60 });
  assert.equal(wire.connection.deadlineMs, 9000);
  wire.connection.tick(8999);
  assert.deepEqual(wire.said(), []);
  wire.nowMs = 5000;
  wire.publish("a", 0);
  wire.sent();
  // Sending alone does not show that the broker is there.
  wire.nowMs = 9000;
  wire.connection.tick(9000);
  assert.deepEqual(wire.said(), ["pingreq"]);
  wire.nowMs = 9100;
  wire.give({ type: "pingresp" });
  assert.equal(wire.connection.deadlineMs, 18_000);
  wire.connection.tick(18_000);
  assert.deepEqual(wire.said(), ["pingreq"]);
  wire.connection.tick(26_999);
  assert.equal(wire.connection.isEnded, false);
  wire.connection.tick(27_000);
  assert.equal(wire.events.at(-1), "end timeout");
});

Deno.test("Keep Alive 0 asks never", () => {
  const wire = new SessionWire();
  wire.connect({}, false, { keepAliveSeconds: 0 });
  assert.equal(wire.connection.deadlineMs, Infinity);
});

Deno.test("a broker that does not answer CONNECT in time is given up", () => {
  const wire = new SessionWire();
  wire.open({}, { connectTimeoutMs: 100 });
  wire.connection.tick(99);
  assert.equal(wire.connection.isEnded, false);
  wire.connection.tick(100);
  assert.deepEqual(wire.events, ["end timeout"]);
});

Deno.test("a refused connection ends with the broker's Reason Code, and sends nothing more", () => {
  const wire = new SessionWire();
  wire.open();
  wire.give({ type: "connack", sessionPresent: false, reasonCode: 0x87 });
  assert.deepEqual(wire.events, ["end refused"]);
  assert.deepEqual(wire.said(), []);
  assert.throws(() => wire.publish("a", 0), { kind: "closed" });
});

Deno.test("what the broker does not take is refused here [MQTT-3.2.2-11] [MQTT-3.2.2-14] [MQTT-3.2.2-15]", () => {
  const wire = new SessionWire();
  wire.connect({ maximumPacketSize: 100, maximumQos: 1, retainAvailable: false });
  wire.sent();
  const message = { topicName: "a", properties: undefined, retain: false, qos: 0 } as const;
  const small = new Uint8Array(10);
  assert.throws(() => wire.session.publish({ ...message, payload: new Uint8Array(200) }), {
    kind: "limit",
    reasonCode: 0x95,
  });
  assert.throws(() => wire.session.publish({ ...message, payload: small, qos: 2 }), {
    kind: "limit",
    reasonCode: 0x9b,
  });
  assert.throws(() => wire.session.publish({ ...message, payload: small, retain: true }), {
    kind: "limit",
    reasonCode: 0x9a,
  });
  assert.deepEqual(wire.said(), []);
  wire.session.publish({ ...message, payload: small, qos: 1 });
  assert.deepEqual(wire.said(), ["publish 1 a"]);
});

Deno.test("what a broker takes no more after a reconnect is settled as too large", () => {
  const wire = new SessionWire();
  wire.connect();
  wire.publish("a".repeat(100), 1);
  wire.publish("b", 1);
  wire.sent();
  wire.cut();
  wire.events.length = 0;
  wire.connect({ maximumPacketSize: 60 }, true);
  assert.deepEqual(wire.said(), ["publish 2 b dup"]);
  assert.deepEqual(wire.events, ["settled 1 149", "resumed", "ready"]);
});

Deno.test("Topic Aliases: as many as both sides want, and none of an earlier connection [MQTT-3.3.2-9]", () => {
  const wire = new SessionWire();
  const begin = (topicAliasMaximum: number) => {
    wire.open({ cleanStart: false }, { maxTopicAliases: 2 });
    wire.give({
      type: "connack",
      sessionPresent: true,
      reasonCode: 0,
      properties: { topicAliasMaximum },
    });
  };
  const sent = () =>
    wire.sent().map((packet) =>
      packet.type === "publish" ? [packet.topicName, packet.properties?.topicAlias] : packet.type
    );
  begin(9);
  for (const topic of ["a", "b", "a", "c", "a", "b"]) wire.publish(topic, 0);
  assert.deepEqual(sent(), [["a", 1], ["b", 2], ["", 1], ["c", 2], ["", 1], ["b", 2]]);
  wire.publish("a", 1);
  assert.deepEqual(sent(), [["", 1]]);
  wire.cut();
  begin(1);
  assert.deepEqual(sent(), [["a", 1]]);
  wire.cut();
  begin(0);
  assert.deepEqual(sent(), [["a", undefined]]);
});

Deno.test("a broker that breaks a rule is told which, in 5.0", () => {
  const wire = new SessionWire();
  wire.connect();
  wire.sent();
  wire.give({ type: "pingreq" });
  assert.deepEqual(wire.said(), ["disconnect 130"]);
  assert.equal(wire.events.at(-1), "end protocol");
});

Deno.test("nothing is handled behind our own DISCONNECT", () => {
  const wire = new SessionWire();
  wire.connect();
  wire.sent();
  wire.connection.disconnect();
  wire.give(incoming(1, 1, "late"));
  assert.deepEqual(wire.said(), ["disconnect"]);
  assert.deepEqual(wire.messages, []);
  wire.cut();
  assert.equal(wire.events.at(-1), "end well");
});

Deno.test("a bridge says so in its Protocol Level, which 5.0 has no place for", () => {
  const wire = new SessionWire();
  for (const protocolVersion of [3, 4] as const) {
    wire.session.open(
      { ...connectOf(protocolVersion), isBridge: true },
      {},
      0,
    );
    const bytes = wire.connection.takeOutput(0)!;
    assert.equal(bytes[2 + 2 + (protocolVersion === 3 ? 6 : 4)], 0x80 | protocolVersion);
    wire.cut();
  }
  assert.throws(() => wire.session.open({ ...connectOf(5), isBridge: true }, {}, 0), {
    field: "isBridge",
  });
});

function connectOf(protocolVersion: 3 | 4 | 5) {
  return {
    type: "connect",
    protocolVersion,
    cleanStart: true,
    keepAliveSeconds: 0,
    clientId: "b",
  } as const;
}
