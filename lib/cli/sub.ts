import { ClientError, type MqttClient, type ReceivedMessage } from "../client/mod.ts";
import {
  type Properties,
  type Publish,
  ReasonCode,
  reasonCodeName,
  type SubscriptionRequest,
} from "../codec/mod.ts";
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
import { messageOf, print, printBytes, printError } from "./output.ts";
import { safe, safeText } from "./terminal_text.ts";
import { UsageError } from "./usage_error.ts";
import { WatchScreen } from "./watch_screen.ts";

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
          if (!flags.on.has("quiet")) printError(`${safe(message)}; connecting again\n`);
        },
      },
      timeoutSeconds: timeoutSecondsOf(flags),
      use: async (client, farewell) => {
        printer.farewell = farewell;
        if (flags.unsubscribed.length > 0) {
          const properties = propertiesOf(flags.properties, "unsubscribe");
          await client.unsubscribe(flags.unsubscribed, properties);
        }
        if (flags.topics.length > 0) {
          // Messages that waited in a kept session may reach the count before SUBACK comes.
          await subscribeTo(client, flags.topics, flags).catch((error) => {
            if (!printer.isDone) throw error;
          });
        }
        if (flags.on.has("exit-after-subscribe")) return await leave(client, farewell);
        return await untilEnd(client).finally(() => printer.stop());
      },
    };
  });
}

/** Prints the messages that the flags ask for, and ends after the last. */
class Printer {
  isDone = false;
  /** Properties of the DISCONNECT. */
  farewell: Properties | undefined;
  readonly #flags: ClientFlags;
  readonly #wanted: number;
  readonly #print: (message: ReceivedMessage) => boolean;
  /** The messages of `--remove-retained` that are not acknowledged yet. */
  readonly #removals: Promise<unknown>[] = [];
  /** How many percent of the messages are printed. */
  readonly #percent: number;
  #count = 0;
  /** Messages since the last line of `--message-rate`. */
  #rate = 0;
  readonly #timer: ReturnType<typeof setInterval> | undefined;

  constructor(flags: ClientFlags) {
    this.#flags = flags;
    this.#wanted = integer(flags, "count", Infinity, 1, 1_000_000_000);
    this.#percent = percentOf(flags);
    this.#print = flags.on.has("message-rate") ? () => true : printerOf(flags);
    if (flags.on.has("message-rate")) this.#timer = setInterval(() => this.#printRate(), 1000);
  }

  /** Nothing comes any more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #printRate(): void {
    print(`${this.#rate}\n`);
    this.#rate = 0;
  }

  take(message: ReceivedMessage, client: MqttClient): void {
    const { on, filtersOut } = this.#flags;
    const { topicName, retain } = message;
    if (on.has("retained-only") && !retain) {
      this.isDone = true;
      return this.#end(client);
    }
    if (this.isDone || filtersOut.some((filter) => topicMatches(filter, topicName))) return;
    if (on.has("remove-retained") && retain) {
      const removed = client.publish(topicName, "", { qos: 1, retain: true });
      this.#removals.push(removed.catch(() => {})); // The connection is gone, which is reported elsewhere.
    }
    if (on.has("no-retain") && retain) return;
    this.#rate++;
    const isChosen = this.#percent === 100 || Math.random() * 100 < this.#percent;
    const isRead = !isChosen || this.#print(message);
    if (++this.#count < this.#wanted && isRead) return;
    this.isDone = true;
    if (this.#removals.length === 0) this.#end(client);
    else Promise.all(this.#removals).then(() => this.#end(client));
  }

  #end(client: MqttClient): void {
    client.disconnect(ReasonCode.Success, this.farewell);
  }
}

/** `--random-filter`. */
function percentOf({ text }: ClientFlags): number {
  const given = text.get("random-filter") ?? "100";
  const percent = Number(given);
  if (/^\d+(\.\d+)?$/.test(given) && percent >= 0.1 && percent <= 100) return percent;
  throw new UsageError(`--random-filter: Must be from 0.1 to 100, is "${given}"`);
}

function checkFlags(flags: ClientFlags): void {
  if (flags.topics.length === 0 && flags.unsubscribed.length === 0) {
    throw new UsageError("-t: Name a Topic Filter, or one to unsubscribe from with -U");
  }
  const { topics, filtersOut, unsubscribed } = flags;
  for (const [flag, filters] of Object.entries({ t: topics, T: filtersOut, U: unsubscribed })) {
    const wrong = filters.find((topicFilter) => !isTopicFilter(topicFilter));
    if (wrong !== undefined) {
      throw new UsageError(`-${flag}: Must be a Topic Filter, is "${wrong}"`);
    }
  }
  propertiesOf(flags.properties, "subscribe");
  propertiesOf(flags.properties, "unsubscribe");
  retainOptions(flags);
  if (flags.on.has("no-retain") && flags.on.has("retained-only")) {
    throw new UsageError("-R and --retained-only: Nothing would be left");
  }
}

/** Subscribes, and prints which filters the broker refused. Throws if it refused them all, since nothing would ever come. */
export async function subscribeTo(
  client: MqttClient,
  topicFilters: readonly string[],
  flags: ClientFlags,
): Promise<void> {
  const qos = qosOf(flags);
  const options = { noLocal: false, ...retainOptions(flags) } as const;
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

/** The options of subscriptions that concern retained messages. Before 5.0 there are none, and `-R` filters what comes. */
export function retainOptions(
  { text, on }: ClientFlags,
): Pick<SubscriptionRequest, "retainAsPublished" | "retainHandling"> {
  const retainAsPublished = on.has("retain-as-published");
  const handling = text.get("retain-handling");
  if (!/^(mqttv)?5$/.test(text.get("protocol-version") ?? "5")) {
    const name = handling !== undefined ? "retain-handling" : "retain-as-published";
    if (handling !== undefined || retainAsPublished) throw new UsageError(`--${name}: Needs -V 5`);
    return { retainAsPublished: false, retainHandling: 0 };
  }
  const retainHandling = RETAIN_HANDLING[handling ?? (on.has("no-retain") ? "never" : "always")];
  if (retainHandling !== undefined) return { retainAsPublished, retainHandling };
  const words = Object.keys(RETAIN_HANDLING).join(", ");
  throw new UsageError(`--retain-handling: Must be ${words}, is "${handling}"`);
}

const RETAIN_HANDLING: Readonly<Record<string, 0 | 1 | 2>> = { always: 0, new: 1, never: 2 };

/** Returns a function that prints a message as the flags ask; it returns `false` once nobody reads the output. Throws a `UsageError`. */
export function printerOf({ text, on }: ClientFlags): (message: ReceivedMessage) => boolean {
  const format = text.get("format");
  const isShown = on.has("watch") || Deno.stdout.isTerminal();
  const write = format === undefined
    ? (message: ReceivedMessage) => plain(isShown ? shownMessage(message) : message, on)
    : readFormat(format, { isPretty: on.has("pretty"), isShown });
  const screen = on.has("watch") ? new WatchScreen() : undefined;
  const end = new TextEncoder().encode(on.has("no-newline") ? "" : "\n");
  return (message) => {
    try {
      const bytes = write(message);
      if (screen !== undefined) return printBytes(screen.show(message.topicName, bytes));
      if (format === undefined && isUnseen(message, on)) return true;
      const all = new Uint8Array(bytes.length + end.length);
      all.set(bytes);
      all.set(end, bytes.length);
      return printBytes(all);
    } catch (error) {
      printError(`${messageOf(error)}\n`);
      return true;
    }
  };
}

/** As in mosquitto_sub, an empty payload is no line: only `-v` tells of it, and not with `-N`. */
function isUnseen({ payload }: Publish, on: ReadonlySet<string>): boolean {
  return payload.length === 0 && (!on.has("verbose") || on.has("no-newline"));
}

/** The topic and the payload as a terminal may show them. */
function shownMessage({ topicName, payload }: Publish): PlainMessage {
  return { topicName: safe(topicName), payload: new TextEncoder().encode(safeText(payload)) };
}

type PlainMessage = Pick<Publish, "topicName" | "payload">;

/** The payload; with `-v` its topic first. */
function plain({ topicName, payload }: PlainMessage, on: ReadonlySet<string>): Uint8Array {
  if (!on.has("verbose")) return payload;
  const head = new TextEncoder().encode(`${topicName} ${payload.length === 0 ? "(null)" : ""}`);
  const bytes = new Uint8Array(head.length + payload.length);
  bytes.set(head);
  bytes.set(payload, head.length);
  return bytes;
}
