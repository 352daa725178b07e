/** The tags of ASN.1 that certificates use. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One element of DER: tag, length, and the concatenated parts. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const lengthBytes = parts.reduce((sum, part) => sum + part.length, 0);
  const head = [tag, ...lengthOf(lengthBytes)];
  const bytes = new Uint8Array(head.length + lengthBytes);
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A whole number, from its unsigned bytes. */
export function derInteger(value: Uint8Array): Uint8Array<ArrayBuffer> {
  // A highest bit of 1 would make it negative.
  return value[0]! >= 0x80 ? der(TAG.integer, Uint8Array.of(0), value) : der(TAG.integer, value);
}

/** An Object Identifier, from its dotted form. */
export function derOid(dotted: string): Uint8Array<ArrayBuffer> {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return der(TAG.oid, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
}

/** A string of bits; the last byte has `unusedBits` that do not count. */
export function derBits(bytes: Uint8Array, unusedBits = 0): Uint8Array<ArrayBuffer> {
  return der(TAG.bitString, Uint8Array.of(unusedBits), bytes);
}

/** A time in seconds: years before 2050 have two digits, later ones four (RFC 5280, 4.1.2.5). */
export function derTime(ms: number): Uint8Array<ArrayBuffer> {
  const digits = `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}Z`;
  const isShort = digits < "2050";
  const text = new TextEncoder().encode(isShort ? digits.slice(2) : digits);
  return der(isShort ? TAG.utcTime : TAG.generalizedTime, text);
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 | bytes.length, ...bytes];
}

function base128(value: number): number[] {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift(0x80 | rest % 128);
  }
  return bytes;
}
