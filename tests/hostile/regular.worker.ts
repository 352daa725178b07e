/// <reference lib="deno.worker" />
import { MqttClient } from "../../lib/client/mod.ts";
import type { Experience, Regular } from "./regular.ts";

// A client that behaves well, in a thread of its own: what it measures is the broker, not those who attack it.

const INTERVAL_MS = 50;
/** How often another one comes and goes, over TLS. */
const NEWCOMER_MS = 500;
/** What is under way at the end may take this long. */
const END_LIMIT_MS = 10_000;

const hostname = "127.0.0.1";
const roundTripMs: number[] = [];
const connectMs: number[] = [];
const sentAtMs: number[] = [];
const faults: string[] = [];
let expected = 0;
let isEnding = false;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

self.onmessage = async ({ data }: MessageEvent<Regular>) => {
  const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const client = await MqttClient.connect({
    hostname,
    port: data.port,
    clientId: "regular",
    keepAliveSeconds: 5,
    onMessage: ({ payload }) => {
      const number = Number(new TextDecoder().decode(payload));
      if (number !== expected) faults.push(`Message ${number} came in the place of ${expected}`);
      expected = number + 1;
      roundTripMs.push(performance.now() - sentAtMs[number]!);
    },
  });
  await client.subscribe([{ topicFilter: "regular/own", qos: 1, ...options }]);
  self.onmessage = () => isEnding = true;
  self.postMessage("ready");
  const coming = comeAndGo(data);
  await publish(client);
  const { length } = sentAtMs;
  for (let waitedMs = 0; expected < length && waitedMs < END_LIMIT_MS; waitedMs += 10) {
    await pause(10);
  }
  if (expected < length) faults.push(`${length - expected} messages did not come back`);
  await client.disconnect();
  const reason = await client.closed;
  if (reason !== undefined) faults.push(`The connection ended: ${reason.message}`);
  await coming;
  const experience: Experience = { sent: length, roundTripMs, connectMs, faults };
  self.postMessage(experience);
  self.close();
};

async function publish(client: MqttClient): Promise<void> {
  const text = new TextEncoder();
  while (!isEnding) {
    const payload = text.encode(String(sentAtMs.length));
    sentAtMs.push(performance.now());
    client.publish("regular/own", payload, { qos: 1 }).then((reasonCode) => {
      if (reasonCode >= 0x80) faults.push(`A PUBLISH was answered with ${reasonCode}`);
    }, (error) => faults.push(`A PUBLISH failed: ${error.message}`));
    await pause(INTERVAL_MS);
  }
}

async function comeAndGo({ port: plainPort, tlsPort, authority }: Regular): Promise<void> {
  while (!isEnding) {
    const startMs = performance.now();
    try {
      const tls = tlsPort === undefined ? {} : { tls: { caCerts: [authority] } };
      const client = await MqttClient.connect({ hostname, port: tlsPort ?? plainPort, ...tls });
      connectMs.push(performance.now() - startMs);
      await client.disconnect();
    } catch (error) {
      faults.push(`A newcomer was kept out: ${error instanceof Error ? error.message : error}`);
    }
    await pause(NEWCOMER_MS);
  }
}
