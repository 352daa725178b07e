import { parseArgs } from "node:util";
import type { MqttClientInit } from "../client/mod.ts";
import type { Properties, ProtocolVersion, Qos, Will } from "../codec/mod.ts";

/** What `pub`, `sub` and `rr` have in common, by the letters that mosquitto's clients use. */
const COMMON = {
  host: { type: "string", short: "h" },
  port: { type: "string", short: "p" },
  topic: { type: "string", short: "t", multiple: true },
  qos: { type: "string", short: "q" },
  username: { type: "string", short: "u" },
  pw: { type: "string", short: "P" },
  "password-file": { type: "string" },
  id: { type: "string", short: "i" },
  keepalive: { type: "string", short: "k" },
  "protocol-version": { type: "string", short: "V" },
  property: { type: "string", short: "D", multiple: true },
  "session-expiry-interval": { type: "string", short: "x" },
  cafile: { type: "string" },
  cert: { type: "string" },
  key: { type: "string" },
  insecure: { type: "boolean" },
  "will-topic": { type: "string" },
  "will-payload": { type: "string" },
  "will-qos": { type: "string" },
  "will-retain": { type: "boolean" },
  quiet: { type: "boolean" },
  help: { type: "boolean" },
} as const;

/** Flags of one command alone. */
const OWN = {
  pub: {
    message: { type: "string", short: "m" },
    file: { type: "string", short: "f" },
    "null-message": { type: "boolean", short: "n" },
    "stdin-line": { type: "boolean", short: "l" },
    "stdin-file": { type: "boolean", short: "s" },
    retain: { type: "boolean", short: "r" },
    repeat: { type: "string" },
  },
  sub: {
    verbose: { type: "boolean", short: "v" },
    count: { type: "string", short: "C" },
    timeout: { type: "string", short: "W" },
    "disable-clean-session": { type: "boolean", short: "c" },
    "no-retain": { type: "boolean", short: "R" },
    "exit-after-subscribe": { type: "boolean", short: "E" },
    "no-newline": { type: "boolean", short: "N" },
  },
  rr: {
    message: { type: "string", short: "m" },
    file: { type: "string", short: "f" },
    "null-message": { type: "boolean", short: "n" },
    "response-topic": { type: "string", short: "e" },
    timeout: { type: "string", short: "W" },
    verbose: { type: "boolean", short: "v" },
  },
  health: { timeout: { type: "string", short: "W" } },
} as const;

/** The commands that are clients. */
export type ClientCommand = keyof typeof OWN;

/** The flags of a command, as they were given. */
export interface ClientFlags {
  /** Those with a value. */
  readonly text: ReadonlyMap<string, string>;
  /** Those that are on. */
  readonly on: ReadonlySet<string>;
  /** `-t`, in order. */
  readonly topics: readonly string[];
  /** `-D`, in order. */
  readonly properties: readonly string[];
}

/** A command line that is not understood; its message says what would be right. */
export class UsageError extends Error {}

/** Takes a client command's line apart. Throws a `UsageError`. */
export function parseClientFlags(command: ClientCommand, args: readonly string[]): ClientFlags {
  try {
    const { values } = parseArgs({
      args: joinProperties(args),
      options: { ...COMMON, ...OWN[command] },
      allowPositionals: false,
      strict: true,
    });
    const { topic, property, ...single } = values as Record<string, unknown>;
    const entries = Object.entries(single);
    return {
      text: new Map(
        entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
      ),
      on: new Set(entries.filter(([, value]) => value === true).map(([name]) => name)),
      topics: (topic ?? []) as string[],
      properties: (property ?? []) as string[],
    };
  } catch (error) {
    const [message = ""] = (error instanceof Error ? error.message : String(error)).split(". To ");
    throw new UsageError(message);
  }
}

/** The connection that the flags describe. Throws a `UsageError`, or what reading a file throws. */
export function connectionOf(flags: ClientFlags): MqttClientInit {
  const { text, on } = flags;
  qosOf(flags); // A wrong one is told before anything is sent.
  const isTls = ["cafile", "cert", "key"].some((name) => text.has(name)) || on.has("insecure");
  const version = versionOf(text.get("protocol-version") ?? "5");
  const password = text.has("password-file")
    ? Deno.readTextFileSync(text.get("password-file")!).replace(/\r?\n$/, "")
    : text.get("pw");
  const will = willOf(flags);
  const properties = connectProperties(flags);
  return {
    hostname: text.get("host") ?? "localhost",
    port: integer(flags, "port", isTls ? 8883 : 1883, 1, 65_535),
    protocolVersion: version,
    keepAliveSeconds: integer(flags, "keepalive", 60, 0, 65_535),
    cleanStart: !on.has("disable-clean-session"),
    ...(text.has("id") ? { clientId: text.get("id")! } : {}),
    ...(text.has("username") ? { userName: text.get("username")! } : {}),
    ...(password === undefined ? {} : { password: new TextEncoder().encode(password) }),
    ...(will === undefined ? {} : { will }),
    ...(version < 5 || properties === undefined ? {} : { properties }),
    ...(isTls ? { tls: tlsOf(flags) } : {}),
  };
}

/** `-q`. */
export function qosOf(flags: ClientFlags): Qos {
  return integer(flags, "qos", 0, 0, 2) as Qos;
}

/** The whole number of a flag, or its default. Throws a `UsageError`. */
export function integer(
  { text }: ClientFlags,
  name: string,
  standard: number,
  min: number,
  max: number,
): number {
  const given = text.get(name);
  if (given === undefined) return standard;
  const value = Number(given);
  if (!/^\d+$/.test(given) || value < min || value > max) {
    throw new UsageError(`--${name}: Must be a whole number from ${min} to ${max}, is "${given}"`);
  }
  return value;
}

/** `-D publish NAME VALUE…` of one packet, as properties. Throws a `UsageError`. */
export function propertiesOf(flags: ClientFlags, packet: "connect" | "publish"): Properties {
  const properties: Record<string, unknown> = {};
  for (const given of flags.properties) {
    const [of, name = "", first = "", ...rest] = given.split("\0");
    if (of !== packet) continue;
    if (name === "user-property") {
      const pairs = (properties["userProperties"] ??= []) as [string, string][];
      pairs.push([first, rest.join(" ")]);
      continue;
    }
    const known = PROPERTIES[name];
    if (known === undefined) {
      const names = Object.keys(PROPERTIES).join(", ");
      throw new UsageError(`-D: "${name}" is no property; those known are user-property, ${names}`);
    }
    const value = [first, ...rest].join(" ");
    properties[known.key] = known.read(value);
  }
  return properties as Properties;
}

/** Properties that can be given on a command line. */
const PROPERTIES: Readonly<
  Record<string, { key: keyof Properties; read: (text: string) => unknown }>
> = {
  "content-type": { key: "contentType", read: String },
  "response-topic": { key: "responseTopic", read: String },
  "correlation-data": {
    key: "correlationData",
    read: (text) => new TextEncoder().encode(text),
  },
  "message-expiry-interval": { key: "messageExpiryInterval", read: Number },
  "payload-format-indicator": { key: "payloadFormatIndicator", read: Number },
  "topic-alias": { key: "topicAlias", read: Number },
  "session-expiry-interval": { key: "sessionExpiryInterval", read: Number },
  "receive-maximum": { key: "receiveMaximum", read: Number },
  "maximum-packet-size": { key: "maximumPacketSize", read: Number },
};

/** `-D publish user-property a b` is one flag with several words: joins them into one value. */
function joinProperties(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg !== "-D" && arg !== "--property") {
      joined.push(arg);
      continue;
    }
    const count = args[i + 2] === "user-property" ? 4 : 3;
    joined.push("-D", args.slice(i + 1, i + 1 + count).join("\0"));
    i += count;
  }
  return joined;
}

function versionOf(text: string): ProtocolVersion {
  const versions: Readonly<Record<string, ProtocolVersion>> = {
    "31": 3,
    mqttv31: 3,
    "311": 4,
    mqttv311: 4,
    "5": 5,
    mqttv5: 5,
  };
  const version = versions[text];
  if (version === undefined) {
    throw new UsageError(`-V: Must be 5, 311 or 31 (mqttv5, mqttv311, mqttv31), is "${text}"`);
  }
  return version;
}

function tlsOf({ text, on }: ClientFlags): NonNullable<MqttClientInit["tls"]> {
  const read = (name: string) => Deno.readTextFileSync(text.get(name)!);
  return {
    insecure: on.has("insecure"),
    ...(text.has("cafile") ? { caCerts: [read("cafile")] } : {}),
    ...(text.has("cert") && text.has("key") ? { cert: read("cert"), key: read("key") } : {}),
  };
}

function willOf(flags: ClientFlags): Will | undefined {
  const topicName = flags.text.get("will-topic");
  if (topicName === undefined) return undefined;
  return {
    topicName,
    payload: new TextEncoder().encode(flags.text.get("will-payload") ?? ""),
    qos: integer(flags, "will-qos", 0, 0, 2) as Qos,
    retain: flags.on.has("will-retain"),
  };
}

function connectProperties(flags: ClientFlags): Properties | undefined {
  const properties = propertiesOf(flags, "connect");
  const seconds = flags.text.get("session-expiry-interval");
  // Without clean start the session is meant to stay: in 5.0 that has to be said.
  const standard = flags.on.has("disable-clean-session") ? 0xffffffff : undefined;
  const sessionExpiryInterval = seconds === undefined
    ? standard
    : integer(flags, "session-expiry-interval", 0, 0, 0xffffffff);
  const all = sessionExpiryInterval === undefined
    ? properties
    : { ...properties, sessionExpiryInterval };
  return Object.keys(all).length === 0 ? undefined : all;
}
