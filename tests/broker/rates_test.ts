import { strict as assert } from "node:assert";
import { Rate } from "../../lib/broker/ground/rate.ts";
import { Exchange, testExchange } from "../support/exchange.ts";

const waits: [nowMs: number, take: number, waitMs: number][] = [
  [0, 10, 0], // a second's worth at once
  [0, 0, 100],
  [50, 0, 50],
  [100, 1, 0],
  [100, 0, 100],
  [300, 21, 0], // more than there is: the next one waits for all of it
  [300, 0, 2000],
  [2300, 0, 0],
  [60_000, 10, 0], // never more than a second's worth
  [60_000, 0, 100],
];
Deno.test("A rate of 10 a second lets through ten at once and ten a second on average", () => {
  const rate = new Rate(10, 0);
  for (const [nowMs, take, waitMs] of waits) {
    assert.equal(rate.waitMs(nowMs), waitMs, `at ${nowMs} ms`);
    rate.take(take);
  }
});

const PUBLISHES = Array.from({ length: 5 }, (_, i) => `PUBLISH t "${i}"`).join(" & ");

testExchange(
  "Too many PUBLISH packets of one client are read later, none is lost, and others go on",
  `
  s> CONNECT
  s< CONNACK
  s> SUBSCRIBE id=1 t
  s< SUBACK id=1 0
  a> CONNECT keepAliveSeconds=1
  a< CONNACK
  a> ${PUBLISHES} & PINGREQ
  s< PUBLISH t "0"
  s< PUBLISH t "1"
  b> CONNECT
  b< CONNACK
  b> PUBLISH t "b"
  s< PUBLISH t "b"
  wait 500ms
  s< PUBLISH t "2"
  wait 500ms
  s< PUBLISH t "3"
  wait 499ms
  wait 1ms
  s< PUBLISH t "4"
  a< PINGRESP
  `,
  { options: { maxClientPublishRate: 2 } },
);

testExchange(
  "Too many bytes of one client are read later; a packet of more than a second's worth comes through",
  `
  s> CONNECT
  s< CONNACK
  s> SUBSCRIBE id=1 t
  s< SUBACK id=1 0
  wait 10s
  a> CONNECT
  a< CONNACK
  wait 10s
  a> PUBLISH t "${"x".repeat(300)}" & PINGREQ
  s< PUBLISH t "${"x".repeat(300)}"
  wait 2s
  wait 1s
  a< PINGRESP
  `,
  { options: { maxClientByteRate: 100 } },
);

testExchange(
  "The clients of one address share its rate",
  `
  a> CONNECT
  a< CONNACK
  b> CONNECT
  b< CONNACK
  s> CONNECT
  s< CONNACK
  s> SUBSCRIBE id=1 t
  s< SUBACK id=1 0
  a> PUBLISH t "1"
  s< PUBLISH t "1"
  b> PUBLISH t "2"
  wait 999ms
  wait 1ms
  s< PUBLISH t "2"
  `,
  { options: { maxAddressPublishRate: 1 } },
);

testExchange(
  "Connections that an address makes too fast are read one after the other, and told no time limit meanwhile",
  `
  a> CONNECT
  a< CONNACK
  b> CONNECT
  c> CONNECT
  b< nothing
  wait 999ms
  wait 1ms
  b< CONNACK
  wait 1s
  c< CONNACK
  `,
  { options: { maxAddressConnectionRate: 1, connectTimeoutSeconds: 1 } },
);

Deno.test("Connections of an address that would wait half a minute are closed", () => {
  const exchange = new Exchange({ options: { maxAddressConnectionRate: 1 } });
  const links = Array.from({ length: 100 }, () => exchange.test.open());
  assert.equal(links.filter((link) => !link.isClosed).length, 31);
});

testExchange(
  "A client that connects too often gets its CONNACK later, and the one that is there stays until then",
  `
  a> CONNECT
  a< CONNACK
  a> DISCONNECT
  a! closed
  a> CONNECT
  a< nothing
  b> CONNECT
  b< CONNACK
  wait 999ms
  wait 1ms
  a< CONNACK
  `,
  { options: { maxClientConnectionRate: 1 } },
);

Deno.test("A client that goes while it is held back is forgotten: nothing of it is due, and what it sent is not read", () => {
  const { test } = new Exchange({ options: { maxClientPublishRate: 1 } }).play(`
    s> CONNECT
    s< CONNACK
    s> SUBSCRIBE id=1 t
    s< SUBACK id=1 0
    a> CONNECT
    a< CONNACK
    a> ${PUBLISHES}
    s< PUBLISH t "0"
    a x
  `);
  const { connections, deadlines } = test.broker.core;
  assert.equal(connections.size, 1);
  assert.equal(deadlines.size, 0);
  test.wait(10_000);
  assert.equal(test.links[0]!.take().length, 0);
  assert.equal(test.broker.metrics.publishReceived, 1);
});
