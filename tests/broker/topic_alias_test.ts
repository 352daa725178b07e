import { strict as assert } from "node:assert";
import { Exchange, testExchange } from "../support/exchange.ts";

/** a reads all and takes no aliases, b may use three. */
const TWO = `
  a> CONNECT
  a< CONNACK
  a> SUBSCRIBE id=1 #
  a< SUBACK id=1 0
  b> CONNECT sessionExpiryInterval=60
  b< CONNACK topicAliasMaximum=3
`;
const THREE = { listener: { maxTopicAlias: 3, maxTopicAliasBroker: 2 } };

testExchange(
  "Every alias up to the maximum stands for the topic it came with last, and is no receiver's " +
    "[MQTT-3.3.2-12] [MQTT-3.1.2-27]",
  `${TWO}
  b> PUBLISH one topicAlias=1 "1" & PUBLISH three topicAlias=3 "2"
  a< PUBLISH one "1"
  a< PUBLISH three "2"
  b> PUBLISH "" topicAlias=3 "3" & PUBLISH "" topicAlias=1 "4"
  a< PUBLISH three "3"
  a< PUBLISH one "4"
  b> PUBLISH two topicAlias=1 "5" & PUBLISH "" topicAlias=1 "6"
  a< PUBLISH two "5"
  a< PUBLISH two "6"
  `,
  THREE,
);

const wrong: [packet: string, answer: string][] = [
  ["PUBLISH t topicAlias=4", "TopicAliasInvalid"],
  ["hex 30 07 00 01 't' 03 23 00 00", "TopicAliasInvalid"],
  ['PUBLISH "" topicAlias=2', "ProtocolError"],
  ["PUBLISH t/# topicAlias=2", "TopicNameInvalid"],
];
for (const [packet, answer] of wrong) {
  testExchange(
    `With a maximum of 3, ${packet} ends the connection: ${answer} [MQTT-3.3.2-8] [MQTT-4.13.1-1]`,
    `${TWO}
    b> ${packet}
    b< DISCONNECT ${answer}
    b! closed
    `,
    THREE,
  );
}

testExchange(
  "An alias ends with its connection, not with its session [MQTT-3.3.2-7]",
  `${TWO}
  b> PUBLISH one topicAlias=1
  a< PUBLISH one
  b x
  b> CONNECT
  b< CONNACK sessionPresent
  b> PUBLISH "" topicAlias=1
  b< DISCONNECT ProtocolError
  b! closed
  `,
  THREE,
);

testExchange(
  "Where the broker takes no aliases it says none, and any is wrong",
  `
  b> CONNECT
  b< CONNACK !topicAliasMaximum
  b> PUBLISH one topicAlias=1
  b< DISCONNECT TopicAliasInvalid
  b! closed
  `,
  { listener: { maxTopicAlias: 0 } },
);

testExchange(
  "A client that allows aliases gets its topics once, the least recently used alias is given anew, none is " +
    "above the maximum [MQTT-3.1.2-26] [MQTT-3.3.2-11]",
  `
  a> CONNECT topicAliasMaximum=50
  a< CONNACK
  a> SUBSCRIBE id=1 # qos=1
  a< SUBACK id=1 1
  b> CONNECT
  b< CONNACK
  b> PUBLISH one "1" & PUBLISH two "2" & PUBLISH one "3" & PUBLISH three "4" & PUBLISH one "5" & PUBLISH two "6"
  a< PUBLISH one topicAlias=1 "1"
  a< PUBLISH two topicAlias=2 "2"
  a< PUBLISH "" topicAlias=1 "3"
  a< PUBLISH three topicAlias=2 "4"
  a< PUBLISH "" topicAlias=1 "5"
  a< PUBLISH two topicAlias=2 "6"
  b> PUBLISH two qos=1 id=1 contentType=c "7"
  b< PUBACK id=1
  a< PUBLISH "" qos=1 id=1 topicAlias=2 contentType=c "7"
  `,
  THREE,
);

testExchange(
  "The broker's aliases end with the connection; a repeated PUBLISH names its topic [MQTT-3.3.2-7]",
  `
  a> CONNECT topicAliasMaximum=1 sessionExpiryInterval=60
  a< CONNACK
  a> SUBSCRIBE id=1 # qos=1
  a< SUBACK id=1 1
  a> PUBLISH t qos=1 id=1 "1"
  a< PUBLISH t qos=1 id=1 topicAlias=1 "1"
  a< PUBACK id=1
  a x
  a> CONNECT topicAliasMaximum=1
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 dup topicAlias=1 "1"
  a> PUBLISH t "2"
  a< PUBLISH "" topicAlias=1 "2"
  `,
  THREE,
);

testExchange(
  "max_topic_alias_broker 0 sends none, whatever the client allows [MQTT-3.1.2-27]",
  `
  a> CONNECT topicAliasMaximum=50
  a< CONNACK
  a> SUBSCRIBE id=1 #
  a< SUBACK id=1 0
  a> PUBLISH t "1" & PUBLISH t "2"
  a< PUBLISH t "1"
  a< PUBLISH t "2"
  `,
  { listener: { maxTopicAliasBroker: 0 } },
);

const LONG = "x".repeat(3000);

Deno.test("Long topics of Topic Aliases count in max_total_queued_bytes, until their connection ends", () => {
  const options = { maxTotalQueuedBytes: 5000 };
  const exchange = new Exchange({ options }).play(`
    a> CONNECT
    a< CONNACK topicAliasMaximum=10
    b> CONNECT
    b< CONNACK topicAliasMaximum=10
    a> PUBLISH a${LONG} topicAlias=1 1
    a> PUBLISH b${LONG} topicAlias=2 1
    a> PUBLISH b${LONG} topicAlias=2 2      (the same is nothing new)
    a> PUBLISH c${LONG} topicAlias=2 3      (and the place of another costs what is more)
    b> PUBLISH a${LONG} topicAlias=1 1      (what each may keep is free)
    a> PUBLISH d${LONG} topicAlias=3 1
    b> PUBLISH b${LONG} topicAlias=2 1
    b< DISCONNECT QuotaExceeded
    b! closed
    a> PUBLISH short topicAlias=2 1
    a> PUBLISH "" topicAlias=1 2
    a x
  `);
  assert.equal(exchange.test.broker.core.aliases.bytes, 0);
  exchange.play(`
    b> CONNECT
    b< CONNACK topicAliasMaximum=10
    b> PUBLISH a${LONG} topicAlias=1 1
    b> PUBLISH b${LONG} topicAlias=2 1
    b> PINGREQ
    b< PINGRESP
  `);
});

testExchange(
  "A topic of more than 1,024 characters gets no alias from the broker, which would keep it",
  `
  a> CONNECT topicAliasMaximum=5
  a< CONNACK
  a> SUBSCRIBE id=1 #
  a< SUBACK id=1 0
  a> PUBLISH ${LONG} 1
  a< PUBLISH ${LONG} 1
  a> PUBLISH t 1
  a< PUBLISH t topicAlias=1 1
  `,
  THREE,
);
