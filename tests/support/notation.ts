import {
  encodePacket,
  type Packet,
  type Properties,
  type ProtocolVersion,
  ReasonCode,
  reasonCodeName,
} from "../../lib/codec/mod.ts";
import { PROPERTY_TABLE } from "../../lib/codec/properties.ts";

/**
 * A packet in one line, as a person writes it:
 *
 * ```
 * CONNECT v=5 clientId=a cleanStart keepAlive=60 will.topic=w will.payload="gone" will.qos=1
 * CONNACK NotAuthorized                         SUBSCRIBE id=1 a/# qos=1 noLocal b/# qos=2
 * PUBLISH a/b qos=1 id=7 retain dup "hello"     SUBACK id=1 1 0x87
 * PUBACK id=7 NoMatchingSubscribers             PUBLISH a contentType=text user:color=red 0x00ff
 * ```
 *
 * The type comes first, then in any order: fields and properties as `name=value`, true ones as their name, and values without a name: a
 * Topic Name, then the payload (`"text"`, bytes as `0x…`, or `size=9` for nine bytes); Topic Filters, each followed by its options; Reason
 * Codes by name or number. Fields have the names of `Packet`, except `id`, `v` and `keepAlive`.
 */
export type Fields = Record<string, unknown>;

/** The value `*` of an expected field: any value. */
export const ANY = Symbol("any");

interface Token {
  readonly key: string | undefined;
  readonly value: string;
  readonly isQuoted: boolean;
}

const FIELD_NAMES: Readonly<Record<string, string>> = {
  id: "packetId",
  v: "protocolVersion",
  keepAlive: "keepAliveSeconds",
};
const FLAGS: ReadonlySet<string> = new Set([
  ...["cleanStart", "isBridge", "sessionPresent", "retain", "dup", "noLocal", "retainAsPublished"],
]);
const KINDS = new Map<string, string>([
  ...PROPERTY_TABLE.map(({ key, kind }): [string, string] => [key, kind]),
  ["userName", "text"],
  ["clientId", "text"],
  ["password", "binary"],
  ["topic", "text"],
  ["payload", "binary"],
]);
const REASON_CODES = new Map<string, number>(
  Object.entries(ReasonCode).map(([name, code]) => [name.toLowerCase(), code]),
);

/** Reads the notation; returns only the fields that are written. */
export function readFields(text: string): Fields {
  const [head, ...tokens] = tokenize(text);
  const fields: Fields = { type: head!.value.toLowerCase() };
  const will: Fields = {};
  for (const token of tokens) {
    const { key, value, isQuoted } = token;
    if (key?.startsWith("will.")) readNamed(will, key.slice("will.".length), token);
    else if (key !== undefined) readNamed(fields, key, token);
    else if (value === "will.retain" && !isQuoted) will.retain = true;
    else readBare(fields, token);
  }
  if (Object.keys(will).length > 0) fields.will = will;
  return fields;
}

/** Reads a packet to send. */
export function readPacket(text: string, version: ProtocolVersion): Packet {
  const { will, ...fields } = { ...defaultsOf(text, version), ...readFields(text) };
  const packet = withProperties(fields);
  if (will === undefined) return packet as unknown as Packet;
  const { topic, ...rest } = will as Fields;
  const defaults = { topicName: topic, payload: new Uint8Array(), qos: 0, retain: false };
  return { ...packet, will: { ...defaults, ...withProperties(rest) } } as unknown as Packet;
}

/** Encodes one packet in the notation, or `hex 30 00`. */
export function readBytes(text: string, version: ProtocolVersion): Uint8Array {
  if (text.startsWith("hex ")) return Uint8Array.from(hexIn(text.slice(4)));
  return encodePacket(readPacket(text, version), version);
}

/** Converts a received packet into fields of the notation. */
export function fieldsOf(packet: Packet): Fields {
  const { properties, ...rest } = packet as Packet & { readonly properties?: Properties };
  const fields: Fields = { ...rest, ...properties };
  if (properties?.subscriptionIdentifiers !== undefined) {
    fields.subscriptionIdentifiers = properties.subscriptionIdentifiers.toSorted((a, b) => a - b);
  }
  return fields;
}

/** The values of an expected packet that the notation leaves out. */
export function defaultsOf(text: string, version: ProtocolVersion): Fields {
  switch (text.split(" ", 1)[0]) {
    case "CONNECT":
      return { protocolVersion: version, cleanStart: false, keepAliveSeconds: 0 };
    case "CONNACK":
      return { sessionPresent: false, reasonCode: 0 };
    case "PUBLISH":
      return { payload: new Uint8Array(), qos: 0, retain: false, dup: false, packetId: 0 };
    case "SUBACK":
    case "UNSUBACK":
      return { reasonCodes: [] };
    case "SUBSCRIBE":
      return { subscriptions: [] };
    case "UNSUBSCRIBE":
      return { topicFilters: [] };
    case "PINGREQ":
    case "PINGRESP":
      return {};
    default:
      return { reasonCode: 0 };
  }
}

/** Writes fields for people. */
export function showFields({ type, ...fields }: Fields): string {
  const shown = Object.entries(fields).filter(([, value]) => value !== undefined && value !== false)
    .map(([key, value]) => {
      if (key === "reasonCode") return reasonCodeName(value as number);
      return value === true ? key : `${key}=${showValue(value)}`;
    });
  return [String(type).toUpperCase(), ...shown].join(" ");
}

function showValue(value: unknown): string {
  if (value === ANY) return "*";
  if (!(value instanceof Uint8Array)) return JSON.stringify(value);
  if (value.every((byte) => byte >= 0x20 && byte < 0x7f)) {
    return value.length > 40 ? `(${value.length} bytes)` : `"${String.fromCharCode(...value)}"`;
  }
  return `0x${value.toHex()}`;
}

function tokenize(text: string): Token[] {
  const pattern = /(?:((?:will\.)?user:[^\s=]+|[\w.]+)=)?(?:"([^"]*)"|(\S+))/g;
  return [...text.matchAll(pattern)].map(([, key, quoted, bare]) => ({
    key,
    value: quoted ?? bare!,
    isQuoted: quoted !== undefined,
  }));
}

function readBare(fields: Fields, token: Token): void {
  const { value, isQuoted } = token;
  const isFlag = !isQuoted && (FLAGS.has(value) || KINDS.get(value) === "boolean");
  if (isFlag) return set(fields, value, true);
  if (!isQuoted && value.startsWith("!")) return set(fields, value.slice(1), undefined);
  switch (fields.type) {
    case "publish":
      if (fields.topicName === undefined) fields.topicName = value;
      else fields.payload = readValue("binary", token);
      return;
    case "subscribe": {
      const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 };
      return append(fields, "subscriptions", { topicFilter: value, ...options });
    }
    case "unsubscribe":
      return append(fields, "topicFilters", value);
    case "suback":
    case "unsuback":
      return append(fields, "reasonCodes", reasonCode(value));
    default:
      fields.reasonCode = reasonCode(value);
  }
}

function readNamed(fields: Fields, key: string, token: Token): void {
  if (key.startsWith("user:")) {
    return append(fields, "userProperties", [key.slice(5), token.value]);
  }
  if (key === "size") fields.payload = new Uint8Array(Number(token.value)).fill(0x78);
  else if (key === "subscriptionIdentifiers") {
    fields[key] = token.value.split(",").map(Number).toSorted((a, b) => a - b);
  } else set(fields, FIELD_NAMES[key] ?? key, readValue(KINDS.get(key), token));
}

/** Sets a field, or in SUBSCRIBE an option of the last Topic Filter. */
function set(fields: Fields, key: string, value: unknown): void {
  const isOption = ["qos", "noLocal", "retainAsPublished", "retainHandling"].includes(key);
  const target = fields.type === "subscribe" && isOption
    ? (fields.subscriptions as Fields[]).at(-1)!
    : fields;
  target[key] = value;
}

function readValue(kind: string | undefined, { value, isQuoted }: Token): unknown {
  if (!isQuoted && value === "*") return ANY;
  if (kind === "text") return value;
  if (kind === "boolean") return value === "1";
  if (kind === "binary") {
    return !isQuoted && value.startsWith("0x")
      ? Uint8Array.fromHex(value.slice(2))
      : new TextEncoder().encode(value);
  }
  const number = Number(value);
  if (Number.isNaN(number)) throw new Error(`"${value}" is no number`);
  return number;
}

function reasonCode(text: string): number {
  const code = REASON_CODES.get(text.toLowerCase()) ?? Number(text);
  if (Number.isNaN(code)) throw new Error(`"${text}" is no Reason Code`);
  return code;
}

function append(fields: Fields, key: string, value: unknown): void {
  (fields[key] ??= [] as unknown[]) && (fields[key] as unknown[]).push(value);
}

/** Moves properties to their place in the packet. */
function withProperties(fields: Fields): Fields {
  const packet: Fields = {};
  const properties: Fields = {};
  const names: ReadonlySet<string> = new Set(PROPERTY_TABLE.map(({ key }) => key));
  for (const [key, value] of Object.entries(fields)) {
    (names.has(key) ? properties : packet)[key] = value;
  }
  return Object.keys(properties).length === 0 ? packet : { ...packet, properties };
}

/** Reads bytes in hexadecimal and text in quotes: `10 02 'ab'`. */
function* hexIn(text: string): Generator<number> {
  for (const [token] of text.matchAll(/'[^']*'|[0-9a-fA-F]{2}/g)) {
    if (token.startsWith("'")) yield* new TextEncoder().encode(token.slice(1, -1));
    else yield Number.parseInt(token, 16);
  }
}
