import {
  ClientError,
  type ClientErrorKind,
  CONNECT_TIMEOUT_MS,
  MqttClient,
  type MqttClientInit,
} from "../client/mod.ts";
import { type Properties, ReasonCode } from "../codec/mod.ts";
import { type ClientFlags, parseClientFlags } from "./client_flags.ts";
import { CLIENT_FLAGS, CLIENT_USES, type ClientCommand, COMMON_FLAGS } from "./client_options.ts";
import { propertiesOf } from "./client_properties.ts";
import { flagsHelp } from "./help.ts";
import { EXIT, messageOf, print, printError } from "./output.ts";
import { safe } from "./terminal_text.ts";
import { UsageError } from "./usage_error.ts";
import { version } from "./version.ts";

/** The exit status of a client command for each kind of failed connection. */
const CLIENT_EXIT: Readonly<Record<ClientErrorKind, number>> = {
  dns: 10,
  unreachable: 11,
  timeout: 12,
  certificate: 13,
  refused: 14,
  protocol: 16,
  closed: 17,
  limit: 14,
};
/** The broker refused the user name, the password, or the right to do this. */
const NOT_AUTHORIZED = 15;
/** The time of `-W` has passed. mosquitto's clients have the same status. */
const TIMED_OUT = 27;

/** What to do about each kind of failure. */
const ADVICE: Readonly<Record<ClientErrorKind, string>> = {
  dns: "check the name after -h",
  unreachable: "check that the broker runs, and -h and -p",
  timeout: "check -p: something else may answer there, or TLS is expected (--cafile)",
  certificate:
    "name the broker's CA with --cafile, and ours with --cert and --key where it asks; --insecure trusts anybody, and with --cafile only another name",
  refused: "see what the broker's log says",
  protocol: "check -p and -V: is it an MQTT broker of this version, and without TLS?",
  closed: "see what the broker's log says; does it expect TLS (--cafile), " +
    "or for a certificate (--cert, --key), or has it no TLS?",
  limit: "see which packet sizes, QoS and retained messages the broker allows",
};
/** Other advice after the broker has accepted the connection: address, port and TLS are right then. */
const LATER_ADVICE: Readonly<Partial<Record<ClientErrorKind, string>>> = {
  timeout: "see whether the broker and the network between still work",
  closed: "see what the broker's log says",
};

/** What a command does once its flags are parsed. */
export interface ClientJob {
  /** How to connect. */
  readonly init: MqttClientInit;
  /** What to do with the connection; returns the exit status. `farewell`: the properties of the DISCONNECT. */
  readonly use: (client: MqttClient, farewell?: Properties) => Promise<number>;
  /** How long connecting and `use` may take together, `-W`; 0: no limit. Default: 0. */
  readonly timeoutSeconds?: number;
  /** Whether a broker that refuses the user counts as success. Default: false. */
  readonly isStrangerWell?: boolean;
}

/** Parses the flags, connects, runs the job, and prints what failed. `prepare` checks the flags before connecting. */
export async function runClient(
  command: ClientCommand,
  args: readonly string[],
  prepare: (flags: ClientFlags) => ClientJob,
): Promise<number> {
  let client: MqttClient | undefined;
  let isQuiet = false;
  let job: ClientJob | undefined;
  let farewell: Properties | undefined;
  const leaveEarly = () => void client?.disconnect(ReasonCode.Success, farewell);
  try {
    const flags = parseClientFlags(command, args);
    if (flags.on.has("help")) {
      const all = { ...CLIENT_FLAGS[command], ...COMMON_FLAGS };
      print(`${CLIENT_USES[command]}\n\n${flagsHelp(all)}`);
      return EXIT.ok;
    }
    if (flags.on.has("version")) return version();
    farewell = propertiesOf(flags.properties, "disconnect");
    isQuiet = flags.on.has("quiet");
    job = prepare(flags);
    const { use, init, timeoutSeconds = 0 } = job;
    const limitMs = timeoutSeconds === 0 ? Infinity : timeoutSeconds * 1000;
    const deadlineMs = performance.now() + limitMs;
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS } = init;
    client = await MqttClient.connect({
      ...init,
      connectTimeoutMs: Math.min(limitMs, connectTimeoutMs),
    });
    for (const signal of ENDING) Deno.addSignalListener(signal, leaveEarly);
    return await until(deadlineMs, client, use(client, farewell), farewell);
  } catch (error) {
    const isStranger = error instanceof ClientError && isAuthorization(error.reasonCode);
    if (isStranger && job?.isStrangerWell) return EXIT.ok;
    const { status, text } = explain(command, error, client === undefined ? {} : LATER_ADVICE);
    if (!isQuiet) printError(text);
    return status;
  } finally {
    for (const signal of ENDING) Deno.removeSignalListener(signal, leaveEarly);
    client?.abort();
  }
}

/** At these signals the client sends DISCONNECT, so that the broker publishes no will. */
const ENDING: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM"];

/** The status of the work, or that of `-W` if the deadline comes first. */
async function until(
  deadlineMs: number,
  client: MqttClient,
  work: Promise<number>,
  farewell: Properties | undefined,
): Promise<number> {
  if (deadlineMs === Infinity) return await work;
  const late = Promise.withResolvers<typeof TIMED_OUT>();
  const timer = setTimeout(() => late.resolve(TIMED_OUT), deadlineMs - performance.now());
  const status = await Promise.race([late.promise, work]).finally(() => clearTimeout(timer));
  if (status === TIMED_OUT) await client.disconnect(ReasonCode.Success, farewell);
  return status;
}

/** Waits until the client ends the connection. Throws the error if the broker or the network ends it. */
export async function untilEnd(client: MqttClient): Promise<number> {
  const end = await client.closed;
  if (end !== undefined) throw end;
  return EXIT.ok;
}

/** The message for an error, with what to do, and the exit status. */
function explain(
  command: string,
  error: unknown,
  later: typeof LATER_ADVICE,
): { status: number; text: string } {
  if (error instanceof UsageError) {
    return { status: EXIT.usage, text: `${error.message}\nSee flux-mqtt ${command} --help\n` };
  }
  if (error instanceof ClientError) {
    const isDenied = isAuthorization(error.reasonCode);
    const advice = error.reasonCode === ReasonCode.UnsupportedProtocolVersion
      ? "Unsupported Protocol Version: try -V 311"
      : isDenied
      ? "check -u and -P, and the broker's rules"
      : later[error.kind] ?? ADVICE[error.kind];
    const status = isDenied ? NOT_AUTHORIZED : CLIENT_EXIT[error.kind];
    // It may quote the broker.
    return { status, text: `${safe(error.message)}; ${advice}\n` };
  }
  return {
    status: EXIT.failed,
    text: `${messageOf(error)}\n`,
  };
}

/** CONNACK codes 4 and 5 before 5.0; in 5.0 Bad User Name or Password, Not authorized and Banned. */
function isAuthorization(reasonCode: number): boolean {
  return [4, 5, 0x86, 0x87, 0x8a].includes(reasonCode);
}

/** Disconnects. Returns success, or throws if the connection had ended before. */
export async function leave(client: MqttClient, farewell?: Properties): Promise<number> {
  await client.disconnect(ReasonCode.Success, farewell);
  return await untilEnd(client);
}
