import { MAX_REMAINING_LENGTH, varintSize, writeVarint } from "./frame.ts";
import { MAX_FIELD_SIZE, textSize, writeText } from "./text.ts";

/**
 * Where an encoder puts the fields of a packet. There are two: a {@linkcode Meter} that counts and checks, and a
 * {@linkcode Writer}. One function for each packet feeds both, so that size and bytes cannot disagree.
 */
export interface Sink {
  byte(value: number): void;
  uint16(value: number): void;
  uint32(value: number): void;
  /** Variable Byte Integer. */
  varint(value: number): void;
  /** UTF-8 Encoded String. */
  text(value: string): void;
  /** Binary Data: with its length in two bytes. */
  binary(value: Uint8Array): void;
}

/** Counts bytes. Throws `RangeError` or `TypeError` on a value that does not fit its field: our own fault, not a peer's. */
export class Meter implements Sink {
  size = 0;

  byte(value: number): void {
    this.size += 1;
    requireInteger(value, 0xff);
  }

  uint16(value: number): void {
    this.size += 2;
    requireInteger(value, 0xffff);
  }

  uint32(value: number): void {
    this.size += 4;
    requireInteger(value, 0xffff_ffff);
  }

  varint(value: number): void {
    requireInteger(value, MAX_REMAINING_LENGTH);
    this.size += varintSize(value);
  }

  text(value: string): void {
    this.size += 2 + textSize(value);
  }

  binary(value: Uint8Array): void {
    if (value.length > MAX_FIELD_SIZE) {
      throw new RangeError(`Cannot encode ${value.length} bytes of data: the most is 65535`);
    }
    this.size += 2 + value.length;
  }
}

/** Writes bytes into room that a {@linkcode Meter} has found enough, values that it has found right. */
export class Writer implements Sink {
  constructor(readonly target: Uint8Array, public at: number) {}

  byte(value: number): void {
    this.target[this.at++] = value;
  }

  uint16(value: number): void {
    this.target[this.at++] = value >>> 8;
    this.target[this.at++] = value;
  }

  uint32(value: number): void {
    this.uint16(value >>> 16);
    this.uint16(value);
  }

  varint(value: number): void {
    this.at = writeVarint(value, this.target, this.at);
  }

  text(value: string): void {
    this.at = writeText(value, textSize(value), this.target, this.at);
  }

  binary(value: Uint8Array): void {
    this.uint16(value.length);
    this.target.set(value, this.at);
    this.at += value.length;
  }
}

/** Throws `RangeError` unless the Packet Identifier is 1 to 65,535. */
export function requirePacketId(packetId: number): void {
  if (packetId === 0) throw new RangeError("Cannot encode a Packet Identifier of 0");
  requireInteger(packetId, 0xffff);
}

function requireInteger(value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`Cannot encode ${value}: integers from 0 to ${max} fit`);
  }
}
