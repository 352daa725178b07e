import { ClientError, type MqttClient } from "../client/mod.ts";
import { type Properties, reasonCodeName } from "../codec/mod.ts";
import { isTopicName } from "../topic/mod.ts";
import { leave, runClient } from "./client_command.ts";
import { type ClientFlags, connectionOf, integer, qosOf, readFileOf } from "./client_flags.ts";
import { propertiesOf } from "./client_properties.ts";
import { UsageError } from "./usage_error.ts";

/** `flux-mqtt pub`: publishes, waits for the acknowledgements and ends. */
export function pub(args: readonly string[]): Promise<number> {
  return runClient("pub", args, (flags) => {
    const init = connectionOf(flags);
    checkMessage(flags);
    const repeat = integer(flags, "repeat", 1, 1, 1_000_000_000);
    return {
      init,
      use: (client, farewell) => publishAll(client, flags, repeat, farewell),
    };
  });
}

async function publishAll(
  client: MqttClient,
  flags: ClientFlags,
  repeat: number,
  farewell: Properties | undefined,
): Promise<number> {
  for await (const payload of payloadsOf(flags, client.closed)) {
    for (let i = 0; i < repeat; i++) {
      if (i > 0) await pauseBetween(flags);
      await publishOne(client, flags, payload);
    }
  }
  return await leave(client, farewell);
}

/** `--repeat-delay`. */
async function pauseBetween({ text }: ClientFlags): Promise<void> {
  const seconds = Number(text.get("repeat-delay") ?? 0);
  if (seconds > 0) await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** Publishes one message. Throws a `ClientError` if the broker refuses it. */
export async function publishOne(
  client: MqttClient,
  flags: ClientFlags,
  payload: Uint8Array,
  more: { readonly responseTopic?: string } = {},
): Promise<void> {
  const properties = { ...propertiesOf(flags.properties, "publish"), ...more };
  const reasonCode = await client.publish(flags.topics[0]!, payload, {
    qos: qosOf(flags),
    retain: flags.on.has("retain"),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
  });
  if (reasonCode < 0x80) return;
  const message = `The broker did not take the message: ${reasonCodeName(reasonCode)}`;
  throw new ClientError("refused", message, reasonCode);
}

const PAYLOAD_FLAGS = ["message", "file", "null-message", "stdin-line", "stdin-file"];

/** Checks that there is one topic and one source of payloads. Throws a `UsageError`. */
export function checkMessage(flags: ClientFlags): void {
  const { topics, text, on, properties } = flags;
  const [topic, ...more] = topics;
  if (topic === undefined || more.length > 0) {
    throw new UsageError("-t: Name the one topic to publish to");
  }
  if (!isTopicName(topic)) throw new UsageError(`-t: Must be a Topic Name, is "${topic}"`);
  const given = PAYLOAD_FLAGS.filter((name) => text.has(name) || on.has(name));
  if (given.length === 0) {
    throw new UsageError("Name the payload: -m TEXT, -f FILE, -n, -l or -s");
  }
  if (given.length > 1) throw new UsageError(`--${given[0]} and --${given[1]}: Name one payload`);
  const delay = text.get("repeat-delay");
  if (delay !== undefined && !/^\d+(\.\d+)?$/.test(delay)) {
    throw new UsageError(`--repeat-delay: Must be seconds, is "${delay}"`);
  }
  propertiesOf(properties, "publish");
}

/** The payloads that the flags name, in order. Standard input is read no further once the connection is `closed`. */
export async function* payloadsOf(
  flags: ClientFlags,
  closed: Promise<unknown>,
): AsyncGenerator<Uint8Array> {
  const { text, on } = flags;
  if (text.has("message")) yield new TextEncoder().encode(text.get("message"));
  else if (text.has("file")) yield readFileOf(flags, "file");
  else if (on.has("null-message")) yield new Uint8Array();
  else if (on.has("stdin-file")) yield await allOf(standardInput(closed));
  else yield* linesOf(standardInput(closed));
}

/** Reads standard input until the connection ends, so that a wait for input does not hide Ctrl-C or the broker's end. */
async function* standardInput(
  closed: Promise<unknown>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = Deno.stdin.readable.getReader();
  closed.then(() => reader.cancel());
  for (let read; !(read = await reader.read()).done;) yield read.value;
}

async function allOf(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<Uint8Array> {
  return await new Blob(await Array.fromAsync(chunks)).bytes();
}

/** Lines without their ends. They are bytes, since payloads need not be text. */
async function* linesOf(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end; (end = chunk.indexOf(0x0a, start)) >= 0; start = end + 1) {
      parts.push(chunk.subarray(start, end));
      yield await new Blob(parts).bytes();
      parts = [];
    }
    if (start < chunk.length) parts.push(chunk.slice(start));
  }
  if (parts.length > 0) yield await new Blob(parts).bytes();
}
