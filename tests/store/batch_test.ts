import { deepEqual, equal, ok } from "node:assert/strict";
import { Batch } from "../../lib/store/batch.ts";
import { Gathered, type Placed } from "../../lib/store/gathered.ts";
import {
  type DeliveryRecord,
  newSessionRecord,
  type ReceivedRecord,
  type SessionRecord,
} from "../../lib/store/records.ts";
import { subscriptionRow, willRow } from "../../lib/store/rows.ts";
import { aMessage, aWill, delivery, subscription } from "./contract_support.ts";

/** Something of every kind, of which the file has what is written. */
function things(isWritten: boolean) {
  const place = isWritten ? "written" as const : "gathered" as const;
  const session: SessionRecord = newSessionRecord(1, 60, isWritten);
  const message = {
    id: 1,
    message: aMessage(),
    references: 1,
    isShared: false,
    lastBatch: 0,
    place,
  };
  const record: DeliveryRecord = {
    session,
    delivery: delivery(1, 1, message.message),
    message,
    packetId: 0,
    releaseOrder: 0,
    isChanged: false,
    isWaiting: true,
    isApart: false,
    point: undefined,
    place,
  };
  const received: ReceivedRecord = { sessionId: 1, packetId: 1, place };
  const retained = { ...aMessage(), storePlace: 0 };
  return { session, message, record, received, retained };
}

type Things = ReturnType<typeof things>;

const WRITES: readonly [what: string, write: (batch: Batch, things: Things) => void][] = [
  ["a session", (batch, { session }) => batch.putSession(session, [1, "a", 60, null, null])],
  ["the end of a session", (batch, { session }) => batch.deleteSession(session)],
  [
    "a subscription",
    (batch, { session }) => batch.putSubscription(session, subscriptionRow(1, subscription("t"))),
  ],
  ["the end of a subscription", (batch, { session }) => batch.deleteSubscription(session, "t")],
  [
    "a will",
    (batch, { session }) => batch.putWill(session, willRow(1, { will: aWill(), dueAtMs: 1 })),
  ],
  ["the end of a will", (batch, { session }) => batch.deleteWill(session)],
  ["a message", (batch, { message }) => batch.putMessage(message)],
  ["the end of a message", (batch, { message }) => batch.deleteMessage(message)],
  ["a delivery", (batch, { record }) => batch.putDelivery(record)],
  ["a delivery that is sent", (batch, { record }) => batch.changeDelivery(record, 1, 0)],
  ["the end of a delivery", (batch, { record }) => batch.deleteDelivery(record)],
  ["a Packet Identifier", (batch, { received }) => batch.putReceived(received)],
  ["the release of a Packet Identifier", (batch, { received }) => batch.deleteReceived(received)],
  ["a retained message", (batch, { retained }) => batch.putRetained(retained, undefined)],
  ["the end of a retained message", (batch, { retained }) => batch.deleteRetained(retained)],
];

for (const [what, write] of WRITES) {
  Deno.test(`${what} alone is something to write, and nothing when it was taken`, () => {
    const batch = new Batch();
    equal(batch.isEmpty, true);
    write(batch, things(true));
    equal(batch.isEmpty, false);
    const rows = Object.values(batch.takeRows());
    ok(rows.some(({ length }) => length > 0));
    equal(batch.isEmpty, true);
  });
}

Deno.test("what comes and goes within a batch leaves nothing to write, and nothing to wait for", () => {
  const batch = new Batch();
  const { session, message, record, received } = things(false);
  batch.putSession(session, [1, "a", 60, null, null]);
  batch.putMessage(message);
  batch.putDelivery(record);
  batch.changeDelivery(record, 1, 0);
  batch.putReceived(received);
  equal(batch.mayShrink, true);
  batch.deleteReceived(received);
  batch.deleteDelivery(record);
  batch.deleteMessage(message);
  batch.deleteSession(session);
  equal(batch.mayShrink, false);
  equal(batch.isEmpty, true);
});

Deno.test("a delivery that is sent and then acknowledged is deleted, and not changed before", () => {
  const batch = new Batch();
  const { record } = things(true);
  batch.changeDelivery(record, 1, 0);
  batch.deleteDelivery(record);
  const { flight, deletedWaiting } = batch.takeRows();
  equal(flight.length, 0);
  deepEqual(deletedWaiting, [[1, 1]]);
});

Deno.test("of many rows that come and go in any order those that stay are taken, in their order", () => {
  const gathered = new Gathered<Placed & { readonly id: number }>();
  const entries = Array.from({ length: 5000 }, (_, id) => ({ id, place: "deleted" as const }));
  entries.forEach((entry, i) => {
    gathered.add(entry);
    // The one before, but for every tenth.
    if (i > 0 && i % 10 !== 0) equal(gathered.delete(entries[i - 1]!), false);
  });
  const expected = entries.filter(({ id }) => id % 10 === 9 || id === 4999).map(({ id }) => id);
  equal(gathered.size, expected.length);
  deepEqual(gathered.take(({ id }) => id), expected);
  equal(gathered.size, 0);
});
