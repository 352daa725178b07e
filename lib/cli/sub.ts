import type { MqttClient } from "../client/mod.ts";
import { type Publish, reasonCodeName } from "../codec/mod.ts";
import { leave, NOT_AUTHORIZED, runClient, TIMED_OUT } from "./client_command.ts";
import { type ClientFlags, connectionOf, integer, qosOf, UsageError } from "./client_flags.ts";
import { EXIT, printBytes, printError } from "./output.ts";

const HELP = `Prints messages as they come: flux-mqtt sub -t FILTER [-t FILTER…] [FLAGS]

  -h, -p, -u, -P, -i, -k, -V    broker, port, user name, password, client id, keep alive, version (5, 311, 31)
  -t FILTER                     a Topic Filter; as many as wanted
  -q 0|1|2                      the QoS to ask for
  -v                            the topic before each message
  -C COUNT, -W SECONDS          ends after so many messages; after so long (status 27)
  -R, -N                        no retained messages; no newline after each
  -c, -x SECONDS                keeps the session (needs -i); for how long
  -E                            ends when it has subscribed
  --cafile, --cert, --key, --insecure    TLS
`;

/** `flux-mqtt sub`: subscribes and prints. */
export function sub(args: readonly string[]): Promise<number> {
  return runClient("sub", args, HELP, (flags) => {
    if (flags.topics.length === 0) throw new UsageError("-t: Name a Topic Filter");
    if (flags.on.has("disable-clean-session") && !flags.text.has("id")) {
      throw new UsageError("-c: Needs -i: a session is kept under a Client Identifier");
    }
    return connectionOf(flags);
  }, receive);
}

async function receive(client: MqttClient, flags: ClientFlags): Promise<number> {
  const { on } = flags;
  const wanted = integer(flags, "count", Infinity, 1, 1_000_000_000);
  const done = Promise.withResolvers<"enough" | "late">();
  let count = 0;
  client.onMessage = (message) => {
    if (count >= wanted || on.has("no-retain") && message.retain) return;
    printMessage(message, on);
    if (++count >= wanted) done.resolve("enough");
  };
  const status = await subscribe(client, flags);
  if (status !== EXIT.ok || on.has("exit-after-subscribe")) {
    return status === EXIT.ok ? await leave(client) : status;
  }
  const seconds = integer(flags, "timeout", 0, 0, 1_000_000);
  const timer = seconds > 0 ? setTimeout(() => done.resolve("late"), seconds * 1000) : undefined;
  const end = await Promise.race([done.promise, client.closed]);
  clearTimeout(timer);
  if (end === "enough") return await leave(client);
  if (end === "late") {
    await client.disconnect();
    return TIMED_OUT;
  }
  if (end !== undefined) throw end;
  return EXIT.ok;
}

/** Says which filters the broker refused. */
export async function subscribe(client: MqttClient, flags: ClientFlags): Promise<number> {
  const qos = qosOf(flags);
  const options = { noLocal: false, retainAsPublished: true, retainHandling: 0 } as const;
  const { reasonCodes } = await client.subscribe(
    flags.topics.map((topicFilter) => ({ topicFilter, qos, ...options })),
  );
  let status: number = EXIT.ok;
  for (const [i, code] of reasonCodes.entries()) {
    if (code < 0x80) continue;
    printError(`The broker refused ${flags.topics[i]}: ${reasonCodeName(code)}\n`);
    status = code === 0x87 || code === 0x80 ? NOT_AUTHORIZED : EXIT.failed;
  }
  // As long as one filter was granted there is something to wait for.
  return reasonCodes.some((code) => code < 0x80) ? EXIT.ok : status;
}

/** The payload as it is; with `-v` its topic first. */
export function printMessage({ topicName, payload }: Publish, on: ReadonlySet<string>): void {
  if (on.has("verbose")) printBytes(new TextEncoder().encode(`${topicName} `));
  printBytes(payload);
  if (!on.has("no-newline")) printBytes(Uint8Array.of(0x0a));
}
