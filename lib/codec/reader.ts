import { malformed, type MqttError } from "./error.ts";
import { decodeText } from "./text.ts";

/** Reads the fields of one packet in order; a field that reaches beyond the end of the packet is malformed. */
export class Reader {
  /** The next byte to read. */
  at: number;
  /** The end of the packet, or of the property block while that is read. */
  end: number;

  constructor(readonly bytes: Uint8Array, start: number, end: number) {
    this.at = start;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at === this.end;
  }

  byte(): number {
    return this.bytes[this.#take(1)]!;
  }

  uint16(): number {
    const at = this.#take(2);
    return this.bytes[at]! << 8 | this.bytes[at + 1]!;
  }

  uint32(): number {
    return (this.uint16() << 16 | this.uint16()) >>> 0;
  }

  /** Variable Byte Integer, one to four bytes. */
  varint(): number {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const byte = this.byte();
      value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value;
    }
    throw malformed(`Cannot read an integer at offset ${this.at}: it has more than four bytes`);
  }

  /** UTF-8 Encoded String. */
  text(): string {
    const size = this.uint16();
    const start = this.#take(size);
    return size === 0 ? "" : decodeText(this.bytes, start, start + size);
  }

  /** Binary Data: a copy, which stays valid when the read buffer is used again. */
  binary(): Uint8Array {
    const size = this.uint16();
    const start = this.#take(size);
    return this.bytes.slice(start, start + size);
  }

  /** Packet Identifier, never 0. [MQTT-2.2.1-3] [v3 MQTT-2.3.1-1] */
  packetId(): number {
    const packetId = this.uint16();
    if (packetId === 0) throw zeroPacketId();
    return packetId;
  }

  /** Must be called after the last field: bytes that are left are malformed. */
  finish(): void {
    if (this.at !== this.end) {
      throw malformed(`Cannot read ${this.end - this.at} bytes behind the last field`);
    }
  }

  #take(count: number): number {
    const at = this.at;
    if (at + count > this.end) {
      throw malformed(`Cannot read ${count} bytes: packet has ${this.end - at} left`);
    }
    this.at = at + count;
    return at;
  }
}

/** The error for Packet Identifier 0. */
export function zeroPacketId(): MqttError {
  return malformed("Cannot read a Packet Identifier of 0");
}
