// deno-lint-ignore-file no-console -- a command line tool
/**
 * Shows what an open dashboard costs: with 5,000 connections and 10,000 messages a second, without the page and with each of its views open
 * in a headless Chromium.
 *
 *     deno task page-load [--connections 5000] [--rate 10000] [--seconds 10]
 *
 * The broker is a process of its own without a store; the clients run in this one. Latencies are measured by the clients; the browser's
 * processor time includes all its processes. Needs Linux and Chromium.
 *
 * @module
 */
import { Browser, findChromium } from "../tests/support/browser.ts";
import { BrokerProcess } from "../tests/support/broker_process.ts";
import { readFlags } from "./flags.ts";
import { PairLoad } from "./measure/pair_load.ts";
import { processorMs, requireLinux } from "./measure/process.ts";

const USE = `Shows what an open dashboard costs the broker and the browser.

  --connections COUNT  default: 5000
  --rate MESSAGES      in a second; default: 10000
  --seconds SECONDS    how long each is looked at; default: 10`;
const WARM_UP_MS = 3000;
const VIEWS = ["", "clients", "topics", "messages"];

const flags = readFlags(USE, { connections: 5000, rate: 10_000, seconds: 10 });

/** The processor time of a process and all processes that it has started. */
function processorOfAll(pid: number): number {
  let sum = 0;
  const waiting = [pid];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    try {
      sum += processorMs(next);
      const children = Deno.readTextFileSync(`/proc/${next}/task/${next}/children`);
      waiting.push(...children.trim().split(" ").filter((text) => text !== "").map(Number));
    } catch {
      // The process has ended.
    }
  }
  return sum;
}

requireLinux();
const found = await findChromium();
if (!("client" in found)) {
  console.log(found.missing);
  Deno.exit(1);
}
const [mqttPort, httpPort] = [freePort(), freePort()];
await using broker = await BrokerProcess.start({
  config: `listener ${mqttPort} 127.0.0.1\nallow_anonymous true\n` +
    `listener ${httpPort} 127.0.0.1\nprotocol http_api\n`,
  isPortOwn: true,
  flags: ["--no-connection-messages", "--no-persistence"],
});
using load = await PairLoad.open({
  place: { hostname: "127.0.0.1", port: mqttPort },
  pairs: Math.round(flags.connections / 2),
  qos: 0,
});

/** Runs the load for a while, and prints the figures of clients, broker and browser. */
async function look(name: string, browserPid: number | undefined): Promise<void> {
  await load.pace(flags.rate, WARM_UP_MS);
  await load.drain();
  load.takeTally();
  const startMs = performance.now();
  const brokerMs = processorMs(broker.pid);
  const browserMs = browserPid === undefined ? 0 : processorOfAll(browserPid);
  await load.pace(flags.rate, flags.seconds * 1000);
  const tookMs = performance.now() - startMs;
  const browser = browserPid === undefined
    ? "–"
    : percent((processorOfAll(browserPid) - browserMs) / tookMs);
  await load.drain();
  const { perSecond, p50Ms, p99Ms } = load.takeTally();
  const cells = [
    name,
    Math.round(perSecond).toLocaleString("en"),
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    percent((processorMs(broker.pid) - brokerMs) / tookMs),
    browser,
  ];
  console.log(`| ${cells.join(" | ")} |`);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

console.log(`${new Date().toISOString()}, ${navigator.hardwareConcurrency} processors`);
console.log(
  `${flags.connections} connections, ${flags.rate} messages/s, ${flags.seconds} s each\n`,
);
console.log("| page | deliveries/s | p50 ms | p99 ms | broker, of a core | browser, of a core |");
console.log("| --- | ---: | ---: | ---: | ---: | ---: |");
await look("closed", undefined);
await using browser = await Browser.start(found.client);
const page = await browser.open(`http://127.0.0.1:${httpPort}/#/`, { width: 1280, height: 800 });
for (const view of VIEWS) {
  await page.evaluate(`location.hash = "#/${view}"`);
  if (view === "messages") await page.click("Follow");
  await look(view === "" ? "overview" : view, browser.pid);
}
