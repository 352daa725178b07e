import { isTopicName } from "../topic/mod.ts";
import { runClient, untilEnd } from "./client_command.ts";
import { type ClientFlags, connectionOf, timeoutSecondsOf } from "./client_flags.ts";
import { checkMessage, payloadsOf, publishOne } from "./pub.ts";
import { printerOf, subscribeTo } from "./sub.ts";
import { UsageError } from "./usage_error.ts";

/** `flux-mqtt rr`: sends a request and prints the response, with the properties of 5.0 for that. */
export function rr(args: readonly string[]): Promise<number> {
  return runClient("rr", args, (flags) => {
    const init = connectionOf(flags);
    if (init.protocolVersion !== 5) throw new UsageError("-V: Must be 5, which has responses");
    checkMessage(flags);
    const responseTopic = responseTopicOf(flags);
    const print = printerOf(flags);
    return {
      init: {
        ...init,
        onMessage: (message, client) => {
          if (flags.on.has("no-retain") && message.retain) return;
          print(message);
          client.disconnect();
        },
      },
      timeoutSeconds: timeoutSecondsOf(flags),
      use: async (client) => {
        await subscribeTo(client, [responseTopic], flags);
        for await (const payload of payloadsOf(flags, client.closed)) {
          await publishOne(client, flags, payload, { responseTopic });
        }
        return await untilEnd(client);
      },
    };
  });
}

function responseTopicOf({ text }: ClientFlags): string {
  const topic = text.get("response-topic");
  if (topic === undefined) throw new UsageError("-e: Name the response's topic");
  if (isTopicName(topic)) return topic;
  throw new UsageError(`-e: Must be a Topic Name, is "${topic}"`);
}
