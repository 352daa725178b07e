import { EncodeError } from "./error.ts";
import { MAX_REMAINING_LENGTH, varintSize, writeVarint } from "./frame.ts";
import { MAX_FIELD_SIZE, textSize, writeText } from "./text.ts";

/**
 * Where an encoder puts the fields of a packet. There are two: a {@linkcode Meter} that counts and checks, and a
 * {@linkcode Writer}. One function for each packet writes to both, so that size and bytes cannot differ. `field` is for errors: the key of
 * the value in the packet.
 */
export interface Sink {
  byte(value: number, field: string): void;
  uint16(value: number, field: string): void;
  uint32(value: number, field: string): void;
  /** Variable Byte Integer. */
  varint(value: number, field: string): void;
  /** UTF-8 Encoded String. */
  text(value: string, field: string): void;
  /** Binary Data: with its length in two bytes. */
  binary(value: Uint8Array, field: string): void;
}

/** Counts bytes. Throws `EncodeError` on a value that does not fit its field. */
export class Meter implements Sink {
  size = 0;

  byte(value: number, field: string): void {
    this.size += 1;
    requireInteger(value, 0xff, field);
  }

  uint16(value: number, field: string): void {
    this.size += 2;
    requireInteger(value, 0xffff, field);
  }

  uint32(value: number, field: string): void {
    this.size += 4;
    requireInteger(value, 0xffff_ffff, field);
  }

  varint(value: number, field: string): void {
    requireInteger(value, MAX_REMAINING_LENGTH, field);
    this.size += varintSize(value);
  }

  text(value: string, field: string): void {
    this.size += 2 + textSize(value, field);
  }

  binary(value: Uint8Array, field: string): void {
    requireFieldSize(value, field);
    this.size += 2 + value.length;
  }
}

/** Writes the bytes. A {@linkcode Meter} has checked before that there is room, and that the values are valid. */
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
    this.at = writeText(value, textSize(value, ""), this.target, this.at);
  }

  binary(value: Uint8Array): void {
    this.uint16(value.length);
    this.target.set(value, this.at);
    this.at += value.length;
  }
}

/** Throws `EncodeError` unless the Packet Identifier is 1 to 65,535. */
export function requirePacketId(packetId: number): void {
  requireInteger(packetId, 0xffff, "packetId", 1);
}

/** Throws `EncodeError` unless it is a QoS. */
export function requireQos(qos: number, field = "qos"): void {
  requireInteger(qos, 2, field);
}

/** Throws `EncodeError` unless the value is an integer from `min` to `max`. */
export function requireInteger(value: number, max: number, field: string, min = 0): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new EncodeError(field, `Cannot encode ${field} of ${value}: it is ${min} to ${max}`);
}

/** Throws `EncodeError` where the data are longer than 65,535 bytes, the most that two bytes of length can hold. */
export function requireFieldSize({ length }: Uint8Array, field: string): void {
  if (length <= MAX_FIELD_SIZE) return;
  throw new EncodeError(
    field,
    `Cannot encode ${field} of ${length} bytes: the most is ${MAX_FIELD_SIZE}`,
  );
}
