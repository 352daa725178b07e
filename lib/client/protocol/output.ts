import {
  encodeInto,
  type Packet,
  packetSize,
  type ProtocolVersion,
  withRoom,
} from "../../codec/mod.ts";

/** The buffer starts with this; a client at rest holds no more. */
const FIRST_BYTES = 1024;
/** A buffer up to this size is copied out and kept; a larger one is given away. */
const KEPT_BYTES = 16 * 1024;

/** Packets that gather until they are written: one write for many. */
export class Output {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;

  /** Bytes that nobody has taken yet. */
  get length(): number {
    return this.#length;
  }

  /** Puts a packet behind the others. Throws `EncodeError`; nothing is added then. */
  add(packet: Packet, version: ProtocolVersion, sizeBytes = packetSize(packet, version)): void {
    this.#bytes = withRoom(this.#bytes, this.#length, sizeBytes);
    this.#length = encodeInto(packet, version, this.#bytes, this.#length);
  }

  /** All bytes so far, which then belong to the caller; `undefined`: there are none. */
  take(): Uint8Array | undefined {
    const length = this.#length;
    if (length === 0) return undefined;
    this.#length = 0;
    if (length <= KEPT_BYTES) return this.#bytes.slice(0, length);
    const bytes = this.#bytes.subarray(0, length);
    this.#bytes = new Uint8Array(FIRST_BYTES);
    return bytes;
  }
}
