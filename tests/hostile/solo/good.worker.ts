/// <reference lib="deno.worker" />
import { MqttClient } from "../../../lib/client/mod.ts";
import type { Seen } from "./good.ts";

// A client that behaves well, in a thread of its own: it sends to itself at QoS 1, and others come and go.

const hostname = "127.0.0.1";
const INTERVAL_MS = 20;
const NEWCOMER_MS = 200;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Of each message under way: when it was sent, and how long the broker's thread had worked by then. */
const sent = new Map<number, { readonly atMs: number; readonly workedMs: number }>();
let roundTripMs: number[] = [];
let ownMs: number[] = [];
let stat: Deno.FsFile | undefined;
const statText = new Uint8Array(128);
let connectMs: number[] = [];
let comingSinceMs: number | undefined;
const faults = new Set<string>();

self.onmessage = async ({ data: { port, credentials, pid } }: MessageEvent) => {
  try {
    stat = Deno.openSync(`/proc/${pid}/schedstat`);
  } catch {
    // Only Linux tells.
  }
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
      const message = sent.get(number);
      if (message === undefined) return;
      sent.delete(number);
      note(message.atMs, message.workedMs);
    },
  });
  await client.subscribe([{ topicFilter: "good/own", qos: 1, ...options }]);
  client.closed.then((reason) => faults.add(`Its connection ended: ${reason?.message}`));
  self.onmessage = () => report();
  self.postMessage("ready");
  comeAndGo(port, identity);
  for (let number = 0;; number++) {
    sent.set(number, { atMs: performance.now(), workedMs: workedMs() });
    const payload = new TextEncoder().encode(String(number));
    client.publish("good/own", payload, { qos: 1 }).then((reasonCode) => {
      if (reasonCode >= 0x80) faults.add(`A PUBLISH was answered with ${reasonCode}`);
    }, (error) => faults.add(`A PUBLISH failed: ${error.message}`));
    await pause(INTERVAL_MS);
  }
};

/** What was seen since the last time; what is still waited for counts as long as it has lasted. */
function report(): void {
  for (const { atMs, workedMs } of sent.values()) note(atMs, workedMs);
  const coming = comingSinceMs === undefined ? [] : [performance.now() - comingSinceMs];
  const seen: Seen = {
    roundTripMs,
    ownMs,
    connectMs: [...connectMs, ...coming],
    faults: [...faults],
  };
  roundTripMs = [];
  ownMs = [];
  connectMs = [];
  faults.clear();
  self.postMessage(seen);
}

/** A round trip is over, or has lasted until now. */
function note(atMs: number, workedBeforeMs: number): void {
  roundTripMs.push(performance.now() - atMs);
  if (stat !== undefined) ownMs.push(workedMs() - workedBeforeMs);
}

/** How long the broker's main thread has had a processor, milliseconds: the first number, in nanoseconds. */
function workedMs(): number {
  if (stat === undefined) return 0;
  stat.seekSync(0, Deno.SeekMode.Start);
  const count = stat.readSync(statText) ?? 0;
  return Number(new TextDecoder().decode(statText.subarray(0, count)).split(" ")[0]) / 1e6;
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
