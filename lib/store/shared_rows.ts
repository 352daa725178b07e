import type { SharedDelivery } from "../broker/mod.ts";
import { encodeMessage, type Endless, messageFromRow, publisherText, toEndless } from "./rows.ts";

/** `[shared subscription, place in the log, node, place that gave it to the node, PUBLISH packet of 5.0, publisher, expires at ms]` */
export type SharedRow = [
  share: string,
  logId: number,
  node: string,
  at: number,
  packet: Uint8Array,
  publisher: string,
  expiresAtMs: Endless,
];

/** The key of a row. */
export type SharedKey = readonly [share: string, logId: number];

/** Deletes a row. */
export const DELETE_SHARED = "DELETE FROM shared WHERE share = ? AND log_id = ?";
/** Puts a row in the place of one with the same key. */
export const PUT_SHARED = "INSERT OR REPLACE INTO shared VALUES (?, ?, ?, ?, ?, ?, ?)";

/** All rows, in the order in which they came to their nodes. */
export const ALL_SHARED =
  "SELECT share, log_id, node, at, packet, publisher, expires_at_ms FROM shared ORDER BY at, log_id";

/** What is read from a row. */
export function sharedFromRow(row: SharedRow): SharedDelivery {
  const [share, , node, at, packet, publisher, expiresAtMs] = row;
  return { share, node, at, message: messageFromRow(packet, publisher, expiresAtMs, 0) };
}

/** What a batch has of these. */
export class GatheredShared {
  readonly #put = new Map<string, SharedDelivery>();
  readonly #deleted = new Map<string, SharedKey>();

  /** Rows to be put and deleted. */
  get size(): number {
    return this.#put.size + this.#deleted.size;
  }

  /** There is none with this key, or it was deleted. */
  put(delivery: SharedDelivery): void {
    this.#put.set(keyOf(delivery.share, delivery.message.logId ?? 0), delivery);
  }

  /** It is in this batch, in the file, or on its way there. */
  delete(share: string, logId: number): void {
    const key = keyOf(share, logId);
    if (!this.#put.delete(key)) this.#deleted.set(key, [share, logId]);
  }

  /** Takes all rows. */
  take(): { readonly deleted: SharedKey[]; readonly put: SharedRow[] } {
    const deleted = [...this.#deleted.values()];
    const put = [...this.#put.values()].map(rowOf);
    this.#deleted.clear();
    this.#put.clear();
    return { deleted, put };
  }
}

function rowOf({ share, node, at, message }: SharedDelivery): SharedRow {
  const { logId = 0, properties, expiresAtMs } = message;
  const packet = encodeMessage(message, properties);
  return [share, logId, node, at, packet, publisherText(message), toEndless(expiresAtMs)];
}

function keyOf(share: string, logId: number): string {
  return `${logId} ${share}`;
}
