import { EncodeError, malformed, type MqttError } from "./error.ts";

/** The longest UTF-8 Encoded String or Binary Data, in bytes: their length has two bytes. */
export const MAX_FIELD_SIZE = 65_535;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** From this length on TextEncoder measures a text faster than a loop over its codes: a long one of ASCII a hundred times. */
const LONG_TEXT_LENGTH = 128;
/** TextEncoder writes here what it measures. Nobody reads it. */
const scratch = new Uint8Array(MAX_FIELD_SIZE);

/** Up to this length, in bytes, ASCII is converted faster code by code than by TextDecoder or TextEncoder. */
const SHORT_TEXT_SIZE = 64;

/**
 * The text in [start, end). Ill-formed UTF-8, surrogates among it, and U+0000 are malformed; a byte order mark is kept.
 * [MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT-1.5.4-3] [v3 MQTT-1.5.3-1] [v3 MQTT-1.5.3-2] [v3 MQTT-1.5.3-3]
 */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT_TEXT_SIZE) return decodeLongText(bytes, start, end);
  const codes: number[] = new Array(end - start);
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0) throw containsNull();
    if (byte > 0x7f) return decodeLongText(bytes, start, end);
    codes[at - start] = byte;
  }
  return String.fromCharCode.apply(null, codes);
}

/** The bytes of a text; throws `EncodeError`, which names `field`, where a packet cannot contain it. */
export function encodeText(text: string, field = "text"): Uint8Array {
  const bytes = new Uint8Array(textSize(text, field));
  writeChars(text, bytes, 0, bytes.length);
  return bytes;
}

/** Bytes of a text without its length; throws `EncodeError`, which names `field`, where it cannot stand in a packet. */
export function textSize(text: string, field: string): number {
  const size = measure(text);
  if (size < 0) {
    throw new EncodeError(field, `Cannot encode ${field}: it has U+0000 or a lone surrogate`);
  }
  if (size <= MAX_FIELD_SIZE) return size;
  throw new EncodeError(
    field,
    `Cannot encode ${field} of ${size} bytes: the most is ${MAX_FIELD_SIZE}`,
  );
}

/** Bytes of a text as UTF-8. Where it is no valid text (it contains U+0000 or half a surrogate pair): the most that it could take. */
export function utf8SizeBytes(text: string): number {
  const size = measure(text);
  return size < 0 ? text.length * 3 : size;
}

/** Writes a text of `size` bytes, the length before it; returns the offset behind it. */
export function writeText(text: string, size: number, target: Uint8Array, offset: number): number {
  target[offset] = size >> 8;
  target[offset + 1] = size & 0xff;
  writeChars(text, target, offset + 2, size);
  return offset + 2 + size;
}

function decodeLongText(bytes: Uint8Array, start: number, end: number): string {
  const view = bytes.subarray(start, end);
  if (view.includes(0)) throw containsNull();
  try {
    return decoder.decode(view);
  } catch {
    throw malformed("Cannot read text: it is not well-formed UTF-8");
  }
}

function containsNull(): MqttError {
  return malformed("Cannot read text: it contains U+0000");
}

function writeChars(text: string, target: Uint8Array, offset: number, size: number): void {
  if (size > SHORT_TEXT_SIZE || size !== text.length) {
    encoder.encodeInto(text, target.subarray(offset, offset + size));
    return;
  }
  for (let i = 0; i < size; i++) target[offset + i] = text.charCodeAt(i);
}

/** Bytes of the text as UTF-8, or -1 where it is ill-formed or has U+0000. */
function measure(text: string): number {
  if (text.length < LONG_TEXT_LENGTH) return measureByCode(text);
  if (text.includes("\0") || !text.isWellFormed()) return -1;
  const { read, written } = encoder.encodeInto(text, scratch);
  // A text that no packet can hold does not fit there.
  return read === text.length ? written : measureByCode(text);
}

function measureByCode(text: string): number {
  let size = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0) return -1;
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      size += 1;
    } else if (unit < 0xd800 || unit > 0xdfff) {
      size += 2;
    } else {
      const low = text.charCodeAt(i + 1); // NaN at the end
      if (unit > 0xdbff || !(low >= 0xdc00 && low <= 0xdfff)) return -1;
      size += 2; // two units, four bytes
      i++;
    }
  }
  return size;
}
