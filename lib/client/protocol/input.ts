import { decodePacket, frameLength, type Packet, type ProtocolVersion } from "../../codec/mod.ts";

const EMPTY = new Uint8Array(0);

/** Packets out of a stream that is cut anywhere. Only what is not complete is copied. */
export class Input {
  readonly #version: ProtocolVersion;
  readonly #maxPacketSizeBytes: number;
  /** The packet that has begun. */
  #rest = EMPTY;
  #restLength = 0;

  /** A packet longer than `maxPacketSizeBytes` is refused before it is held. */
  constructor(version: ProtocolVersion, maxPacketSizeBytes: number) {
    this.#version = version;
    this.#maxPacketSizeBytes = maxPacketSizeBytes;
  }

  /**
   * Hands each packet that is complete with these bytes to `onPacket`, until that returns `false`. A payload is a view, valid during
   * the call. Throws `MqttError`.
   */
  read(bytes: Uint8Array, onPacket: (packet: Packet) => boolean): void {
    let source = bytes;
    let end = bytes.length;
    if (this.#restLength > 0) {
      this.#append(bytes);
      source = this.#rest;
      end = this.#restLength;
    }
    let start = 0;
    let neededBytes = 0;
    for (;;) {
      const length = frameLength(source, start, end, this.#maxPacketSizeBytes);
      if (length === 0 || start + length > end) {
        neededBytes = length;
        break;
      }
      const packet = decodePacket(source, start, start + length, this.#version);
      start += length;
      if (!onPacket(packet)) return;
    }
    this.#keep(source, start, end, neededBytes);
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#restLength + bytes.length;
    if (needed > this.#rest.length) {
      const grown = new Uint8Array(Math.max(needed, this.#rest.length * 2));
      grown.set(this.#rest.subarray(0, this.#restLength));
      this.#rest = grown;
    }
    this.#rest.set(bytes, this.#restLength);
    this.#restLength = needed;
  }

  /** Keeps what is not complete, in a buffer with room for all of it or for as much again: a length that is only claimed costs nothing. */
  #keep(source: Uint8Array, start: number, end: number, neededBytes: number): void {
    const length = end - start;
    if (length === 0) {
      this.#rest = EMPTY;
    } else if (source !== this.#rest || start > 0) {
      const rest = new Uint8Array(Math.max(length, Math.min(neededBytes, 2 * length)));
      rest.set(source.subarray(start, end));
      this.#rest = rest;
    }
    this.#restLength = length;
  }
}
