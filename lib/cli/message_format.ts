import type { Properties } from "../codec/mod.ts";
import type { ReceivedMessage } from "../client/mod.ts";
import { UsageError } from "./usage_error.ts";

/** Formats one part of a message. Throws if the payload must be JSON and is not. */
type Part = (message: ReceivedMessage, now: Temporal.Instant) => string | Uint8Array;

/** `%` and a letter, as mosquitto_sub has them. */
const LETTERS: Readonly<Record<string, Part>> = {
  "%": () => "%",
  A: ({ properties }) => text(properties?.topicAlias),
  C: ({ properties }) => properties?.contentType ?? "",
  D: ({ properties }) => properties?.correlationData ?? "",
  E: ({ properties }) => text(properties?.messageExpiryInterval),
  F: ({ properties }) => text(properties?.payloadFormatIndicator),
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
  x: ({ payload }) => payload.toHex(),
  X: ({ payload }) => payload.toHex().toUpperCase(),
};

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

/** `@` and a letter of strftime(3): a part of the local time. */
const TIMES: Readonly<Record<string, (at: Temporal.ZonedDateTime) => string>> = {
  "@": () => "@",
  Y: ({ year }) => String(year),
  m: ({ month }) => two(month),
  d: ({ day }) => two(day),
  H: ({ hour }) => two(hour),
  M: ({ minute }) => two(minute),
  S: ({ second }) => two(second),
  j: ({ dayOfYear }) => String(dayOfYear).padStart(3, "0"),
  s: ({ epochMilliseconds }) => String(Math.floor(epochMilliseconds / 1000)),
  N: ({ millisecond, microsecond, nanosecond }) => nine(millisecond, microsecond, nanosecond),
  F: ({ year, month, day }) => `${year}-${two(month)}-${two(day)}`,
  T: ({ hour, minute, second }) => `${two(hour)}:${two(minute)}:${two(second)}`,
  z: ({ offset }) => offset.replace(":", ""),
};

/** Parses the format of `-F`. Throws a `UsageError`. `isPretty`: JSON spans several lines. */
export function readFormat(
  format: string,
  isPretty = false,
): (message: ReceivedMessage) => Uint8Array {
  const parts: Part[] = [];
  for (let at = 0; at < format.length; at++) {
    const sign = format[at]!;
    if (!"%\\@".includes(sign)) {
      parts.push(() => sign);
      continue;
    }
    parts.push(partOf(sign, format[++at], isPretty));
  }
  return (message) => {
    const now = Temporal.Now.instant();
    const encoder = new TextEncoder();
    const bytes = parts.map((part) => part(message, now))
      .map((part) => typeof part === "string" ? encoder.encode(part) : part);
    return concatenated(bytes);
  };
}

function partOf(sign: string, letter: string | undefined, isPretty: boolean): Part {
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
  if (!isPretty || letter.toLowerCase() !== "j") return LETTERS[letter]!;
  const isParsed = letter === "J";
  return (message, now) =>
    JSON.stringify(jsonOf(message, now, isParsed ? payloadOf(message) : message.text()), null, 2);
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
  if (userProperties !== undefined) named["user-properties"] = Object.fromEntries(userProperties);
  if (correlationData !== undefined) {
    named["correlation-data"] = new TextDecoder().decode(correlationData);
  }
  return named;
}

function payloadOf(message: ReceivedMessage): unknown {
  try {
    return message.json();
  } catch {
    throw new Error(`Message payload is not valid JSON on topic ${message.topicName}`);
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
  return `${TIMES["F"]!(at)}T${TIMES["T"]!(at)}${TIMES["z"]!(at)}`;
}

function unixSeconds(now: Temporal.Instant): string {
  const nanoseconds = now.epochNanoseconds;
  const rest = String(nanoseconds % 1_000_000_000n).padStart(9, "0");
  return `${nanoseconds / 1_000_000_000n}.${rest}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function nine(...parts: readonly number[]): string {
  return parts.map((part) => String(part).padStart(3, "0")).join("");
}
