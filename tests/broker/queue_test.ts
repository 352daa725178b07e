import { strict as assert } from "node:assert";
import { MESSAGE_OVERHEAD_BYTES } from "../../lib/session/mod.ts";
import { Exchange, testExchange } from "../support/exchange.ts";

/** a reads t at QoS 1, one message at a time, in a session that lasts; b publishes. */
const ONE_AT_A_TIME = `
  a> CONNECT sessionExpiryInterval=600 receiveMaximum=1
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=1
  a< SUBACK id=1 1
  b> CONNECT
  b< CONNACK
`;

/** b publishes these at QoS 1, and is answered each time. */
function publish(...payloads: string[]): string {
  return payloads.map((payload) => `b> PUBLISH t qos=1 id=1 ${payload}\nb< PUBACK id=1`).join("\n");
}

/** a gets these, acknowledging each. */
function receive(firstId: number, ...payloads: string[]): string {
  return payloads.map((payload, i) =>
    `a< PUBLISH t qos=1 id=${firstId + i} ${payload}\na> PUBACK id=${firstId + i}`
  ).join("\n");
}

testExchange(
  "queue_full_policy drop_new: what comes to a full queue is dropped, and counted",
  `${ONE_AT_A_TIME}
  a x
  ${publish("1", "2", "3", "4")}
  dropped queue_full=2
  a> CONNECT receiveMaximum=1
  a< CONNACK sessionPresent
  ${receive(1, "1", "2")}
  `,
  { options: { maxQueuedMessages: 2 } },
);

testExchange(
  "queue_full_policy drop_oldest: what has waited longest makes room, what is under way stays",
  `${ONE_AT_A_TIME}
  ${publish("1")}
  a< PUBLISH t qos=1 id=1 1
  ${publish("2", "3", "4", "5")}
  dropped queue_full=2
  a> PUBACK id=1
  ${receive(2, "4", "5")}
  `,
  { options: { maxQueuedMessages: 2, queueFullPolicy: "drop_oldest" } },
);

testExchange(
  "queue_full_policy drop_oldest makes room in bytes too",
  `${ONE_AT_A_TIME}
  a x
  ${publish("size=40", "size=30", "size=20", "size=70", "size=9")}
  dropped queue_full=2
  a> CONNECT receiveMaximum=1
  a< CONNACK sessionPresent
  ${receive(1, "size=20", "size=70", "size=9")}
  `,
  { options: { maxQueuedBytes: 102 + 3 * MESSAGE_OVERHEAD_BYTES, queueFullPolicy: "drop_oldest" } },
);

testExchange(
  "What is larger than the whole queue is dropped itself",
  `${ONE_AT_A_TIME}
  a x
  ${publish("1", "size=100")}
  dropped queue_full=1
  a> CONNECT receiveMaximum=1
  a< CONNACK sessionPresent
  ${receive(1, "1")}
  `,
  { options: { maxQueuedBytes: 100 + MESSAGE_OVERHEAD_BYTES, queueFullPolicy: "drop_oldest" } },
);

testExchange(
  "queue_full_policy disconnect: the client is told 0x97, and keeps what waited; others notice nothing",
  `${ONE_AT_A_TIME}
  ${publish("1")}
  a< PUBLISH t qos=1 id=1 1
  ${publish("2", "3")}
  c> CONNECT
  c< CONNACK
  c> SUBSCRIBE id=1 t
  c< SUBACK id=1 0
  b> PUBLISH t qos=1 id=1 4
  c< PUBLISH t 4
  b< PUBACK id=1
  a< DISCONNECT QuotaExceeded
  a! closed
  dropped queue_full=1
  a> CONNECT receiveMaximum=1
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 dup 1
  a> PUBACK id=1
  ${receive(2, "2", "3")}
  `,
  { options: { maxQueuedMessages: 2, queueFullPolicy: "disconnect" } },
);

testExchange(
  "queue_full_policy disconnect has nobody to disconnect while the client is away: the new one is dropped",
  `${ONE_AT_A_TIME}
  a x
  ${publish("1", "2")}
  dropped queue_full=1
  a> CONNECT
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 1
  `,
  { options: { maxQueuedMessages: 1, queueFullPolicy: "disconnect" } },
);

for (const queueFullPolicy of ["drop_new", "drop_oldest", "disconnect"] as const) {
  testExchange(
    `${queueFullPolicy}: what has expired makes room before anything else`,
    `${ONE_AT_A_TIME}
    a x
    ${publish("messageExpiryInterval=5 1", "2", "messageExpiryInterval=5 3")}
    wait 5s
    ${publish("4")}
    dropped expired=2
    a> CONNECT receiveMaximum=1
    a< CONNACK sessionPresent
    ${receive(1, "2", "4")}
    `,
    { options: { maxQueuedMessages: 3, queueFullPolicy } },
  );
}

testExchange(
  "max_queued_bytes counts payload and topic of what waits",
  `${ONE_AT_A_TIME}
  a x
  ${publish("size=49", "size=50", "size=49")}
  dropped queue_full=1
  a> CONNECT receiveMaximum=1
  a< CONNACK sessionPresent
  ${receive(1, "size=49", "size=49")}
  `,
  { options: { maxQueuedBytes: 100 + 2 * MESSAGE_OVERHEAD_BYTES } },
);

testExchange(
  "max_total_queued_bytes is for all sessions together, and comes back when they take what waits, or end",
  `${ONE_AT_A_TIME}
  c> CONNECT sessionExpiryInterval=60
  c< CONNACK
  c> SUBSCRIBE id=1 t qos=1
  c< SUBACK id=1 1
  a x
  c x
  ${publish("size=49", "size=49")}
  dropped queue_full=2
  wait 60s
  ${publish("size=49")}
  dropped queue_full=2 session_ended=1
  a> CONNECT receiveMaximum=1
  a< CONNACK sessionPresent
  ${receive(1, "size=49", "size=49")}
  `,
  { options: { maxTotalQueuedBytes: 100 + 2 * MESSAGE_OVERHEAD_BYTES } },
);

testExchange(
  "QoS 0 is not kept for who is away, and counted",
  `${ONE_AT_A_TIME}
  a x
  b> PUBLISH t 1
  dropped offline_qos0=1
  `,
);

testExchange(
  "queue_qos0_messages keeps QoS 0 for who is away, in order with the rest",
  `${ONE_AT_A_TIME}
  a x
  b> PUBLISH t 1
  ${publish("2")}
  b> PUBLISH t 3
  a> CONNECT
  a< CONNACK sessionPresent
  a< PUBLISH t 1
  a< PUBLISH t qos=1 id=1 2
  a< PUBLISH t 3
  dropped nothing
  `,
  { options: { queueQos0Messages: true } },
);

testExchange(
  "A client that takes nothing loses QoS 0 above max_queued_bytes, but no control packet; QoS 1 waits",
  `${ONE_AT_A_TIME}
  a stops reading
  b> PUBLISH t size=450
  b> PUBLISH t size=450
  b> PUBLISH t size=450
  dropped slow_client=1
  ${publish("1")}
  a> PINGREQ & SUBSCRIBE id=2 u
  dropped slow_client=1
  a reads
  a< PUBLISH t size=450
  a< PUBLISH t size=450
  a< PINGRESP
  a< SUBACK id=2 0
  a< PUBLISH t qos=1 id=1 1
  `,
  { options: { maxQueuedBytes: 100 + MESSAGE_OVERHEAD_BYTES } },
);

Deno.test("What a client has taken of its queue counts no more, neither for it nor in all", () => {
  const { test } = new Exchange({
    options: { maxTotalQueuedBytes: 100 + 2 * MESSAGE_OVERHEAD_BYTES },
  }).play(`${ONE_AT_A_TIME}
    a x
    ${publish("size=49", "size=49")}
    a> CONNECT sessionExpiryInterval=600
    a< CONNACK sessionPresent
    a< PUBLISH t qos=1 id=1 size=49
    a< PUBLISH t qos=1 id=2 size=49
    a> PUBACK id=1 & PUBACK id=2
    a x
    ${publish("size=49", "size=49")}
    dropped nothing
    a> CONNECT
    a< CONNACK sessionPresent
    a< PUBLISH t qos=1 id=3 size=49
    a< PUBLISH t qos=1 id=4 size=49
  `);
  assert.equal(test.broker.levels.queuedBytes, 0);
});
