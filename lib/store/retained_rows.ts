import type { Publisher, StoredRetained } from "../broker/mod.ts";
import { messageFromRow, type RetainedRow } from "./rows.ts";

/** Makes retained messages of rows. */
export class RetainedRows {
  /** One shared object for all messages of a publisher. */
  readonly #publishers = new Map<string, Publisher>();

  /** The message of a row; the payload is a view of the row's packet. */
  message(
    [, packet, publisherId, expiresAtMs, user, listener]: RetainedRow,
  ): StoredRetained {
    const message = messageFromRow(packet, publisherId, expiresAtMs, 0);
    if (listener === null) return message;
    return { ...message, publisher: this.#publisherOf(publisherId, user, listener) };
  }

  #publisherOf(clientId: string, user: string | null, listener: string): Publisher {
    const key = JSON.stringify([clientId, user, listener]);
    let publisher = this.#publishers.get(key);
    if (publisher === undefined) {
      publisher = { clientId, userName: user ?? undefined, listener };
      this.#publishers.set(key, publisher);
    }
    return publisher;
  }
}
