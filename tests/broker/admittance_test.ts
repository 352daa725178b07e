import { strict as assert } from "node:assert";
import type { AccessPort, Admittance, EnhancedExchange } from "../../lib/broker/mod.ts";
import { Exchange } from "../support/exchange.ts";

/** Lets in whoever comes, each time with the next of these. */
function admitting(admittances: readonly Admittance[], more: Partial<AccessPort> = {}) {
  const left = [...admittances];
  const step: EnhancedExchange["step"] = (_, reply) =>
    reply({ type: "success", data: undefined, ...left.shift()! });
  return new Exchange({
    access: {
      authenticate: (_, reply) => reply({ isAllowed: true, ...left.shift()! }),
      beginEnhanced: () => ({ step }),
      ...more,
    },
  });
}

Deno.test("Who is let in for a time is disconnected with 0xA0 when it is over, however much it says", () => {
  admitting([{ validForMs: 10_000 }]).play(`
    a> CONNECT keepAlive=5
    a< CONNACK
    wait 5s
    a> PINGREQ
    a< PINGRESP
    wait 4s
    a> PINGREQ
    a< PINGRESP
    wait 999ms
    a> PINGREQ
    a< PINGRESP
    wait 1ms
    a< DISCONNECT MaximumConnectTime
    a! closed
  `);
});

Deno.test("Without a Keep Alive its time ends as well, and its will is published", () => {
  admitting([{}, { validForMs: 1000 }]).play(`
    b> CONNECT
    b< CONNACK
    b> SUBSCRIBE id=1 gone
    b< SUBACK id=1 0
    a> CONNECT v=4 cleanStart will.topic=gone will.payload="a"
    a< CONNACK
    wait 1s
    a! closed
    b< PUBLISH gone "a"
  `);
});

Deno.test("Who is let in for no time at all is told so at once, and nothing of it stays", () => {
  const exchange = admitting([{ validForMs: 0 }]).play(`
    a> CONNECT
    a< CONNACK
    a< DISCONNECT MaximumConnectTime
    a! closed
  `);
  assert.equal(exchange.test.broker.core.deadlines.size, 0);
});

Deno.test("Who authenticates anew in time stays for as long again [MQTT-4.12.1-1]", () => {
  admitting([{ validForMs: 10_000 }, { validForMs: 20_000 }, {}]).play(`
    a> CONNECT authenticationMethod=m
    a< CONNACK authenticationMethod=m
    wait 9s
    a> AUTH ReAuthenticate authenticationMethod=m
    a< AUTH Success authenticationMethod=m
    wait 19s
    a> AUTH ReAuthenticate authenticationMethod=m
    a< AUTH Success authenticationMethod=m
    wait 1000s
    a> PINGREQ
    a< PINGRESP
  `);
});

Deno.test("The grant of the verdict comes back with every question, and another one after a re-authentication counts at once", () => {
  const [first, second] = [{ topics: ["a", "b"] }, { topics: ["b"] }];
  const asked = new Set<unknown>();
  const may = (grant: object | undefined, topic: string) => {
    asked.add(grant);
    return topic === "#" || (grant as typeof first).topics.includes(topic);
  };
  const exchange = admitting([{ grant: first }, { grant: second }], {
    checksTopics: true,
    mayPublish: ({ grant }, topicName) => may(grant, topicName),
    maySubscribe: ({ grant }, topicFilter) => may(grant, topicFilter),
    mayRead: ({ grant }, topicName) => may(grant, topicName),
  });
  exchange.play(`
    a> CONNECT authenticationMethod=m
    a< CONNACK authenticationMethod=m
    a> SUBSCRIBE id=1 #
    a< SUBACK id=1 0
    a> PUBLISH a "1" & PUBLISH b "2" & PUBLISH c "3"
    a< PUBLISH a "1"
    a< PUBLISH b "2"
  `);
  assert.deepEqual([...asked], [first]);
  exchange.play(`
    a> AUTH ReAuthenticate authenticationMethod=m
    a< AUTH Success authenticationMethod=m
    a> PUBLISH a "1" & PUBLISH b "2"
    a< PUBLISH b "2"
    dropped not_authorized=2
  `);
});

Deno.test("Who comes back with another grant gets nothing of what waits that it may not read any more", () => {
  const [first, second] = [{ topics: ["a", "b"] }, { topics: ["b"] }];
  admitting([{ grant: first }, { grant: first }, { grant: second }], {
    checksTopics: true,
    mayRead: ({ grant }, topicName) => (grant as typeof first).topics.includes(topicName),
  }).play(`
    p> CONNECT
    p< CONNACK
    a> CONNECT sessionExpiryInterval=100
    a< CONNACK
    a> SUBSCRIBE id=1 # qos=1
    a< SUBACK id=1 1
    a x
    p> PUBLISH a "1" qos=1 id=1 & PUBLISH b "2" qos=1 id=2
    p< PUBACK id=1
    p< PUBACK id=2
    a> CONNECT sessionExpiryInterval=100
    a< CONNACK sessionPresent
    a< PUBLISH b "2" qos=1 id=1
    dropped not_authorized=1
  `);
});
