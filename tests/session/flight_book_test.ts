import { deepEqual, equal } from "node:assert/strict";
import {
  type Delivery,
  FlightBook,
  MESSAGE_OVERHEAD_BYTES,
  Sender,
} from "../../lib/session/mod.ts";

const CONTENT_BYTES = 30_000 - MESSAGE_OVERHEAD_BYTES;

Deno.test("Above half of the limit only who has nothing in flight gets a large message, and above it nobody", () => {
  const book = new FlightBook(100_000);
  const [first, second, third, fourth] = [1, 2, 3, 4].map(() => senderIn(book));
  first!.start(delivery(CONTENT_BYTES));
  equal(first!.hasQuotaFor(CONTENT_BYTES), false, "60,000 with it");
  first!.start(delivery(CONTENT_BYTES));
  equal(second!.hasQuotaFor(CONTENT_BYTES), true);
  second!.start(delivery(CONTENT_BYTES));
  equal(second!.hasQuotaFor(CONTENT_BYTES), false);
  equal(third!.hasQuotaFor(CONTENT_BYTES), false, "120,000 with it");
  third!.start(delivery(5000));
  equal(third!.hasQuotaFor(5000), true, "less than 16 KB in all are its own");
  equal(third!.hasQuotaFor(12_000), false);
  deepEqual([book.isRelieved, book.bytes], [false, 90_000 + 5000 + MESSAGE_OVERHEAD_BYTES]);
  first!.puback(1);
  first!.puback(2);
  equal(book.isRelieved, true);
  equal(fourth!.hasQuotaFor(10_000), true);
});

Deno.test("A message that is larger than the limit goes out alone", () => {
  const book = new FlightBook(1000);
  const [one, other] = [senderIn(book), senderIn(book)];
  equal(one.hasQuotaFor(50_000), true);
  one.start(delivery(50_000));
  equal(other.hasQuotaFor(50_000), false);
  one.puback(1);
  equal(other.hasQuotaFor(50_000), true);
});

Deno.test("Whatever happens to a message in flight, it counts once, and no more when its sender is not counted any more", () => {
  const book = new FlightBook(1000);
  const sender = new Sender();
  sender.restore(7, delivery(100, 2), "published");
  equal(book.bytes, 0);
  sender.countIn(book);
  const each = 100 + MESSAGE_OVERHEAD_BYTES;
  equal(book.bytes, each);
  sender.start(delivery(100));
  sender.discard(sender.start(delivery(100)));
  const bytes = new Uint8Array(99);
  sender.startCompact(1, "t", "publisher", { bytes, at: 0, length: 99 });
  deepEqual([book.bytes, sender.countedBytes], [3 * each, 3 * each]);
  sender.pubrec(7, false);
  sender.pubcomp(7);
  equal(book.bytes, 2 * each);
  sender.countIn();
  equal(book.bytes, 0);
  sender.puback(8);
  equal(book.bytes, 0);
});

function senderIn(book: FlightBook): Sender {
  const sender = new Sender();
  sender.countIn(book);
  return sender;
}

function delivery(contentBytes: number, qos: 1 | 2 = 1): Delivery {
  const payload = new Uint8Array(contentBytes - 1);
  const rest = { retain: false, properties: undefined, expiresAtMs: Infinity, publisherId: "" };
  return {
    message: { topicName: "t", payload, qos, ...rest, storeId: 0 },
    qos,
    retain: false,
    subscriptionIdentifiers: undefined,
    share: undefined,
    sequence: 0,
  };
}
