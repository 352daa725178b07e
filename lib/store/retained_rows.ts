import type { Publisher, StoredRetained } from "../broker/mod.ts";
import { decodePublish } from "../codec/mod.ts";
import { PlainRetained } from "./plain_retained.ts";
import { type Endless, LOG_MARK, messageOf, type RetainedRow } from "./rows.ts";

/** A publisher as a row's columns have it. */
export interface RowOwner {
  readonly id: string;
  readonly user: string | null;
  /** `null`: the user is not known either. */
  readonly listener: string | null;
}

/** Makes retained messages of rows. */
export class RetainedRows {
  /** One shared object for all messages of a publisher. */
  readonly #publishers = new Map<string, Publisher>();
  /** That of the row before: most rows have the same one. */
  #last: Publisher | undefined;

  /** The message of a row; the payload is a view of the row's packet. */
  message([, packet, id, expiresAtMs, user, listener]: RetainedRow): StoredRetained {
    return this.messageAt(packet, 0, packet.length, { id, user, listener }, expiresAtMs);
  }

  /** The message whose packet is in [start, end); the payload is a view of `bytes`. */
  messageAt(
    bytes: Uint8Array,
    start: number,
    end: number,
    { id, user, listener }: RowOwner,
    expiresAtMs: Endless,
  ): StoredRetained {
    const packet = decodePublish(bytes, start, end, 5);
    const message: StoredRetained & { publisher?: Publisher } = messageOf(
      packet,
      id,
      expiresAtMs,
      0,
    );
    if (listener !== null) message.publisher = this.#publisherOf(id, user, listener);
    return message;
  }

  /** The message of a topic whose packet is in [start, end), and which does not expire. */
  endlessAt(
    topicName: string,
    bytes: Uint8Array,
    start: number,
    end: number,
    owner: RowOwner,
  ): StoredRetained {
    const { id, user, listener } = owner;
    // In a cluster the text of the publisher has the message's place in the log before it.
    const isId = !id.startsWith(LOG_MARK);
    const publisher = listener === null ? undefined : this.#publisherOf(id, user, listener);
    return isId && PlainRetained.of(topicName, id, publisher, bytes, start, end) ||
      this.messageAt(bytes, start, end, owner, null);
  }

  #publisherOf(clientId: string, user: string | null, listener: string): Publisher {
    const userName = user ?? undefined;
    const last = this.#last;
    const isSame = last !== undefined && last.clientId === clientId &&
      last.userName === userName && last.listener === listener;
    if (isSame) return last;
    const key = JSON.stringify([clientId, user, listener]);
    let publisher = this.#publishers.get(key);
    if (publisher === undefined) {
      publisher = { clientId, userName, listener };
      this.#publishers.set(key, publisher);
    }
    return this.#last = publisher;
  }
}
