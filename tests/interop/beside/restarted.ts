import { type Case, connect, inEach, publishQos2 } from "./case.ts";

/** What is there before a restart, and after it. Client Identifiers in quotation marks are the same in both. */

const session = (name: string, more: string) =>
  `${name}> CONNECT clientId="${name}" keepAlive=60 ${more}`.trimEnd();
const FOREVER = "sessionExpiryInterval=4294967295";

/** Before. */
export const BEFORE: readonly Case[] = [
  ...inEach(
    [4],
    "11-persistent-subscription: before",
    session("plain", ""),
    "plain> SUBSCRIBE id=1 s/0 qos=0 s/1 qos=1 s/2 qos=2 s/3 qos=1",
    "plain> DISCONNECT",
  ),
  ...inEach(
    [5],
    "11-persistent-subscription-no-local: before",
    session("local", FOREVER),
    "local> SUBSCRIBE id=1 no/local qos=1 noLocal",
    "local> SUBSCRIBE id=2 local qos=1 subscriptionIdentifiers=7",
    'local> PUBLISH no/local qos=1 id=1 "m"',
    "local x",
  ),
  ...inEach(
    [5],
    "15-persist-client-msg-out-v5-0: before",
    session("queued", FOREVER),
    "queued> SUBSCRIBE id=1 q/1 qos=1 q/2 qos=1",
    "queued x",
    connect("b"),
    'b> PUBLISH q/1 qos=1 id=1 contentType=c user:a=b responseTopic=r correlationData=d payloadFormatIndicator=1 "1"',
    'b> PUBLISH q/2 qos=1 id=2 "2"',
    'b> PUBLISH q/1 "0"',
  ),
  ...inEach(
    [5],
    "11-subscription-id: before",
    session("named", FOREVER),
    "named> SUBSCRIBE id=1 i/1 qos=1 subscriptionIdentifiers=53",
    "named> SUBSCRIBE id=2 i/2 qos=2 subscriptionIdentifiers=54",
    "named> SUBSCRIBE id=3 i/3 qos=1",
    "named> UNSUBSCRIBE id=4 i/3",
    "named x",
    connect("b"),
    'b> PUBLISH i/1 qos=1 id=1 "1"',
    `b> ${publishQos2(2, "i/2", "2")}`,
    'b> PUBLISH i/3 qos=1 id=3 "3"',
  ),
  ...inEach(
    [4],
    "15-persist-client-msg-out-clear-v3-1-1: before",
    session("clear", ""),
    "clear> SUBSCRIBE id=1 c qos=1",
    "clear x",
    connect("b"),
    'b> PUBLISH c qos=1 id=1 "1"',
  ),
  ...inEach(
    [4],
    "messages of QoS 1 and 2: before",
    session("mixed", ""),
    "mixed> SUBSCRIBE id=1 m qos=2",
    "mixed x",
    connect("b"),
    ...[1, 2, 3, 4].map((id) =>
      id % 2 === 1 ? `b> PUBLISH m qos=1 id=${id} "${id}"` : `b> ${publishQos2(id, "m", `${id}`)}`
    ),
  ),
  ...inEach(
    [4],
    "15-persist-client-msg-out-dup-v3-1-1: before",
    session("dup", ""),
    "dup> SUBSCRIBE id=1 d qos=2",
    connect("b"),
    `b> ${publishQos2(1, "d", "m")}`,
    "dup x",
  ),
  ...inEach(
    [4],
    "15-persist-client-msg-in-v3-1-1: before",
    connect("b"),
    'in> CONNECT clientId="in" keepAlive=60',
    'in> PUBLISH nobody qos=2 id=5 "m"',
    "in x",
  ),
  ...inEach(
    [5],
    "15-persist-retain-v5-0: before",
    connect("b"),
    'b> PUBLISH r/1 retain qos=1 id=1 contentType=c responseTopic=r correlationData=d payloadFormatIndicator=1 user:a=4 user:a=3 user:a=2 user:b=1 "1"',
    'b> PUBLISH r/2 retain "2"',
    'b> PUBLISH r/3 retain "3"',
    'b> PUBLISH r/3 retain ""',
  ),
  ...inEach(
    [5],
    "15-persist-client-v5-0: before",
    session("gone", "sessionExpiryInterval=0"),
    "gone> SUBSCRIBE id=1 g",
    "gone x",
  ),
];

/** After. */
export const AFTER: readonly Case[] = [
  ...inEach(
    [4],
    "11-persistent-subscription: after",
    session("plain", ""),
    connect("b"),
    'b> PUBLISH s/0 "0"',
    `b> ${publishQos2(2, "s/2", "2")}`,
    "plain> PUBREC id=1",
    "plain> PUBCOMP id=1",
    'b> PUBLISH s/1 qos=1 id=1 "1"',
    'b> PUBLISH s/3 qos=1 id=1 "3"',
  ),
  ...inEach(
    [5],
    "11-persistent-subscription-no-local: after",
    session("local", FOREVER),
    'local> PUBLISH no/local qos=1 id=1 "m"',
    connect("b"),
    'b> PUBLISH local qos=1 id=1 "m"',
    'b> PUBLISH no/local qos=1 id=1 "m"',
  ),
  ...inEach(
    [5],
    "15-persist-client-msg-out-v5-0: after",
    session("queued", FOREVER).replace("queued>", "c>"),
    "c> PUBACK id=1",
    "c> PUBACK id=2",
  ),
  ...inEach(
    [5],
    "11-subscription-id: after",
    session("named", FOREVER).replace("named>", "c>"),
    "c> PUBACK id=1",
    "c> PUBREC id=2",
    "c> PUBCOMP id=2",
    connect("b"),
    'b> PUBLISH i/3 qos=1 id=3 "4"',
    'b> PUBLISH i/1 qos=1 id=1 "5"',
  ),
  ...inEach(
    [4],
    "15-persist-client-msg-out-clear-v3-1-1: after",
    session("clear", ""),
    "clear x",
    session("clear", "cleanStart").replace("clear>", "c>"),
  ),
  ...inEach([4], "messages of QoS 1 and 2: after", session("mixed", "")),
  ...inEach(
    [4],
    "15-persist-client-msg-out-dup-v3-1-1: after",
    session("dup", ""),
    "dup> PUBREC id=1",
    "dup> PUBCOMP id=1",
  ),
  ...inEach(
    [4],
    "15-persist-client-msg-in-v3-1-1: after",
    'in> CONNECT clientId="in" keepAlive=60',
    'in> PUBLISH nobody qos=2 id=5 dup "m"',
    "in> PUBREL id=5",
  ),
  ...inEach(
    [5],
    "15-persist-retain-v5-0: after",
    connect("a"),
    "a> SUBSCRIBE id=1 r/1 r/2 r/3",
    'a> PUBLISH r/2 retain ""',
  ),
  ...inEach([5], "15-persist-client-v5-0: after", session("gone", "sessionExpiryInterval=0")),
];

/** After the second restart. */
export const AFTER_TWICE: readonly Case[] = [
  ...inEach([4], "15-persist-retain-clear: after", connect("a"), "a> SUBSCRIBE id=1 r/1 r/2"),
  ...inEach([4], "11-persistent-subscription: once more", session("plain", "")),
  ...inEach(
    [4],
    "15-persist-client-msg-out-clear-v3-1-1: once more",
    session("clear", ""),
    connect("b"),
    'b> PUBLISH c qos=1 id=1 "2"',
  ),
];
