import { NatsError } from "./error.ts";

/** Headers of a message: names with their values, in their order. */
export type HeaderEntries = readonly (readonly [name: string, value: string])[];

/** Headers as they came. */
export interface NatsHeaders {
  /** The number behind the version, as 503; 0: none. */
  readonly status: number;
  /** The text behind it. */
  readonly description: string;
  /** Values by name as it was sent; of several with one name the last. */
  readonly values: ReadonlyMap<string, string>;
}

const VERSION = "NATS/1.0";
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The header block of a message, with the empty line that ends it. */
export function encodeHeaders(entries: HeaderEntries): Uint8Array {
  let text = `${VERSION}\r\n`;
  for (const [name, value] of entries) {
    if (hasLineBreak(name) || hasLineBreak(value) || name === "" || name.includes(":")) {
      throw new TypeError(`Cannot send the header ${JSON.stringify(name)}: not a header`);
    }
    text += `${name}: ${value}\r\n`;
  }
  return encoder.encode(`${text}\r\n`);
}

/** Reads a header block. Throws `NatsError` where it is none. */
export function decodeHeaders(bytes: Uint8Array): NatsHeaders {
  const [first = "", ...lines] = decoder.decode(bytes).split("\r\n");
  if (!first.startsWith(VERSION)) {
    throw new NatsError("protocol", "Cannot read headers: no version in the first line");
  }
  const line = first.slice(VERSION.length).trim();
  const values = new Map<string, string>();
  for (const text of lines) {
    const colon = text.indexOf(":");
    if (colon > 0) values.set(text.slice(0, colon), text.slice(colon + 1).trim());
  }
  const status = Number(line.slice(0, 3));
  return {
    status: Number.isInteger(status) ? status : 0,
    description: line.slice(3).trim(),
    values,
  };
}

function hasLineBreak(text: string): boolean {
  return text.includes("\r") || text.includes("\n");
}
