import { ClientError, type MqttClient, type ReceivedMessage } from "../client/mod.ts";
import { type Publish, ReasonCode, reasonCodeName } from "../codec/mod.ts";
import { isTopicFilter, topicMatches } from "../topic/mod.ts";
import { leave, runClient, untilEnd } from "./client_command.ts";
import {
  type ClientFlags,
  connectionOf,
  integer,
  qosOf,
  timeoutSecondsOf,
} from "./client_flags.ts";
import { propertiesOf } from "./client_properties.ts";
import { readFormat } from "./message_format.ts";
import { messageOf, printBytes, printError } from "./output.ts";
import { UsageError } from "./usage_error.ts";

/** How long after a lost connection it connects again, in milliseconds: as long as mosquitto_sub waits. */
const RECONNECT_MS = 1000;

/** `flux-mqtt sub`: subscribes and prints. */
export function sub(args: readonly string[]): Promise<number> {
  return runClient("sub", args, (flags) => {
    checkFlags(flags);
    const printer = new Printer(flags);
    return {
      init: {
        ...connectionOf(flags),
        onMessage: (message, client) => printer.take(message, client),
        reconnect: {
          minDelayMs: RECONNECT_MS,
          maxDelayMs: RECONNECT_MS,
          jitter: 0,
          // A broker that refuses us, or gave our session to another client, would do so again in a second.
          shouldRetry: ({ kind, reasonCode }) =>
            kind !== "refused" && kind !== "protocol" && reasonCode !== ReasonCode.SessionTakenOver,
        },
        onDisconnected: ({ message }) => {
          if (!flags.on.has("quiet")) printError(`${message}; connecting again\n`);
        },
      },
      timeoutSeconds: timeoutSecondsOf(flags),
      use: async (client) => {
        if (flags.unsubscribed.length > 0) await client.unsubscribe(flags.unsubscribed);
        // Messages that waited in a kept session may reach the count before SUBACK comes.
        await subscribeTo(client, flags.topics, flags).catch((error) => {
          if (!printer.isDone) throw error;
        });
        return flags.on.has("exit-after-subscribe") ? await leave(client) : await untilEnd(client);
      },
    };
  });
}

/** Prints the messages that the flags ask for, and ends after the last. */
class Printer {
  isDone = false;
  readonly #flags: ClientFlags;
  readonly #wanted: number;
  readonly #print: (message: ReceivedMessage) => boolean;
  /** The messages of `--remove-retained` that are not acknowledged yet. */
  readonly #removals: Promise<unknown>[] = [];
  #count = 0;

  constructor(flags: ClientFlags) {
    this.#flags = flags;
    this.#wanted = integer(flags, "count", Infinity, 1, 1_000_000_000);
    this.#print = printerOf(flags);
  }

  take(message: ReceivedMessage, client: MqttClient): void {
    const { on, filtersOut } = this.#flags;
    const { topicName, retain } = message;
    if (on.has("retained-only") && !retain) {
      this.isDone = true;
      return this.#end(client);
    }
    if (this.isDone || on.has("no-retain") && retain) return;
    if (filtersOut.some((filter) => topicMatches(filter, topicName))) return;
    if (on.has("remove-retained") && retain) {
      const removed = client.publish(topicName, "", { qos: 1, retain: true });
      this.#removals.push(removed.catch(() => {})); // The connection is gone, which is reported elsewhere.
    }
    const isRead = this.#print(message);
    if (++this.#count < this.#wanted && isRead) return;
    this.isDone = true;
    if (this.#removals.length === 0) this.#end(client);
    else Promise.all(this.#removals).then(() => this.#end(client));
  }

  #end(client: MqttClient): void {
    client.disconnect();
  }
}

function checkFlags(flags: ClientFlags): void {
  if (flags.topics.length === 0) throw new UsageError("-t: Name a Topic Filter");
  const { topics, filtersOut, unsubscribed } = flags;
  for (const [flag, filters] of Object.entries({ t: topics, T: filtersOut, U: unsubscribed })) {
    const wrong = filters.find((topicFilter) => !isTopicFilter(topicFilter));
    if (wrong !== undefined) {
      throw new UsageError(`-${flag}: Must be a Topic Filter, is "${wrong}"`);
    }
  }
  propertiesOf(flags.properties, "subscribe");
  if (flags.on.has("disable-clean-session") && !flags.text.has("id")) {
    throw new UsageError("-c: Needs -i: a session is kept under a Client Identifier");
  }
}

/** Subscribes, and prints which filters the broker refused. Throws if it refused them all, since nothing would ever come. */
export async function subscribeTo(
  client: MqttClient,
  topicFilters: readonly string[],
  flags: ClientFlags,
): Promise<void> {
  const qos = qosOf(flags);
  const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const { reasonCodes } = await client.subscribe(
    topicFilters.map((topicFilter) => ({ topicFilter, qos, ...options })),
    propertiesOf(flags.properties, "subscribe"),
  );
  const refusals = topicFilters.map((topicFilter, i) => ({ topicFilter, code: reasonCodes[i]! }))
    .filter(({ code }) => code >= 0x80);
  const texts = refusals.map(({ topicFilter, code }) =>
    `The broker refused ${topicFilter}: ${reasonCodeName(code)}`
  );
  const [first] = refusals;
  if (first !== undefined && refusals.length === topicFilters.length) {
    // Before 5.0 there is one code for every reason; missing rights are the usual reason.
    const code = first.code === UNSPECIFIED ? ReasonCode.NotAuthorized : first.code;
    throw new ClientError("refused", texts.join("\n"), code);
  }
  if (!flags.on.has("quiet")) printError(texts.map((text) => `${text}\n`).join(""));
}

const UNSPECIFIED = 0x80;

/** Returns a function that prints a message as the flags ask; it returns `false` once nobody reads the output. Throws a `UsageError`. */
export function printerOf({ text, on }: ClientFlags): (message: ReceivedMessage) => boolean {
  const format = text.get("format");
  if (format === undefined) return (message) => printMessage(message, on);
  const write = readFormat(format, on.has("pretty"));
  const end = new TextEncoder().encode(on.has("no-newline") ? "" : "\n");
  return (message) => {
    try {
      return printBytes(new Uint8Array([...write(message), ...end]));
    } catch (error) {
      printError(`${messageOf(error)}\n`);
      return true;
    }
  };
}

/** Prints the unchanged payload; with `-v` its topic first. `false`: nobody reads the output any more. */
function printMessage({ topicName, payload }: Publish, on: ReadonlySet<string>): boolean {
  const head = new TextEncoder().encode(on.has("verbose") ? `${topicName} ` : "");
  const newline = on.has("no-newline") ? 0 : 1;
  const bytes = new Uint8Array(head.length + payload.length + newline);
  bytes.set(head);
  bytes.set(payload, head.length);
  if (newline === 1) bytes[bytes.length - 1] = 0x0a;
  return printBytes(bytes);
}
