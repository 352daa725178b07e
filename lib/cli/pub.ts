import type { MqttClient } from "../client/mod.ts";
import { reasonCodeName } from "../codec/mod.ts";
import { leave, NOT_AUTHORIZED, runClient } from "./client_command.ts";
import {
  type ClientFlags,
  connectionOf,
  integer,
  propertiesOf,
  qosOf,
  UsageError,
} from "./client_flags.ts";
import { EXIT, printError } from "./output.ts";

const HELP = `Publishes a message: flux-mqtt pub -t TOPIC -m MESSAGE [FLAGS]

  -h, -p, -u, -P, -i, -k, -V    broker, port, user name, password, client id, keep alive, version (5, 311, 31)
  -t TOPIC                      the Topic Name
  -m TEXT | -f FILE | -n        the payload: text, a file, or nothing
  -l | -s                       standard input: a message for each line, or all as one
  -q 0|1|2, -r                  QoS; retained
  --repeat COUNT                publishes it so many times
  -D publish NAME VALUE         a property: content-type, response-topic, user-property NAME VALUE, …
  --cafile, --cert, --key, --insecure    TLS
  --will-topic, --will-payload, --will-qos, --will-retain    a will
`;

/** `flux-mqtt pub`: publishes, waits for the acknowledgements, ends. */
export function pub(args: readonly string[]): Promise<number> {
  return runClient("pub", args, HELP, (flags) => {
    if (flags.topics.length !== 1) throw new UsageError("-t: Name the one topic to publish to");
    return connectionOf(flags);
  }, publishAll);
}

async function publishAll(client: MqttClient, flags: ClientFlags): Promise<number> {
  const properties = propertiesOf(flags, "publish");
  const init = {
    qos: qosOf(flags),
    retain: flags.on.has("retain"),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
  };
  const repeat = integer(flags, "repeat", 1, 1, 1_000_000_000);
  for await (const payload of payloadsOf(flags)) {
    for (let i = 0; i < repeat; i++) {
      const reasonCode = await client.publish(flags.topics[0]!, payload, init);
      if (reasonCode < 0x80) continue;
      printError(`The broker did not take the message: ${reasonCodeName(reasonCode)}\n`);
      return reasonCode === 0x87 ? NOT_AUTHORIZED : EXIT.failed;
    }
  }
  return await leave(client);
}

/** The payloads that the flags name, in order. */
export async function* payloadsOf(flags: ClientFlags): AsyncGenerator<Uint8Array> {
  const { text, on } = flags;
  if (text.has("message")) yield new TextEncoder().encode(text.get("message"));
  else if (text.has("file")) yield await Deno.readFile(text.get("file")!);
  else if (on.has("null-message")) yield new Uint8Array();
  else if (on.has("stdin-file")) yield await new Response(Deno.stdin.readable).bytes();
  else if (on.has("stdin-line")) {
    for await (const line of linesOf(Deno.stdin.readable)) yield new TextEncoder().encode(line);
  } else throw new UsageError("Name the payload: -m TEXT, -f FILE, -n, -l or -s");
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}
