import type { MqttClient } from "../client/mod.ts";
import { leave, runClient, TIMED_OUT } from "./client_command.ts";
import { type ClientFlags, connectionOf, integer, qosOf, UsageError } from "./client_flags.ts";
import { EXIT } from "./output.ts";
import { payloadsOf } from "./pub.ts";
import { printMessage } from "./sub.ts";

const HELP =
  `Sends a request and prints the response: flux-mqtt rr -t TOPIC -e RESPONSE_TOPIC -m MESSAGE [FLAGS]

  -h, -p, -u, -P, -i, -k        broker, port, user name, password, client id, keep alive
  -t TOPIC, -e TOPIC            where the request goes, and where the response is expected
  -m TEXT | -f FILE | -n        the request's payload
  -q 0|1|2                      QoS of both
  -W SECONDS                    how long to wait (status 27)
  -v                            the topic before the response
  --cafile, --cert, --key, --insecure    TLS
`;

/** `flux-mqtt rr`: request and response, as 5.0 has them. */
export function rr(args: readonly string[]): Promise<number> {
  return runClient("rr", args, HELP, (flags) => {
    if (flags.topics.length !== 1) throw new UsageError("-t: Name the one topic of the request");
    if (!flags.text.has("response-topic")) throw new UsageError("-e: Name the response's topic");
    return connectionOf(flags);
  }, request);
}

async function request(client: MqttClient, flags: ClientFlags): Promise<number> {
  const responseTopic = flags.text.get("response-topic")!;
  const qos = qosOf(flags);
  const done = Promise.withResolvers<"answered" | "late">();
  client.onMessage = (message) => {
    printMessage(message, flags.on);
    done.resolve("answered");
  };
  const options = { noLocal: true, retainAsPublished: true, retainHandling: 2 } as const;
  await client.subscribe([{ topicFilter: responseTopic, qos, ...options }]);
  for await (const payload of payloadsOf(flags)) {
    await client.publish(flags.topics[0]!, payload, { qos, properties: { responseTopic } });
  }
  const seconds = integer(flags, "timeout", 0, 0, 1_000_000);
  const timer = seconds > 0 ? setTimeout(() => done.resolve("late"), seconds * 1000) : undefined;
  const end = await Promise.race([done.promise, client.closed]);
  clearTimeout(timer);
  if (end === "answered") return await leave(client);
  if (end === "late") {
    await client.disconnect();
    return TIMED_OUT;
  }
  if (end !== undefined) throw end;
  return EXIT.ok;
}
