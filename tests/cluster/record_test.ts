import { deepEqual, equal, throws } from "node:assert/strict";
import type { Message } from "../../lib/broker/mod.ts";
import { decodeRecord } from "../../lib/cluster/record_reader.ts";
import { RecordWriter } from "../../lib/cluster/record_writer.ts";
import { longSubject, subjectOfTopic, subjectsOfFilter } from "../../lib/cluster/topic_subject.ts";
import { Random } from "../support/random.ts";

const message = (given: Partial<Message> = {}): Message => ({
  topicName: "a/b",
  payload: Uint8Array.of(1, 2, 3),
  qos: 1,
  retain: false,
  properties: undefined,
  expiresAtMs: Infinity,
  publisherId: "é\u{1f600}",
  logId: 0,
  ...given,
});

Deno.test("a record is read as it was written", () => {
  const writer = new RecordWriter();
  const properties = { userProperties: [["a", "b"]] as [string, string][] };
  const messages = [
    message(),
    message({ qos: 0, retain: true, payload: Uint8Array.from({ length: 9000 }, (_, i) => i) }),
    message({ qos: 2, expiresAtMs: 1_700_000_000_123, properties, publisherId: "" }),
  ];
  messages.forEach((one, i) => writer.add({ message: one, packetId: i * 30_000 }));
  writer.addClaim({ clientId: "c", endsSession: true, keepsSession: true });
  writer.addClaim({ clientId: "", endsSession: false, keepsSession: false });
  const change = {
    kind: "session",
    clientId: "é",
    expirySeconds: Infinity,
    expiresAtMs: Infinity,
    owner: "o",
  } as const;
  writer.addChange(change);
  writer.addChange({ kind: "done", clientId: "d", floor: 2 ** 50, above: [1, 2] });
  const ofWill = {
    kind: "will",
    clientId: "w",
    will: {
      dueAtMs: Infinity,
      will: {
        topicName: "t",
        payload: Uint8Array.of(0, 255),
        qos: 1,
        retain: true,
        properties: { correlationData: Uint8Array.of(9), contentType: "base64:" },
      },
    },
  } as const;
  writer.addChange(ofWill);
  writer.addDeath({ node: "n", epoch: 3, number: 4 });
  const head = { node: "n-1", epoch: 1_700_000_000_000, number: 2 ** 40, since: 2 ** 41 };
  const bytes = writer.take(head);
  const { entries, ...rest } = decodeRecord(bytes);
  const places = decodeRecord(bytes, 7).entries.slice(0, 3)
    .map((entry) => "message" in entry && entry.message.logId);
  deepEqual(places, [7168, 7169, 7170]);
  deepEqual(rest, head);
  equal(writer.length + writer.count, 0);
  deepEqual(
    entries.map((entry) =>
      "message" in entry
        ? {
          ...entry,
          message: {
            ...entry.message,
            payload: new Uint8Array(entry.message.payload),
            properties: entry.message.properties?.userProperties === undefined
              ? undefined
              : entry.message.properties,
          },
        }
        : entry
    ),
    [
      ...messages.map((one, i) => ({ packetId: i * 30_000, message: one })),
      { clientId: "c", endsSession: true, keepsSession: true },
      { clientId: "", endsSession: false, keepsSession: false },
      { change },
      { change: { kind: "done", clientId: "d", floor: 2 ** 50, above: [1, 2] } },
      { change: ofWill },
      { dead: { node: "n", epoch: 3, number: 4 } },
    ],
  );
});

Deno.test("a record of another version, or one that is cut off, is refused", () => {
  const writer = new RecordWriter();
  writer.add({ message: message(), packetId: 0 });
  writer.addChange({ kind: "ended", clientId: "c" });
  const share = { kind: "done", share: "$share/g/ä", upTo: 2048, except: [1024] } as const;
  writer.addShare(share);
  writer.addShare({ kind: "hello" });
  const record = writer.take({ node: "n", epoch: 1, number: 1, since: 0 });
  const { entries } = decodeRecord(record);
  deepEqual(entries.slice(2, 4), [{ share }, { share: { kind: "hello" } }]);
  throws(() => decodeRecord(Uint8Array.of(9, ...record.subarray(1))), /version 9/);
  for (let length = 0; length < record.length; length++) {
    throws(() => decodeRecord(record.subarray(0, length)), `cut off at ${length}`);
  }
});

const lies: [what: string, write: (writer: RecordWriter) => void][] = [
  ["nothing where a node should be", (writer) => writer.addDeath(null as never)],
  ["a node without a name", (writer) => writer.addDeath({ epoch: 1, number: 1 } as never)],
  ["nothing where a share should be", (writer) => writer.addShare(null as never)],
  ["a share that is a number", (writer) => writer.addShare({ kind: "sent", share: 1 } as never)],
  ["nothing where a change should be", (writer) => writer.addChange(null as never)],
  ["a change of no session", (writer) => writer.addChange({ kind: "ended" } as never)],
  [
    "a will without one",
    (writer) => writer.addChange({ kind: "will", clientId: "c", will: 5 } as never),
  ],
];
for (const [what, write] of lies) {
  Deno.test(`a record with ${what} is refused, and not left to whoever applies it`, () => {
    const writer = new RecordWriter();
    write(writer);
    const record = writer.take({ node: "n", epoch: 1, number: 1, since: 0 });
    throws(() => decodeRecord(record));
  });
}

const subjects: [topic: string, subject: string][] = [
  ["a/b", "p.t.a.b"],
  ["/", "p.t.%.%"],
  ["a//b", "p.t.a.%.b"],
  ["a.b", "p.t.a%2Eb"],
  ["%", "p.t.%25"],
  ["*/>", "p.t.%2A.%3E"],
  ["a b\t", "p.t.a%20b%09"],
  ["é", "p.t.%C3%A9"],
];
for (const [topic, subject] of subjects) {
  Deno.test(`the subject of the topic ${JSON.stringify(topic)} is ${subject}`, () => {
    equal(subjectOfTopic("p", topic), subject);
  });
}

Deno.test("no two topics have one subject", () => {
  const random = new Random(7);
  const bySubject = new Map<string, string>();
  const alphabet = ["/", ".", "%", "2", "E", "*", ">", " ", "a", "é"];
  for (let i = 0; i < 20_000; i++) {
    const topic = Array.from({ length: 1 + random.int(6) }, () => alphabet[random.int(10)]!).join(
      "",
    );
    const subject = subjectOfTopic("p", topic);
    equal(bySubject.get(subject) ?? topic, topic);
    bySubject.set(subject, topic);
  }
});

Deno.test("a filter's subjects have what matches it", () => {
  deepEqual(subjectsOfFilter("p", "a/+/c"), ["p.t.a.*.c"]);
  deepEqual(subjectsOfFilter("p", "a/#"), ["p.t.a", "p.t.a.>"]);
  deepEqual(subjectsOfFilter("p", "#"), ["p.t.>"]);
  const long = "x".repeat(600);
  deepEqual(subjectsOfFilter("p", `${long}/${long}`), [`p.t.${long}.>`]);
  equal(subjectOfTopic("p", `${long}/${long}`), longSubject("p"));
});
