import type { Properties } from "../codec/mod.ts";
import { UsageError } from "./usage_error.ts";

/** The first word of `-D`: the packet, or the will, that the property belongs to. */
export type PropertyPlace = typeof PLACES[number];

/** The packets, and the will, that `-D` may name. */
const PLACES = ["connect", "publish", "subscribe", "unsubscribe", "disconnect", "will"] as const;

interface PropertyName {
  readonly key: keyof Properties;
  readonly kind: "text" | "bytes" | "switch" | "number";
  readonly places: readonly PropertyPlace[];
  /** The largest number. */
  readonly max?: number;
}

const MESSAGE: readonly PropertyPlace[] = ["publish", "will"];
const UINT16 = 0xffff;
const UINT32 = 0xffff_ffff;

/** The properties that `-D` accepts, besides `user-property`. */
// deno-fmt-ignore
const PROPERTIES: Readonly<Record<string, PropertyName>> = {
  "content-type": { key: "contentType", kind: "text", places: MESSAGE },
  "response-topic": { key: "responseTopic", kind: "text", places: MESSAGE },
  "correlation-data": { key: "correlationData", kind: "bytes", places: MESSAGE },
  "message-expiry-interval": { key: "messageExpiryInterval", kind: "number", max: UINT32, places: MESSAGE },
  "payload-format-indicator": { key: "payloadFormatIndicator", kind: "number", max: 1, places: MESSAGE },
  "topic-alias": { key: "topicAlias", kind: "number", max: UINT16, places: ["publish"] },
  "subscription-identifier": { key: "subscriptionIdentifiers", kind: "number", max: 268_435_455, places: ["subscribe"] },
  "will-delay-interval": { key: "willDelayInterval", kind: "number", max: UINT32, places: ["will"] },
  "session-expiry-interval": { key: "sessionExpiryInterval", kind: "number", max: UINT32, places: ["connect", "disconnect"] },
  "reason-string": { key: "reasonString", kind: "text", places: ["disconnect"] },
  "authentication-method": { key: "authenticationMethod", kind: "text", places: ["connect"] },
  "authentication-data": { key: "authenticationData", kind: "bytes", places: ["connect"] },
  "receive-maximum": { key: "receiveMaximum", kind: "number", max: UINT16, places: ["connect"] },
  "maximum-packet-size": { key: "maximumPacketSize", kind: "number", max: UINT32, places: ["connect"] },
  "topic-alias-maximum": { key: "topicAliasMaximum", kind: "number", max: UINT16, places: ["connect"] },
  "request-problem-information": { key: "requestProblemInformation", kind: "switch", places: ["connect"] },
  "request-response-information": { key: "requestResponseInformation", kind: "switch", places: ["connect"] },
};

/** Packets whose properties mosquitto's clients refuse as well, though they know their names. */
const UNREACHABLE: readonly string[] = ["puback", "pubrec", "pubrel", "pubcomp", "auth"];

/**
 * The properties that `-D` gives to one place; `undefined`: none. Throws a `UsageError` if one of any place is invalid: a word that is
 * read at no place would otherwise be taken and do nothing.
 */
export function propertiesOf(
  given: readonly string[],
  place: PropertyPlace,
): Properties | undefined {
  const properties: Record<string, unknown> = {};
  const pairs: [string, string][] = [];
  for (const words of given) {
    const [of = "", name = "", first = "", ...rest] = words.split("\0");
    const carrier = placeOf(of);
    const pair: [string, string] = [first, rest.join(" ")];
    const [key, value] = name === "user-property"
      ? ["userProperties", pair]
      : read(carrier, name, [first, ...rest].join(" "));
    if (carrier !== place) continue;
    if (key === "userProperties") pairs.push(pair);
    else properties[key] = value;
  }
  if (pairs.length > 0) properties["userProperties"] = pairs;
  return Object.keys(properties).length === 0 ? undefined : properties as Properties;
}

function placeOf(word: string): PropertyPlace {
  const place = PLACES.find((place) => place === word.toLowerCase());
  if (place !== undefined) return place;
  const why = UNREACHABLE.includes(word.toLowerCase())
    ? `Properties of ${word.toUpperCase()} cannot be given, as the client makes the packet by itself; there are`
    : `"${word}" must be`;
  throw new UsageError(`-D: ${why} ${PLACES.join(", ")}`);
}

function read(place: PropertyPlace, name: string, text: string): [key: string, value: unknown] {
  const row = Object.hasOwn(PROPERTIES, name) ? PROPERTIES[name]! : undefined;
  if (row === undefined || !row.places.includes(place)) {
    const known = Object.keys(PROPERTIES).filter((name) =>
      PROPERTIES[name]!.places.includes(place)
    );
    throw new UsageError(
      `-D ${place}: "${name}" is no property of it; there are user-property, ${known.join(", ")}`,
    );
  }
  if (row.kind === "text") return [row.key, text];
  if (row.kind === "bytes") return [row.key, new TextEncoder().encode(text)];
  const max = row.max ?? 1;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > max) {
    throw new UsageError(
      `-D ${place} ${name}: Must be a whole number from 0 to ${max}, is "${text}"`,
    );
  }
  if (row.kind === "switch") return [row.key, value === 1];
  return [row.key, row.key === "subscriptionIdentifiers" ? [value] : value];
}
