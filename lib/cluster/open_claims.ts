import { voidClaim } from "./record_writer.ts";

/** A claim in a record that is on its way. */
interface OpenClaim {
  /** Where it stands in the record, bytes. */
  readonly at: number;
  /** Whether its client does not wait for it any more. */
  readonly isOver: () => boolean;
}

/**
 * The claims of records that are on their way. A record may be sent again long after it was made, when the client is at another node: then its claim
 * must not take the session away from there.
 */
export class OpenClaims {
  /** Of the record that is being written: places without the head. */
  #next: OpenClaim[] = [];
  readonly #records = new Map<number, readonly OpenClaim[]>();

  /** A claim is in the record that is being written. */
  add(at: number, isOver: () => boolean): void {
    this.#next.push({ at, isOver });
  }

  /** The record is written. */
  close(number: number, headBytes: number): void {
    if (this.#next.length === 0) return;
    const claims = this.#next.map(({ at, isOver }) => ({ at: at + headBytes, isOver }));
    this.#records.set(number, claims);
    this.#next = [];
  }

  /** The record as it is to be sent now. */
  toSend(number: number, record: Uint8Array): Uint8Array {
    const over = this.#records.get(number)?.filter(({ isOver }) => isOver()) ?? [];
    if (over.length === 0) return record;
    // The one before may still be on its way.
    const changed = record.slice();
    for (const { at } of over) voidClaim(changed, at);
    return changed;
  }

  /** The log has come to the record, and to all before it. */
  applied(number: number): void {
    for (const one of this.#records.keys()) {
      if (one > number) return;
      this.#records.delete(one);
    }
  }
}
