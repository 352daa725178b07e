import { parseArgs } from "node:util";
import { type MqttClientInit, SYSTEM_PORTS } from "../client/mod.ts";
import type { ProtocolVersion, Qos, Will } from "../codec/mod.ts";
import { CLIENT_FLAGS, type ClientCommand, COMMON_FLAGS } from "./client_options.ts";
import { propertiesOf } from "./client_properties.ts";
import type { Flags } from "./commands.ts";
import { messageOf } from "./output.ts";
import { tracedPorts } from "./packet_trace.ts";
import { UsageError } from "./usage_error.ts";

/** The flags of a command. */
export interface ClientFlags {
  /** Flags with a value. */
  readonly text: ReadonlyMap<string, string>;
  /** Boolean flags that were given. */
  readonly on: ReadonlySet<string>;
  /** `-t`, in order. */
  readonly topics: readonly string[];
  /** `-D`, in order. */
  readonly properties: readonly string[];
  /** `-T`, in order. */
  readonly filtersOut: readonly string[];
  /** `-U`, in order. */
  readonly unsubscribed: readonly string[];
}

/** Parses the command line of a client command. Throws a `UsageError`. */
export function parseClientFlags(command: ClientCommand, args: readonly string[]): ClientFlags {
  const options: Flags = { ...COMMON_FLAGS, ...CLIENT_FLAGS[command] };
  try {
    const { values } = parseArgs({
      args: attachValues([...configuredArgs(command), ...args], options),
      options,
      allowPositionals: false,
      strict: true,
    });
    const { topic, property, unsubscribe, ...single } = values as Record<string, unknown>;
    const { "filter-out": filtersOut, ...others } = single;
    const entries = Object.entries(others);
    return withUrl({
      text: new Map(
        entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
      ),
      on: new Set(entries.filter(([, value]) => value === true).map(([name]) => name)),
      topics: (topic ?? []) as string[],
      properties: (property ?? []) as string[],
      filtersOut: (filtersOut ?? []) as string[],
      unsubscribed: (unsubscribe ?? []) as string[],
    });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const [message = ""] = messageOf(error).split(". To ");
    throw new UsageError(message);
  }
}

/** Turns the URL of `-L` into the flags that it stands for. */
function withUrl(flags: ClientFlags): ClientFlags {
  const url = flags.text.get("url");
  if (url === undefined) return flags;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !["mqtt:", "mqtts:"].includes(parsed.protocol)) {
    throw new UsageError(`-L: Must be mqtt[s]://[NAME[:PASSWORD]@]HOST[:PORT]/TOPIC, is "${url}"`);
  }
  const { hostname, port, username, password, pathname } = parsed;
  const said: Readonly<Record<string, string>> = {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port,
    username: decodeURIComponent(username),
    pw: decodeURIComponent(password),
  };
  const entries = Object.entries(said).filter(([, value]) => value !== "");
  const topic = decodeURIComponent(pathname.slice(1));
  return {
    ...flags,
    text: new Map([...flags.text, ...entries]),
    on: parsed.protocol === "mqtts:" ? new Set([...flags.on, "tls-use-os-certs"]) : flags.on,
    topics: topic === "" ? flags.topics : [...flags.topics, topic],
  };
}

/**
 * Flags from the file that mosquitto's client of the same name reads, such as `~/.config/mosquitto_sub`: a flag and its value on each
 * line. The command line overrides them.
 */
function configuredArgs(command: ClientCommand): readonly string[] {
  const { XDG_CONFIG_HOME, HOME } = Deno.env.toObject();
  const directory = XDG_CONFIG_HOME ?? (HOME === undefined ? undefined : `${HOME}/.config`);
  if (directory === undefined || command === "health") return [];
  let text: string;
  try {
    text = Deno.readTextFileSync(`${directory}/mosquitto_${command}`);
  } catch {
    return [];
  }
  return text.split("\n").map((line) => line.trim()).filter((line) =>
    line !== "" && !line.startsWith("#")
  ).flatMap((line) => {
    const [flag = "", ...words] = line.split(/\s+/);
    if (flag === "-D" || flag === "--property" || words.length === 0) return [flag, ...words];
    return [flag, line.slice(flag.length).trim()];
  });
}

/**
 * Rewrites `-m TEXT` as `--message=TEXT`, so that a value may begin with a dash, such as -5. The words of `-D` become one value,
 * separated by zero bytes.
 */
function attachValues(args: readonly string[], flags: Flags): string[] {
  const attached: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    const found = Object.entries(flags).find(([name, { type, short }]) =>
      type === "string" && (arg === `--${name}` || arg === `-${short}`)
    );
    const count = found?.[0] !== "property" ? 1 : args[i + 2] === "user-property" ? 4 : 3;
    const words = args.slice(i + 1, i + 1 + count);
    if (found === undefined || words.length === 0) {
      attached.push(arg);
      continue;
    }
    if (words.length < count) throw new UsageError("-D: Needs PACKET NAME VALUE");
    attached.push(`--${found[0]}=${words.join("\0")}`);
    i += count;
  }
  return attached;
}

/** The connection that the flags describe. Throws a `UsageError`, or an error of reading a file. */
export function connectionOf(flags: ClientFlags): MqttClientInit {
  const { text, on } = flags;
  qosOf(flags); // An invalid QoS is refused before connecting.
  const isTls = ["cafile", "capath", "cert", "key", "tls-alpn"].some((name) => text.has(name)) ||
    on.has("insecure") || on.has("tls-use-os-certs");
  const version = versionOf(text.get("protocol-version") ?? "5");
  const password = text.has("password-file")
    ? readTextOf(flags, "password-file").replace(/\r?\n$/, "")
    : text.get("pw");
  const will = willOf(flags);
  const properties = connectProperties(flags);
  if (version < 5 && flags.properties.length > 0) throw new UsageError("-D: Needs -V 5");
  return {
    hostname: text.get("host") ?? "localhost",
    port: integer(flags, "port", isTls ? 8883 : 1883, 1, 65_535),
    protocolVersion: version,
    keepAliveSeconds: integer(flags, "keepalive", 60, 0, 65_535),
    cleanStart: !on.has("disable-clean-session"),
    ...clientIdOf(flags, version),
    ...(text.has("username") ? { userName: text.get("username")! } : {}),
    ...(password === undefined ? {} : { password: new TextEncoder().encode(password) }),
    ...(will === undefined ? {} : { will }),
    ...(version < 5 || properties === undefined ? {} : { properties }),
    ...(isTls ? { tls: tlsOf(flags) } : {}),
    ...(text.has("unix") ? { unixPath: text.get("unix")! } : {}),
    ...(on.has("debug")
      ? { ports: tracedPorts(SYSTEM_PORTS, clientIdOf(flags, version).clientId, version) }
      : {}),
  };
}

/** The Client Identifier. Version 3.1 allows no empty one, so without `-i` one of at most 23 characters, its limit, is made. */
function clientIdOf({ text }: ClientFlags, version: ProtocolVersion): { clientId?: string } {
  const prefix = text.get("id-prefix");
  const given = text.get("id") ?? (prefix === undefined ? undefined : prefix + Deno.pid);
  if (given !== undefined) return { clientId: given };
  return version > 3 ? {} : { clientId: `flux-${crypto.randomUUID().slice(-12)}` };
}

/** `-W` of commands that wait; 0: no limit. */
export function timeoutSecondsOf(flags: ClientFlags): number {
  return integer(flags, "timeout", 0, 0, 1_000_000);
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

/** The bytes of the file that a flag names. Throws an error that names flag and file. */
export function readFileOf({ text }: ClientFlags, name: string): Uint8Array<ArrayBuffer> {
  const path = text.get(name)!;
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    throw new Error(`--${name}: Cannot read ${path}: ${messageOf(error)}`);
  }
}

function readTextOf(flags: ClientFlags, name: string): string {
  return new TextDecoder().decode(readFileOf(flags, name));
}

/** Reads `--cafile`. A file without a certificate would trust nobody, and the error of TLS would not say why. */
function readCa(flags: ClientFlags): string {
  const pem = readTextOf(flags, "cafile");
  if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
  throw new Error(`--cafile: There is no certificate in PEM in ${flags.text.get("cafile")}`);
}

/** Reads every certificate in `--capath`. Files need not be named by hashes. */
function readCaPath({ text }: ClientFlags): readonly string[] {
  const path = text.get("capath");
  if (path === undefined) return [];
  try {
    const texts = [...Deno.readDirSync(path)].filter(({ isDirectory }) => !isDirectory)
      .map(({ name }) => Deno.readTextFileSync(`${path}/${name}`))
      .filter((pem) => pem.includes("-----BEGIN CERTIFICATE-----"));
    if (texts.length > 0) return texts;
  } catch (error) {
    throw new Error(`--capath: Cannot read ${path}: ${messageOf(error)}`);
  }
  throw new Error(`--capath: There is no certificate in PEM in ${path}`);
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

function tlsOf(flags: ClientFlags): NonNullable<MqttClientInit["tls"]> {
  const { text, on } = flags;
  if (text.has("cert") !== text.has("key")) {
    throw new UsageError("--cert and --key: Need each other");
  }
  const read = (name: string) => readTextOf(flags, name);
  return {
    insecure: on.has("insecure"),
    ...(text.has("cafile") || text.has("capath")
      ? { caCerts: [...text.has("cafile") ? [readCa(flags)] : [], ...readCaPath(flags)] }
      : {}),
    ...(text.has("tls-alpn") ? { alpnProtocols: [text.get("tls-alpn")!] } : {}),
    ...(text.has("cert") ? { cert: read("cert"), key: read("key") } : {}),
  };
}

function willOf(flags: ClientFlags): Will | undefined {
  const topicName = flags.text.get("will-topic");
  const properties = propertiesOf(flags.properties, "will");
  if (topicName === undefined) {
    const names = ["will-payload", "will-qos", "will-retain"];
    const lost = names.find((name) => flags.text.has(name) || flags.on.has(name));
    if (lost !== undefined || properties !== undefined) {
      throw new UsageError(`${lost === undefined ? "-D will" : `--${lost}`}: Needs --will-topic`);
    }
    return undefined;
  }
  return {
    topicName,
    payload: new TextEncoder().encode(flags.text.get("will-payload") ?? ""),
    qos: integer(flags, "will-qos", 0, 0, 2) as Qos,
    retain: flags.on.has("will-retain"),
    ...(properties === undefined ? {} : { properties }),
  };
}

function connectProperties(flags: ClientFlags): MqttClientInit["properties"] | undefined {
  const properties = propertiesOf(flags.properties, "connect");
  const seconds = flags.text.get("session-expiry-interval");
  // Without clean start the session should be kept, which 5.0 does only with a Session Expiry Interval.
  const standard = flags.on.has("disable-clean-session") ? 0xffff_ffff : undefined;
  const sessionExpiryInterval = seconds === undefined
    ? properties?.sessionExpiryInterval ?? standard
    : integer(flags, "session-expiry-interval", 0, 0, 0xffff_ffff);
  if (sessionExpiryInterval === undefined) return properties;
  return { ...properties, sessionExpiryInterval };
}
