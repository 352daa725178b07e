import { strict as assert } from "node:assert";
import type { Observer } from "../../lib/broker/mod.ts";
import { Exchange } from "../support/exchange.ts";

/** Writes down each event with what names it. */
function recorder(): { told: string[]; observer: Observer } {
  const told: string[] = [];
  const say = (...words: unknown[]) => void told.push(words.join(" "));
  const observer: Observer = {
    received: ({ name }, { type }) => say(name, ">", type),
    sent: ({ name }, { type }) => say(name, "<", type),
    delivered: ({ name }, { message, qos }, packetId, isRepeat) =>
      say(name, "<", "publish", message.topicName, qos, packetId, isRepeat),
    queued: ({ session }, { message }) => say(session.clientId, "queued", message.topicName),
    dropped: (client, reason, { topicName }) =>
      say(client?.session.clientId, "dropped", reason, topicName),
    published: (client, { topicName }, receivers) =>
      say(client?.session.clientId, "published", topicName, receivers),
    subscribed: ({ name }, { topicFilter }, reasonCode, whole) =>
      say(name, "subscribed", topicFilter, whole, reasonCode),
    unsubscribed: ({ name }, topicFilter, reasonCode) =>
      say(name, "unsubscribed", topicFilter, reasonCode),
    connected: ({ name }) => say(name, "connected"),
    disconnected: ({ name, client }, reason) =>
      say(name, client === null ? "refused" : "disconnected", reason?.message),
    sessionEnded: ({ session }) => say(session.clientId, "session ended"),
  };
  return { told, observer };
}

Deno.test("Observers are told of a message's way, from who came in to who left", () => {
  const exchange = new Exchange({ options: { maxQueuedMessages: 1 } });
  const { told, observer } = recorder();
  const stop = exchange.test.broker.observe(observer);
  exchange.play(`
    s> CONNECT sessionExpiryInterval=60
    s< CONNACK
    s> SUBSCRIBE id=1 t/# qos=1
    s< SUBACK id=1 1
    p> CONNECT
    p< CONNACK
    p> PUBLISH t/a qos=1 id=7 "x"
    p< PUBACK id=7
    s< PUBLISH t/a qos=1 id=1 "x"
    s> PUBACK id=1
    s x
    p> PUBLISH t/b qos=1 id=8 "y"
    p< PUBACK id=8
    p> PUBLISH t/c qos=1 id=9 "z"
    p< PUBACK id=9
    p> UNSUBSCRIBE id=2 t
    p< UNSUBACK id=2 NoSubscriptionExisted
    wait 60s
  `);
  assert.deepEqual(told, [
    "192.0.2.1:1024 > connect",
    "s connected",
    "s < connack",
    "s > subscribe",
    "s subscribed t/# t/# 1",
    "s < suback",
    "192.0.2.1:1025 > connect",
    "p connected",
    "p < connack",
    "p > publish",
    "s < publish t/a 1 1 false",
    "p published t/a 1",
    "p < puback",
    "s > puback",
    "s disconnected ",
    "p > publish",
    "s queued t/b",
    "p published t/b 1",
    "p < puback",
    "p > publish",
    "s dropped queue_full t/c",
    "p published t/c 1",
    "p < puback",
    "p > unsubscribe",
    "p unsubscribed t 17",
    "p < unsuback",
    "s dropped session_ended t/b",
    "s session ended",
  ]);
  stop();
  told.length = 0;
  exchange.play(`
    p> PUBLISH t/d "x"
    p x
  `);
  assert.deepEqual(told, [], "nobody looks any more");
  assert.equal(exchange.test.broker.core.isObserved, false);
});

Deno.test("A packet that waits for access control is told once", () => {
  let isDecided = false;
  let decide = () => {};
  const exchange = new Exchange({
    access: {
      checksTopics: true,
      mayPublish: () => isDecided ? true : "pending",
      decided: (_, done) => void (decide = done),
    },
  });
  const { told, observer } = recorder();
  exchange.play(`
    p> CONNECT
    p< CONNACK
  `);
  exchange.test.broker.observe(observer);
  exchange.play("p> PUBLISH a qos=1 id=1");
  isDecided = true;
  exchange.test.turn(decide);
  exchange.play(`
    p< PUBACK id=1 NoMatchingSubscribers
    p> PINGREQ
    p< PINGRESP
  `);
  assert.deepEqual(told, [
    "p > publish",
    "p published a 0",
    "p < puback",
    "p > pingreq",
    "p < pingresp",
  ]);
});

Deno.test("An observer that throws is logged, and neither clients nor other observers notice", () => {
  const exchange = new Exchange();
  const { told, observer } = recorder();
  const { broker, log } = exchange.test;
  broker.observe({
    received() {
      throw new Error("no");
    },
  });
  broker.observe(observer);
  exchange.play(`
    p> CONNECT
    p< CONNACK
  `);
  assert.deepEqual(told, ["192.0.2.1:1024 > connect", "p connected", "p < connack"]);
  const [line] = log.filter(({ level }) => level === "error");
  assert.match(line!.message, /^An observer of the broker has failed$/);
  assert.equal(line!.fields.event, "received");
});

Deno.test("Who is refused is logged with Client Identifier and user name", () => {
  const exchange = new Exchange({
    access: { authenticate: (_, reply) => reply({ isAllowed: false, reasonCode: 0x86 }) },
  });
  exchange.play(`
    a> CONNECT clientId=pump-7 userName=ann
    a< CONNACK BadUserNameOrPassword
    a! closed
    b> CONNECT v=5 clientId=pump-8 will.topic=a/# will.payload="x"
    b< CONNACK TopicNameInvalid
    b! closed
  `);
  assert.deepEqual(exchange.test.log.map(({ message, fields }) => [message, fields]), [
    ["Client refused", {
      clientId: "pump-7",
      userName: "ann",
      address: "192.0.2.1:1024",
      reason: "BadUserNameOrPassword (0x86)",
      message: "Bad user name or password",
    }],
    ["Client refused", {
      clientId: "pump-8",
      address: "192.0.2.1:1025",
      reason: "TopicNameInvalid (0x90)",
      message: "Will Topic is not a Topic Name",
    }],
  ]);
});

const refused: [packet: string, reason: string, message: string][] = [
  ["PUBLISH a/#", "TopicNameInvalid", 'Cannot publish to "a/#": not a Topic Name'],
  ["PUBLISH a qos=2 id=1", "QoSNotSupported", 'Cannot publish to "a": QoS 2 is not supported here'],
  [
    "PUBLISH a retain",
    "RetainNotSupported",
    'Cannot publish to "a": RETAIN is not supported here',
  ],
];
for (const [packet, reason, message] of refused) {
  Deno.test(`A refused ${packet} names its topic in the log`, () => {
    const options = { retainAvailable: false };
    const exchange = new Exchange({ options, listener: { maxQos: 1 } }).play(`
      p> CONNECT
      p< CONNACK
      p> ${packet}
      p< DISCONNECT ${reason}
      p! closed
    `);
    const line = exchange.test.log.find(({ message }) => message === "Client refused");
    assert.equal(line?.fields.message, message);
  });
}
