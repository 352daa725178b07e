import { strict as assert } from "node:assert";
import type { AccessPort, ClientIdentity, Decision } from "../../lib/broker/mod.ts";
import { Exchange } from "../support/exchange.ts";

/**
 * Access control whose answers come when the test says so: what ends in `late` is `pending` until `decide`, then it is as
 * `allowed` says.
 */
function lateAccess() {
  const allowed = new Map<string, boolean>();
  const waiting: (() => void)[] = [];
  const asked: string[] = [];
  const question = (topic: string): Decision => {
    asked.push(topic);
    return topic.endsWith("late") ? allowed.get(topic) ?? "pending" : true;
  };
  const access: Partial<AccessPort> = {
    checksTopics: true,
    mayPublish: (_, topicName) => question(topicName),
    maySubscribe: (_, topicFilter) => question(topicFilter),
    decided: (_, done) => void waiting.push(done),
  };
  const exchange = new Exchange({ access });
  const decide = (answers: Readonly<Record<string, boolean>>) => {
    for (const [topic, isAllowed] of Object.entries(answers)) allowed.set(topic, isAllowed);
    exchange.test.turn(() => {
      for (const done of waiting.splice(0)) done();
    });
  };
  return { exchange, decide, waiting, asked };
}

for (const [qos, acknowledgement] of [[0, ""], [1, "PUBACK id=1"], [2, "PUBREC id=1"]] as const) {
  Deno.test(`A QoS ${qos} PUBLISH that is being decided waits, and what the client sent after it waits behind it`, () => {
    const { exchange, decide } = lateAccess();
    const id = qos === 0 ? "" : "id=1";
    exchange.play(`
      b> CONNECT
      b< CONNACK
      b> SUBSCRIBE id=1 #
      b< SUBACK id=1 0
      a> CONNECT
      a< CONNACK
      a> PUBLISH late "1" qos=${qos} ${id} & PUBLISH t "2" & PINGREQ
      a< nothing
      a> PUBLISH t "3"
      a< nothing
    `);
    const { metrics } = exchange.test.broker;
    assert.deepEqual([metrics.publishReceived, metrics.payloadBytesReceived], [0, 0]);
    decide({ late: true });
    exchange.play(`
      ${acknowledgement === "" ? "" : `a< ${acknowledgement}`}
      a< PINGRESP
      b< PUBLISH late "1"
      b< PUBLISH t "2"
      b< PUBLISH t "3"
    `);
    assert.deepEqual([metrics.publishReceived, metrics.payloadBytesReceived], [3, 3]);
  });
}

Deno.test("A PUBLISH that is refused late is answered with 0x87, and others go on meanwhile", () => {
  const { exchange, decide } = lateAccess();
  exchange.play(`
    a> CONNECT
    a< CONNACK
    a> PUBLISH late "1" qos=1 id=1
    b> CONNECT
    b< CONNACK
    b> PINGREQ
    b< PINGRESP
  `);
  decide({ late: false });
  exchange.play(`
    a< PUBACK id=1 NotAuthorized
    dropped not_authorized=1
  `);
});

Deno.test("A SUBSCRIBE is decided as a whole: before all its answers are there nothing of it has happened", () => {
  const { exchange, decide } = lateAccess();
  exchange.play(`
    a> CONNECT
    a< CONNACK
    a> PUBLISH t "kept" retain
    a> SUBSCRIBE id=1 t 1late 2late
    a< nothing
  `);
  const { session } = exchange.test.broker.clients.get("a")!;
  decide({ "1late": true });
  exchange.play(`a< nothing`);
  assert.equal(session.subscriptions.size, 0);
  decide({ "2late": false });
  exchange.play(`
    a< SUBACK id=1 0 0 NotAuthorized
    a< PUBLISH t "kept" retain
  `);
  assert.deepEqual([...session.subscriptions.keys()], ["t", "1late"]);
});

Deno.test("A client that has gone before the decision is not asked about again", () => {
  const { exchange, decide, asked } = lateAccess();
  exchange.play(`
    a> CONNECT
    a< CONNACK
    a> PUBLISH late "1"
    a x
  `);
  const before = asked.length;
  decide({ late: true });
  assert.equal(asked.length, before);
});

Deno.test("A will that is being decided when it is due is published when it is", () => {
  const { exchange, decide } = lateAccess();
  exchange.play(`
    b> CONNECT
    b< CONNACK
    b> SUBSCRIBE id=1 #
    b< SUBACK id=1 0
    a> CONNECT will.topic=late will.payload="gone"
    a< CONNACK
    a x
    b< nothing
  `);
  decide({ late: true });
  exchange.play(`b< PUBLISH late "gone"`);
});

/** Access control by a table that the test changes: `user topic` may be read and written. */
function tableAccess(rows: readonly string[]) {
  const table = new Set(rows);
  const may = ({ userName }: ClientIdentity, topic: string) => table.has(`${userName} ${topic}`);
  const access: Partial<AccessPort> = {
    checksTopics: true,
    mayPublish: may,
    maySubscribe: () => true,
    mayRead: may,
  };
  return { table, access };
}

Deno.test("A will that its client may not publish is not kept, nor published where the right is lost in between", () => {
  const { table, access } = tableAccess(["u w", "b w", "b no"]);
  const exchange = new Exchange({ access }).play(`
    b> CONNECT userName=b
    b< CONNACK
    b> SUBSCRIBE id=1 #
    b< SUBACK id=1 0
    a> CONNECT userName=u will.topic=no will.payload="1"
    a< CONNACK
    a x
    dropped not_authorized=1
    a> CONNECT userName=u will.topic=w will.payload="2"
    a< CONNACK
    a x
    b< PUBLISH w "2"
    a> CONNECT userName=u will.topic=w will.payload="3"
    a< CONNACK
  `);
  table.delete("u w");
  exchange.play(`
    a x
    dropped not_authorized=2
    a> CONNECT userName=u will.topic=no will.payload=4
    a< CONNACK
  `);
  table.add("u no");
  exchange.play(`
    a x
    dropped not_authorized=3
  `);
});

Deno.test("A session that somebody else resumes, where session_owner lets him, gives him nothing that he may not read", () => {
  const { access } = tableAccess(["u secret", "u open", "v open", "p secret", "p open"]);
  new Exchange({ access, options: { sessionOwner: "any" } }).play(`
    a> CONNECT userName=u sessionExpiryInterval=60
    a< CONNACK
    a> SUBSCRIBE id=1 # qos=1
    a< SUBACK id=1 1
    p> CONNECT userName=p
    p< CONNACK
    p> PUBLISH secret "1" qos=1 id=1
    p< PUBACK id=1
    a< PUBLISH secret "1" qos=1 id=1
    a x
    p> PUBLISH secret "2" qos=1 id=1 & PUBLISH open "3" qos=1 id=2
    p< PUBACK id=1
    p< PUBACK id=2
    a> CONNECT userName=v sessionExpiryInterval=60
    a< CONNACK sessionPresent
    a< PUBLISH open "3" qos=1 id=2
    dropped not_authorized=2
    p> PUBLISH secret "4" & PUBLISH open "5"
    a< PUBLISH open "5"
  `);
});

Deno.test("After a restart what a client subscribed to waits for it, and is looked at when it comes and has a name", () => {
  const { access } = tableAccess(["u open", "p secret", "p open"]);
  new Exchange({ access, store: true }).play(`
    a> CONNECT userName=u sessionExpiryInterval=60
    a< CONNACK
    a> SUBSCRIBE id=1 # qos=1
    a< SUBACK id=1 1
    a x
    crash
    p> CONNECT userName=p
    p< CONNACK
    p> PUBLISH secret "1" qos=1 id=1 & PUBLISH open "2" qos=1 id=2
    p< PUBACK id=1
    p< PUBACK id=2
    a> CONNECT userName=u sessionExpiryInterval=60
    a< CONNACK sessionPresent
    a< PUBLISH open "2" qos=1 id=1
    dropped not_authorized=1
    p> PUBLISH secret "3" & PUBLISH open "4"
    a< PUBLISH open "4"
  `);
});

Deno.test("recheckAccess() disconnects who may not stay, and drops what waits and may not be read any more", () => {
  const { table, access } = tableAccess(["u a", "u b", "v a", "p a", "p b"]);
  const exchange = new Exchange({ access }).play(`
    a> CONNECT userName=u sessionExpiryInterval=60
    a< CONNACK
    a> SUBSCRIBE id=1 # qos=1
    a< SUBACK id=1 1
    a x
    b> CONNECT userName=v
    b< CONNACK
    c> CONNECT v=4 userName=v
    c< CONNACK
    p> CONNECT userName=p
    p< CONNACK
    p> PUBLISH a "1" qos=1 id=1 & PUBLISH b "2" qos=1 id=2
    p< PUBACK id=1
    p< PUBACK id=2
  `);
  table.delete("u a");
  exchange.test.turn(() =>
    exchange.test.broker.recheckAccess(({ userName }) => userName !== "v", exchange.test.nowMs)
  );
  exchange.play(`
    b< DISCONNECT NotAuthorized
    b! closed
    c! closed
    dropped not_authorized=1
    a> CONNECT userName=u sessionExpiryInterval=60
    a< CONNACK sessionPresent
    a< PUBLISH b "2" qos=1 id=1
  `);
});

Deno.test("A re-authentication as somebody else is refused", () => {
  let userName = "alice";
  const exchange = new Exchange({
    access: {
      beginEnhanced: () => ({
        step: (data, reply) => reply({ type: "success", data, userName }),
      }),
    },
  });
  exchange.play(`
    a> CONNECT authenticationMethod=m
    a< CONNACK authenticationMethod=m
    a> AUTH ReAuthenticate authenticationMethod=m
    a< AUTH Success authenticationMethod=m
  `);
  userName = "bob";
  exchange.play(`
    a> AUTH ReAuthenticate authenticationMethod=m
    a< DISCONNECT NotAuthorized
    a! closed
  `);
});
