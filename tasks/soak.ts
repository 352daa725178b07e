// deno-lint-ignore-file no-console -- a command line tool
/**
 * Finds the broker's full load, runs it at half of that, and tells whether memory and latency stay flat.
 *
 *     deno task soak                      10 minutes
 *     deno task soak --minutes 1          ten shorter rows
 *     deno task soak --store              subscribers have sessions in a durable store, durability always
 *
 * Pairs of clients exchange messages of 100 bytes: in a closed loop to find full load, then in an open one. The broker is a process of its
 * own; the clients run in this one. Needs Linux. The exit status is 1 if a message does not arrive, the rate cannot be held, or something
 * is not flat.
 *
 * @module
 */
import type { Qos } from "../lib/codec/mod.ts";
import type { BrokerProcess } from "../tests/support/broker_process.ts";
import { readFlags } from "./flags.ts";
import { megabytes, printHead, printRow, run, show } from "./measure/command.ts";
import { PairLoad } from "./measure/pair_load.ts";
import {
  placeOf,
  processorMs,
  requireLinux,
  residentBytes,
  startBroker,
} from "./measure/process.ts";

const USE = `Runs the broker at half of full load, and says whether memory and latency stay flat.

  --minutes MINUTES  default: 10
  --pairs COUNT      publishers, each with a subscriber; default: 10
  --qos 0|1|2        default: 1
  --store            sessions and messages are stored, durability always; default: no store
  --epoll            plain connections go by epoll; default: by Deno's sockets`;
const MB = 1024 * 1024;
/** The times before and during the measurement of full load. */
const WARM_UP_MS = 1000;
const FULL_LOAD_MS = 5000;
/** Deliveries in flight at full load. */
const WINDOW = 4000;
const LEAST_ROWS = 10;
const SAMPLE_MS = 1000;
/**
 * Memory is flat if the mean of the last third exceeds that of the second by at most a tenth and 16 MB: a leak grows in every third, while
 * the collector's own cycles vary by some megabytes. The first third does not count, because the broker warms up in it.
 */
const MEMORY_FACTOR = 1.1;
const MEMORY_EXTRA_BYTES = 16 * MB;
/**
 * p99 is flat if the median of the last third is at most twice that of the first and 2 ms: growing queues make it much longer within
 * seconds, while other load on the machine may double it.
 */
const P99_FACTOR = 2;
const P99_EXTRA_MS = 2;
/** The share of half the full load that must be delivered. */
const HELD_PART = 0.98;

const flags = readFlags(USE, { minutes: 10, pairs: 10, qos: "1", store: false, epoll: false });

/** A row of the table. */
interface Row {
  readonly perSecond: number;
  readonly p99Ms: number;
  readonly meanBytes: number;
}

async function soak(): Promise<void> {
  if (!/^[012]$/.test(flags.qos)) throw new Error(`--qos: Must be 0, 1 or 2, is "${flags.qos}"`);
  const qos = Number(flags.qos) as Qos;
  await using broker = await startBroker({ isStored: flags.store, isEpoll: flags.epoll });
  using load = await PairLoad.open({
    place: placeOf(broker),
    pairs: Math.ceil(flags.pairs),
    qos,
    keepsSessions: flags.store,
  });
  const rate = await fullLoad(broker, load) / 2;
  const store = flags.store ? "durable store" : "no store";
  console.log(`Half of it for ${flags.minutes} minutes: ${show(rate)} a second, ${store}\n`);
  judge(await runRows(broker, load, rate), rate);
}

/** The deliveries a second when clients send as fast as they may. */
async function fullLoad(broker: BrokerProcess, load: PairLoad): Promise<number> {
  await load.flood(WINDOW, WARM_UP_MS);
  load.takeTally();
  const startedMs = processorMs(broker.pid);
  await load.flood(WINDOW, FULL_LOAD_MS);
  const { perSecond } = load.takeTally();
  const busyPart = (processorMs(broker.pid) - startedMs) / FULL_LOAD_MS;
  await load.drain();
  load.takeTally();
  console.log(
    `Full load: ${
      show(perSecond)
    } deliveries a second of QoS ${flags.qos} over ${flags.pairs} pairs, ` +
      `broker at ${show(busyPart * 100)} % of a processor`,
  );
  return perSecond;
}

/** Prints a row a minute, or ten shorter ones. */
async function runRows(broker: BrokerProcess, load: PairLoad, rate: number): Promise<Row[]> {
  const count = Math.max(LEAST_ROWS, Math.round(flags.minutes));
  const rowMs = flags.minutes * 60_000 / count;
  printHead(["minute", "delivered/s", "p50 ms", "p99 ms", "resident MB", "broker CPU %"]);
  const rows: Row[] = [];
  for (let i = 1; i <= count; i++) {
    const startedMs = performance.now();
    const startedProcessorMs = processorMs(broker.pid);
    const samples: number[] = [];
    const sample = async () => void samples.push(await residentBytes(broker));
    const timer = setInterval(() => sample().catch(() => {}), Math.min(SAMPLE_MS, rowMs / 2));
    await load.pace(rate, rowMs);
    clearInterval(timer);
    await sample();
    const { perSecond, p50Ms, p99Ms } = load.takeTally();
    const busyPart = (processorMs(broker.pid) - startedProcessorMs) /
      (performance.now() - startedMs);
    rows.push({ perSecond, p99Ms, meanBytes: mean(samples) });
    printRow([
      show(i * rowMs / 60_000, rowMs < 60_000 ? 2 : 0),
      show(perSecond),
      show(p50Ms, 2),
      show(p99Ms, 2),
      megabytes(rows.at(-1)!.meanBytes),
      show(busyPart * 100),
    ]);
  }
  await load.drain();
  return rows;
}

/** Prints the verdict; throws if it is bad. */
function judge(rows: readonly Row[], rate: number): void {
  const third = Math.floor(rows.length / 3);
  const [first, second, last] = [
    rows.slice(0, third),
    rows.slice(third, 2 * third),
    rows.slice(-third),
  ];
  const bytesOf = (part: readonly Row[]) => mean(part.map(({ meanBytes }) => meanBytes));
  const p99Of = (part: readonly Row[]) => median(part.map(({ p99Ms }) => p99Ms));
  const perSecond = mean(rows.map((row) => row.perSecond));
  const verdicts: [what: string, holds: boolean][] = [
    [
      `memory ${megabytes(bytesOf(second))} MB in the second third, ${
        megabytes(bytesOf(last))
      } MB in the last`,
      bytesOf(last) <= bytesOf(second) * MEMORY_FACTOR + MEMORY_EXTRA_BYTES,
    ],
    [
      `p99 ${show(p99Of(first), 2)} ms in the first third, ${show(p99Of(last), 2)} ms in the last`,
      p99Of(last) <= p99Of(first) * P99_FACTOR + P99_EXTRA_MS,
    ],
    [`${show(perSecond)} of ${show(rate)} delivered a second`, perSecond >= rate * HELD_PART],
  ];
  const bad = verdicts.filter(([, holds]) => !holds).map(([what]) => what);
  if (bad.length > 0) throw new Error(`This must not be: ${bad.join("; ")}`);
  console.log(`\nFlat, and nothing lost: ${verdicts.map(([what]) => what).join("; ")}`);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

requireLinux();
await run(soak);
