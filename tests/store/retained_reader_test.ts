import { deepEqual, equal } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { unpackTogether } from "../../lib/store/packed_retained.ts";
import { RetainedReader } from "../../lib/store/retained_reader.ts";
import { migrate } from "../../lib/store/schema.ts";
import { encodePublishInto, publishOf, publishSize } from "../../lib/codec/mod.ts";

function packetOf(topicName: string, i: number): Uint8Array {
  const payload = new Uint8Array(i).fill(i);
  const properties = i % 3 === 0 ? { contentType: `type ${i}` } : undefined;
  const publish = publishOf({ topicName, payload, qos: i % 3 as 0, retain: true }, properties);
  const packet = new Uint8Array(publishSize(publish, 5));
  encodePublishInto(publish, 5, packet, 0);
  return packet;
}

Deno.test("a range of one publisher is read together, and no other", () => {
  using db = new DatabaseSync(":memory:");
  migrate(db);
  const put = db.prepare("INSERT OR REPLACE INTO retained VALUES (?, ?, ?, ?, ?, ?)");
  const names = Array.from({ length: 200 }, (_, i) => `h\u00e4user/${1000 + i}`);
  names.forEach((name, i) => put.run(name, packetOf(name, i), "p", null, null, "l"));
  const reader = new RetainedReader(db);
  const together = (some = names) => reader.readTogether(some, some.join("\0"));
  equal(together(), undefined, "the publisher is not known yet");
  equal(reader.read(names).length, 200);
  const read = together()!;
  deepEqual(read.owner, { id: "p", user: null, listener: "l" });
  const messages = unpackTogether(read.packets, names, read.owner);
  messages.forEach((message, i) => {
    equal(message.plain !== undefined, i % 3 !== 0);
    equal(message.topicName, names[i]);
    deepEqual(message.payload, new Uint8Array(i).fill(i));
    equal(message.qos, i % 3);
    equal(message.properties?.contentType, i % 3 === 0 ? `type ${i}` : undefined);
    deepEqual(message.publisher, { clientId: "p", userName: undefined, listener: "l" });
    equal(message.expiresAtMs, Infinity);
  });
  equal(messages.length, 200);
  /** Two reads that fail make it pause. */
  const isRefused = (some = names) => {
    const isSo = together(some) === undefined;
    reader.read(names);
    for (let i = 0; i < 40 && together(names.slice(100)) === undefined; i++);
    return isSo;
  };
  equal(isRefused(names.slice(0, 7)), true, "few");
  equal(isRefused(names.filter((_, i) => i !== 50)), true, "one is left out");
  equal(isRefused(names.with(-1, "x")), true, "one is missing");
  equal(isRefused(names.toReversed()), true, "in another order");
  const changes: [what: string, column: string, value: string | number][] = [
    ["another publisher", "publisher", "q"],
    ["another user", "publisher_user", "u"],
    ["another listener", "publisher_listener", "m"],
    ["one that expires", "expires_at_ms", 5],
  ];
  for (const [what, column, value] of changes) {
    db.exec("BEGIN");
    db.prepare(`UPDATE retained SET ${column} = ? WHERE topic_name = ?`).run(value, names[20]!);
    equal(isRefused(), true, what);
    db.exec("ROLLBACK");
    equal(isRefused(), false, what);
  }
});
