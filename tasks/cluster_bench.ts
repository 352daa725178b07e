// deno-lint-ignore-file no-console -- a command line tool
/**
 * Measures clusters of one, two and three nodes, all on this machine and with one nats-server, beside a broker without a cluster in the same
 * run: pairs of clients, the publishers at the first node, the subscribers at the last one. It needs `nats-server`.
 *
 *     deno task cluster-bench                      three seconds of each load
 *     deno task cluster-bench --times 5            the median of five runs, in turn
 *
 * @module
 */
import type { Qos } from "../lib/codec/mod.ts";
import { NatsServer, whyNoNatsServer } from "../tests/support/nats_server.ts";
import type { BrokerProcess } from "../tests/support/broker_process.ts";
import { readFlags, whole } from "./flags.ts";
import { printHead, printRow, run, show } from "./measure/command.ts";
import { PairLoad } from "./measure/pair_load.ts";
import { placeOf, startBroker } from "./measure/process.ts";

const USE = `Measures clusters of one to three nodes beside a broker without one.

  --seconds COUNT  of each load; default: 3
  --times COUNT    runs of which the median is taken; default: 1
  --pairs COUNT    publishers, each with a subscriber; default: 10
  --transport HOW  of plain connections, deno or epoll (as in an executable); default: epoll`;
const { seconds, times, pairs, transport } = readFlags(USE, {
  seconds: whole(3),
  times: whole(1),
  pairs: whole(10),
  transport: "epoll",
});
/** Messages under way at once where as many are sent as the brokers take. */
const WINDOW = 4000;
const PACE = 1000;
const WARM_UP_MS = 1000;

/** What is measured: nodes of a cluster, 0 is a broker without. */
const NODES = [0, 1, 2, 3];
const QOS: readonly Qos[] = [0, 1];

/** Messages per second, and the latency at {@linkcode PACE} messages per second. */
interface Result {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

await run(async () => {
  const reason = whyNoNatsServer();
  if (reason !== undefined) throw new Error(reason);
  const results = new Map<string, Result[]>();
  for (let time = 0; time < times; time++) {
    for (const nodes of NODES) {
      for (const qos of QOS) {
        const key = `${nodes} ${qos}`;
        results.set(key, [...results.get(key) ?? [], await measure(nodes, qos)]);
      }
    }
  }
  console.log(`${pairs} pairs, 100 bytes, ${transport}; latency at ${PACE} messages/s\n`);
  printHead(["", "messages/s", "of one broker", "p50 ms", "added", "p99 ms"]);
  for (const qos of QOS) {
    const alone = medianOf(results.get(`0 ${qos}`)!);
    for (const nodes of NODES) {
      const { perSecond, p50Ms, p99Ms } = medianOf(results.get(`${nodes} ${qos}`)!);
      printRow([
        `QoS ${qos}, ${nameOf(nodes)}`,
        show(perSecond),
        show(perSecond / alone.perSecond, 2),
        show(p50Ms, 2),
        show(p50Ms - alone.p50Ms, 2),
        show(p99Ms, 2),
      ]);
    }
  }
});
Deno.exit(0);

function nameOf(nodes: number): string {
  if (nodes === 0) return "no cluster";
  return nodes === 1 ? "one node" : `first of ${nodes} nodes to the last`;
}

async function measure(nodes: number, qos: Qos): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const brokers: BrokerProcess[] = [];
  const nats = nodes === 0 ? undefined : stack.use(await NatsServer.start());
  for (let i = 0; i < Math.max(nodes, 1); i++) {
    const flags = nats === undefined ? [] : ["--cluster", nats.url, "--cluster-node", `n${i}`];
    brokers.push(stack.use(await startBroker({ flags, isEpoll: transport === "epoll" })));
  }
  const place = placeOf(brokers[0]!);
  const subscribersAt = placeOf(brokers.at(-1)!);
  using load = await PairLoad.open({ place, subscribersAt, pairs, qos });
  await load.flood(WINDOW, WARM_UP_MS);
  load.takeTally();
  await load.flood(WINDOW, seconds * 1000);
  const { perSecond } = load.takeTally();
  await load.drain();
  load.takeTally();
  await load.pace(PACE, seconds * 1000);
  await load.drain();
  const { p50Ms, p99Ms } = load.takeTally();
  return { perSecond, p50Ms, p99Ms };
}

function medianOf(results: readonly Result[]): Result {
  const of = (value: (result: Result) => number) =>
    results.map(value).sort((a, b) => a - b)[results.length >> 1]!;
  return {
    perSecond: of(({ perSecond }) => perSecond),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
  };
}
