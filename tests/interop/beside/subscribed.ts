import { BOTH, type Case, connect, connected, inEach, publishQos2 } from "./case.ts";

/** Exchanges about subscriptions, retained messages and wills; their names are as in `exchanges.ts`. */

const SUBSCRIPTIONS: readonly Case[] = [
  ...connected(
    [5],
    "02-subpub-b2c-topic-alias: set, used, changed",
    "a> SUBSCRIBE id=1 p q",
    'a> PUBLISH p topicAlias=5 "x"',
    'a> PUBLISH "" topicAlias=5 "y"',
    'a> PUBLISH q topicAlias=5 "z"',
    'a> PUBLISH "" topicAlias=5 "y"',
  ),
  ...connected(
    [5],
    "02-subpub-qos1-nolocal",
    "a> SUBSCRIBE id=1 n noLocal qos=1",
    'a> PUBLISH n qos=1 id=1 "m"',
    connect("b"),
    'b> PUBLISH n qos=1 id=1 "m"',
  ),
  ...connected([5], "02-shared-nolocal", "a> SUBSCRIBE id=1 $share/g/n noLocal qos=1"),
  ...connected(
    [5],
    "02-shared-qos0",
    connect("b"),
    "a> SUBSCRIBE id=1 $share/g/n",
    "b> SUBSCRIBE id=1 $share/g/n",
    connect("c"),
    'c> PUBLISH n "1"',
    'c> PUBLISH n "2"',
  ),
  ...inEach(
    [5],
    "02-shared-qos0-v5",
    ...["a", "b", "c", "d", "e"].map((name) => connect(name)),
    "a> SUBSCRIBE id=1 n/#",
    "b> SUBSCRIBE id=1 $share/one/n/s",
    "c> SUBSCRIBE id=1 $share/one/n/s",
    "c> SUBSCRIBE id=1 $share/two/n/s",
    "d> SUBSCRIBE id=1 $share/two/n/s",
    "e> SUBSCRIBE id=1 $share/one/n/s",
    ...[1, 2, 3].map((i) => `a> PUBLISH n/s "${i}"`),
    "c> UNSUBSCRIBE id=2 $share/one/n/s",
    'a> PUBLISH n/s "4"',
  ),
  ...connected(
    BOTH,
    "another QoS by another SUBSCRIBE",
    "a> SUBSCRIBE id=1 s",
    "a> SUBSCRIBE id=2 s qos=1",
    'a> PUBLISH s qos=1 id=1 "m"',
  ),
  ...connected(
    BOTH,
    "UNSUBSCRIBE",
    "a> SUBSCRIBE id=1 s",
    "a> UNSUBSCRIBE id=2 s",
    'a> PUBLISH s "m"',
  ),
  ...connected(
    BOTH,
    "three filters that match",
    "a> SUBSCRIBE id=1 o/# qos=2 o/1 qos=0 o/+ qos=1",
    connect("b"),
    `b> ${publishQos2(9, "o/1", "m")}`,
  ),
  ...connected(
    [5],
    "11-subscription-id of two filters",
    "a> SUBSCRIBE id=1 o/# subscriptionIdentifiers=1",
    "a> SUBSCRIBE id=1 o/1 subscriptionIdentifiers=2",
    'a> PUBLISH o/1 "m"',
  ),
  ...connected(
    [5],
    "11-pub-props",
    "a> SUBSCRIBE id=1 rr",
    'a> PUBLISH rr responseTopic=x correlationData="c" payloadFormatIndicator=1 contentType=t messageExpiryInterval=60 user:a=1 user:a=2 "m"',
  ),
  ...connected(
    BOTH,
    "03-publish-long-topic",
    `a> SUBSCRIBE id=1 ${"x".repeat(65_535)}`,
    `a> PUBLISH ${"x".repeat(65_535)} "m"`,
  ),
  ...[100, 300].flatMap((count) =>
    connected(BOTH, `a filter of ${count} slashes`, `a> SUBSCRIBE id=1 ${"/".repeat(count)}`)
  ),
  ...[
    ["#", "a"],
    ["#", "/a"],
    ["/#", "/a"],
    ["/#", "a"],
    ["+", "a"],
    ["+", "/a"],
    ["+/+", "/a"],
    ["/+", "/a"],
    ["a/#", "a"],
    ["a/#", "a/"],
    ["a/+", "a/"],
    ["a/+", "a"],
    ["a//b", "a//b"],
    ["a/+/b", "a//b"],
    ["+/a", "$x/a"],
    ["$x/+", "$x/a"],
    ["a/b/#", "a/b/c/d"],
    ["A", "a"],
    ["a/", "a"],
    ["+/b/#", "a/b"],
    ["/", "/"],
    ["+/+/+", "//"],
    ["ä/+", "ä/ö"],
    ["a b", "a b"],
  ].flatMap(([filter, topic]) =>
    connected(
      [4],
      `03-pattern-matching: ${filter} and ${topic}`,
      `a> SUBSCRIBE id=1 "${filter}"`,
      `a> PUBLISH "${topic}" "m"`,
    )
  ),
];

const RETAINED: readonly Case[] = [
  ...connected(
    BOTH,
    "04-retain-qos0, -repeated and -clear",
    'a> PUBLISH r/1 retain "m"',
    "a> SUBSCRIBE id=1 r/1",
    "a> SUBSCRIBE id=2 r/1",
    'a> PUBLISH r/1 retain ""',
    "a> SUBSCRIBE id=3 r/1",
  ),
  ...connected(
    BOTH,
    "04-retain-qos0-fresh",
    "a> SUBSCRIBE id=1 r/2",
    'a> PUBLISH r/2 retain "m"',
    'a> PUBLISH r/2 retain ""',
  ),
  ...connected(
    BOTH,
    "04-retain-qos1-qos0",
    'a> PUBLISH r/3 qos=1 id=1 retain "m"',
    "a> SUBSCRIBE id=1 r/3",
    'a> PUBLISH r/3 retain ""',
  ),
  ...connected(
    BOTH,
    "a retained message of QoS 0 for QoS 1",
    'a> PUBLISH r/4 retain "m"',
    "a> SUBSCRIBE id=1 r/4 qos=1",
    'a> PUBLISH r/4 retain ""',
  ),
  ...connected(
    BOTH,
    "a retained message for three filters",
    'a> PUBLISH r/5 retain "m"',
    "a> SUBSCRIBE id=1 r/5 r/+ r/#",
    "a> UNSUBSCRIBE id=2 r/5 r/+ r/#",
    'a> PUBLISH r/5 retain ""',
  ),
  ...connected(
    [5],
    "02-subpub-qos0-retain-as-publish",
    "a> SUBSCRIBE id=1 r/6 retainAsPublished",
    'a> PUBLISH r/6 retain "m"',
    'a> PUBLISH r/6 retain ""',
  ),
  ...connected(
    [5],
    "02-subpub-qos0-send-retain",
    'a> PUBLISH r/7 retain "m"',
    ...[1, 1, 2, 0].map((handling) => `a> SUBSCRIBE id=1 r/7 retainHandling=${handling}`),
    'a> PUBLISH r/7 retain ""',
  ),
  ...connected(
    [5],
    "a retained message with properties",
    'a> PUBLISH r/8 retain contentType=c user:k=v "m"',
    "a> SUBSCRIBE id=1 r/8 subscriptionIdentifiers=9",
    'a> PUBLISH r/8 retain ""',
  ),
  ...connected(
    [5],
    "a retained message for a shared subscription",
    'a> PUBLISH r/9 retain "m"',
    "a> SUBSCRIBE id=1 $share/g/r/9",
    'a> PUBLISH r/9 retain ""',
  ),
  ...connected(
    BOTH,
    "retained messages below $",
    'a> PUBLISH $d/1 retain "m"',
    "a> SUBSCRIBE id=1 #",
    "a> SUBSCRIBE id=2 $d/#",
    'a> PUBLISH $d/1 retain ""',
  ),
];

/** A client `w` with a will, and a subscriber. */
const will = (
  more: string,
) => [
  connect("b"),
  "b> SUBSCRIBE id=1 will/# qos=2",
  connect("w", `cleanStart will.topic=will/1 ${more}`),
];
const GONE = 'will.payload="gone"';
/** Sessions that end with their connections, and that are kept. */
const LIFE = {
  clean: { 4: "cleanStart", 5: "cleanStart sessionExpiryInterval=0" },
  kept: { 4: "", 5: "sessionExpiryInterval=60" },
} as const;

const WILLS: readonly Case[] = [
  ...inEach(BOTH, "07-will-qos0, lost", ...will(`${GONE} will.qos=1`), "w x"),
  ...inEach(BOTH, "a will and DISCONNECT", ...will(GONE), "w> DISCONNECT"),
  ...inEach([5], "07-will-disconnect-with-will", ...will(GONE), "w> DISCONNECT 4"),
  ...inEach([5], "a will and DISCONNECT with 0x80", ...will(GONE), "w> DISCONNECT 0x80"),
  ...inEach(BOTH, "07-will-null", ...will(""), "w x"),
  ...(["clean", "kept"] as const).flatMap((before) =>
    (["clean", "kept"] as const).flatMap((after) =>
      BOTH.flatMap((version) =>
        inEach(
          [version],
          `07-will-takeover, ${before} then ${after}`,
          ...will(`${GONE} `).map((line) =>
            line.replace(
              "w> CONNECT clientId=w keepAlive=60 cleanStart",
              `w> CONNECT clientId=w keepAlive=60 ${LIFE[before][version]}`,
            )
          ),
          `c> CONNECT clientId=w keepAlive=60 ${LIFE[after][version]}`,
          'c> PUBLISH will/1 "ready"',
        )
      )
    )
  ),
  ...inEach(BOTH, "a will after a malformed packet", ...will(GONE), "w> hex 30 00"),
  ...inEach(
    [5],
    "07-will-properties",
    ...will(
      `${GONE} will.contentType=c will.user:a=b will.responseTopic=r will.messageExpiryInterval=9`,
    ),
    "w x",
  ),
  ...inEach(
    BOTH,
    "a retained will",
    ...will(`${GONE} will.retain`),
    "w x",
    connect("c"),
    "c> SUBSCRIBE id=1 will/1",
    'c> PUBLISH will/1 retain ""',
  ),
  ...inEach(
    [5],
    "07-will-delay-reconnect",
    ...will(`${GONE} will.willDelayInterval=30 sessionExpiryInterval=60`),
    "w x",
    connect("c", "sessionExpiryInterval=60").replace("clientId=c", "clientId=w"),
  ),
  ...inEach(
    [5],
    "07-will-delay-session-expiry: none",
    ...will(`${GONE} will.willDelayInterval=30`),
    "w x",
  ),
];

/** All of them. */
export const SUBSCRIBED: readonly Case[] = [...SUBSCRIPTIONS, ...RETAINED, ...WILLS];
