import { strict as assert } from "node:assert";
import { Exchange, testExchange } from "../support/exchange.ts";

/** a reads t at QoS 1, one message at a time, in a session that lasts; b publishes. */
const AWAY = `
  a> CONNECT sessionExpiryInterval=600 receiveMaximum=1
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=1
  a< SUBACK id=1 1
  b> CONNECT
  b< CONNACK
  a x
`;

const BACK = `
  a> CONNECT sessionExpiryInterval=600 receiveMaximum=1
  a< CONNACK sessionPresent
`;

/** Two messages of each queue are in memory, and the rest is in the store alone. */
const SHALLOW = { store: true, options: { queueMemoryMessages: 2, maxQueuedMessages: 0 } };

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

/** How much of a's queue is in memory, and how much there is of it. */
function partsOf({ test }: Exchange): [held: number, all: number] {
  const { queue } = test.broker.clients.get("a")!.session;
  return [queue.heldLength, queue.length];
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

testExchange(
  "what waits beyond the beginning of a stored queue is in the store alone, and comes in its order [MQTT-4.6.0-6]",
  `${AWAY}
  ${publish(...numbers(1, 40))}
  ${BACK}
  ${receive(1, ...numbers(1, 40))}
  ${publish("last")}
  ${receive(41, "last")}
  `,
  SHALLOW,
);

Deno.test("of a long queue the beginning is in memory, and all of it counts", () => {
  const exchange = new Exchange(SHALLOW).play(`${AWAY}\n${publish(...numbers(10, 49))}`);
  assert.deepEqual(partsOf(exchange), [2, 40]);
  const { levels, core } = exchange.test.broker;
  assert.equal(levels.queuedCount, 40);
  assert.equal(levels.queuedBytes, 20 * core.queues.heldBytes);
});

Deno.test("a broker that begins without its queues counts them, and delivers them in their order", () => {
  const exchange = new Exchange(SHALLOW);
  exchange.test.store!.loadsQueues = false;
  exchange.play(`${AWAY}\n${publish(...numbers(10, 29))}`);
  const before = exchange.test.broker.levels;
  exchange.play("crash");
  assert.deepEqual(partsOf(exchange), [0, 20]);
  const { queuedCount, queuedBytes } = exchange.test.broker.levels;
  assert.deepEqual([queuedCount, queuedBytes], [before.queuedCount, before.queuedBytes]);
  exchange.play(`
    b> CONNECT
    b< CONNACK
    ${publish("30")}
    ${BACK}
    ${receive(1, ...numbers(10, 30))}
    dropped nothing
  `);
  assert.equal(exchange.test.broker.levels.queuedBytes, 0);
});

testExchange(
  "drop_oldest drops what has waited longest, though the store alone has it",
  `${AWAY}
  ${publish(...numbers(1, 12))}
  dropped queue_full=7
  ${BACK}
  ${receive(1, ...numbers(8, 12))}
  `,
  {
    store: true,
    options: { queueMemoryMessages: 2, maxQueuedMessages: 5, queueFullPolicy: "drop_oldest" },
  },
);

Deno.test("drop_oldest makes room in a queue of which nothing is in memory", () => {
  const options = {
    queueMemoryMessages: 2,
    maxQueuedMessages: 5,
    queueFullPolicy: "drop_oldest",
  } as const;
  const exchange = new Exchange({ store: true, options });
  exchange.test.store!.loadsQueues = false;
  exchange.play(`${AWAY}
    ${publish(...numbers(1, 5))}
    crash
    b> CONNECT
    b< CONNACK
    ${publish("6", "7")}
    dropped queue_full=2
    ${BACK}
    ${receive(1, ...numbers(3, 7))}
  `);
});

testExchange(
  "drop_new refuses what a queue in the store has no room for",
  `${AWAY}
  ${publish(...numbers(1, 12))}
  dropped queue_full=7
  ${BACK}
  ${receive(1, ...numbers(1, 5))}
  `,
  { store: true, options: { queueMemoryMessages: 2, maxQueuedMessages: 5 } },
);

testExchange(
  "what expires in the store alone makes room when that is needed, and is not sent [MQTT-3.3.2-5]",
  `${AWAY}
  ${publish("1", "2", "3")}
  b> PUBLISH t qos=1 id=1 messageExpiryInterval=5 4
  b< PUBACK id=1
  ${publish("5")}
  b> PUBLISH t qos=1 id=1 messageExpiryInterval=50 6
  b< PUBACK id=1
  wait 10s
  ${publish("7")}
  dropped expired=1
  ${publish("8")}
  dropped expired=1 queue_full=1
  wait 50s
  ${BACK}
  ${receive(1, "1", "2", "3", "5", "7")}
  dropped expired=2 queue_full=1
  `,
  { store: true, options: { queueMemoryMessages: 2, maxQueuedMessages: 6 } },
);

testExchange(
  "Clean Start and the end of a session end what waits in the store alone, and count it",
  `${AWAY}
  ${publish(...numbers(1, 9))}
  a> CONNECT cleanStart sessionExpiryInterval=600
  a< CONNACK
  dropped session_ended=9
  a> SUBSCRIBE id=1 t qos=1
  a< SUBACK id=1 1
  a x
  ${publish(...numbers(1, 9))}
  wait 601s
  dropped session_ended=18
  a> CONNECT
  a< CONNACK
  `,
  SHALLOW,
);

Deno.test("a session that is resumed for its connection alone gets what the store alone has, and ends with it", () => {
  const exchange = new Exchange(SHALLOW).play(`${AWAY}
    ${publish(...numbers(1, 9))}
    a> CONNECT receiveMaximum=1
    a< CONNACK sessionPresent
    a< PUBLISH t qos=1 id=1 1
    ${publish("10")}
    a> PUBACK id=1
    ${receive(2, ...numbers(2, 10))}
    ${publish("11")}
    a< PUBLISH t qos=1 id=11 11
    ${publish(...numbers(12, 15))}
    a x
    a> CONNECT
    a< CONNACK
    dropped session_ended=5
  `);
  assert.deepEqual([...exchange.test.store!.load().sessions], []);
});

Deno.test("a session that was to end with its connection does so with the process", () => {
  const exchange = new Exchange(SHALLOW);
  exchange.test.store!.loadsQueues = false;
  exchange.play(`${AWAY}
    ${publish(...numbers(1, 9))}
    a> CONNECT receiveMaximum=1
    a< CONNACK sessionPresent
    a< PUBLISH t qos=1 id=1 1
    crash
    a> CONNECT
    a< CONNACK
  `);
  assert.deepEqual([...exchange.test.store!.load().sessions], []);
});

testExchange(
  "what came by a shared subscription moves on from a long queue too, the rest stays [MQTT-4.8.2-4]",
  `a> CONNECT sessionExpiryInterval=600 receiveMaximum=1
  a< CONNACK
  a> SUBSCRIBE id=1 t qos=1 & SUBSCRIBE id=2 $share/g/s qos=1
  a< SUBACK id=1 1
  a< SUBACK id=2 1
  b> CONNECT
  b< CONNACK
  a x
  ${publish(...numbers(1, 5))}
  b> PUBLISH s qos=1 id=1 shared
  b< PUBACK id=1
  ${publish(...numbers(6, 9))}
  c> CONNECT
  c< CONNACK
  c> SUBSCRIBE id=1 $share/g/s qos=1
  c< SUBACK id=1 1
  a> CONNECT sessionExpiryInterval=600 receiveMaximum=1
  a< CONNACK sessionPresent
  a< PUBLISH t qos=1 id=1 1
  a x
  c< PUBLISH s qos=1 id=1 shared
  c> PUBACK id=1
  a> CONNECT sessionExpiryInterval=600 receiveMaximum=1
  a< CONNACK sessionPresent
  a< PUBLISH dup t qos=1 id=1 1
  a> PUBACK id=1
  ${receive(2, ...numbers(2, 9))}
  `,
  SHALLOW,
);

Deno.test("where the store does not have what waits that is said, and what comes is delivered", () => {
  const exchange = new Exchange(SHALLOW).play(`${AWAY}\n${publish(...numbers(1, 9))}`);
  const { test } = exchange;
  test.store!.readQueue = (_, __, done) => done({ deliveries: [], nextExpiryMs: Infinity });
  exchange.play(`
    ${BACK}
    ${receive(1, "1", "2")}
    dropped encoding_failed=7
    ${publish("10")}
    ${receive(3, "10")}
  `);
  const line = test.log.find(({ message }) => /are missing in the store/.test(message));
  assert.deepEqual(line?.fields, { clientId: "a", messages: 7 });
  assert.equal(test.broker.levels.queuedBytes, 0);
});

Deno.test("what waits in the store alone and may not be read any more is dropped when it is read", () => {
  let mayRead = true;
  const exchange = new Exchange({
    ...SHALLOW,
    access: { checksTopics: true, mayRead: (_, topicName) => mayRead || topicName !== "t" },
  });
  exchange.play(`${AWAY}\n${publish(...numbers(1, 9))}`);
  mayRead = false;
  exchange.play(`${BACK}\na< nothing\ndropped not_authorized=9`);
});

Deno.test("where memory is short for all queues together, little of each is in it", () => {
  const options = { queueMemoryMessages: 100, queueMemoryBytes: 4000, maxQueuedMessages: 0 };
  const exchange = new Exchange({ store: true, options });
  exchange.play(`${AWAY}\n${publish(...numbers(1, 60))}`);
  const [held, all] = partsOf(exchange);
  assert.ok(held < 20 && all === 60, `${held} of ${all}`);
  exchange.play(`${BACK}\n${receive(1, ...numbers(1, 60))}`);
});

Deno.test("clients that are away leave half of the memory to those that drain their queues", () => {
  const names = Array.from({ length: 50 }, (_, i) => `c${i}`);
  // A queue of its own may take a sixty-fourth of it, which is 20 messages.
  const options = { queueMemoryBytes: 512 * 1024, maxQueuedMessages: 0 };
  const exchange = new Exchange({ store: true, options }).play(`
    ${names.map((name) => AWAY.split("b>")[0]!.replaceAll(/^ *a/gm, name)).join("\n")}
    ${names.map((name) => `${name} x`).join("\n")}
    b> CONNECT
    b< CONNACK
    ${publish(...numbers(1, 30))}
  `);
  const { clients } = exchange.test.broker;
  for (const name of names) assert.equal(clients.get(name)!.session.queue.heldLength, 16);
});

Deno.test("a session that ends while its queue is read takes no memory from the others", () => {
  const exchange = new Exchange(SHALLOW).play(`${AWAY}\n${publish(...numbers(1, 40))}`);
  const { broker, store } = exchange.test;
  const answers: (() => void)[] = [];
  const readQueue = store!.readQueue.bind(store);
  store!.readQueue = (clientId, query, done) =>
    void answers.push(() => readQueue(clientId, query, done));
  exchange.play(`
    ${BACK}
    a< PUBLISH t qos=1 id=1 1
    a> PUBACK id=1
    a< PUBLISH t qos=1 id=2 2
  `);
  assert.equal(answers.length, 1);
  assert.ok(broker.core.queues.awaitedBytes > 0);
  exchange.play(`
    a> DISCONNECT sessionExpiryInterval=0
    a! closed
  `);
  for (const answer of answers) answer();
  assert.equal(broker.clients.has("a"), false);
  assert.equal(broker.core.queues.awaitedBytes, 0);
});
