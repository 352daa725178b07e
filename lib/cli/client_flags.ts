import { parseArgs } from "node:util";
import { hostnameOf, type MqttClientInit } from "../client/mod.ts";
import type { ProtocolVersion, Qos, Will } from "../codec/mod.ts";
import { isTopicName } from "../topic/mod.ts";
import { configuredArgs } from "./client_config.ts";
import { CLIENT_FLAGS, type ClientCommand, COMMON_FLAGS } from "./client_options.ts";
import { placeOf, portsOf } from "./client_place.ts";
import { propertiesOf } from "./client_properties.ts";
import type { Flags } from "./commands.ts";
import { flagProblem } from "./flag_problem.ts";
import { tracedPorts } from "./packet_trace.ts";
import { type ClientFlags, integer, readTextOf } from "./flag_values.ts";
import { UsageError } from "./usage_error.ts";

export { type ClientFlags, integer, readFileOf } from "./flag_values.ts";

/** Parses the command line of a client command. Throws a `UsageError`. */
export function parseClientFlags(command: ClientCommand, args: readonly string[]): ClientFlags {
  const options: Flags = { ...COMMON_FLAGS, ...CLIENT_FLAGS[command] };
  const refused = args.find((arg) => Object.hasOwn(REFUSED_FLAGS, arg));
  if (refused !== undefined) throw new UsageError(`${refused}: ${REFUSED_FLAGS[refused]}`);
  try {
    const { values } = parseArgs({
      args: attachValues([...configuredArgs(command, configFileOf(args)), ...args], options),
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
    throw new UsageError(flagProblem(error, options));
  }
}

/** The path after `-o`. Its file is read before the other flags, which override it. */
function configFileOf(args: readonly string[]): string | undefined {
  const isNamed = (arg: string) => /^(-o|--config-file)(=|$)/.test(arg);
  const at = args.findIndex(isNamed);
  if (at < 0) return undefined;
  if (args.slice(at + 2).some(isNamed)) throw new UsageError("-o: Can be given once");
  const [, attached] = args[at]!.split("=", 2);
  return attached ?? args[at + 1];
}

/** Flags of mosquitto's clients that are refused, and why. */
const REFUSED_FLAGS: Readonly<Record<string, string>> = {
  "--ciphers": "Cipher suites cannot be chosen: all that are offered are of ECDHE with AEAD",
  "--psk": "Pre-shared keys are not supported; use certificates or a password over TLS",
  "--psk-identity": "Pre-shared keys are not supported; use certificates or a password over TLS",
  "--tls-engine": "Keys are PEM files here, not in an engine; name the file with --key",
  "--tls-engine-kpass-sha1": "Keys are PEM files here, not in an engine",
  "--tls-keylog": "Keys of connections are not written to a file; -d shows the packets",
};

/** Turns the URL of `-L` into the flags that it stands for. */
function withUrl(flags: ClientFlags): ClientFlags {
  const url = flags.text.get("url");
  if (url === undefined) return flags;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const scheme = parsed === undefined ? undefined : URL_SCHEMES[parsed.protocol];
  if (parsed === undefined || scheme === undefined || parsed.pathname.length < 2) {
    throw new UsageError(
      `-L: Must be mqtt[s]://[NAME[:PASSWORD]@]HOST[:PORT]/TOPIC, or ws[s]://\u2026, is "${url}"`,
    );
  }
  const { port, username, password, pathname } = parsed;
  const said: Readonly<Record<string, string>> = {
    host: hostnameOf(parsed),
    port,
    username: decodeURIComponent(username),
    pw: decodeURIComponent(password),
  };
  const entries = Object.entries(said).filter(([, value]) => value !== "");
  const topic = decodeURIComponent(pathname.slice(1));
  return {
    ...flags,
    text: new Map([...flags.text, ...entries]),
    on: new Set([...flags.on, ...scheme]),
    topics: [...flags.topics, topic],
  };
}

/** What the scheme of `-L` switches on. The port is MQTT's also for WebSockets, as mosquitto's clients have it. */
const URL_SCHEMES: Readonly<Record<string, readonly string[]>> = {
  "mqtt:": [],
  "mqtts:": ["url-tls"],
  "ws:": ["ws"],
  "wss:": ["ws", "url-tls"],
};

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
  // Invalid numbers are refused before connecting.
  qosOf(flags);
  integer(flags, "max-inflight", 20, 1, 65_535);
  const version = versionOf(text.get("protocol-version") ?? "5");
  const password = text.has("password-file")
    ? readTextOf(flags, "password-file").replace(/\r?\n$/, "")
    : text.get("pw");
  const will = willOf(flags);
  const properties = connectProperties(flags);
  if (version < 5 && flags.properties.length > 0) throw new UsageError("-D: Needs -V 5");
  checkSession(flags);
  const clientId = clientIdOf(flags, version);
  const ports = portsOf(flags);
  return {
    ...placeOf(flags),
    protocolVersion: version,
    keepAliveSeconds: integer(flags, "keepalive", 60, 0, 65_535),
    cleanStart: !on.has("disable-clean-session"),
    ...clientId,
    ...(text.has("username") ? { userName: text.get("username")! } : {}),
    ...(password === undefined ? {} : { password: new TextEncoder().encode(password) }),
    ...(will === undefined ? {} : { will }),
    ...(version < 5 || properties === undefined ? {} : { properties }),
    ports: on.has("debug") ? tracedPorts(ports, clientId.clientId, version) : ports,
  };
}

/** Nobody could continue a session whose Client Identifier is made for one connection; the broker would keep it for nothing. */
function checkSession({ text, on }: ClientFlags): void {
  if (text.has("id")) return;
  const expiry = text.get("session-expiry-interval") ?? "";
  const flag = on.has("disable-clean-session") ? "-c" : FOR_EVER.includes(expiry) ? "-x" : "";
  if (flag !== "") {
    throw new UsageError(`${flag}: Needs -i: a session is kept under a Client Identifier`);
  }
}

/** Values of `-x` that keep the session without a limit. */
const FOR_EVER: readonly string[] = ["-1", "\u221e", "4294967295"];

/** The Client Identifier. Version 3.1 allows no empty one, so without `-i` one of at most 23 characters, its limit, is made. */
function clientIdOf({ text }: ClientFlags, version: ProtocolVersion): { clientId?: string } {
  const prefix = text.get("id-prefix");
  if (prefix !== undefined && text.has("id")) {
    throw new UsageError("-i and -I: Cannot stand together");
  }
  const given = text.get("id") ?? (prefix === undefined ? undefined : prefix + Deno.pid);
  if (given !== undefined) return { clientId: given };
  return version > 3 ? {} : { clientId: `flux-${crypto.randomUUID().slice(-12)}` };
}

/** `-W` of commands that wait; 0 where it is not given: no limit. */
export function timeoutSecondsOf(flags: ClientFlags): number {
  return integer(flags, "timeout", 0, 1, 1_000_000);
}

/** `-q`. */
export function qosOf(flags: ClientFlags): Qos {
  return integer(flags, "qos", 0, 0, 2) as Qos;
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
  if (!isTopicName(topicName)) {
    throw new UsageError(`--will-topic: Must be a Topic Name, is "${topicName}"`);
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
  if (properties?.authenticationData && properties.authenticationMethod === undefined) {
    throw new UsageError("-D connect authentication-data: Needs authentication-method");
  }
  const seconds = flags.text.get("session-expiry-interval");
  // Without clean start the session should be kept, which 5.0 does only with a Session Expiry Interval.
  const standard = flags.on.has("disable-clean-session") ? 0xffff_ffff : undefined;
  const sessionExpiryInterval = seconds === undefined
    ? properties?.sessionExpiryInterval ?? standard
    : FOR_EVER.includes(seconds)
    ? 0xffff_ffff
    : integer(flags, "session-expiry-interval", 0, 0, 0xffff_ffff);
  if (sessionExpiryInterval === undefined) return properties;
  return { ...properties, sessionExpiryInterval };
}
