import { strict as assert } from "node:assert";
import { Deadlines } from "../../lib/broker/ground/deadlines.ts";
import { type StopReason, Stops } from "../../lib/broker/state/stops.ts";
import { Exchange, testExchange } from "../support/exchange.ts";

const REASONS: Readonly<Record<StopReason, true>> = {
  verdict: true,
  admission: true,
  decision: true,
  rate: true,
  congestion: true,
  output: true,
  budget: true,
  fanout: true,
  hook: true,
};
const ALL = Object.keys(REASONS) as StopReason[];

for (const first of ALL) {
  for (const second of ALL) {
    if (first === second) continue;
    Deno.test(`Stopped for ${first} and ${second}: the end of ${second} does not end ${first}`, () => {
      const deadlines = new Deadlines();
      const stops = new Stops();
      stops.stop(first);
      assert.ok(!stops.resume(second, deadlines), "what it is not stopped for resumes nothing");
      stops.stop(second);
      assert.ok(!stops.resume(second, deadlines));
      assert.ok(stops.isStopped && stops.has(first) && !stops.has(second));
      assert.ok(stops.resume(first, deadlines));
      assert.ok(!stops.isStopped);
    });

    Deno.test(`The deadlines of ${first} and ${second} are two: either's end leaves the other's`, () => {
      const deadlines = new Deadlines();
      const stops = new Stops();
      const due: StopReason[] = [];
      stops.stopUntil(first, 10, deadlines, () => due.push(first));
      stops.stopUntil(second, 20, deadlines, () => due.push(second));
      assert.equal(deadlines.size, 2);
      stops.resume(first, deadlines);
      assert.equal(deadlines.nextMs, 20);
      deadlines.run(30);
      assert.deepEqual(due, [second]);
    });
  }
}

for (const reason of ALL) {
  Deno.test(`${reason}: twice is once`, () => {
    const deadlines = new Deadlines();
    const stops = new Stops();
    stops.stop(reason);
    stops.stop(reason);
    assert.ok(stops.resume(reason, deadlines));
    assert.ok(!stops.resume(reason, deadlines), "it is resumed already");
  });

  Deno.test(`${reason}: another deadline takes the place of the one before, and none stays behind`, () => {
    const deadlines = new Deadlines();
    const stops = new Stops();
    const due: number[] = [];
    stops.stopUntil(reason, 10, deadlines, () => due.push(10));
    stops.stopUntil(reason, 20, deadlines, () => due.push(20));
    assert.equal(deadlines.size, 1);
    deadlines.run(20);
    assert.deepEqual(due, [20]);
    assert.ok(stops.has(reason), "what is due resumes by itself, or goes on waiting");
    stops.stopUntil(reason, 30, deadlines, () => due.push(30));
    stops.clear(deadlines);
    assert.equal(deadlines.size, 0);
  });
}

const TOO_OFTEN = { maxClientConnectionRate: 1, maxClientPublishRate: 1 };

testExchange(
  "A client that connects too often and then publishes too fast is admitted once",
  `
  s> CONNECT
  s< CONNACK
  s> SUBSCRIBE id=1 t
  s< SUBACK id=1 0
  a> CONNECT
  a< CONNACK
  a x
  a> CONNECT & PUBLISH t 1 & PUBLISH t 2 & PUBLISH t 3
  a< nothing
  wait 1s
  a< CONNACK
  s< PUBLISH t 1
  wait 1s
  s< PUBLISH t 2
  wait 1s
  s< PUBLISH t 3
  a> PINGREQ
  a< PINGRESP
  `,
  { options: TOO_OFTEN },
);

Deno.test("A client that leaves while its CONNACK waits, or its PUBLISH does, leaves no deadline behind", () => {
  const { test } = new Exchange({ options: TOO_OFTEN }).play(`
    a> CONNECT
    a< CONNACK
    a> PUBLISH t 1 & PUBLISH t 2
    a x
    a> CONNECT & PUBLISH t 3
    a x
  `);
  assert.equal(test.broker.core.deadlines.size, 0);
});

Deno.test("A PUBLISH that waits for a decision counts once against the rate, and its bytes do", () => {
  let decide = () => {};
  let isDecided = false;
  const exchange = new Exchange({
    options: { maxClientPublishRate: 2, maxClientByteRate: 1000 },
    access: {
      checksTopics: true,
      mayPublish: () => isDecided || "pending",
      decided: (_, done) => decide = done,
    },
  }).play(`
    s> CONNECT
    s< CONNACK
    s> SUBSCRIBE id=1 t
    s< SUBACK id=1 0
    a> CONNECT
    a< CONNACK
    wait 1s
    a> PUBLISH t size=400 & PUBLISH t size=400
    s< nothing
  `);
  isDecided = true;
  exchange.test.turn(decide);
  exchange.play(`
    s< PUBLISH t size=400
    s< PUBLISH t size=400
    a> PINGREQ
    a< PINGRESP
  `);
});
