/**
 * Shows what a delivery costs the broker when the same load is spread over more and more connections, as a table in Markdown.
 *
 *     deno task crowd                                       10 to 5,000 connections, 10 s each
 *     deno task crowd --connections 10,100 --seconds 3      others
 *
 * Half of the connections publish in turn at a fixed rate, whatever the broker does (QoS 0, 100 bytes); each of the others receives the
 * messages of one publisher. Each row has a broker process of its own, without a store; the clients run in this one. Needs Linux. The exit
 * status is 1 if a message does not arrive.
 *
 * @module
 */
import { readFlags } from "./flags.ts";
import { megabytes, printRow, show } from "./measure/command.ts";
import { measureEach } from "./measure/connections.ts";
import { PairLoad } from "./measure/pair_load.ts";
import { placeOf, processorMs, residentBytes, startBroker } from "./measure/process.ts";

const USE = `Shows what a delivery costs the broker at different numbers of connections.

  --connections COUNT[,COUNT]  default: 10,100,1000,5000
  --rate MESSAGES              in a second, over all; default: 10000
  --seconds SECONDS            how long each lasts; default: 10
  --epoll                      plain connections go by epoll; default: by Deno's sockets`;
/** Time for the JIT compilers of both sides to optimize, milliseconds. */
const WARM_UP_MS = 2000;
/** A row that reaches less than this share of the requested rate says so. */
const HELD_PART = 0.98;

const flags = readFlags(USE, {
  connections: [10, 100, 1000, 5000],
  rate: 10_000,
  seconds: 10,
  epoll: false,
});

/** Measures one row; fails if a message is lost. */
async function measure(connections: number): Promise<void> {
  await using broker = await startBroker({ isEpoll: flags.epoll });
  const pairs = Math.max(1, Math.round(connections / 2));
  using load = await PairLoad.open({ place: placeOf(broker), pairs, qos: 0 });
  await load.pace(flags.rate, WARM_UP_MS);
  await load.drain();
  load.takeTally();
  const startedMs = processorMs(broker.pid);
  await load.pace(flags.rate, flags.seconds * 1000);
  await load.drain();
  const usedMs = processorMs(broker.pid) - startedMs;
  const { delivered, perSecond, p50Ms, p99Ms } = load.takeTally();
  const isHeld = perSecond >= flags.rate * HELD_PART;
  printRow([
    show(pairs * 2),
    show(perSecond) + (isHeld ? "" : ` (not the rate of ${show(flags.rate)})`),
    show(usedMs * 1000 / delivered, 1),
    show(p50Ms, 2),
    show(p99Ms, 2),
    megabytes(await residentBytes(broker)),
  ]);
}

await measureEach(
  [
    "connections",
    "delivered/s",
    "µs of processor each",
    "p50 ms",
    "p99 ms",
    "resident MB",
  ],
  flags.connections,
  measure,
);
