// deno-lint-ignore-file no-console -- a command line tool
/**
 * Shows how clients are affected when a program pages through everything with the API: 100,000 sessions and 1,000,000 retained topics,
 * while clients are served at a fixed rate.
 *
 *     deno task paging [--sessions 100000] [--topics 1000000] [--rate 1000]
 *
 * Broker and clients share this process, so latencies are higher than those of a broker alone; the program that pages is another process.
 * Prints the p99 of the clients without and with paging, and the memory before and at its peak. Needs Linux.
 *
 * @module
 */
import { readFlags } from "./flags.ts";
import { PairLoad } from "./measure/pair_load.ts";
import { requireLinux } from "./measure/process.ts";
import { HttpBroker } from "../tests/http/support.ts";

const USE = `Shows what it costs others when a program pages through everything by the API.

  --sessions COUNT  default: 100000
  --topics COUNT    retained messages; default: 1000000
  --rate MESSAGES   of the clients, in a second; default: 1000
  --seconds SECONDS of the first look, without paging; default: 20`;
const PAIRS = 50;
const SLICE_MS = 2000;

const flags = readFlags(USE, { sessions: 100_000, topics: 1_000_000, rate: 1000, seconds: 20 });

function* sessions() {
  for (let i = 0; i < flags.sessions; i++) {
    yield {
      clientId: `meter-${i}`,
      expirySeconds: Infinity,
      expiresAtMs: Infinity,
      subscriptions: [],
      deliveries: [],
      received: [],
      will: undefined,
    };
  }
}

function* retained() {
  const payload = new Uint8Array(20);
  for (let i = 0; i < flags.topics; i++) {
    yield {
      topicName: `plant/hall-${i % 100}/meter-${i}`,
      payload,
      qos: 1 as const,
      retain: true,
      properties: undefined,
      expiresAtMs: Infinity,
      publisherId: "",
    };
  }
}

requireLinux();
await using broker = await HttpBroker.start();
const core = broker.server.broker;
// Makes room for the clients beside the sessions.
core.reconfigure({ ...core.options, maxSessions: 0 });
broker.server.restore({ sessions: sessions(), retained: retained() });
using load = await PairLoad.open({
  place: { hostname: "127.0.0.1", port: broker.mqttPort },
  pairs: PAIRS,
  qos: 0,
});
await load.pace(flags.rate, SLICE_MS);
await load.drain();
load.takeTally();
await load.pace(flags.rate, flags.seconds * 1000);
await load.drain();
const calm = load.takeTally();
const memoryMb = () => Deno.memoryUsage().rss / 1e6;
const beforeMb = memoryMb();
let mostMb = beforeMb;
const startMs = performance.now();
const reader = new Deno.Command(Deno.execPath(), {
  args: [
    "run",
    "-q",
    "--allow-net",
    new URL("paging/reader.ts", import.meta.url).pathname,
    broker.url,
  ],
  stdout: "piped",
}).spawn();
let isRead = false;
const output = reader.output().finally(() => isRead = true);
while (!isRead) {
  await load.pace(flags.rate, SLICE_MS);
  mostMb = Math.max(mostMb, memoryMb());
}
const tookSeconds = (performance.now() - startMs) / 1000;
await load.drain();
const paged = load.takeTally();
const said = new TextDecoder().decode((await output).stdout).trim().replaceAll("\n", ", ");
console.log(`${new Date().toISOString()}, ${navigator.hardwareConcurrency} processors`);
console.log(`read: ${said}, in ${tookSeconds.toFixed(0)} s at most`);
console.log("| | deliveries/s | p50 ms | p99 ms | memory MB |");
console.log("| --- | ---: | ---: | ---: | ---: |");
for (
  const [name, { perSecond, p50Ms, p99Ms }, mb] of [
    ["nobody pages", calm, beforeMb],
    ["a program pages", paged, mostMb],
  ] as const
) {
  const cells = [Math.round(perSecond), p50Ms.toFixed(2), p99Ms.toFixed(2), Math.round(mb)];
  console.log(`| ${name} | ${cells.join(" | ")} |`);
}
Deno.exit(0);
