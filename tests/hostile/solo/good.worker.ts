/// <reference lib="deno.worker" />
import { MqttClient } from "../../../lib/client/mod.ts";
import type { Seen } from "./good.ts";

// A client that behaves well, in a thread of its own: it sends to itself at QoS 1, and others come and go.

const hostname = "127.0.0.1";
const INTERVAL_MS = 20;
const NEWCOMER_MS = 200;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const sentAtMs = new Map<number, number>();
let roundTripMs: number[] = [];
let connectMs: number[] = [];
let comingSinceMs: number | undefined;
const faults = new Set<string>();

self.onmessage = async ({ data: { port, credentials } }: MessageEvent) => {
  const identity = credentials === undefined ? {} : {
    userName: credentials[0] as string,
    password: new TextEncoder().encode(credentials[1]),
  };
  const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const client = await MqttClient.connect({
    hostname,
    port,
    ...identity,
    clientId: "good",
    onMessage: ({ payload }) => {
      const number = Number(new TextDecoder().decode(payload));
      const atMs = sentAtMs.get(number);
      if (atMs === undefined) return;
      sentAtMs.delete(number);
      roundTripMs.push(performance.now() - atMs);
    },
  });
  await client.subscribe([{ topicFilter: "good/own", qos: 1, ...options }]);
  client.closed.then((reason) => faults.add(`Its connection ended: ${reason?.message}`));
  self.onmessage = () => report();
  self.postMessage("ready");
  comeAndGo(port, identity);
  for (let number = 0;; number++) {
    sentAtMs.set(number, performance.now());
    const payload = new TextEncoder().encode(String(number));
    client.publish("good/own", payload, { qos: 1 }).then((reasonCode) => {
      if (reasonCode >= 0x80) faults.add(`A PUBLISH was answered with ${reasonCode}`);
    }, (error) => faults.add(`A PUBLISH failed: ${error.message}`));
    await pause(INTERVAL_MS);
  }
};

/** What was seen since the last time; what is still waited for counts as long as it has lasted. */
function report(): void {
  const now = performance.now();
  const late = [...sentAtMs.values()].map((atMs) => now - atMs);
  const coming = comingSinceMs === undefined ? [] : [now - comingSinceMs];
  const seen: Seen = {
    roundTripMs: [...roundTripMs, ...late],
    connectMs: [...connectMs, ...coming],
    faults: [...faults],
  };
  roundTripMs = [];
  connectMs = [];
  faults.clear();
  self.postMessage(seen);
}

async function comeAndGo(port: number, identity: object): Promise<void> {
  for (;;) {
    comingSinceMs = performance.now();
    try {
      const client = await MqttClient.connect({ hostname, port, ...identity });
      connectMs.push(performance.now() - comingSinceMs);
      comingSinceMs = undefined;
      await client.disconnect();
    } catch (error) {
      faults.add(`A newcomer was kept out: ${error instanceof Error ? error.message : error}`);
    }
    comingSinceMs = undefined;
    await pause(NEWCOMER_MS);
  }
}
