import { strict as assert } from "node:assert";
import { MemoryInFlightStore } from "../../lib/client/mod.ts";
import {
  encodePacket,
  type Puback,
  type Pubcomp,
  type Pubrec,
  type Pubrel,
  type ReasonCode,
} from "../../lib/codec/mod.ts";
import { incoming, SessionWire } from "../support/session_wire.ts";

type AckType = "puback" | "pubrec" | "pubrel" | "pubcomp";
const ack = (type: AckType, packetId: number, reasonCode: ReasonCode = 0) =>
  ({ type, packetId, reasonCode }) as Puback | Pubrec | Pubrel | Pubcomp;

Deno.test("what is in flight goes out again in its order, PUBREL where PUBREC came, and before anything new [MQTT-4.4.0-1] [MQTT-4.6.0-1]", () => {
  const wire = new SessionWire();
  wire.connect();
  wire.sent();
  wire.publish("a", 1);
  wire.publish("b", 2);
  wire.publish("c", 2);
  wire.publish("d", 1);
  assert.deepEqual(wire.said(), ["publish 1 a", "publish 2 b", "publish 3 c", "publish 4 d"]);
  wire.give(ack("pubrec", 2), ack("puback", 4));
  assert.deepEqual(wire.said(), ["pubrel 2"]);
  wire.cut();
  wire.connect({}, true, { cleanStart: false });
  wire.publish("e", 1);
  assert.deepEqual(wire.said(), ["pubrel 2", "publish 1 a dup", "publish 3 c dup", "publish 5 e"]);
  wire.give(ack("pubcomp", 2), ack("puback", 1), ack("pubrec", 3), ack("puback", 5));
  wire.give(ack("pubcomp", 3));
  assert.equal(wire.session.inFlightCount, 0);
});

Deno.test("a broker that lost the session gets what it had not acknowledged as new messages; what it had is done", () => {
  const wire = new SessionWire();
  wire.connect();
  wire.publish("a", 1);
  wire.publish("b", 2);
  wire.publish("c", 2);
  wire.give(ack("pubrec", 2));
  wire.sent();
  wire.cut();
  wire.events.length = 0;
  wire.connect({}, false, { cleanStart: false });
  assert.deepEqual(wire.said(), ["publish 1 a", "publish 3 c"]);
  assert.deepEqual(wire.events, ["new", "settled 2 0", "ready"]);
});

Deno.test("Receive Maximum holds for what goes out again and for what is new [MQTT-3.3.4-7]", () => {
  const wire = new SessionWire();
  wire.connect();
  for (const topic of ["a", "b", "c"]) wire.publish(topic, 1);
  wire.sent();
  wire.cut();
  wire.connect({ receiveMaximum: 2 }, true);
  assert.deepEqual(wire.said(), ["publish 1 a dup", "publish 2 b dup"]);
  assert.equal(wire.session.canPublish, false);
  assert.throws(() => wire.publish("d", 1), { kind: "limit" });
  assert.equal(wire.publish("q0", 0), 0);
  wire.give(ack("puback", 1));
  assert.deepEqual(wire.said(), ["publish 0 q0", "publish 3 c dup"]);
  assert.equal(wire.session.canPublish, false);
  wire.events.length = 0;
  wire.give(ack("puback", 3));
  assert.deepEqual(wire.events, ["settled 3 0", "ready"]);
  wire.publish("d", 2);
  assert.equal(wire.session.canPublish, false);
  wire.give(ack("pubrec", 4));
  assert.equal(wire.session.canPublish, false);
  wire.give(ack("pubcomp", 4));
  assert.equal(wire.session.canPublish, true);
});

Deno.test("a PUBREL that goes out again lifts the quota not beyond Receive Maximum", () => {
  const wire = new SessionWire();
  wire.connect();
  wire.publish("a", 2);
  wire.give(ack("pubrec", 1));
  wire.cut();
  wire.connect({ receiveMaximum: 1 }, true);
  wire.give(ack("pubcomp", 1));
  wire.publish("b", 1);
  assert.equal(wire.session.canPublish, false);
});

Deno.test("a refusal ends the exchange, with its Reason Code [MQTT-4.4.0-2]", () => {
  const wire = new SessionWire();
  wire.connect();
  wire.events.length = 0;
  wire.publish("a", 2);
  wire.publish("b", 1);
  wire.give(ack("pubrec", 1, 0x97), ack("puback", 2, 0x87));
  assert.deepEqual(wire.events, ["settled 1 151", "ready", "settled 2 135", "ready"]);
  assert.equal(wire.session.inFlightCount, 0);
});

Deno.test("acknowledgements of what is not on its way are answered, and change nothing", () => {
  const wire = new SessionWire();
  wire.connect();
  wire.publish("a", 1);
  wire.sent();
  wire.events.length = 0;
  wire.give(ack("puback", 9), ack("pubcomp", 1), ack("pubrec", 1), ack("pubrec", 8));
  assert.deepEqual(wire.said(), ["pubrel 1 146", "pubrel 8 146"]);
  assert.deepEqual(wire.events, []);
  assert.equal(wire.session.inFlightCount, 1);
});

Deno.test("a QoS 2 message comes once, over connections too, until PUBREL [MQTT-4.3.3-10] [MQTT-4.3.3-12]", () => {
  const wire = new SessionWire();
  wire.connect();
  wire.sent();
  wire.give(incoming(7, 2, "one"));
  wire.cut();
  wire.connect({}, true);
  wire.give(incoming(7, 2, "one", true));
  assert.deepEqual(wire.said(), ["pubrec 7"]);
  wire.give(ack("pubrel", 7), ack("pubrel", 7));
  assert.deepEqual(wire.said(), ["pubcomp 7", "pubcomp 7 146"]);
  wire.give(incoming(7, 2, "two"));
  assert.deepEqual(wire.messages.length, 2);
  wire.cut();
  wire.connect({}, false);
  wire.give(incoming(7, 2, "three"));
  assert.deepEqual(wire.messages.length, 3);
});

Deno.test("messages that the application acknowledges: in the order in which they came [MQTT-4.6.0-2] [MQTT-4.6.0-3]", () => {
  const wire = new SessionWire({ manualAcknowledgement: true });
  wire.connect();
  wire.sent();
  wire.give(incoming(1, 1, "a"), incoming(2, 2, "b"), incoming(3, 1, "c"), incoming(0, 0, "d"));
  const [a, b, c] = wire.messages;
  assert.deepEqual(wire.said(), []);
  assert.equal(wire.session.acknowledge(c!), true);
  assert.equal(wire.session.acknowledge(b!, 0x97), true);
  assert.deepEqual(wire.said(), []);
  assert.equal(wire.session.acknowledge(a!), true);
  assert.deepEqual(wire.said(), ["puback 1", "pubrec 2 151", "puback 3"]);
  assert.equal(wire.session.acknowledge(a!), false);
  wire.give(incoming(2, 2, "b again"));
  assert.equal(wire.messages.length, 5);
});

Deno.test("messages not yet acknowledged when the connection is lost come once, and are acknowledged when they come again", () => {
  const wire = new SessionWire({ manualAcknowledgement: true });
  wire.connect();
  wire.give(incoming(1, 1, "a"), incoming(2, 2, "b"), incoming(3, 2, "c"));
  const [a, b, c] = wire.messages;
  wire.cut();
  assert.equal(wire.session.acknowledge(b!), true);
  wire.connect({}, true);
  wire.sent();
  assert.equal(wire.session.acknowledge(a!), true);
  assert.deepEqual(wire.said(), []);
  wire.give(incoming(1, 1, "a", true), incoming(2, 2, "b", true), incoming(3, 2, "c", true));
  assert.deepEqual(wire.said(), ["puback 1", "pubrec 2"]);
  assert.equal(wire.session.acknowledge(c!), true);
  assert.deepEqual(wire.said(), ["pubrec 3"]);
  assert.deepEqual(wire.events.filter((event) => event.startsWith("message")).length, 3);
});

Deno.test("an acknowledgement of a session that the broker has lost concerns no message of the new one", () => {
  const wire = new SessionWire({ manualAcknowledgement: true });
  wire.connect();
  wire.give(incoming(1, 1, "old"));
  wire.cut();
  wire.connect({}, false);
  wire.sent();
  wire.give(incoming(1, 1, "new"));
  const [old, fresh] = wire.messages;
  assert.equal(wire.session.acknowledge(old!), false);
  assert.deepEqual(wire.said(), []);
  assert.equal(wire.session.acknowledge(fresh!), true);
  assert.deepEqual(wire.said(), ["puback 1"]);
});

Deno.test("a store remembers for a client that starts again", () => {
  const store = new MemoryInFlightStore();
  const before = new SessionWire({ inFlight: store });
  before.connect();
  before.publish("a", 1);
  before.publish("b", 2);
  before.publish("c", 2);
  before.give(ack("pubrec", 3), ack("puback", 1), incoming(9, 2, "x"));

  const after = new SessionWire({ inFlight: store });
  after.connect({}, true, { cleanStart: false });
  assert.deepEqual(after.said(), ["pubrel 3", "publish 2 b dup"]);
  after.give(incoming(9, 2, "x", true));
  assert.deepEqual(after.messages, []);
  assert.deepEqual(after.said(), ["pubrec 9"]);
  after.publish("d", 1);
  assert.deepEqual(after.said(), ["publish 4 d"]);
  after.give(ack("pubcomp", 3), ack("pubrec", 2), ack("pubcomp", 2), ack("puback", 4));
  after.give(ack("pubrel", 9));
  assert.deepEqual([[...store.outgoing()], [...store.incoming()]], [[], []]);
});

Deno.test("no Packet Identifier is in use twice, whatever uses them [MQTT-2.2.1-4]", () => {
  const wire = new SessionWire();
  wire.connect();
  const first = wire.publish("a", 1);
  const subscribing = wire.session.subscribe([
    { topicFilter: "a", qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 },
  ]);
  const ids = new Set([first, subscribing]);
  for (let i = 0; i < 65_533; i++) {
    const packetId = wire.publish("x", 1);
    ids.add(packetId);
    if (i < 65_000) {
      wire.give(ack("puback", packetId));
      ids.delete(packetId);
    }
    wire.connection.takeOutput(0);
  }
  for (let i = 0; i < 100; i++) {
    const packetId = wire.publish("y", 1);
    assert(!ids.has(packetId));
    ids.add(packetId);
  }
});

Deno.test("what is acknowledged counts no more against our Receive Maximum, and a new connection begins anew", () => {
  const wire = new SessionWire();
  wire.connect({}, false, { properties: { receiveMaximum: 2 } });
  for (let i = 0; i < 5; i++) wire.give(incoming(1 + i, 1, "x"));
  wire.give(incoming(1, 2, "a"), incoming(2, 2, "b"), ack("pubrel", 1), incoming(3, 2, "c"));
  wire.cut();
  wire.connect({}, true, { cleanStart: false, properties: { receiveMaximum: 2 } });
  wire.give(incoming(4, 2, "d"), incoming(5, 2, "e"), ack("pubrel", 2), ack("pubrel", 3));
  assert.equal(wire.connection.isEnded, false);
  wire.give(incoming(6, 2, "f"));
  assert.equal(wire.connection.isEnded, true);
});

Deno.test("a broker that goes on sending and reads no acknowledgements is left", () => {
  const wire = new SessionWire();
  wire.connect();
  const one = encodePacket(incoming(1, 1, "x"), 5);
  const many = new Uint8Array(one.length * 10_000);
  for (let at = 0; at < many.length; at += one.length) many.set(one, at);
  let count = 0;
  while (!wire.connection.isEnded && count < 100) {
    wire.connection.receive(many, 0);
    count++;
  }
  assert.equal(wire.events.at(-1), "end protocol");
  assert.ok(count < 30, `${count} times`);
});
