import { BOTH, type Case, connect, connected, inEach } from "./case.ts";

/** Exchanges at brokers with a line of mosquitto's configuration file. */

const four = (topic: string) =>
  [1, 2, 3, 4].map((id) => `PUBLISH ${topic} qos=1 id=${id} "${id}"`).join(" & ");
const kept = connect("k", "");
const again = connect("c", "").replace("clientId=c", "clientId=k");
const withWill = (more: string) => connect("a", `cleanStart will.topic=w will.payload="x" ${more}`);

/** Lines of the broker, and those of the listener, which have a space before them. */
export function ownLines(lines: readonly string[]): { own: string[]; listener: string[] } {
  const isListener = (line: string) => line.startsWith(" ");
  return { own: lines.filter((line) => !isListener(line)), listener: lines.filter(isListener) };
}

/** The file of a broker with these lines and one listener. */
export function fileOf(lines: readonly string[]): string {
  const { own, listener } = ownLines(lines);
  return [...own, "listener 1883 127.0.0.1", "allow_anonymous true", ...listener].join("\n");
}

/** The lines of the broker, and of the listener with a space before them; then the exchanges. */
export const FILES: readonly (readonly [lines: readonly string[], cases: readonly Case[]])[] = [
  [["max_inflight_messages 1"], [
    ...connected(
      BOTH,
      "03-publish-qos1-max-inflight",
      "a> SUBSCRIBE id=1 p qos=1",
      connect("b"),
      `b> ${four("p")}`,
      "a> PUBACK id=1",
      "a> PUBACK id=2",
    ),
  ]],
  [["max_inflight_messages 1", "max_queued_messages 2"], [
    ...inEach(
      [4],
      "a full queue",
      kept,
      "k> SUBSCRIBE id=1 p qos=1",
      connect("b"),
      `b> ${four("p")}`,
      "k> PUBACK id=1",
      "k> PUBACK id=2",
      "k> PUBACK id=3",
    ),
    ...inEach(
      [4],
      "a full queue of a client that is away",
      kept,
      "k> SUBSCRIBE id=1 p qos=1",
      "k> DISCONNECT",
      connect("b"),
      `b> ${four("p")}`,
      again,
      "c> PUBACK id=1",
      "c> PUBACK id=2",
    ),
  ]],
  [["queue_qos0_messages true"], [
    ...inEach(
      [4],
      "QoS 0 for a client that is away",
      kept,
      "k> SUBSCRIBE id=1 p qos=1 z",
      "k> DISCONNECT",
      connect("b"),
      'b> PUBLISH p "0"',
      'b> PUBLISH z qos=1 id=1 "1"',
      again,
    ),
  ]],
  [["upgrade_outgoing_qos true"], [
    ...connected(
      BOTH,
      "QoS 0 for QoS 1",
      "a> SUBSCRIBE id=1 p qos=1",
      connect("b"),
      'b> PUBLISH p "0"',
    ),
    ...inEach(
      BOTH,
      "04-retain-upgrade-outgoing-qos",
      connect("b"),
      'b> PUBLISH r retain "0"',
      connect("a"),
      "a> SUBSCRIBE id=1 r qos=1",
      'b> PUBLISH r retain ""',
    ),
  ]],
  [["retain_available false"], [
    ...connected(BOTH, "nothing"),
    ...connected(BOTH, "a retained message", 'a> PUBLISH p retain "m"'),
    ...connected(BOTH, "03-publish-qos1-retain-disabled", 'a> PUBLISH p retain qos=1 id=1 "m"'),
    ...inEach(BOTH, "a retained will", withWill("will.retain")),
  ]],
  [["max_packet_size 100"], [
    ...connected(BOTH, "just so large", "a> PUBLISH p qos=1 id=1 size=80"),
    ...connected(BOTH, "12-prop-maximum-packet-size-broker", "a> PUBLISH p qos=1 id=1 size=120"),
    ...inEach(BOTH, "a large CONNECT", connect("a".repeat(120))),
  ]],
  [["message_size_limit 20"], [
    ...connected(BOTH, "just so large", "a> PUBLISH p qos=1 id=1 size=20"),
    ...connected(BOTH, "02-subpub-qos0-oversize-payload", "a> PUBLISH p size=21"),
    ...connected(BOTH, "02-subpub-qos1-oversize-payload", "a> PUBLISH p qos=1 id=1 size=21"),
    ...connected(BOTH, "QoS 2, too large", "a> PUBLISH p qos=2 id=1 size=21"),
    ...inEach(
      BOTH,
      "07-will-oversize-payload",
      connect("a", `cleanStart will.topic=w will.payload="${"x".repeat(30)}"`),
    ),
  ]],
  [["max_keepalive 30"], [
    ...connected(BOTH, "01-connect-max-keepalive"),
    ...inEach([5], "12-prop-server-keepalive of 0", "a> CONNECT clientId=a cleanStart"),
    ...inEach(BOTH, "a smaller Keep Alive", "a> CONNECT clientId=a cleanStart keepAlive=20"),
  ]],
  [
    ["allow_zero_length_clientid false"],
    inEach(BOTH, "01-connect-zero-length-id", 'a> CONNECT clientId="" cleanStart keepAlive=60'),
  ],
  [
    ["auto_id_prefix pre-"],
    inEach(BOTH, "01-connect-auto-id", 'a> CONNECT clientId="" cleanStart keepAlive=60'),
  ],
  [[" max_qos 1"], [
    ...connected(
      BOTH,
      "QoS 2 subscribed",
      "a> SUBSCRIBE id=1 p qos=2",
      'a> PUBLISH p qos=1 id=1 "x"',
    ),
    ...connected(BOTH, "QoS 2 published", 'a> PUBLISH p qos=2 id=1 "x"'),
    ...inEach(BOTH, "a will of QoS 2", withWill("will.qos=2")),
  ]],
  [[" max_qos 0"], [
    ...connected(BOTH, "QoS 1 published", 'a> PUBLISH p qos=1 id=1 "x"'),
    ...connected(BOTH, "QoS 2 subscribed", "a> SUBSCRIBE id=1 p qos=2"),
  ]],
  [[" max_topic_alias 3"], [
    ...connected([5], "02-subpub-qos0-topic-alias", 'a> PUBLISH p topicAlias=3 "x"'),
    ...connected([5], "a Topic Alias above", 'a> PUBLISH p topicAlias=4 "x"'),
  ]],
  [
    [" max_topic_alias 0"],
    connected([5], "a Topic Alias where there are none", 'a> PUBLISH p topicAlias=1 "x"'),
  ],
  [
    ["max_inflight_bytes 10"],
    connected(
      [4],
      "02-subpub-qos2-max-inflight-bytes",
      "a> SUBSCRIBE id=1 p qos=1",
      connect("b"),
      "b> PUBLISH p qos=1 id=1 size=9",
      "b> PUBLISH p qos=1 id=2 size=9",
      "a> PUBACK id=1",
    ),
  ],
  [
    ["persistent_client_expiration 1h"],
    inEach([4], "a session before it expires", kept, "k> SUBSCRIBE id=1 x", "k> DISCONNECT", again),
  ],
];
