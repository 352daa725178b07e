import { BOTH, type Case, connect, connected, inEach, publishQos2, section } from "./case.ts";

/** What else mosquitto's broker tests are about; the names are theirs. `broker_programs.ts` says where each of them is held. */

/** Ways to acknowledge in 5.0, by the length of the packet. */
const ENDINGS = [
  ["alone", ""],
  ["with a Reason Code", " 00"],
  ["with an empty section", " 00 00"],
  ["with a User Property", ` 00 ${section("26 00 01 'k' 00 01 'v'")}`],
] as const;
const hold = (session = "sessionExpiryInterval=60") => connect("k", session);
const again = (more = "") => `${connect("c", more)}`.replace("clientId=c", "clientId=k");

const CONNECTIONS: readonly Case[] = [
  ...ENDINGS.flatMap(([how, body]) =>
    inEach(
      [5],
      `01-connect-disconnect-v5 ${how}`,
      connect("s"),
      "s> SUBSCRIBE id=1 w",
      connect("a", 'cleanStart will.topic=w will.payload="gone"'),
      `a> frame e0${body}`,
    )
  ),
  ...inEach(
    [5],
    "01-connect-575314",
    `a> CONNECT clientId=a cleanStart keepAlive=60 ${"user:key=value ".repeat(500)}`,
  ),
  ...inEach(
    [5],
    "05-session-expiry-v5: the longest",
    connect("k", "sessionExpiryInterval=4294967294"),
    "k x",
    again("sessionExpiryInterval=4294967295"),
    "c x",
    again("sessionExpiryInterval=0").replace("c>", "d>"),
  ),
  ...inEach(
    [5],
    "07-will-delay-invalid-573191",
    'a> CONNECT clientId=a cleanStart will.topic="" will.payload=x will.willDelayInterval=3',
  ),
];

const SUBSCRIBED: readonly Case[] = [
  ...inEach(
    [5],
    "02-shared-qos0-v5",
    ...["a", "b", "c", "d", "e"].map((name) => connect(name)),
    "a> SUBSCRIBE id=1 s/#",
    "b> SUBSCRIBE id=1 $share/one/s/t",
    "c> SUBSCRIBE id=1 $share/one/s/t",
    "c> SUBSCRIBE id=1 $share/two/s/t",
    "d> SUBSCRIBE id=1 $share/two/s/t",
    "e> SUBSCRIBE id=1 $share/one/s/t",
    ...["1", "2", "3"].map((text) => `a> PUBLISH s/t "${text}"`),
    "a> UNSUBSCRIBE id=2 s/#",
    "b> UNSUBSCRIBE id=2 $share/one/s/t",
    "c> UNSUBSCRIBE id=2 $share/one/s/t",
    "c> UNSUBSCRIBE id=3 $share/two/s/t",
    "d> UNSUBSCRIBE id=2 $share/two/s/t",
    "e> UNSUBSCRIBE id=2 $share/one/s/t",
    'a> PUBLISH s/t "4"',
  ),
  ...[1, 2].flatMap((round) =>
    connected(
      [4],
      `02-subhier-crash, time ${round}`,
      "a> SUBSCRIBE id=1 t/a",
      "a> SUBSCRIBE id=2 t/b",
      "a> UNSUBSCRIBE id=3 t/a",
      "a> DISCONNECT",
    )
  ),
  ...connected(
    [5],
    "02-subpub-qos0-subscription-id",
    "a> SUBSCRIBE id=1 i/1 subscriptionIdentifiers=1",
    "a> SUBSCRIBE id=2 i/+/2 subscriptionIdentifiers=14",
    "a> SUBSCRIBE id=3 i/none",
    ...["i/none", "i/x/2", "i/1"].map((topic) => `a> PUBLISH ${topic} "m"`),
    "a> SUBSCRIBE id=4 i/1",
    "a> SUBSCRIBE id=5 i/+/2 subscriptionIdentifiers=19",
    "a> SUBSCRIBE id=6 i/none subscriptionIdentifiers=21",
    ...["i/none", "i/x/2", "i/1"].map((topic) => `a> PUBLISH ${topic} "m"`),
  ),
  ...connected(
    [4],
    "02-subpub-duplicate-sub, once a message",
    "a> SUBSCRIBE id=1 o/+/t",
    "a> SUBSCRIBE id=2 o/t/+",
    'a> PUBLISH o/t/t "m"',
  ),
  ...inEach(
    [5],
    "02-subpub-qos2-receive-maximum-2",
    connect("a", "cleanStart receiveMaximum=2"),
    "a> SUBSCRIBE id=1 p qos=2",
    connect("b"),
    `b> ${publishQos2(1, "p", "1")} & ${publishQos2(2, "p", "2")} & ${publishQos2(3, "p", "3")}`,
    "a> PUBREC id=1",
    "a> PUBCOMP id=1",
    "a> PUBREC id=2",
    "a> PUBCOMP id=2",
    "a> PUBREC id=3",
    "a> PUBCOMP id=3",
  ),
  ...([[4, ""], [5, "sessionExpiryInterval=60"]] as const).flatMap(([version, session]) =>
    inEach(
      [version],
      "02-subpub-recover-subscriptions",
      hold(session),
      `k> SUBSCRIBE id=1 plain/${version}`,
      `k> SUBSCRIBE id=2 $share/name/shared/${version}`,
      connect("b"),
      `b> PUBLISH plain/${version} "1"`,
      `b> PUBLISH shared/${version} "2"`,
      "k x",
      again(session),
      `b> PUBLISH plain/${version} "1"`,
      `b> PUBLISH shared/${version} "2"`,
    )
  ),
  ...connected(
    BOTH,
    "02-subscribe-dollar",
    "a> SUBSCRIBE id=1 $SYS/broker/missing",
    "a> SUBSCRIBE id=2 $share/share/#",
  ),
  ...connected(BOTH, "02-subscribe-long-topic", `a> SUBSCRIBE id=1 ${"/".repeat(65_535)}`),
  ...inEach(
    [5],
    "12-prop-response-topic-correlation-data",
    connect("a"),
    connect("b"),
    "a> SUBSCRIBE id=1 ask",
    "b> SUBSCRIBE id=1 answer",
    'b> PUBLISH ask responseTopic=answer correlationData="45v" "2"',
    'a> PUBLISH answer correlationData="45v" "22"',
  ),
  ...inEach(
    [5],
    "12-prop-maximum-packet-size-publish-qos2",
    connect("a", "cleanStart maximumPacketSize=40"),
    "a> SUBSCRIBE id=1 12/max/publish/qos2/test/topic qos=2",
    `a> ${publishQos2(1, "12/max/publish/qos2/test/topic", "1234")}`,
    `a> ${publishQos2(2, "12/max/publish/qos2/test/topic", "789")}`,
  ),
];

const PUBLISHED: readonly Case[] = [
  ...ENDINGS.flatMap(([how, body]) => [
    ...connected(
      [5],
      `03-publish-b2c-qos1-len ${how}`,
      "a> SUBSCRIBE id=1 p qos=1",
      'a> PUBLISH p qos=1 id=1 "m"',
      `a> frame 40 00 01${body}`,
      'a> PUBLISH p qos=1 id=2 "n"',
    ),
    ...connected(
      [5],
      `03-publish-b2c-qos2-len ${how}`,
      "a> SUBSCRIBE id=1 p qos=2",
      connect("b"),
      `b> ${publishQos2(1, "p", "m")}`,
      `a> frame 50 00 01${body}`,
      `a> frame 70 00 01${body}`,
    ),
    ...connected(
      [5],
      `03-publish-c2b-qos2-len ${how}`,
      connect("b"),
      "b> SUBSCRIBE id=1 p",
      `a> PUBLISH p qos=2 id=1 "m" & frame 62 00 01${body}`,
    ),
  ]),
  ...["$SYS/broker/uptime", "$SYS/broker/connection/me", "$SYS/broker/connection/me/state"]
    .flatMap((topic) =>
      connected([5], `03-publish-dollar-v5: ${topic}`, `a> PUBLISH ${topic} qos=1 id=1 "m"`)
    ),
  ...connected([4], "03-publish-dollar", 'a> PUBLISH $test/test qos=1 id=19 "m"'),
  ...inEach(
    BOTH,
    "03-publish-qos2-reuse-mid, for another topic",
    connect("a"),
    "a> SUBSCRIBE id=1 # qos=2",
    connect("b"),
    'b> PUBLISH one qos=2 id=312 "m"',
    'b> PUBLISH two qos=2 id=312 "m"',
    "b> PUBREL id=312",
  ),
  ...connected(
    [4],
    "04-retain-clear-multiple",
    ...["1/2/3/4/5/6/7", "1/2/3/4", "1"].map((topic) => `a> PUBLISH c/${topic} retain "m"`),
    ...["1/2/3/4", "1/2/3/4/5/6/7", "1"].flatMap((topic, i) => [
      `a> SUBSCRIBE id=${i + 2} c/1 c/+/2/3/4 c/1/2/3/4/5/#`,
      `a> PUBLISH c/${topic} retain ""`,
    ]),
    "a> SUBSCRIBE id=9 c/#",
  ),
  ...inEach(
    [5],
    "07-will-delay-recover with a clean start",
    connect("s"),
    "s> SUBSCRIBE id=1 w/d",
    connect(
      "k",
      'cleanStart sessionExpiryInterval=60 will.topic=w/d will.payload="gone" will.willDelayInterval=60',
    ),
    "k x",
    again("cleanStart"),
  ),
];

/** All of them. */
export const PROGRAM_CASES: readonly Case[] = [...CONNECTIONS, ...SUBSCRIBED, ...PUBLISHED];

const four = (topic: string) =>
  [1, 2, 3].map((id) => publishQos2(id, topic, `message${id}`)).join(" & ");

/** The same at brokers with lines of a file. */
export const PROGRAM_FILES: readonly (readonly [
  lines: readonly string[],
  cases: readonly Case[],
])[] = [
  [["allow_duplicate_messages false"], [
    ...connected(
      [4],
      "02-subpub-duplicate-sub",
      "a> SUBSCRIBE id=1 o/+/t",
      "a> SUBSCRIBE id=2 o/t/+",
      'a> PUBLISH o/t/t "m"',
    ),
  ]],
  [
    [
      "max_inflight_messages 20",
      "max_inflight_bytes 1000000",
      "max_queued_messages 20",
      "max_queued_bytes 1000000",
    ],
    [
      ...connected(
        BOTH,
        "02-subpub-qos0-queued-bytes",
        "a> SUBSCRIBE id=1 p qos=1",
        connect("b"),
        'b> PUBLISH p "m"',
      ),
      ...connected(
        [4, 5],
        "03-publish-qos2-max-inflight-exceeded",
        `a> ${Array.from({ length: 20 }, (_, i) => `PUBLISH x qos=2 id=${i + 1} "m"`).join(" & ")}`,
        'a> PUBLISH x qos=2 id=21 "m"',
      ),
    ],
  ],
  [["max_inflight_messages 1"], [
    ...connected(BOTH, "03-publish-qos2-max-inflight", `a> ${publishQos2(312, "x", "m")}`),
  ]],
  [["max_inflight_bytes 16"], [
    ...inEach(
      [5],
      "02-subpub-qos2-max-inflight-bytes: three of half the size",
      connect("a", "cleanStart receiveMaximum=5"),
      "a> SUBSCRIBE id=1 p qos=2",
      connect("b"),
      `b> ${four("p")}`,
      "a> PUBREC id=1",
      "a> PUBCOMP id=1",
    ),
  ]],
  [["retain_available false", " max_qos 1"], [
    ...connected([5], "03-publish-bad-flags: QoS 2", "a> PUBLISH t qos=2 id=1"),
    ...connected([5], "03-publish-bad-flags: RETAIN", 'a> PUBLISH t retain "a"'),
  ]],
];
