import { strict as assert } from "node:assert";
import type { DropReason } from "../../lib/broker/mod.ts";
import { Fanout } from "../../lib/broker/ground/fanout.ts";
import { Exchange } from "../support/exchange.ts";
import type { Setup } from "../support/test_broker.ts";

/** One way on which messages end without their receiver. */
interface Way {
  readonly reason: DropReason;
  readonly when: string;
  readonly setup?: Setup;
  readonly act: (exchange: Exchange) => void;
  /** For whom it is counted, what was published, and by whom; `undefined`: for nobody, and it is not logged. */
  readonly logged: [clientId: string, topicName: string, publisherId: string] | undefined;
  /** How often; absent: once. */
  readonly count?: number;
}

/** s subscribes to t in a session that lasts, p publishes. */
const PAIR = `
  s> CONNECT sessionExpiryInterval=60
  s< CONNACK
  s> SUBSCRIBE id=1 t qos=2
  s< SUBACK id=1 2
  p> CONNECT
  p< CONNACK
`;
const SENT = ["s", "t", "p"] as [string, string, string];
const PUBLISHED = ["p", "t", "p"] as [string, string, string];

/** b is a bridge of the broker: 1000 bytes may wait for it, and it has subscribed to t and is away. */
const BRIDGE = {
  setup: {
    listeners: {
      b: { bridge: { maxQueuedBytes: 1000, queueFullPolicy: "refuse", forgetsReceived: false } },
    },
  },
  script: `
    b> CONNECT clientId="$bridge/b" sessionExpiryInterval=60
    b< CONNACK
    b> SUBSCRIBE id=1 t qos=2
    b< SUBACK id=1 2
    b x
  `,
} as const;

const ways: Way[] = [
  {
    reason: "bridge_full",
    when: "a bridge has no room, and the publisher is told",
    setup: BRIDGE.setup,
    act: plays(`${BRIDGE.script}
      p> CONNECT
      p< CONNACK
      p> PUBLISH t qos=1 id=1 size=600
      p< PUBACK id=1
      p> PUBLISH t qos=1 id=2 size=600
      p< PUBACK id=2 reasonCode=0x97
    `),
    logged: PUBLISHED,
  },
  {
    reason: "bridge_full",
    when: "before 5.0 its publisher is disconnected, and keeps the message",
    setup: BRIDGE.setup,
    act: plays(`${BRIDGE.script}
      p> CONNECT v=4 cleanStart
      p< CONNACK
      p> PUBLISH t qos=2 id=1 size=600
      p< PUBREC id=1
      p> PUBLISH t qos=2 id=2 size=600
      p! closed
    `),
    logged: PUBLISHED,
  },
  {
    reason: "queue_full",
    when: "the queue of a client has no room",
    setup: { options: { maxQueuedMessages: 1 } },
    act: plays(`${PAIR}
      s x
      p> PUBLISH t qos=1 id=1 1
      p< PUBACK id=1
      p> PUBLISH t qos=1 id=2 2
      p< PUBACK id=2
    `),
    logged: SENT,
  },
  {
    reason: "offline_qos0",
    when: "QoS 0 comes while the client is away, and queue_qos0_messages is off",
    act: plays(`${PAIR}
      s x
      p> PUBLISH t 1
    `),
    logged: undefined,
  },
  {
    reason: "slow_client",
    when: "QoS 0 comes while the client takes nothing of what is before it",
    setup: { options: { maxQueuedBytes: 100 } },
    act: plays(`${PAIR}
      s stops reading
      p> PUBLISH t size=200
      p> PUBLISH t 1
      p> PUBLISH t 2
    `),
    logged: SENT,
    count: 2,
  },
  ...[0, 1, 2].map((qos): Way => ({
    reason: "packet_too_large",
    when: `a message of QoS ${qos} is larger than the client takes [MQTT-3.1.2-24] [MQTT-3.1.2-25]`,
    act: plays(`
      ${PAIR.replace("sessionExpiryInterval=60", "maximumPacketSize=50")}
      p> PUBLISH t qos=${qos} ${qos > 0 ? "id=1" : ""} size=600
      ${["", "p< PUBACK id=1", "p< PUBREC id=1"][qos]}
    `),
    logged: SENT,
  })),
  {
    reason: "expired",
    when: "a message that waits for a client expires [MQTT-3.3.2-5]",
    act: plays(`${PAIR}
      s x
      p> PUBLISH t qos=1 id=1 messageExpiryInterval=5 1
      p< PUBACK id=1
      wait 5s
      s> CONNECT
      s< CONNACK sessionPresent
    `),
    logged: SENT,
  },
  {
    reason: "expired",
    when: "a retained message expires",
    act: plays(`${PAIR}
      p> PUBLISH r retain messageExpiryInterval=5 1
      wait 5s
    `),
    logged: undefined,
  },
  {
    reason: "not_authorized",
    when: "a client may not publish to the topic",
    setup: { access: { checksTopics: true, mayPublish: () => false } },
    act: plays(`${PAIR}
      p> PUBLISH t 1
    `),
    logged: PUBLISHED,
  },
  {
    reason: "not_authorized",
    when: "what waits may not be read any more when its client comes back",
    act: (exchange) => {
      exchange.play(`${PAIR}
        s x
        p> PUBLISH t qos=1 id=1 1
        p< PUBACK id=1
      `);
      const { access } = exchange.test.broker.core.ports;
      Object.assign(access, { checksTopics: true, mayRead: () => false });
      exchange.play("s> CONNECT\ns< CONNACK sessionPresent");
    },
    logged: SENT,
  },
  {
    reason: "not_authorized",
    when: "a client that leaves may not publish its will",
    setup: {
      access: { checksTopics: true, mayPublish: (_, topicName) => topicName !== "w" },
    },
    act: plays(`
      p> CONNECT will.topic=w will.payload=gone
      p< CONNACK
      p x
    `),
    logged: ["p", "w", "p"],
  },
  {
    reason: "not_authorized",
    when: "that a client may not publish its will is decided late",
    act: (exchange) => {
      let decide = () => {};
      let answer: false | "pending" = "pending";
      Object.assign(exchange.test.broker.core.ports.access, {
        checksTopics: true,
        mayPublish: () => answer,
        decided: (_: unknown, done: () => void) => decide = done,
      });
      exchange.play(`
        p> CONNECT will.topic=w will.payload=gone
        p< CONNACK
      `);
      answer = false;
      exchange.test.turn(decide);
      exchange.play("p x");
    },
    logged: ["p", "w", "p"],
  },
  {
    reason: "message_size_limit",
    when: "a payload is larger than message_size_limit",
    setup: { options: { messageSizeLimitBytes: 10 } },
    act: plays(`${PAIR}
      p> PUBLISH t size=11
    `),
    logged: PUBLISHED,
  },
  {
    reason: "message_size_limit",
    when: "a will is larger than message_size_limit: its client does not come in",
    setup: { options: { messageSizeLimitBytes: 3 } },
    act: plays(`
      p> CONNECT will.topic=w will.payload=gone
      p< CONNACK PacketTooLarge
      p! closed
    `),
    logged: undefined,
  },
  {
    reason: "retained_limit",
    when: "there is no room for one more retained message",
    setup: { options: { maxRetainedMessages: 1 } },
    act: plays(`${PAIR}
      p> PUBLISH r retain 1
      p> PUBLISH r2 retain 2
    `),
    logged: ["p", "r2", "p"],
  },
  {
    reason: "retain_not_available",
    when: "a message before 5.0 asks to be retained, and retain_available is off",
    setup: { options: { retainAvailable: false } },
    act: plays(`
      p> CONNECT v=4 cleanStart
      p< CONNACK
      p> PUBLISH t retain 1
    `),
    logged: PUBLISHED,
  },
  {
    reason: "retain_not_available",
    when: "the same, and whether it may publish is decided late: it is counted once",
    setup: { options: { retainAvailable: false } },
    act: (exchange) => {
      let decide = () => {};
      let decision: true | "pending" = "pending";
      Object.assign(exchange.test.broker.core.ports.access, {
        checksTopics: true,
        mayPublish: () => decision,
        decided: (_: unknown, done: () => void) => decide = done,
      });
      exchange.play(`
        p> CONNECT v=4 cleanStart
        p< CONNACK
        p> PUBLISH t retain 1
      `);
      decision = true;
      exchange.test.turn(decide);
    },
    logged: PUBLISHED,
  },
  {
    reason: "reserved_topic",
    when: "a client publishes under $SYS/",
    act: plays(`${PAIR}
      p> PUBLISH $SYS/broker/version 1
    `),
    logged: ["p", "$SYS/broker/version", "p"],
  },
  {
    reason: "reserved_topic",
    when: "a will is under $SYS/: its client comes in without",
    act: plays(`
      p> CONNECT will.topic=$SYS/w will.payload=gone
      p< CONNACK
    `),
    logged: ["p", "$SYS/w", "p"],
  },
  {
    reason: "no_share_member",
    when: "of a shared subscription nobody can take the message",
    act: plays(`
      s> CONNECT sessionExpiryInterval=60
      s< CONNACK
      s> SUBSCRIBE id=1 $share/g/t
      s< SUBACK id=1 0
      s x
      p> CONNECT
      p< CONNACK
      p> PUBLISH t 1
    `),
    logged: PUBLISHED,
  },
  {
    reason: "store_failing",
    when: "QoS 1 or 2 comes while the store cannot be written",
    setup: { store: true },
    act: (exchange) => {
      exchange.play(PAIR);
      exchange.test.store!.isFailing = true;
      exchange.play(`
        p> PUBLISH t qos=1 id=1 1
        p< PUBACK id=1 QuotaExceeded
        p> PUBLISH t qos=2 id=2 2
        p< PUBREC id=2 QuotaExceeded
      `);
    },
    logged: PUBLISHED,
    count: 2,
  },
  {
    reason: "session_ended",
    when: "a session expires with messages that wait and messages in flight",
    act: plays(`
      ${PAIR.replace("sessionExpiryInterval=60", "sessionExpiryInterval=60 receiveMaximum=1")}
      p> PUBLISH t qos=1 id=1 1
      s< PUBLISH t qos=1 id=1 1
      p< PUBACK id=1
      p> PUBLISH t qos=2 id=2 2
      p< PUBREC id=2
      s x
      wait 60s
    `),
    logged: SENT,
    count: 2,
  },
  {
    reason: "session_ended",
    when: "a Clean Start ends the session that messages wait in [MQTT-3.1.2-4]",
    act: plays(`${PAIR}
      s x
      p> PUBLISH t qos=1 id=1 1
      p< PUBACK id=1
      s> CONNECT cleanStart
      s< CONNACK
    `),
    logged: SENT,
  },
  {
    reason: "session_ended",
    when:
      "a client whose session ends with its connection leaves with a message that it has not acknowledged",
    act: plays(`
      ${PAIR.replace("sessionExpiryInterval=60", "")}
      p> PUBLISH t qos=1 id=1 1
      s< PUBLISH t qos=1 id=1 1
      p< PUBACK id=1
      s x
    `),
    logged: SENT,
  },
  ...[0, 1, 2].map((qos): Way => ({
    reason: "encoding_failed",
    when: `a message of QoS ${qos} cannot be encoded for its receiver`,
    act: (exchange) => {
      exchange.play(PAIR);
      const { copyInto } = Fanout.prototype;
      Fanout.prototype.copyInto = () => {
        throw new RangeError("Cannot encode this");
      };
      try {
        exchange.play(`
          p> PUBLISH t qos=${qos} ${qos > 0 ? "id=1" : ""} contentType=text 1
          ${["", "p< PUBACK id=1", "p< PUBREC id=1"][qos]}
        `);
      } finally {
        Fanout.prototype.copyInto = copyInto;
      }
    },
    logged: SENT,
  })),
  {
    reason: "refused_by_client",
    when: "a client answers QoS 1 with a Reason Code of 0x80 or more",
    act: plays(`${PAIR}
      p> PUBLISH t qos=1 id=1 1
      s< PUBLISH t qos=1 id=1 1
      p< PUBACK id=1
      s> PUBACK id=1 QuotaExceeded
    `),
    logged: SENT,
  },
  {
    reason: "refused_by_client",
    when: "a client answers QoS 2 with a Reason Code of 0x80 or more [MQTT-4.3.3-4]",
    act: plays(`${PAIR}
      p> PUBLISH t qos=2 id=1 1
      s< PUBLISH t qos=2 id=1 1
      p< PUBREC id=1
      s> PUBREC id=1 NotAuthorized
    `),
    logged: SENT,
  },
  {
    reason: "refused_by_hook",
    when: "a hook of the program does not let it be published",
    act: (exchange) => {
      exchange.test.broker.addHooks({ onPublish: (_client, _message, reply) => reply(false) });
      exchange.play(`${PAIR}
        p> PUBLISH t qos=1 id=1 1
        p< PUBACK id=1 NotAuthorized
      `);
    },
    logged: ["p", "t", "p"],
  },
  {
    reason: "not_a_topic_name",
    when: "a stored will's topic has more levels than are allowed now",
    setup: { store: true, options: { maxTopicLevels: 3 } },
    act: (exchange) => {
      exchange.play(`
        p> CONNECT sessionExpiryInterval=60 will.topic=a/b/c will.payload=x will.willDelayInterval=5
        p< CONNACK
        p x
      `);
      // The process begins again with another configuration.
      exchange.test.setup = { store: true, options: { maxTopicLevels: 2 } };
      exchange.play("crash\nwait 5s");
    },
    logged: ["p", "a/b/c", "p"],
  },
];

for (const { reason, when, setup, act, logged, count = 1 } of ways) {
  Deno.test(`${reason}: ${when}`, () => {
    const exchange = new Exchange(setup);
    act(exchange);
    assert.deepEqual([...exchange.test.broker.metrics.dropped], [[reason, count]]);
    const lines = exchange.test.log.filter(({ message }) => message === "Message dropped");
    const expected = logged === undefined
      ? []
      : [{ clientId: logged[0], reason, topicName: logged[1], publisherId: logged[2] }];
    assert.deepEqual(lines.map(({ fields }) => fields), expected);
  });
}

Deno.test("Every reason to drop a message has a test, and a row in the table of drop.ts", () => {
  const reasons = new Set(ways.map(({ reason }) => reason));
  const read = (path: string) => Deno.readTextFileSync(new URL(path, import.meta.url));
  const declared = read("../../lib/broker/ground/metrics.ts").match(/^ {2}\| "(\w+)"/gm)!
    .map((line) => line.split('"')[1]);
  assert.deepEqual(new Set(declared), reasons);
  const table = read("../../lib/broker/services/drop.ts").match(/^ \* \| `(\w+)`/gm)!
    .map((row) => row.split("`")[1]);
  assert.deepEqual(new Set(table), reasons);
});

Deno.test("What a client has not got is counted for it, by reason, and said when it leaves", () => {
  const exchange = new Exchange({ options: { connectionMessages: true } }).play(`${PAIR}
    s x
    p> PUBLISH t 1
    p> PUBLISH t 2
    s> CONNECT
    s< CONNACK sessionPresent
  `);
  assert.deepEqual([...exchange.test.broker.clients.get("s")!.session.dropped!], [
    ["offline_qos0", 2],
  ]);
  exchange.play("s x");
  const left = exchange.test.log.findLast(({ message }) => message === "Client disconnected");
  assert.equal(left!.fields["dropped_offline_qos0"], 2);
});

Deno.test("Of a client's drops the first of a kind is logged; the counters tell of the others", () => {
  const exchange = new Exchange({ options: { messageSizeLimitBytes: 1 } }).play(`${PAIR}
    p> PUBLISH t 22
    p> PUBLISH u 22
    p> PUBLISH $SYS/a 1
    dropped message_size_limit=2 reserved_topic=1
  `);
  const dropped = exchange.test.log.filter(({ message }) => message === "Message dropped");
  assert.deepEqual(dropped.map(({ fields }) => fields["reason"]), [
    "message_size_limit",
    "reserved_topic",
  ]);
});

function plays(script: string): (exchange: Exchange) => void {
  return (exchange) => void exchange.play(script);
}
