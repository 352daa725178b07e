import { BOTH, type Case, connect, connected, inEach, publishQos2 } from "./case.ts";

/** Exchanges of several packets and clients. `03-…` and the like: what mosquitto's broker test of that name is about. */

/** A subscriber `a` of `p`, and a publisher `b`. */
const pair = (qos: number) => [`a> SUBSCRIBE id=1 p qos=${qos}`, connect("b")];
/** A session that stays, and one that continues it. */
const kept = connect("k", "");
const again = (name: string) => connect(name, "").replace(/clientId=\w+/, "clientId=k");

const FLOWS: readonly Case[] = [
  ...connected(BOTH, "CONNECT twice", connect("a")),
  ...inEach(BOTH, "01-connect-take-over", connect("k"), again("b"), "b> SUBSCRIBE id=1 x"),
  ...inEach(
    [4],
    "01-connect-take-over of a session",
    kept,
    "k> SUBSCRIBE id=1 x qos=1",
    again("b"),
    'b> PUBLISH x qos=1 id=3 "m"',
  ),
  ...inEach(BOTH, "01-connect-zero-length-id", 'a> CONNECT clientId="" cleanStart keepAlive=60'),
  ...connected(BOTH, "02-subpub-qos0", "a> SUBSCRIBE id=1 p", 'a> PUBLISH p "m"'),
  ...connected(
    BOTH,
    "02-subpub-qos1",
    "a> SUBSCRIBE id=1 p qos=1",
    'a> PUBLISH p qos=1 id=5 "m"',
    "a> PUBACK id=1",
  ),
  ...connected(
    BOTH,
    "02-subpub-qos2",
    ...pair(2),
    `b> ${publishQos2(5, "p", "m")}`,
    "a> PUBREC id=1",
    "a> PUBCOMP id=1",
  ),
  ...["50", "70"].flatMap((type) =>
    connected(
      BOTH,
      `QoS 1 answered with ${type}`,
      ...pair(1),
      'b> PUBLISH p qos=1 id=1 "m"',
      `a> hex ${type} 02 00 01`,
    )
  ),
  ...[
    "40 02 00 01",
    "70 02 00 01",
    "50 02 00 01 40 02 00 01",
    "50 02 00 01 50 02 00 01",
    "50 02 00 01 70 02 00 01",
  ].flatMap((bytes) =>
    connected(
      BOTH,
      `QoS 2 answered with ${bytes}`,
      ...pair(2),
      `b> ${publishQos2(1, "p", "m")}`,
      `a> hex ${bytes}`,
    )
  ),
  ...connected(
    [5],
    "02-subpub-qos2-pubrec-error",
    ...pair(2),
    `b> ${publishQos2(1, "p", "m")}`,
    "a> hex 50 03 00 01 80",
    `b> ${publishQos2(1, "p", "n")}`,
  ),
  ...inEach(
    [5],
    "02-subpub-qos2-receive-maximum-1",
    connect("a", "cleanStart receiveMaximum=1"),
    ...pair(2),
    `b> ${publishQos2(1, "p", "1")} & ${publishQos2(2, "p", "2")}`,
    "a> PUBREC id=1",
    "a> PUBCOMP id=1",
  ),
  ...connected(
    BOTH,
    "03-publish-qos2-dup",
    'a> PUBLISH p qos=2 id=7 "m"',
    'a> PUBLISH p qos=2 id=7 dup "m"',
    "a> PUBREL id=7",
  ),
  ...connected(
    BOTH,
    "03-publish-qos2-reuse-mid",
    ...pair(2),
    `b> ${publishQos2(7, "p", "m")}`,
    `b> ${publishQos2(7, "p", "n")}`,
  ),
  ...connected(
    [4],
    "PUBLISH of QoS 1 again with DUP",
    ...pair(1),
    'b> PUBLISH p qos=1 id=1 dup "m"',
    'b> PUBLISH p qos=1 id=1 dup "m"',
  ),
  ...inEach(
    [4],
    "03-publish-b2c-disconnect-qos1",
    kept,
    "k> SUBSCRIBE id=1 p qos=1",
    connect("b"),
    'b> PUBLISH p qos=1 id=1 "m"',
    "k x",
    again("c"),
  ),
  ...inEach(
    [4],
    "03-publish-b2c-disconnect-qos2 before PUBREC",
    kept,
    "k> SUBSCRIBE id=1 p qos=2",
    connect("b"),
    `b> ${publishQos2(1, "p", "m")}`,
    "k x",
    again("c"),
  ),
  ...inEach(
    [4],
    "03-publish-b2c-disconnect-qos2 after PUBREC",
    kept,
    "k> SUBSCRIBE id=1 p qos=2",
    connect("b"),
    `b> ${publishQos2(1, "p", "m")}`,
    "k> PUBREC id=1",
    "k x",
    again("c"),
  ),
  ...inEach(
    [4],
    "03-publish-c2b-disconnect-qos2",
    kept,
    'k> PUBLISH p qos=2 id=1 "m"',
    "k x",
    again("c"),
    "c> PUBREL id=1",
  ),
  ...BOTH.flatMap((version) => {
    const more = version === 5 ? " sessionExpiryInterval=60" : "";
    return inEach(
      [version],
      "03-publish-c2b-disconnect-qos2, PUBREC and PUBCOMP lost",
      connect("a"),
      "a> SUBSCRIBE id=1 p qos=2",
      `${kept}${more}`,
      'k> PUBLISH p qos=2 id=1 "m"',
      "k x",
      `${again("c")}${more}`,
      'c> PUBLISH p qos=2 id=1 dup "m" & PUBREL id=1',
      "c x",
      `${again("d")}${more}`,
      "d> PUBREL id=1",
      'd> PUBLISH p qos=2 id=1 "n" & PUBREL id=1',
    );
  }),
  ...connected(BOTH, "03-publish-qos1-no-subscribers", 'a> PUBLISH nobody qos=1 id=1 "m"'),
  ...connected(BOTH, "packets behind DISCONNECT", 'a> DISCONNECT & PUBLISH p "x"'),
];

const SESSIONS: readonly Case[] = [
  ...inEach(
    [4],
    "02-subscribe-persistence-flipflop",
    kept,
    "k> SUBSCRIBE id=1 p qos=1",
    "k x",
    `${again("c")} cleanStart`,
    "c> SUBSCRIBE id=1 p qos=1",
    "c x",
    again("d"),
    "d> SUBSCRIBE id=1 p qos=1",
    connect("b"),
    'b> PUBLISH p qos=1 id=1 "m"',
  ),
  ...inEach(
    [4],
    "02-subpub-qos2-1322",
    connect("a"),
    "a> SUBSCRIBE id=1 p",
    kept,
    `k> ${publishQos2(1, "p", "1")}`,
    "k x",
    again("c"),
    `c> ${publishQos2(1, "nobody", "2")}`,
    "c x",
    again("d"),
    `d> ${publishQos2(1, "p", "3")}`,
  ),
  ...inEach(
    [4],
    "07-will-reconnect-1273",
    connect("a"),
    "a> SUBSCRIBE id=1 w",
    `${kept} will.topic=w will.payload="gone"`,
    "k> DISCONNECT",
    `${again("c")} will.topic=w will.payload="gone"`,
    'c> PUBLISH w "alive"',
  ),
  ...inEach(
    [4],
    "11-persistent-subscription",
    kept,
    "k> SUBSCRIBE id=1 q/0 qos=0 q/1 qos=1 q/2 qos=2",
    "k> DISCONNECT",
    connect("b"),
    `b> ${publishQos2(1, "q/0", "0")} & ${publishQos2(2, "q/1", "1")} & ${
      publishQos2(3, "q/2", "2")
    }`,
    again("c"),
    "c> PUBACK id=1",
  ),
  ...inEach(
    [5],
    "05-session-expiry",
    connect("k", "sessionExpiryInterval=60"),
    "k> SUBSCRIBE id=1 q/0 qos=0 q/1 qos=1",
    "k> DISCONNECT",
    connect("b"),
    `b> ${publishQos2(1, "q/0", "0")} & ${publishQos2(2, "q/1", "1")}`,
    `${again("c")} sessionExpiryInterval=60`,
    "c> PUBACK id=1",
  ),
  ...inEach(
    [4],
    "05-clean-session-qos1",
    kept,
    "k> SUBSCRIBE id=1 p qos=1",
    "k> DISCONNECT",
    `${again("c")} cleanStart`,
    'c> PUBLISH p qos=1 id=1 "m"',
  ),
  ...inEach(
    [5],
    "01-connect-disconnect-v5: expiry raised from 0",
    connect("a"),
    "a> DISCONNECT sessionExpiryInterval=5",
  ),
  ...inEach(
    [5],
    "expiry lowered to 0",
    connect("k", "cleanStart sessionExpiryInterval=60"),
    "k> DISCONNECT sessionExpiryInterval=0",
    again("b"),
  ),
  ...inEach(
    [5],
    "a session that is taken over",
    connect("k", "cleanStart sessionExpiryInterval=60"),
    again("b"),
  ),
  ...inEach(
    [5],
    "12-prop-maximum-packet-size-publish-qos1",
    connect("a", "cleanStart maximumPacketSize=40"),
    ...pair(1),
    "b> PUBLISH p qos=1 id=1 size=50",
    'b> PUBLISH p qos=1 id=2 "small"',
  ),
];

/** All of them. */
export const EXCHANGES: readonly Case[] = [...FLOWS, ...SESSIONS];
