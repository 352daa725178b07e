import { strict as assert } from "node:assert";
import { Exchange, testExchange } from "../support/exchange.ts";

const LIMITED = { options: { maxBufferedBytes: 1000, sendTimeoutSeconds: 20 } };
/** b reads t, and takes nothing from now on. */
const SLOW = `
  a> CONNECT
  a< CONNACK
  b> CONNECT
  b< CONNACK
  c> CONNECT
  c< CONNACK
  b> SUBSCRIBE id=1 t
  b< SUBACK id=1 0
  b stops reading
`;
/** More is on its way to b than max_buffered_bytes. */
const CONGESTED = `${SLOW}
  a> PUBLISH t size=600
  a> PUBLISH t size=600
  a> PUBLISH t size=600
`;

testExchange(
  "Above max_buffered_bytes a publisher is not read until there is room; others go on",
  `${CONGESTED}
  a> PINGREQ & PUBLISH t 4
  a< nothing
  c> PINGREQ
  c< PINGRESP
  b reads
  b< PUBLISH t size=600
  b< PUBLISH t size=600
  b< PUBLISH t size=600
  a< PINGRESP
  b< PUBLISH t 4
  dropped nothing
  `,
  LIMITED,
);

testExchange(
  "Who has taken nothing for two seconds makes room for the others",
  `${CONGESTED}
  a> PINGREQ
  wait 1900ms
  a< nothing
  wait 200ms
  b! closed
  a< PINGRESP
  `,
  LIMITED,
);

testExchange(
  "A slow client that takes a little is not the one to go",
  `${CONGESTED}
  a> PINGREQ
  wait 1900ms
  b reads 10
  wait 1900ms
  b reads 10
  wait 1s
  a< nothing
  b reads
  b< PUBLISH t size=600
  b< PUBLISH t size=600
  b< PUBLISH t size=600
  a< PINGRESP
  `,
  LIMITED,
);

Deno.test("A publisher that leaves while it is not read is gone, and nobody waits for it", () => {
  const { test } = new Exchange(LIMITED).play(`${CONGESTED}
    a> PUBLISH t 4
    a x
    b reads
    b< PUBLISH t size=600
    b< PUBLISH t size=600
    b< PUBLISH t size=600
  `);
  assert.equal(test.broker.core.congestion.throttled.size, 0);
  assert.equal(test.broker.connections.size, 2);
});

Deno.test("Publishers that come, wait and leave are not kept for as long as there is no room", () => {
  const { test } = new Exchange(LIMITED).play(`${CONGESTED}
    a x
    c> PUBLISH t 4
    c x
    d> CONNECT
    d< CONNACK
    d> PUBLISH t 5
  `);
  assert.ok(test.broker.core.congestion.isCongested);
  assert.equal(test.broker.core.congestion.throttled.size, 1);
});

Deno.test("Where max_buffered_bytes is taken away nobody waits for it any more", () => {
  const exchange = new Exchange(LIMITED).play(`${CONGESTED}
    a> PINGREQ
    a< nothing
  `);
  const { broker } = exchange.test;
  broker.reconfigure({ ...broker.options, maxBufferedBytes: 0 });
  exchange.play(`
    wait 100ms
    a< PINGRESP
  `);
});

testExchange(
  "While a publisher is not read its Keep Alive does not run: it begins anew when it is read again [MQTT-3.1.2-22]",
  `${SLOW}
  d> CONNECT keepAlive=2
  d< CONNACK
  d> PUBLISH t size=600
  d> PUBLISH t size=600
  d> PUBLISH t size=600
  wait 1900ms
  b reads 10
  wait 1900ms
  b reads 10                     (d has been silent for longer than one and a half periods)
  wait 1s
  b reads
  b< PUBLISH t size=600
  b< PUBLISH t size=600
  b< PUBLISH t size=600
  wait 2999ms
  wait 1ms
  d< DISCONNECT KeepAliveTimeout
  d! closed
  `,
  LIMITED,
);

Deno.test("Who is disconnected since it takes nothing keeps no output: not for memory's sake, and not for the send time-out", () => {
  const script = `${SLOW}
    a> PUBLISH t size=600
    a> PUBLISH t size=300
  `;
  const evicted = new Exchange(LIMITED).play(`${script}
    a> PUBLISH t size=600
    a> PUBLISH t size=600
    wait 2100ms
    b! closed
  `);
  const tooSlow = new Exchange(LIMITED).play(`${script}
    wait 20s
    b! closed
  `);
  for (const exchange of [evicted, tooSlow]) {
    const { outbox } = exchange.link("b").connection!;
    assert.equal(outbox.ready.length, 0);
    assert.equal(exchange.test.broker.levels.bufferedBytes, 0);
  }
});

testExchange(
  "Without the limit nobody waits, and the slow client loses nothing before its own limit",
  `${CONGESTED}
  a> PINGREQ
  a< PINGRESP
  b reads
  b< others
  dropped nothing
  `,
  { options: { maxBufferedBytes: 0 } },
);

testExchange(
  "A client whose writes stand still for the send time-out is disconnected, its will published",
  `${SLOW}
  b reads
  w> CONNECT will.topic=t will.payload=gone
  w< CONNACK
  w> SUBSCRIBE id=1 u
  w< SUBACK id=1 0
  w stops reading
  a> PUBLISH u 1
  wait 19999ms
  c> PINGREQ
  c< PINGRESP
  wait 1ms
  w! closed
  b< PUBLISH t gone
  `,
  LIMITED,
);

testExchange(
  "Progress, however small, begins the send time-out anew",
  `${SLOW}
  a> PUBLISH t size=50
  wait 19s
  b reads 1
  wait 19s
  b reads 1
  wait 19999ms
  c> PINGREQ
  c< PINGRESP
  wait 1ms
  b! closed
  `,
  LIMITED,
);

testExchange(
  "A client with nothing before it may be silent for ever",
  `${SLOW}
  b reads
  wait 10d
  a> PUBLISH t 1
  b< PUBLISH t 1
  `,
  LIMITED,
);
