import { strict as assert } from "node:assert";
import type { QueueFullPolicy } from "../../lib/broker/mod.ts";
import { Exchange } from "../support/exchange.ts";
import type { Setup } from "../support/test_broker.ts";

const AWAY = `
  a> CONNECT sessionExpiryInterval=600
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=1 & SUBSCRIBE id=2 $share/g/s qos=1
  a< SUBACK id=1 1
  a< SUBACK id=2 1
  b> CONNECT
  b< CONNACK
  a x
`;

/** So many messages at QoS 1. */
function publish(messages: number, topicName = "t"): string {
  return `b> PUBLISH ${topicName} qos=1 id=1 x\nb< PUBACK id=1\n`.repeat(messages);
}

/** What waits for a. */
function waiting({ test }: Exchange): number {
  return test.broker.clients.get("a")!.session.queue.length;
}

function begin(setup: Setup = {}): Exchange {
  return new Exchange(setup).play(AWAY);
}

Deno.test("by itself a thousand messages wait in memory, and more where the store alone has them", () => {
  assert.equal(waiting(begin().play(publish(1200))), 1000);
  assert.equal(waiting(begin({ store: true }).play(publish(1200))), 1200);
  const options = { queueMemoryMessages: 0 };
  assert.equal(waiting(begin({ store: true, options }).play(publish(1200))), 1000);
});

Deno.test("what is said of queues holds wherever they are", () => {
  const options = { maxQueuedMessages: 300 };
  assert.equal(waiting(begin({ store: true, options }).play(publish(400))), 300);
  const inBytes = { maxQueuedBytes: 100_000 };
  const held = waiting(begin({ store: true, options: inBytes }).play(publish(400)));
  assert.equal(held, Math.floor(100_000 / 386));
});

Deno.test("what must stay in memory is bounded as ever, beside a long queue", () => {
  const exchange = begin({ store: true }).play(publish(1200)).play(publish(1100, "s"));
  // The beginning of the long one is in memory too.
  assert.equal(waiting(exchange), 1200 + 1000 - 256);
  exchange.play("dropped queue_full=356");
});

for (const queueFullPolicy of ["drop_new", "drop_oldest"] as const satisfies QueueFullPolicy[]) {
  Deno.test(`where the store is half full a long queue does not become longer, nor shorter, with ${queueFullPolicy}`, () => {
    const exchange = begin({ store: true, options: { queueFullPolicy } }).play(publish(1200));
    exchange.test.store!.isHalfFull = true;
    exchange.play(publish(50)).play("dropped queue_full=50");
    assert.equal(waiting(exchange), 1200);
    exchange.test.store!.isHalfFull = false;
    assert.equal(waiting(exchange.play(publish(50))), 1250);
  });
}
