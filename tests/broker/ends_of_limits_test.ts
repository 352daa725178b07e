/** What the broker makes of peers' values (sums, prefixes, countdowns, copies) stays within what a packet can say. */
import { strict as assert } from "node:assert";
import { Exchange, testExchange } from "../support/exchange.ts";

testExchange(
  "A Message Expiry Interval at its maximum is delivered, whatever is rounded up",
  `
    b> CONNECT
    b< CONNACK
    b> SUBSCRIBE id=1 #
    b< SUBACK id=1 0
    a> CONNECT
    a< CONNACK
    a> PUBLISH t messageExpiryInterval=4294967295 retain "1"
    b< PUBLISH t messageExpiryInterval=4294967295 "1"
    wait 500ms
    c> CONNECT
    c< CONNACK
    c> SUBSCRIBE id=1 t
    c< SUBACK id=1 0
    c< PUBLISH t messageExpiryInterval=4294967295 retain "1"
  `,
);

Deno.test("A retained message whose expiry lies further away than a packet can say, since the clock was set back, is delivered", () => {
  const exchange = new Exchange({ store: true });
  exchange.play(`
    a> CONNECT
    a< CONNACK
    a> PUBLISH t messageExpiryInterval=4294967295 retain qos=1 id=1 "1"
    a< PUBACK id=1 NoMatchingSubscribers
  `);
  exchange.test.nowMs -= 900_000;
  exchange.play(`
    crash
    b> CONNECT
    b< CONNACK
    b> SUBSCRIBE id=1 #
    b< SUBACK id=1 0
    b< PUBLISH t messageExpiryInterval=4294967295 retain "1"
  `);
});

const MOUNTS = ["tenant1", "tenant1/", "/", "a/b/c", "t\u00e4nant/"];
for (const mountPoint of MOUNTS) {
  const isWhole = mountPoint.endsWith("/");
  testExchange(
    `Under the mount point ${mountPoint} wildcards ${
      isWhole ? "work" : "are refused where they would not fill a level"
    }`,
    `
      a> CONNECT
      a< CONNACK
      a> SUBSCRIBE id=1 # x/#
      a< SUBACK id=1 ${isWhole ? 0 : "TopicFilterInvalid"} 0
      a> UNSUBSCRIBE id=2 #
      a< UNSUBACK id=2 ${isWhole ? 0 : "TopicFilterInvalid"}
      a> PUBLISH x/y "1"
      a< PUBLISH x/y "1"
    `,
    { listener: { mountPoint } },
  );
}

for (const length of [65_520, 65_527, 65_528, 65_530, 65_535]) {
  // 8 bytes of mount point: at 65,527 all is well, above it is too long for any packet.
  const isShort = length + 8 <= 65_535;
  const topic = "t".repeat(length);
  testExchange(
    `A topic of ${length} bytes and a mount point of 8 are ${
      isShort ? "subscribed and published" : "refused"
    }`,
    `
      a> CONNECT will.topic=${isShort ? topic : "w"} will.payload="w"
      a< CONNACK
      a> SUBSCRIBE id=1 ${topic}
      a< SUBACK id=1 ${isShort ? 0 : "TopicFilterInvalid"}
      a> UNSUBSCRIBE id=2 ${topic}
      a< UNSUBACK id=2 ${isShort ? 0 : "TopicFilterInvalid"}
      ${
      isShort
        ? ""
        : `b> CONNECT will.topic=${topic} will.payload="w"\nb< CONNACK TopicNameInvalid\nb! closed`
    }
      a> PUBLISH ${topic} qos=1 id=3 "1"
      a< PUBACK id=3 ${isShort ? "NoMatchingSubscribers" : "TopicNameInvalid"}
    `,
    { listener: { mountPoint: "tenants/" }, store: true, options: { maxTopicLevels: 0xffff } },
  );
}

const DEEP = Array(201).fill("l").join("/");
testExchange(
  "A topic or filter that is none only here, for the settings or the mount point, is refused by itself, and the connection goes on",
  `
    s> CONNECT sessionExpiryInterval=0
    s< CONNACK
    s> SUBSCRIBE id=1 ${DEEP} + l/#
    s< SUBACK id=1 TopicFilterInvalid TopicFilterInvalid 0
    a> CONNECT
    a< CONNACK
    a> PUBLISH ${DEEP} "0"
    a> PUBLISH ${DEEP} qos=1 id=1 "1"
    a< PUBACK id=1 TopicNameInvalid
    a> PUBLISH ${DEEP} qos=2 id=2 "2"
    a< PUBREC id=2 TopicNameInvalid
    dropped not_a_topic_name=3
    b> CONNECT v=4
    b< CONNACK
    b> SUBSCRIBE id=1 ${DEEP} # l
    b< SUBACK id=1 128 128 0
    b> UNSUBSCRIBE id=2 #
    b< UNSUBACK id=2
    b> PUBLISH ${DEEP} retain "0"
    b> PUBLISH ${DEEP} qos=1 id=1 "1"
    b< PUBACK id=1
    b> PUBLISH ${DEEP} qos=2 id=2 "2"
    b< PUBREC id=2
    b> PUBREL id=2
    b< PUBCOMP id=2
    dropped not_a_topic_name=6
    b> PUBLISH l qos=1 id=1 "1"
    b< PUBLISH l "1"
    s< PUBLISH l "1"
    b< PUBACK id=1
    c> CONNECT v=3
    c< CONNACK
    c> SUBSCRIBE id=1 #
    c< SUBACK id=1 128
    c> PUBLISH ${DEEP} qos=1 id=1 "1"
    c< PUBACK id=1
    b> SUBSCRIBE id=3 a/#/b
    b! closed
  `,
  { listener: { mountPoint: "site" } },
);

testExchange(
  "Response Information that would be longer than text is left out",
  `
    a> CONNECT clientId=${"c".repeat(65_530)} requestResponseInformation
    a< CONNACK !responseInformation
    b> CONNECT clientId=b requestResponseInformation
    b< CONNACK responseInformation=response/b
  `,
  { options: { responseInformation: "response/" } },
);

const LARGE = "w".repeat(600);
const BIG = "user:k=" + "v".repeat(60_000);
testExchange(
  "User Properties count in what is queued and in what is retained",
  `
    b> CONNECT sessionExpiryInterval=600
    b< CONNACK
    b> SUBSCRIBE id=1 t qos=1
    b< SUBACK id=1 1
    b x
    a> CONNECT
    a< CONNACK
    a> PUBLISH t qos=1 id=1 ${BIG} "1"
    a< PUBACK id=1
    a> PUBLISH t qos=1 id=2 ${BIG} "2"
    a< PUBACK id=2
    dropped queue_full=1
    a> PUBLISH r/1 retain ${BIG} "1"
    a> PUBLISH r/2 retain ${BIG} "1"
    dropped queue_full=1 retained_limit=1
  `,
  { options: { maxQueuedBytes: 100_000, maxRetainedBytes: 100_000 } },
);

testExchange(
  "Wills count, of connected clients and delayed ones, until they are published or taken away",
  `
    a> CONNECT will.topic=w will.payload="${LARGE}" will.willDelayInterval=60 sessionExpiryInterval=600
    a< CONNACK
    b> CONNECT will.topic=w will.payload="${LARGE}"
    b< CONNACK QuotaExceeded
    b! closed
    a x
    b> CONNECT will.topic=w will.payload="${LARGE}"
    b< CONNACK QuotaExceeded
    b! closed
    wait 60s
    b> CONNECT will.topic=w will.payload="${LARGE}"
    b< CONNACK
    b> DISCONNECT
    b! closed
    b> CONNECT will.topic=w will.payload="${LARGE}"
    b< CONNACK
  `,
  { options: { maxTotalQueuedBytes: 1000 } },
);

testExchange(
  "Subscriptions count by their bytes, those of a session and of all",
  `
    a> CONNECT
    a< CONNACK
    a> SUBSCRIBE id=1 a b c
    a< SUBACK id=1 0 0 QuotaExceeded
    b> CONNECT
    b< CONNACK
    b> SUBSCRIBE id=1 a b
    b< SUBACK id=1 0 QuotaExceeded
    a> UNSUBSCRIBE id=2 b
    a< UNSUBACK id=2 0
    b> SUBSCRIBE id=2 b
    b< SUBACK id=2 0
    b x
    a> SUBSCRIBE id=3 b
    a< SUBACK id=3 0
  `,
  { options: { maxSubscriptionBytes: 810, maxTotalSubscriptionBytes: 1300 } },
);

testExchange(
  "With allow_duplicate_messages a publisher with a No Local subscription gets one copy for each of its others",
  `
    a> CONNECT
    a< CONNACK
    a> SUBSCRIBE id=1 t noLocal +
    a< SUBACK id=1 0 0
    a> SUBSCRIBE id=2 #
    a< SUBACK id=2 0
    a> PUBLISH t "1"
    a< PUBLISH t "1"
    a< PUBLISH t "1"
  `,
  { options: { allowDuplicateMessages: true } },
);

testExchange(
  "The same filter twice in one SUBSCRIBE sends its retained messages each at the QoS of its own place",
  `
    a> CONNECT
    a< CONNACK
    a> PUBLISH t retain qos=1 id=1 "1"
    a< PUBACK id=1 NoMatchingSubscribers
    a> SUBSCRIBE id=2 t qos=1 t qos=0
    a< SUBACK id=2 1 0
    a< PUBLISH t retain qos=1 id=1 "1"
    a< PUBLISH t retain "1"
  `,
);

Deno.test("Without a limit of their own all subscriptions may take a quarter of a small heap", () => {
  const exchange = new Exchange().play("a> CONNECT\na< CONNACK");
  exchange.test.broker.core.heapLimitBytes = 4 * 810;
  exchange.play("a> SUBSCRIBE id=1 a b c\na< SUBACK id=1 0 0 QuotaExceeded");
});

Deno.test("Large properties are encoded once for receivers that differ in aliases, identifiers and versions, and arrive whole", () => {
  const exchange = new Exchange({ listener: { maxTopicAliasBroker: 5 } });
  exchange.play(`
    a> CONNECT topicAliasMaximum=5
    a< CONNACK
    a> SUBSCRIBE id=1 t subscriptionIdentifiers=7
    a< SUBACK id=1 0
    b> CONNECT maximumPacketSize=200000
    b< CONNACK
    b> SUBSCRIBE id=1 t
    b< SUBACK id=1 0
    c> CONNECT v=4 cleanStart
    c< CONNACK
    c> SUBSCRIBE id=1 t
    c< SUBACK id=1 0
    d> CONNECT maximumPacketSize=50000
    d< CONNACK
    d> SUBSCRIBE id=1 t
    d< SUBACK id=1 0
    p> CONNECT
    p< CONNACK
    p> PUBLISH t contentType=text messageExpiryInterval=60 ${BIG} "1"
    a< PUBLISH t topicAlias=1 subscriptionIdentifiers=7 contentType=text messageExpiryInterval=60 ${BIG} "1"
    b< PUBLISH t contentType=text messageExpiryInterval=60 ${BIG} "1"
    c< PUBLISH t "1"
    d< nothing
    dropped packet_too_large=1
  `);
  assert.equal(exchange.test.broker.metrics.publishSent, 3);
});

Deno.test("More than 10,000 User Properties in one packet are refused with 0x97", () => {
  const userProperties = (count: number) => "26 0001 61 0000 ".repeat(count);
  for (
    const [count, hears] of [[10_000, "nothing"], [
      10_001,
      "DISCONNECT QuotaExceeded\na! closed",
    ]] as const
  ) {
    // Topic t, the Property Length in three bytes, the properties, no payload.
    const length = 6 * count;
    const varint = (value: number) =>
      [value & 0x7f | 0x80, value >> 7 & 0x7f | 0x80, value >> 14].map((byte) =>
        byte.toString(16).padStart(2, "0")
      ).join(" ");
    new Exchange().play(`
      a> CONNECT
      a< CONNACK
      a> hex 30 ${varint(3 + 3 + length)} 0001 74 ${varint(length)} ${userProperties(count)}
      a< ${hears}
    `);
  }
});
