import type { Properties } from "../codec/mod.ts";
import type { ReceivedMessage } from "../client/mod.ts";
import { TIME_LETTERS } from "./strftime.ts";
import { safe, safeText } from "./terminal_text.ts";
import { UsageError } from "./usage_error.ts";

/** The width and the precision of a part: `%-12.3p`. */
interface Shape {
  /** The least number of characters. */
  readonly width: number;
  /** Whether the fill is to the right of the text. */
  readonly isLeft: boolean;
  /** What fills a number up to the width. */
  readonly filler: " " | "0";
  /** The most characters of a text, digits in a group of hexadecimals, or digits after the point of a number (absent: 6). */
  readonly precision?: number;
  /** The character between groups of hexadecimals. */
  readonly separator: string;
}

/** Formats one part of a message. Throws if the payload must be JSON and is not. */
type Part = (
  message: ReceivedMessage,
  now: Temporal.Instant,
  shape: Shape,
) => string | Uint8Array;

/** `%` and a letter, as mosquitto_sub has them. */
const LETTERS: Readonly<Record<string, Part>> = {
  "%": () => "%",
  A: ({ properties }) => text(properties?.topicAlias),
  C: ({ properties }) => properties?.contentType ?? "",
  D: ({ properties }) => properties?.correlationData ?? "",
  d: ({ payload }, _, { precision = 6 }) => float(payload, 8)?.toFixed(precision) ?? "",
  E: ({ properties }) => text(properties?.messageExpiryInterval),
  F: ({ properties }) => text(properties?.payloadFormatIndicator),
  f: ({ payload }, _, { precision = 6 }) => float(payload, 4)?.toFixed(precision) ?? "",
  I: (_, now) => isoSeconds(now),
  j: (message, now) => JSON.stringify(jsonOf(message, now, message.text())),
  J: (message, now) => JSON.stringify(jsonOf(message, now, payloadOf(message))),
  l: ({ payload }) => String(payload.length),
  m: ({ packetId }) => String(packetId),
  P: ({ properties }) => (properties?.userProperties ?? []).map((pair) => pair.join(":")).join(" "),
  p: ({ payload }) => payload,
  q: ({ qos }) => String(qos),
  R: ({ properties }) => properties?.responseTopic ?? "",
  r: ({ retain }) => String(Number(retain)),
  S: ({ properties }) => (properties?.subscriptionIdentifiers ?? []).join(" "),
  t: ({ topicName }) => topicName,
  U: (_, now) => unixSeconds(now),
  x: ({ payload }, _, shape) => grouped(payload.toHex(), shape),
  X: ({ payload }, _, shape) => grouped(payload.toHex().toUpperCase(), shape),
};
/** Letters of numbers, which zeros may fill up. */
const NUMBERS = "AdEFflmqrS";
/** Letters of parts that may have several lines: the payload, and JSON. */
const LINES = "jJp";
/** Letters of texts, which a precision cuts off. */
const TEXTS = "CDpRt";
/** Between `%` and the letter: flags, width, precision with a separator. */
const SHAPE = /^([-0]*)(\d*)(?:\.(\d+)([^A-Za-z\d])?)?/;

/** `@` and a letter. */
const TIMES: typeof TIME_LETTERS = { ...TIME_LETTERS, "@": () => "@" };
/** No line is wider, and a number has no more digits behind its point. */
const MAX_WIDTH = 10_000;
const MAX_PRECISION = 100;

const ESCAPES: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\x07",
  e: "\x1b",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

/** How a format is written. */
export interface FormatManner {
  /** JSON spans several lines. */
  readonly isPretty: boolean;
  /** What comes from others must not control a terminal. The format itself may: it is the user's. */
  readonly isShown: boolean;
}

/** Parses the format of `-F`. Throws a `UsageError`. */
export function readFormat(
  format: string,
  manner: FormatManner,
): (message: ReceivedMessage) => Uint8Array {
  const parts: Written[] = [];
  for (let at = 0; at < format.length; at++) {
    const sign = format[at]!;
    if (!"%\\@".includes(sign)) {
      parts.push(() => sign);
      continue;
    }
    const { length, shape } = sign === "%" ? shapeOf(format.slice(at + 1)) : PLAIN;
    at += length + 1;
    parts.push(partOf(sign, format[at], shape, manner));
  }
  return (message) => {
    const now = Temporal.Now.instant();
    const encoder = new TextEncoder();
    const bytes = parts.map((part) => part(message, now))
      .map((part) => typeof part === "string" ? encoder.encode(part) : part);
    return concatenated(bytes);
  };
}

/** A part with its shape. */
type Written = (message: ReceivedMessage, now: Temporal.Instant) => string | Uint8Array;

const PLAIN = {
  length: 0,
  shape: { width: 0, isLeft: false, filler: " ", separator: " " } as Shape,
} as const;

function shapeOf(rest: string): { readonly length: number; readonly shape: Shape } {
  const [whole = "", flags = "", width = "", precision, separator = " "] = SHAPE.exec(rest) ?? [];
  const shape: Shape = {
    width: Math.min(Number(width), MAX_WIDTH),
    isLeft: flags.includes("-"),
    filler: flags.includes("0") ? "0" : " ",
    separator,
    ...precision === undefined ? {} : { precision: Math.min(Number(precision), MAX_PRECISION) },
  };
  return { length: whole.length, shape };
}

function partOf(
  sign: string,
  letter: string | undefined,
  shape: Shape,
  { isPretty, isShown }: FormatManner,
): Written {
  const table: Readonly<Record<string, unknown>> = sign === "%"
    ? LETTERS
    : sign === "@"
    ? TIMES
    : ESCAPES;
  if (letter === undefined || !Object.hasOwn(table, letter)) {
    const known = Object.keys(table).map((name) => sign + name).join(" ");
    throw new UsageError(`-F: There is no "${sign}${letter ?? ""}"; there are ${known}`);
  }
  if (sign === "\\") return () => ESCAPES[letter]!;
  if (sign === "@") {
    return (_, now) => TIMES[letter]!(now.toZonedDateTimeISO(Temporal.Now.timeZoneId()));
  }
  const write = isPretty && letter.toLowerCase() === "j" ? prettyJson(letter) : LETTERS[letter]!;
  const shapedPart: Written = (message, now) => shaped(write(message, now, shape), letter, shape);
  return isShown ? (message, now) => shown(shapedPart(message, now), letter) : shapedPart;
}

/** A part for a terminal. */
function shown(part: string | Uint8Array, letter: string): string {
  return typeof part !== "string" || LINES.includes(letter) ? safeText(part) : safe(part);
}

function prettyJson(letter: string): Part {
  const isParsed = letter === "J";
  return (message, now) =>
    JSON.stringify(jsonOf(message, now, isParsed ? payloadOf(message) : message.text()), null, 2);
}

/** Cuts or fills a part to its shape. A payload stays bytes: it may not be text. */
function shaped(
  part: string | Uint8Array,
  letter: string,
  { width, isLeft, filler, precision }: Shape,
): string | Uint8Array {
  const isCut = precision !== undefined && TEXTS.includes(letter);
  const whole = isCut ? part.slice(0, precision) : part;
  const missing = width - whole.length;
  if (missing <= 0) return whole;
  const fill = (!isLeft && NUMBERS.includes(letter) ? filler : " ").repeat(missing);
  if (typeof whole === "string") return isLeft ? whole + fill : fill + whole;
  const bytes = new TextEncoder().encode(fill);
  return concatenated(isLeft ? [whole, bytes] : [bytes, whole]);
}

/** Hexadecimal digits in groups of as many as the precision says. */
function grouped(digits: string, { precision, separator }: Shape): string {
  if (precision === undefined || precision === 0) return digits;
  const groups: string[] = [];
  for (let at = 0; at < digits.length; at += precision) {
    groups.push(digits.slice(at, at + precision));
  }
  return groups.join(separator);
}

/** The payload as a number of C's, in the byte order of nearly all machines; `undefined`: it has not that many bytes. */
function float(payload: Uint8Array, sizeBytes: 4 | 8): number | undefined {
  if (payload.length !== sizeBytes) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, sizeBytes);
  return sizeBytes === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
}

function jsonOf(message: ReceivedMessage, now: Temporal.Instant, payload: unknown) {
  const { topicName, qos, retain, packetId, properties } = message;
  return {
    tst: `${now.toString({ fractionalSecondDigits: 6 })}+0000`,
    topic: topicName,
    qos,
    retain: Number(retain),
    payloadlen: message.payload.length,
    ...qos === 0 ? {} : { mid: packetId },
    ...properties === undefined ? {} : { properties: namedProperties(properties) },
    payload,
  };
}

/** Properties by the names of the specification, as mosquitto_sub prints them. */
function namedProperties(properties: Properties): Record<string, unknown> {
  const { userProperties, correlationData, subscriptionIdentifiers, ...rest } = properties;
  const named: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) {
    named[key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)] = value;
  }
  if (subscriptionIdentifiers !== undefined) {
    const [only, ...more] = subscriptionIdentifiers;
    named["subscription-identifier"] = more.length === 0 ? only : subscriptionIdentifiers;
  }
  if (userProperties !== undefined) named["user-properties"] = namedPairs(userProperties);
  if (correlationData !== undefined) {
    named["correlation-data"] = new TextDecoder().decode(correlationData);
  }
  return named;
}

/**
 * User properties as an object, as mosquitto_sub 2.0 prints them. A name may occur twice, which no reader of JSON would see in an object:
 * then they are a list of objects with one name each, as 2.1 prints them.
 */
function namedPairs(pairs: readonly (readonly [string, string])[]): unknown {
  const all = Object.fromEntries(pairs);
  return Object.keys(all).length === pairs.length
    ? all
    : pairs.map(([name, value]) => ({ [name]: value }));
}

function payloadOf(message: ReceivedMessage): unknown {
  try {
    return message.json();
  } catch {
    throw new Error(`Message payload is not valid JSON on topic ${safe(message.topicName)}`);
  }
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function text(value: number | undefined): string {
  return value === undefined ? "" : String(value);
}

function isoSeconds(now: Temporal.Instant): string {
  const at = now.toZonedDateTimeISO(Temporal.Now.timeZoneId());
  return `${TIME_LETTERS["F"]!(at)}T${TIME_LETTERS["T"]!(at)}${TIME_LETTERS["z"]!(at)}`;
}

function unixSeconds(now: Temporal.Instant): string {
  const nanoseconds = now.epochNanoseconds;
  const rest = String(nanoseconds % 1_000_000_000n).padStart(9, "0");
  return `${nanoseconds / 1_000_000_000n}.${rest}`;
}
