import { deepEqual, equal, ok } from "node:assert/strict";
import type { Publisher, SessionChange, ShareChange, StoredWill } from "../../lib/broker/mod.ts";
import type { RecordMessage } from "../../lib/cluster/record.ts";
import { decodeRecord } from "../../lib/cluster/record_reader.ts";
import { RecordWriter } from "../../lib/cluster/record_writer.ts";

/** Each kind with all fields that it may have: a new one has to be named here. */
type Whole<T> = T extends unknown ? Required<T> : never;

const share = "$share/g/t";
const shares: readonly Whole<ShareChange>[] = [
  { kind: "members", share, members: { connected: 1, kept: 2 } },
  { kind: "done", share, upTo: 3, except: [1], at: 9 },
  { kind: "sent", share, ids: [4] },
  { kind: "hello", since: 6, at: 8 },
];

const subscription = {
  topicFilter: "t/#",
  qos: 1,
  noLocal: false,
  retainAsPublished: true,
  subscriptionIdentifier: 3,
} as const;
const will: Required<StoredWill> = {
  will: { topicName: "w", payload: Uint8Array.of(1), qos: 2, retain: true, properties: {} },
  dueAtMs: 5,
  isOrphan: true,
};
const clientId = "c";
const changes: readonly Whole<SessionChange>[] = [
  {
    kind: "session",
    clientId,
    expirySeconds: 60,
    expiresAtMs: 1000,
    owner: "o",
    subscriptions: [subscription],
  },
  { kind: "done", clientId, floor: 2, above: [4] },
  { kind: "inFlight", clientId, logId: 1, packetId: 2, state: "released" },
  { kind: "ended", clientId },
  { kind: "subscribed", clientId, subscription },
  { kind: "unsubscribed", clientId, topicFilter: "t/#" },
  { kind: "reserved", clientId, packetId: 1 },
  { kind: "sent", clientId, packetId: 1, share, logId: 2, message: undefined },
  { kind: "released", clientId, packetId: 1 },
  { kind: "will", clientId, will },
];

/** A retained message of this client. */
function of(publisherId: string): RecordMessage {
  const payload = Uint8Array.of(1);
  const message = { topicName: "t", payload, qos: 1, retain: true, properties: undefined } as const;
  return { message: { ...message, expiresAtMs: Infinity, publisherId }, packetId: 0 };
}

/** A record with everything that one can have. */
function wholeRecord(): Uint8Array<ArrayBuffer> {
  const writer = new RecordWriter();
  const message = {
    topicName: "t",
    payload: Uint8Array.of(1, 2),
    qos: 2,
    retain: true,
    properties: { contentType: "x" },
    expiresAtMs: 1000,
    publisherId: "p",
    logId: 0,
  } as const;
  const source: Whole<Publisher> = { clientId: "p", userName: "u", listener: "l" };
  writer.add({ message, packetId: 3, isWill: true, source });
  writer.addClaim({ clientId, endsSession: true, keepsSession: true });
  for (const change of changes) writer.addChange(change);
  writer.addDeath({ node: "b", epoch: 2, number: 3 });
  for (const change of shares) writer.addShare(change);
  return writer.take({ node: "a", epoch: 1, number: 2, since: 1 }).slice();
}

/**
 * A node that does not know a field of a record applies it otherwise than the others do. So whoever changes what a record has gives it the next
 * version, and what is here with it: then an older node takes no part.
 */
const VERSION = 8;
const SHA_256 = "7a3f4cdf3f46a83e445a7cc331dd8688b5782af64dcf60438839ae4ac667f8f2";

Deno.test("what a record has belongs to its version", async () => {
  const record = wholeRecord();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", record));
  deepEqual([record[0], digest.toHex()], [VERSION, SHA_256]);
});

Deno.test("a retained message has its publisher's names, and those of an anonymous one", () => {
  const sources = [
    { clientId: "p", userName: "u", listener: "10.0.0.1:1883" },
    { clientId: "p", userName: undefined, listener: "l" },
    undefined,
  ];
  const writer = new RecordWriter();
  for (const source of [...sources, sources[0]]) writer.add({ ...of("p"), source });
  const { entries } = decodeRecord(writer.take({ node: "a", epoch: 1, number: 2, since: 1 }));
  deepEqual(entries.map((entry) => "message" in entry && entry.source), [...sources, sources[0]]);
});

/** One message for a shared subscription alone, and what a node had after its new start. */
const OF_VERSION_6 =
  "06023ff00000000000003ff0000000000000000200000000000000006e317ff0000000000000000000014000" +
  "000b7032090003742f3100010078000000267b227368617265223a222473686172652f672f742f23222c226265666f7265223a35" +
  "3132307d403000000000000000000000000000000000002f7b226b696e64223a22686164222c227368617265223a222473686172" +
  "652f672f742f23222c22696473223a5b375d7d";

Deno.test("a record of version 6 is read: a node has put a message into the log again", () => {
  const [message, had] = decodeRecord(Uint8Array.fromHex(OF_VERSION_6)).entries;
  ok(message !== undefined && "message" in message);
  deepEqual(message.again, { share: "$share/g/t/#", before: 5 * 1024 });
  equal(message.message.topicName, "t/1");
  deepEqual(had, { share: { kind: "had", share: "$share/g/t/#", ids: [7] } });
});

Deno.test("a record of version 5 is read: where a member has gone is not known from it", () => {
  const writer = new RecordWriter();
  const members = { connected: 0, kept: 0 };
  writer.addShare({ kind: "members", share, members });
  const record = writer.take({ node: "a", epoch: 1, number: 2, since: 1 });
  record[0] = 5;
  const { entries } = decodeRecord(record);
  deepEqual(entries, [{ share: { kind: "members", share, members } }]);
  equal(decodeRecord(record).since, 1);
});
