/** One element of a DER encoding: its tag, its content, and all its bytes. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Parses the sequence of elements in `bytes`. Throws `TypeError` if they are not valid DER. */
export function derElements(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = elementAt(bytes, at);
    elements.push(element);
    at += element.bytes.length;
  }
  return elements;
}

/** Parses the first element of `bytes`. */
export function derElement(bytes: Uint8Array): DerElement {
  return elementAt(bytes, 0);
}

/** The dotted form of an Object Identifier's content. */
export function objectIdentifier(content: Uint8Array): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (numbers.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      numbers.push(first, value - first * 40);
    } else numbers.push(value);
    value = 0;
  }
  return numbers.join(".");
}

function elementAt(bytes: Uint8Array, start: number): DerElement {
  const tag = bytes[start] ?? fail();
  if ((tag & 0x1f) === 0x1f) fail(); // Tags of several bytes do not occur in certificates.
  let length = bytes[start + 1] ?? fail();
  let at = start + 2;
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4) fail();
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[at++] ?? fail());
  }
  const end = at + length;
  if (end > bytes.length) fail();
  return { tag, content: bytes.subarray(at, end), bytes: bytes.subarray(start, end) };
}

function fail(): never {
  throw new TypeError("Cannot read DER: it is cut off or not DER at all");
}
