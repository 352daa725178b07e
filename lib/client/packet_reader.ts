import { decodePacket, frameLength, type Packet, type ProtocolVersion } from "../codec/mod.ts";

const MAX_PACKET_SIZE_BYTES = 268_435_460;
const FIRST_BUFFER_BYTES = 4096;

/** Packets out of a stream that is cut anywhere. */
export class PacketReader {
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  #start = 0;
  #end = 0;

  /** Nothing is read before `next`. */
  constructor(
    readonly conn: { read(buffer: Uint8Array): Promise<number | null> },
    readonly version: ProtocolVersion,
  ) {}

  /** `undefined`: the stream has ended. Payloads are copies. */
  async next(): Promise<Packet | undefined> {
    for (;;) {
      const length = frameLength(this.#buffer, this.#start, this.#end, MAX_PACKET_SIZE_BYTES);
      if (length > 0 && this.#start + length <= this.#end) {
        const bytes = this.#buffer.slice(this.#start, this.#start + length);
        this.#start += length;
        return decodePacket(bytes, 0, length, this.version);
      }
      this.#makeRoom(length);
      const count = await this.conn.read(this.#buffer.subarray(this.#end));
      if (count === null) return undefined;
      this.#end += count;
    }
  }

  #makeRoom(packetBytes: number): void {
    const left = this.#buffer.subarray(this.#start, this.#end);
    if (packetBytes > this.#buffer.length || left.length === this.#buffer.length) {
      const grown = new Uint8Array(Math.max(2 * this.#buffer.length, packetBytes));
      grown.set(left);
      this.#buffer = grown;
    } else this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }
}
