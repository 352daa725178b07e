/**
 * Bytes of packets that may be handled in parts at the same time. A decoded SUBSCRIBE takes up to 26 times its bytes: an object and a text
 * for a filter of one character.
 */
const MAX_BYTES = 2 * 1024 * 1024;

/** A packet that is being handled in parts. */
export interface LongPacket {
  /** Its bytes, as they came. */
  readonly sizeBytes: number;
  /** Handles the next part, and returns `true` after the last. */
  readonly handlePart: () => boolean;
}

/**
 * Counts the packets that are being handled in parts, which are kept decoded meanwhile. There is always room for one; where others are under
 * way a further one waits as it came, because the decoded ones of a hundred clients would fill the memory.
 */
export class LongPackets {
  #sizeBytes = 0;

  /** Bytes of the packets under way, as they came. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Whether a packet of this size may be decoded now. */
  hasRoomFor(sizeBytes: number): boolean {
    return this.#sizeBytes === 0 || this.#sizeBytes + sizeBytes <= MAX_BYTES;
  }

  /** The packet is under way. */
  begin({ sizeBytes }: LongPacket): void {
    this.#sizeBytes += sizeBytes;
  }

  /** Its last part was handled, or its connection has ended; `null`: there was none. */
  end(packet: LongPacket | null): void {
    if (packet !== null) this.#sizeBytes -= packet.sizeBytes;
  }
}
