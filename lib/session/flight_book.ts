/** What a client may have in flight, whatever others have, bytes: so nobody with small messages waits for those who do not acknowledge. */
const OWN_BYTES = 16 * 1024;

/**
 * Counts the bytes in flight to all clients together, as they count against the limits: a client that reads its messages and never
 * acknowledges them makes the broker keep them.
 *
 * | in flight to the client        | it may have the next message                                    |
 * |--------------------------------|-----------------------------------------------------------------|
 * | 16 KB or less with the message | always                                                          |
 * | nothing                        | as far as the limit, or where nobody else has anything in flight |
 * | something                      | as far as half of the limit                                     |
 */
export class FlightBook {
  /** Bytes in flight. */
  bytes = 0;
  /** The limit; 0: none. */
  maxBytes: number;

  /** `maxBytes` 0: no limit. */
  constructor(maxBytes = 0) {
    this.maxBytes = maxBytes;
  }

  /** Whether there is room for a message of this size for a client that has `ownBytes` in flight. */
  hasRoomFor(sizeBytes: number, ownBytes: number): boolean {
    const { bytes, maxBytes } = this;
    if (maxBytes === 0 || bytes + sizeBytes <= maxBytes / 2) return true;
    if (ownBytes + sizeBytes <= OWN_BYTES) return true;
    return ownBytes === 0 && (bytes === 0 || bytes + sizeBytes <= maxBytes);
  }

  /** Whether clients with something in flight may have more: those that wait for room may go on. */
  get isRelieved(): boolean {
    return this.maxBytes === 0 || this.bytes <= this.maxBytes / 2;
  }
}
