import { ClientError, type MqttClient } from "../client/mod.ts";
import { type Publish, ReasonCode, reasonCodeName } from "../codec/mod.ts";
import { isTopicFilter } from "../topic/mod.ts";
import { leave, runClient, untilEnd } from "./client_command.ts";
import {
  type ClientFlags,
  connectionOf,
  integer,
  qosOf,
  timeoutSecondsOf,
} from "./client_flags.ts";
import { propertiesOf } from "./client_properties.ts";
import { printBytes, printError } from "./output.ts";
import { UsageError } from "./usage_error.ts";

/** `flux-mqtt sub`: subscribes and prints. */
export function sub(args: readonly string[]): Promise<number> {
  return runClient("sub", args, (flags) => {
    checkFlags(flags);
    const { on } = flags;
    const wanted = integer(flags, "count", Infinity, 1, 1_000_000_000);
    let count = 0;
    let isDone = false;
    return {
      init: {
        ...connectionOf(flags),
        onMessage: (message, client) => {
          if (on.has("no-retain") && message.retain) return;
          const isRead = printMessage(message, on);
          if (++count < wanted && isRead) return;
          isDone = true;
          client.disconnect();
        },
      },
      timeoutSeconds: timeoutSecondsOf(flags),
      use: async (client) => {
        // What a kept session had waiting may be enough before the broker has answered.
        await subscribeTo(client, flags.topics, flags).catch((error) => {
          if (!isDone) throw error;
        });
        return on.has("exit-after-subscribe") ? await leave(client) : await untilEnd(client);
      },
    };
  });
}

function checkFlags(flags: ClientFlags): void {
  if (flags.topics.length === 0) throw new UsageError("-t: Name a Topic Filter");
  const wrong = flags.topics.find((topicFilter) => !isTopicFilter(topicFilter));
  if (wrong !== undefined) throw new UsageError(`-t: Must be a Topic Filter, is "${wrong}"`);
  propertiesOf(flags.properties, "subscribe");
  if (flags.on.has("disable-clean-session") && !flags.text.has("id")) {
    throw new UsageError("-c: Needs -i: a session is kept under a Client Identifier");
  }
}

/** Subscribes, and says which filters the broker refused; throws where it refused them all: nothing would ever come. */
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
    // Before 5.0 there is one code for all reasons; the rules are the usual one.
    const code = first.code === UNSPECIFIED ? ReasonCode.NotAuthorized : first.code;
    throw new ClientError("refused", texts.join("\n"), code);
  }
  if (!flags.on.has("quiet")) printError(texts.map((text) => `${text}\n`).join(""));
}

const UNSPECIFIED = 0x80;

/** The payload as it is; with `-v` its topic first. `false`: nobody reads it any more. */
export function printMessage({ topicName, payload }: Publish, on: ReadonlySet<string>): boolean {
  const head = new TextEncoder().encode(on.has("verbose") ? `${topicName} ` : "");
  const newline = on.has("no-newline") ? 0 : 1;
  const bytes = new Uint8Array(head.length + payload.length + newline);
  bytes.set(head);
  bytes.set(payload, head.length);
  if (newline === 1) bytes[bytes.length - 1] = 0x0a;
  return printBytes(bytes);
}
