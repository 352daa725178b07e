import { EncodeError, malformed, MqttError } from "./error.ts";
import { ReasonCode } from "./reason_code.ts";

/** The greatest Remaining Length: four bytes hold no more. */
export const MAX_REMAINING_LENGTH = 268_435_455;

/** First bytes of the packets in the order of their types, with the reserved flags as they have to be. */
export const FirstByte = {
  Connect: 0x10,
  Connack: 0x20,
  Publish: 0x30,
  Puback: 0x40,
  Pubrec: 0x50,
  Pubrel: 0x62,
  Pubcomp: 0x70,
  Subscribe: 0x82,
  Suback: 0x90,
  Unsubscribe: 0xa2,
  Unsuback: 0xb0,
  Pingreq: 0xc0,
  Pingresp: 0xd0,
  Disconnect: 0xe0,
  Auth: 0xf0,
} as const;

/**
 * For each packet type the flags that some version of MQTT allows, a bit for each value of the four. PUBLISH may have all
 * but QoS 3, and so may a CONNECT of MQTT 3.1, which does not use them: 3.1 also lets a sender repeat PUBREL, SUBSCRIBE and UNSUBSCRIBE
 * with DUP. Later versions refuse both when the packet is decoded.
 */
// deno-fmt-ignore
const ALLOWED_FLAGS = Uint16Array.of(
  0, 0b0011_1111_0011_1111, 1, 0b0011_1111_0011_1111, 1, 1, 1 << 2 | 1 << 10, 1,
  1 << 2 | 1 << 10, 1, 1 << 2 | 1 << 10, 1, 1, 1, 1, 1,
);

/**
 * Length in bytes of the packet that begins at `start`, fixed header included, or 0 while too few bytes are there to know it.
 * The body need not be there yet: the caller compares the length with what it has. A Remaining Length in more bytes than it needs is accepted.
 *
 * Throws `MqttError`: malformed for a packet type or flags that no version has and for a fifth byte of Remaining Length,
 * 0x95 for a packet longer than `maxPacketSizeBytes`, before its body has to be kept.
 */
export function frameLength(
  bytes: Uint8Array,
  start: number,
  end: number,
  maxPacketSizeBytes: number,
): number {
  if (start >= end) return 0;
  const first = bytes[start]!;
  // [MQTT-2.1.3-1] [v3 MQTT-2.2.2-2]
  if ((ALLOWED_FLAGS[first >> 4]! >> (first & 15) & 1) === 0) throw badFirstByte(first);
  let remainingLength = 0;
  for (let i = 0; i < 4; i++) {
    const at = start + 1 + i;
    if (at >= end) return 0;
    const byte = bytes[at]!;
    remainingLength |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      const total = remainingLength + 2 + i;
      if (total > maxPacketSizeBytes) throw tooLarge(total, maxPacketSizeBytes);
      return total;
    }
  }
  throw malformed("Cannot read Remaining Length: it has more than four bytes");
}

/**
 * Where the body of the packet in [start, end) begins. The caller has the bounds from {@linkcode frameLength}: bounds that do
 * not fit the Remaining Length are a fault of the caller, a `RangeError`.
 */
export function bodyStart(bytes: Uint8Array, start: number, end: number): number {
  let remainingLength = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[start + 1 + i]!;
    remainingLength |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      if (start + 2 + i + remainingLength === end) return start + 2 + i;
      break;
    }
  }
  throw new RangeError(`Cannot decode bytes ${start} to ${end}: they are not exactly one packet`);
}

/** Bytes that a Variable Byte Integer takes. */
export function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

/** Writes a Variable Byte Integer in as few bytes as it needs; returns the offset behind it. [MQTT-1.5.5-1] */
export function writeVarint(value: number, target: Uint8Array, offset: number): number {
  while (value >= 0x80) {
    target[offset++] = value & 0x7f | 0x80;
    value >>>= 7;
  }
  target[offset++] = value;
  return offset;
}

/** Bytes of a packet with such a body; throws `EncodeError` where the body is longer than Remaining Length allows. */
export function sizeWithHeader(bodySize: number): number {
  requireRemainingLength(bodySize);
  return 1 + varintSize(bodySize) + bodySize;
}

/** Throws `EncodeError` where so many bytes are more than Remaining Length, or another Variable Byte Integer, can hold. */
export function requireRemainingLength(bodySize: number, field = "remainingLength"): void {
  if (bodySize <= MAX_REMAINING_LENGTH) return;
  throw new EncodeError(
    field,
    `Cannot encode ${field} of ${bodySize} bytes: the most is ${MAX_REMAINING_LENGTH}`,
    ReasonCode.PacketTooLarge,
  );
}

/** The error for a first byte with a wrong type or wrong flags. */
export function badFirstByte(first: number): MqttError {
  return malformed(`Cannot read a packet of type ${first >> 4}: flags are ${first & 15}`);
}

function tooLarge(sizeBytes: number, maxPacketSizeBytes: number): MqttError {
  return new MqttError(
    ReasonCode.PacketTooLarge,
    `Cannot accept a packet of ${sizeBytes} bytes: the most is ${maxPacketSizeBytes}`,
  );
}
