import type { DatabaseSync } from "node:sqlite";
import type { RetainedNames, StoredRetained } from "../broker/mod.ts";
import { contentSizeBytes } from "../session/mod.ts";
import { arrayStatement } from "./array_statement.ts";
import { RetainedRows } from "./retained_rows.ts";
import { RETAINED_COLUMNS, type RetainedRow } from "./rows.ts";
import { slicesOf } from "./slices.ts";

/** What a retained message takes beside its packet, bytes. */
const OVERHEAD_BYTES = 400;
/** Larger packets are not read for the size of a message, bytes: that would read all of the file. */
const LARGE_BYTES = 16 * 1024;

/** What a large packet has beside topic, properties and payload: the first byte, a long Remaining Length, two lengths, Packet Identifier. */
const LARGE_HEAD_BYTES = 9;
/**
 * Where the length of the properties is in a packet that is not large, counted from 1: behind the first byte, the Remaining Length, the name
 * with its length, and the Packet Identifier if QoS is 1 or 2. A first byte of QoS 0 is 0x30 or 0x31.
 */
const PROPERTIES_AT = `length(CAST(topic_name AS BLOB)) +
     CASE WHEN length(packet) < 130 THEN 5 ELSE 6 END +
     CASE WHEN substr(packet, 1, 1) < x'32' THEN 0 ELSE 2 END`;

/**
 * Of a message that stays in the file: its name, the bytes of its payload, and whether it has to be read for its size or its end: it has
 * properties, or expires.
 */
type NameRow = [topicName: string, payloadBytes: number, mustRead: number];

/** The retained messages of a file. Each part can be read once: what was taken leaves memory. */
export interface LoadedRetained {
  /** Those that were read. */
  readonly retained: Iterable<StoredRetained>;
  /** Those that stay in the file. */
  readonly retainedNames: Iterable<RetainedNames>;
}

/** Reads whole messages up to `maxBytes`; of further ones only the names and sizes, except for those that expire. */
export function readRetained(db: DatabaseSync, maxBytes: number): LoadedRetained {
  const retained: StoredRetained[] = [];
  const rowsToMessages = new RetainedRows();
  let leftBytes = maxBytes;
  let last = "";
  const slices = slicesOf<RetainedRow>(
    db,
    `SELECT ${RETAINED_COLUMNS} FROM retained WHERE topic_name > ? ORDER BY topic_name LIMIT ?`,
    last,
  );
  for (const rows of slices) {
    for (const row of rows) {
      retained.push(rowsToMessages.message(row));
      leftBytes -= OVERHEAD_BYTES + row[1].length;
    }
    last = rows.at(-1)![0];
    if (leftBytes < 0) break;
  }
  const names = leftBytes < 0 ? readNames(db, last, rowsToMessages, retained) : [];
  return { retained: taken(retained), retainedNames: taken(names) };
}

/**
 * Reads the names behind `last`; messages that expire are added to `retained` instead. Sizes are those of the messages in memory, but for a
 * few bytes and the overhead of User Properties where a packet is large.
 */
function readNames(
  db: DatabaseSync,
  last: string,
  rowsToMessages: RetainedRows,
  retained: StoredRetained[],
): RetainedNames[] {
  const one = arrayStatement(db, `SELECT ${RETAINED_COLUMNS} FROM retained WHERE topic_name = ?`);
  const slices = slicesOf<NameRow>(
    db,
    `SELECT topic_name,
       length(packet) - CASE WHEN length(packet) > ${LARGE_BYTES}
         THEN length(CAST(topic_name AS BLOB)) + ${LARGE_HEAD_BYTES} ELSE ${PROPERTIES_AT} END,
       CASE WHEN expires_at_ms IS NOT NULL THEN 1 WHEN length(packet) > ${LARGE_BYTES} THEN 0
         ELSE substr(packet, ${PROPERTIES_AT}, 1) != x'00' END
     FROM retained WHERE topic_name > ? ORDER BY topic_name LIMIT ?`,
    last,
  );
  const names: RetainedNames[] = [];
  for (const rows of slices) {
    const topicNames: string[] = [];
    const sizesBytes: number[] = [];
    for (const [topicName, payloadBytes, mustRead] of rows) {
      let sizeBytes = payloadBytes + topicName.length;
      if (mustRead !== 0) {
        const message = rowsToMessages.message(one.all(topicName)[0] as RetainedRow);
        if (message.expiresAtMs !== Infinity) {
          retained.push(message);
          continue;
        }
        sizeBytes = contentSizeBytes(message);
      }
      topicNames.push(topicName);
      sizesBytes.push(sizeBytes);
    }
    names.push({ topicNames, sizesBytes });
  }
  return names;
}

/** Gives the elements in their order, and keeps none that it has given. */
function* taken<T>(elements: T[]): Generator<T, void> {
  elements.reverse();
  for (let next = elements.pop(); next !== undefined; next = elements.pop()) yield next;
}
