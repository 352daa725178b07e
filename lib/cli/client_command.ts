import {
  ClientError,
  type ClientErrorKind,
  MqttClient,
  type MqttClientInit,
} from "../client/mod.ts";
import {
  type ClientCommand,
  type ClientFlags,
  parseClientFlags,
  UsageError,
} from "./client_flags.ts";
import { EXIT, print, printError } from "./output.ts";

/** How a client command ends where the connection is at fault: one status for each part that can fail. */
export const CLIENT_EXIT: Readonly<Record<ClientErrorKind, number>> = {
  dns: 10,
  unreachable: 11,
  timeout: 12,
  certificate: 13,
  refused: 14,
  protocol: 16,
  closed: 17,
};
/** The broker refused the user name, the password, or the right to do this. */
export const NOT_AUTHORIZED = 15;
/** `-W` has passed; mosquitto's clients have this status too. */
export const TIMED_OUT = 27;

/** What to do about each kind of failure. */
const ADVICE: Readonly<Record<ClientErrorKind, string>> = {
  dns: "check the name after -h",
  unreachable: "check that the broker runs, and -h and -p",
  timeout: "check -p: something else may answer there, or TLS is expected (--cafile)",
  certificate: "name the broker's CA with --cafile; --insecure only where the name differs",
  refused: "see what the broker's log says",
  protocol: "check -p and -V: is it an MQTT broker, of this version?",
  closed: "see what the broker's log says",
};

/** Parses the flags, connects, lets `use` have the client, and says what went wrong. */
export async function runClient(
  command: ClientCommand,
  args: readonly string[],
  help: string,
  initOf: (flags: ClientFlags) => MqttClientInit,
  use: (client: MqttClient, flags: ClientFlags) => Promise<number>,
): Promise<number> {
  let client: MqttClient | undefined;
  try {
    const flags = parseClientFlags(command, args);
    if (flags.on.has("help")) {
      print(help);
      return EXIT.ok;
    }
    client = await MqttClient.connect(initOf(flags));
    return await use(client, flags);
  } catch (error) {
    return explain(command, error);
  } finally {
    client?.abort();
  }
}

/** Says what failed and what to do; returns the exit status. */
function explain(command: string, error: unknown): number {
  if (error instanceof UsageError) {
    printError(`${error.message}\nSee flux-mqtt ${command} --help\n`);
    return EXIT.usage;
  }
  if (error instanceof ClientError) {
    const isDenied = isAuthorization(error.reasonCode);
    const advice = isDenied ? "check -u and -P, and the broker's rules" : ADVICE[error.kind];
    printError(`${error.message}; ${advice}\n`);
    return isDenied ? NOT_AUTHORIZED : CLIENT_EXIT[error.kind];
  }
  printError(`${error instanceof Error ? error.message : String(error)}\n`);
  return EXIT.failed;
}

/** 4 and 5 of CONNACK before 5.0; bad user name or password, not authorized, banned since. */
function isAuthorization(reasonCode: number): boolean {
  return [4, 5, 0x86, 0x87, 0x8a].includes(reasonCode);
}

/** Tells the broker goodbye; the command was successful. */
export async function leave(client: MqttClient): Promise<number> {
  await client.disconnect();
  return EXIT.ok;
}
