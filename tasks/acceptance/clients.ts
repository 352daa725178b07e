import { strict as assert } from "node:assert";
import { MosquittoSub, publish, subscribeToEnd } from "../../tests/support/mosquitto.ts";
import type { Stage } from "./row.ts";

/** Runs `mosquitto_pub`, which must end well. */
export async function send(port: number, ...args: readonly string[]): Promise<void> {
  const { code, output } = await publish(port, args);
  assert.equal(code, 0, `mosquitto_pub ${args.join(" ")} ends with ${code}: ${output}`);
}

/** Publishes to each topic while one subscriber listens, and says which topics it got: those, in this order. */
export async function expectTopics(
  { port }: Stage,
  topicFilter: string,
  published: readonly string[],
  arriving: readonly string[],
): Promise<string> {
  await using subscriber = await MosquittoSub.start(port, ["-t", topicFilter, "-t", "end", "-v"]);
  for (const topic of published) await send(port, "-t", topic, "-m", "22.5", "-q", "1");
  // What was to come has come before this.
  await send(port, "-t", "end", "-m", "of the row", "-q", "1");
  const expected = [...arriving.map((topic) => `${topic} 22.5`), "end of the row"];
  assert.deepEqual(await subscriber.take(expected.length), expected);
  return `Of ${published.length} messages arrived: ${arriving.join(", ")}`;
}

/** What a new subscriber gets at once from this filter, as `topic payload`, followed by a marker. */
export async function retainedFor(port: number, topicFilter: string): Promise<readonly string[]> {
  await using subscriber = await MosquittoSub.start(
    port,
    ["-t", topicFilter, "-t", "end", "-F", "%r %t %p"],
  );
  await send(port, "-t", "end", "-m", "marker", "-q", "1");
  const lines = await subscriber.take(1);
  while (subscriber.messages.at(-1) !== "0 end marker") await subscriber.take(lines.length + 1);
  return subscriber.messages.slice(0, -1);
}

/** One subscriber at this QoS gets what is published at it; returns the QoS at which it arrived. */
export async function roundTrip(port: number, qos: string): Promise<string> {
  await using subscriber = await MosquittoSub.start(
    port,
    ["-t", "test/qos", "-q", qos, "-F", "%q %p"],
  );
  await send(port, "-t", "test/qos", "-q", qos, "-m", `at ${qos}`);
  const [line = ""] = await subscriber.take(1);
  assert.ok(line.endsWith(` at ${qos}`), line);
  return line[0]!;
}

export { MosquittoSub, publish, subscribeToEnd };
