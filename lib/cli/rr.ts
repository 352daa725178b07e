import { ReasonCode } from "../codec/mod.ts";
import { isTopicName } from "../topic/mod.ts";
import { runClient, untilEnd } from "./client_command.ts";
import { type ClientFlags, connectionOf, timeoutSecondsOf } from "./client_flags.ts";
import { propertiesOf } from "./client_properties.ts";
import { print } from "./output.ts";
import { checkMessage, payloadsOf, publishOne } from "./pub.ts";
import { printerOf, retainOptions, subscribeTo } from "./sub.ts";
import { UsageError } from "./usage_error.ts";

/** `flux-mqtt rr`: sends a request and prints the response. Before 5.0 the request cannot name the topic of the response. */
export function rr(args: readonly string[]): Promise<number> {
  return runClient("rr", args, (flags) => {
    const init = connectionOf(flags);
    checkMessage(flags);
    retainOptions(flags);
    const responseTopic = responseTopicOf(flags);
    const printMessage = printerOf(flags);
    const farewell = propertiesOf(flags.properties, "disconnect");
    let sentMs = 0;
    return {
      init: {
        ...init,
        onMessage: (message, client) => {
          if (flags.on.has("no-retain") && message.retain) return;
          printMessage(message);
          if (flags.on.has("latency")) print(latencyLine(performance.now() - sentMs));
          client.disconnect(ReasonCode.Success, farewell);
        },
      },
      timeoutSeconds: timeoutSecondsOf(flags),
      use: async (client) => {
        await subscribeTo(client, [responseTopic], flags);
        const more = init.protocolVersion === 5 ? { responseTopic } : {};
        for await (const payload of payloadsOf(flags, client.closed)) {
          sentMs = performance.now();
          await publishOne(client, flags, payload, more);
        }
        return await untilEnd(client);
      },
    };
  });
}

function latencyLine(ms: number): string {
  return `Latency: ${ms.toFixed(3)} ms\n`;
}

function responseTopicOf({ text }: ClientFlags): string {
  const topic = text.get("response-topic");
  if (topic === undefined) throw new UsageError("-e: Name the response's topic");
  if (isTopicName(topic)) return topic;
  throw new UsageError(`-e: Must be a Topic Name, is "${topic}"`);
}
