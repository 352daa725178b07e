import { strict as assert } from "node:assert";
import { ShareGroup } from "../../lib/broker/core/share_group.ts";
import { Router } from "../../lib/broker/core/router.ts";
import { InvariantError } from "../../lib/broker/ground/invariant.ts";
import { Outbox } from "../../lib/broker/state/outbox.ts";
import { DeliveryQueue, Sender } from "../../lib/session/mod.ts";
import type { ArenaMessage } from "../../lib/broker/ground/payload_arena.ts";
import { RetainedTopics } from "../../lib/topic/mod.ts";
import { type Breaking, breaking } from "../support/breaking.ts";
import { Exchange } from "../support/exchange.ts";
import { TestStore } from "../support/test_broker.ts";

/** r and s read t; p publishes; all have sessions that last. */
const THREE = `
  r> CONNECT sessionExpiryInterval=600
  r< CONNACK
  r> SUBSCRIBE id=1 t qos=2
  r< SUBACK id=1 2
  s> CONNECT sessionExpiryInterval=600
  s< CONNACK
  s> SUBSCRIBE id=1 t qos=2
  s< SUBACK id=1 2
  p> CONNECT sessionExpiryInterval=600
  p< CONNACK
`;
const AGAIN = "CONNECT sessionExpiryInterval=600";

/** The lines that say a fault of ours; each must have a stack. */
function faultsIn({ test }: Exchange): readonly string[] {
  const lines = test.log.filter(({ level }) => level === "error");
  for (const { fields } of lines) assert.match(String(fields["error"]), /\n\s+at /);
  const { internalErrors, programErrors } = test.broker.metrics;
  assert.equal(internalErrors + programErrors, lines.length);
  return lines.map(({ message }) => message);
}

const ACKS = ["", "PUBACK id=1", "PUBREC id=1"];
for (
  const [qos, method, property] of [
    [0, "relayPublish", ""],
    [0, "sendPublish", "contentType=text"],
    [1, "sendPublish", ""],
    [2, "sendPublish", ""],
  ] as const
) {
  Deno.test(`QoS ${qos}, ${method}: an encoder that throws for one receiver costs that delivery, and nobody else anything`, () => {
    const exchange = new Exchange({ store: true }).play(THREE);
    const { outbox, client } = exchange.link("r").connection!;
    {
      using broken = breaking(Outbox.prototype, method);
      broken.when = (self) => self === outbox;
      exchange.play(`
        p> PUBLISH t qos=${qos} ${qos > 0 ? "id=1" : ""} ${property} 1
        s< PUBLISH t qos=${qos} id=${qos > 0 ? 1 : 0} ${property} 1
        ${qos > 0 ? `p< ${ACKS[qos]}` : ""}
        dropped encoding_failed=1
      `);
      assert.equal(broken.count, 1);
    }
    assert.deepEqual(faultsIn(exchange), ["Cannot deliver a message to a client"]);
    assert.equal(client!.session.sender.size, 0);
    const [stored] = exchange.test.store!.load().sessions;
    assert.equal(stored!.deliveries.length, 0);
    exchange.play("p> PUBLISH t 2\nr< PUBLISH t 2\ns< PUBLISH t 2");
  });
}

const TO_S = "s< PUBLISH t qos=1 id=2 2";
const TO_R = "r< PUBLISH t qos=1 id=2 2";
// r has no room in flight, so that for it the message is queued; s has.
const deliveries: [what: string, broken: () => Breaking, arrives: string, later: string][] = [
  ["a Packet Identifier cannot be had", () => breaking(Sender.prototype, "start"), "", TO_R],
  ["it cannot be stored", () => breaking(TestStore.prototype, "putDelivery"), TO_S, ""],
  ["its state cannot be", () => breaking(TestStore.prototype, "putInFlight"), "", TO_R],
  ["the queue cannot take it", () => breaking(DeliveryQueue.prototype, "push"), TO_S, ""],
];
for (const [what, breakIt, arrives, later] of deliveries) {
  Deno.test(`A delivery that fails since ${what} leaves nothing behind, neither in memory nor in the store`, () => {
    const exchange = new Exchange({ store: true, options: { maxInflightMessages: 1 } }).play(`
      ${THREE}
      p> PUBLISH t qos=1 id=1 1
      r< PUBLISH t qos=1 id=1 1
      s< PUBLISH t qos=1 id=1 1
      p< PUBACK id=1
      s> PUBACK id=1
    `);
    {
      using broken = breakIt();
      broken.when = () => broken.count === 0;
      exchange.play(`
        p> PUBLISH t qos=1 id=1 2
        p< PUBACK id=1
        ${arrives}
        dropped encoding_failed=1
      `);
      assert.equal(broken.count, 1);
    }
    exchange.play(`
      r> PUBACK id=1
      ${later}
      r> PUBACK id=2
      s> PUBACK id=2
    `);
    const { broker, store } = exchange.test;
    for (const { session } of broker.clients.values()) {
      assert.equal(session.sender.size + session.queue.length, 0, session.clientId);
    }
    assert.equal(broker.levels.queuedBytes, 0);
    for (const session of store!.load().sessions) assert.equal(session.deliveries.length, 0);
    assert.deepEqual(faultsIn(exchange), ["Cannot deliver a message to a client"]);
  });
}

for (const v of [5, 4]) {
  Deno.test(`A handler that throws costs a client of version ${v} its connection, and nobody else anything; its session stays`, () => {
    const exchange = new Exchange().play(`
      ${THREE}
      a> CONNECT v=${v} ${v === 5 ? "sessionExpiryInterval=60" : ""}
      a< CONNACK
    `);
    {
      using _ = breaking(Router.prototype, "subscribe");
      exchange.play(`
        a> SUBSCRIBE id=1 t & PINGREQ
        ${v === 5 ? "a< DISCONNECT ImplementationSpecificError" : ""}
        a! closed
        p> PUBLISH t 1
        r< PUBLISH t 1
        s< PUBLISH t 1
      `);
    }
    assert.deepEqual(faultsIn(exchange), [
      "Fault in the broker, for which a client is disconnected",
    ]);
    assert.equal(exchange.test.broker.levels.connectedCount, 3);
    exchange.play(`
      a> CONNECT v=${v}
      a< CONNACK ${"sessionPresent"}
      p> PUBLISH t 2
      r< PUBLISH t 2
      s< PUBLISH t 2
    `);
  });
}

Deno.test("A broken invariant goes up to whoever runs the broker, from handlers and from deliveries", () => {
  const exchange = new Exchange().play(THREE);
  const error = () => new InvariantError("Cannot be");
  {
    using _ = breaking(Router.prototype, "subscribe", error);
    assert.throws(() => exchange.play("p> SUBSCRIBE id=1 t"), /Cannot be/);
  }
  for (const method of ["relayPublish", "sendPublish"] as const) {
    const other = new Exchange().play(THREE);
    using _ = breaking(Outbox.prototype, method, error);
    const qos = method === "relayPublish" ? "qos=0" : "qos=1 id=1";
    assert.throws(() => other.play(`p> PUBLISH t ${qos} 1`), /Cannot be/);
  }
});

Deno.test("Who comes in when that fails hears 0x83 in a CONNACK, since nothing may come before it [MQTT-3.2.0-1]", () => {
  const exchange = new Exchange({ store: true }).play(`
    a> ${AGAIN} will.topic=w will.payload=gone
    a< CONNACK
    a x
  `);
  {
    using _ = breaking(TestStore.prototype, "putSession");
    exchange.play(`
      a> ${AGAIN}
      a< CONNACK ImplementationSpecificError
      a! closed
      b> CONNECT
      b< CONNACK
    `);
  }
  {
    using _ = breaking(RetainedTopics.prototype, "set");
    using broken = breaking(Outbox.prototype, "send");
    broken.when = (_, [packet]) => (packet as { reasonCode?: number }).reasonCode === 0;
    exchange.play(`
      a> ${AGAIN}
      a< CONNACK ImplementationSpecificError
      a! closed
    `);
  }
  assert.equal(faultsIn(exchange).length, 2);
  exchange.play(`
    a> ${AGAIN}
    a< CONNACK sessionPresent
    a x
    wait 599s
    a> ${AGAIN}
    a< CONNACK sessionPresent
    a x
    wait 600s
    a> ${AGAIN}
    a< CONNACK
  `);
});

Deno.test("A QoS 2 message whose Packet Identifier cannot be stored is delivered to nobody, and once when it comes again [MQTT-4.3.3-10]", () => {
  const exchange = new Exchange({ store: true }).play(THREE);
  {
    using _ = breaking(TestStore.prototype, "putReceived");
    exchange.play(`
      p> PUBLISH t qos=2 id=1 1
      p< DISCONNECT ImplementationSpecificError
      p! closed
    `);
  }
  exchange.play(`
    p> ${AGAIN}
    p< CONNACK sessionPresent
    p> PUBLISH t qos=2 id=1 dup 1
    r< PUBLISH t qos=2 id=1 1
    s< PUBLISH t qos=2 id=1 1
    p< PUBREC id=1
  `);
});

Deno.test("A retained message that cannot be kept is not acknowledged, and the topic has the one before, in memory and in the store", () => {
  const ways = [
    () => breaking(RetainedTopics.prototype, "set"),
    () => breaking(TestStore.prototype, "putRetained"),
  ];
  for (const breakIt of ways) {
    const exchange = new Exchange({ store: true }).play(`
      ${THREE}
      p> PUBLISH k retain qos=1 id=1 "old"
      p< PUBACK id=1 NoMatchingSubscribers
    `);
    const { retained } = exchange.test.broker.core;
    const { bytes } = retained;
    {
      using _ = breakIt();
      exchange.play(`
        p> PUBLISH k retain qos=1 id=1 "another"
        p< DISCONNECT ImplementationSpecificError
        p! closed
      `);
    }
    assert.equal(new TextDecoder().decode((retained.get("k") as ArenaMessage).payload), "old");
    assert.equal(retained.bytes, bytes);
    const [stored] = exchange.test.store!.load().retained;
    assert.equal(new TextDecoder().decode(stored!.payload), "old");
  }
});

Deno.test("A subscription that cannot be stored is as it was: none, or the one before", () => {
  const exchange = new Exchange({ store: true }).play(THREE);
  {
    using _ = breaking(TestStore.prototype, "putSubscription");
    exchange.play(`
      r> SUBSCRIBE id=2 t qos=0
      r< DISCONNECT ImplementationSpecificError
      r! closed
      s> SUBSCRIBE id=2 u
      s< DISCONNECT ImplementationSpecificError
      s! closed
    `);
  }
  exchange.play(`
    r> ${AGAIN}
    r< CONNACK sessionPresent
    s> ${AGAIN}
    s< CONNACK sessionPresent
    p> PUBLISH u 1
    p> PUBLISH t qos=1 id=1 2
    r< PUBLISH t qos=1 id=1 2
    s< PUBLISH t qos=1 id=1 2
    p< PUBACK id=1
  `);
});

Deno.test("A PUBREC that cannot be stored costs the connection; the message stays as it was [MQTT-4.3.3-4]", () => {
  const exchange = new Exchange({ store: true }).play(`
    ${THREE}
    s x
    p> PUBLISH t qos=2 id=1 1
    r< PUBLISH t qos=2 id=1 1
    p< PUBREC id=1
  `);
  {
    using _ = breaking(TestStore.prototype, "putInFlight");
    exchange.play(`
      r> PUBREC id=1
      r< DISCONNECT ImplementationSpecificError
      r! closed
    `);
  }
  exchange.play(`
    r> ${AGAIN}
    r< CONNACK sessionPresent
    r< PUBLISH t qos=2 id=1 dup 1
    r> PUBREC id=1
    r< PUBREL id=1
  `);
});

Deno.test("What a client leaves behind is done step by step: a store that cannot put its will or its end keeps nothing from happening", () => {
  const exchange = new Exchange({ store: true }).play(`
    ${THREE}
    a> CONNECT sessionExpiryInterval=60 will.topic=t will.payload=gone will.willDelayInterval=5
    a< CONNACK
  `);
  using put = breaking(TestStore.prototype, "putWill");
  using end = breaking(TestStore.prototype, "putSession");
  exchange.play(`
    a x
    wait 5s
    r< PUBLISH t gone
    s< PUBLISH t gone
    wait 55s
  `);
  assert.deepEqual([put.count, end.count], [1, 1]);
  assert.equal(exchange.test.broker.clients.has("a"), false);
  assert.equal(faultsIn(exchange).length, 2);
});

Deno.test("A program's subscription that throws is said, and all others get the message", () => {
  const exchange = new Exchange().play(THREE);
  const { broker } = exchange.test;
  const got: string[] = [];
  broker.subscribe("t", () => {
    throw new Error("Program fails");
  });
  broker.subscribe("t", ({ topicName }) => void got.push(topicName));
  exchange.play(`
    p> PUBLISH t qos=1 id=1 1
    r< PUBLISH t qos=1 id=1 1
    s< PUBLISH t qos=1 id=1 1
    p< PUBACK id=1
  `);
  assert.deepEqual(got, ["t"]);
  assert.deepEqual(faultsIn(exchange), ["A program's subscription has failed"]);
});

Deno.test("What is due and fails keeps nothing else that is due from happening", () => {
  const exchange = new Exchange().play(`
    ${THREE}
    p> PUBLISH k retain messageExpiryInterval=5 1
    p> PUBLISH l retain messageExpiryInterval=5 1
    a> CONNECT keepAliveSeconds=1
    a< CONNACK
  `);
  using broken = breaking(RetainedTopics.prototype, "delete");
  broken.when = (_, [topicName]) => topicName === "k";
  exchange.play(`
    wait 1500ms
    a< DISCONNECT KeepAliveTimeout
    a! closed
    wait 10s
  `);
  assert.equal(broken.count, 1);
  assert.equal(exchange.test.broker.core.retained.get("l"), undefined);
  assert.deepEqual(faultsIn(exchange), ["Cannot do what is due"]);
});

Deno.test("What waits for a client and cannot be handed to it costs its connection, also when nobody sends a packet", () => {
  const exchange = new Exchange().play(`
    ${THREE}
    p> PUBLISH k retain qos=1 id=1 1
    p< PUBACK id=1 NoMatchingSubscribers
    r stops reading
    p> PUBLISH t size=70000
    s< PUBLISH t size=70000
    r> SUBSCRIBE id=2 k
  `);
  using _ = breaking(exchange.test.broker.core.retained, "matches");
  exchange.play(`
    r reads
    r< PUBLISH t size=70000
    r< SUBACK id=2 0
    r< DISCONNECT ImplementationSpecificError
    r! closed
    p> PUBLISH t 1
    s< PUBLISH t 1
  `);
  assert.equal(faultsIn(exchange).length, 1);
});

Deno.test("Where no member can be chosen for what an ended session had of a shared subscription, all else of it ends", () => {
  const exchange = new Exchange().play(`
    s> CONNECT sessionExpiryInterval=60 will.topic=w will.payload=gone will.willDelayInterval=30
    s< CONNACK
    s> SUBSCRIBE id=1 $share/g/t qos=1
    s< SUBACK id=1 1
    s> SUBSCRIBE id=2 u qos=1
    s< SUBACK id=2 1
    s x
    p> CONNECT
    p< CONNACK
    p> PUBLISH t qos=1 id=1 1
    p< PUBACK id=1
    p> PUBLISH u qos=1 id=2 2
    p< PUBACK id=2
    p> SUBSCRIBE id=3 w
    p< SUBACK id=3 0
    p> SUBSCRIBE id=4 $share/g/t qos=1
    p< SUBACK id=4 1
  `);
  using broken = breaking(ShareGroup.prototype, "pick");
  exchange.play(`
    s> CONNECT cleanStart
    p< PUBLISH w "gone"
    s< CONNACK
    dropped encoding_failed=1 session_ended=1
  `);
  assert.equal(broken.count, 1);
  const { queuedCount, queuedBytes } = exchange.test.broker.levels;
  assert.deepEqual([queuedCount, queuedBytes], [0, 0]);
});
