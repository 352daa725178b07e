import { parseArgs } from "node:util";
import type { Qos } from "../codec/mod.ts";
import {
  type BenchJob,
  type BenchResult,
  DELIVERED,
  latencyOfBucket,
  STOP,
} from "./bench_worker.ts";
import { EXIT, print, printError } from "./output.ts";

const HELP = `Measures a broker: flux-mqtt bench [FLAGS]

  -h HOST, -p PORT      the broker; localhost, 1883
  -r ROW[,ROW]          the loads, of: ROWS
  -s SECONDS            how long each lasts; 3
  -l BYTES              payload; 100
  --pid PID             the broker's process: its resident memory is told too (Linux)

Publishers and subscribers run in two Workers, in a closed loop: no broker has to drop. They take processor time that a
broker on the same machine does not get.
`;

/** One load. */
interface Row {
  readonly publishers: number;
  readonly subscribers: number;
  readonly qos: Qos;
  readonly shape: "pair" | "fanout" | "fanin";
  /** Deliveries under way at once. */
  readonly window: number;
}

const ROWS: Readonly<Record<string, Row>> = {
  "pair-q0": { publishers: 10, subscribers: 10, qos: 0, shape: "pair", window: 2000 },
  "pair-q1": { publishers: 10, subscribers: 10, qos: 1, shape: "pair", window: 2000 },
  "pair-q2": { publishers: 10, subscribers: 10, qos: 2, shape: "pair", window: 2000 },
  "fanout-q0": { publishers: 1, subscribers: 50, qos: 0, shape: "fanout", window: 2000 },
  "fanout-q1": { publishers: 1, subscribers: 50, qos: 1, shape: "fanout", window: 2000 },
  "fanin-q0": { publishers: 50, subscribers: 1, qos: 0, shape: "fanin", window: 2000 },
  "sparse-100": { publishers: 100, subscribers: 100, qos: 0, shape: "pair", window: 100 },
};

/** `flux-mqtt bench`: prints a table of deliveries per second, latencies and memory. */
export async function bench(args: readonly string[]): Promise<number> {
  let flags;
  try {
    flags = parseArgs({
      args: [...args],
      options: {
        host: { type: "string", short: "h", default: "localhost" },
        port: { type: "string", short: "p", default: "1883" },
        rows: { type: "string", short: "r", default: Object.keys(ROWS).join(",") },
        seconds: { type: "string", short: "s", default: "3" },
        payload: { type: "string", short: "l", default: "100" },
        pid: { type: "string" },
        help: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    printError(`${error instanceof Error ? error.message : error}\nSee flux-mqtt bench --help\n`);
    return EXIT.usage;
  }
  if (flags.help === true) {
    print(HELP.replace("ROWS", Object.keys(ROWS).join(", ")));
    return EXIT.ok;
  }
  const names = flags.rows.split(",");
  const unknown = names.find((name) => !Object.hasOwn(ROWS, name));
  if (unknown !== undefined) {
    printError(`-r: There is no load ${unknown}; there are ${Object.keys(ROWS).join(", ")}\n`);
    return EXIT.usage;
  }
  print(
    "| load | deliveries/s | p50 µs | p99 µs | p99.9 µs | memory |\n|---|--:|--:|--:|--:|--:|\n",
  );
  const place = { hostname: flags.host, port: Number(flags.port) };
  for (const name of names) {
    const measured = await measure(
      ROWS[name]!,
      place,
      Number(flags.seconds),
      Number(flags.payload),
    ).catch((error: Error) => error);
    if (measured instanceof Error) {
      printError(`${name}: ${measured.message}\n`);
      return EXIT.failed;
    }
    const { perSecond, latencies } = measured;
    const [p50, p99, p999] = [0.5, 0.99, 0.999].map((share) => percentile(latencies, share));
    const memory = flags.pid === undefined ? "–" : memoryOf(flags.pid);
    print(`| ${name} | ${Math.round(perSecond)} | ${p50} | ${p99} | ${p999} | ${memory} |\n`);
  }
  return EXIT.ok;
}

/** Runs one load for some seconds, after half a second to warm up. */
async function measure(
  row: Row,
  place: BenchJob["place"],
  seconds: number,
  payloadBytes: number,
): Promise<{ perSecond: number; latencies: Uint32Array }> {
  const counters = new SharedArrayBuffer(12);
  const counts = new Int32Array(counters);
  Atomics.store(counts, STOP, 2);
  const job = {
    place,
    isPaired: row.shape === "pair",
    takesAll: row.shape === "fanin",
    qos: row.qos,
    payloadBytes,
    window: row.window,
    receivers: row.shape === "fanout" ? row.subscribers : 1,
    run: crypto.randomUUID().slice(0, 8),
    counters,
  };
  const subscriber = startWorker({ ...job, role: "subscriber", count: row.subscribers });
  await subscriber.next();
  const publisher = startWorker({ ...job, role: "publisher", count: row.publishers });
  await publisher.next();
  Atomics.store(counts, STOP, 0);
  await pause(500);
  const before = Atomics.load(counts, DELIVERED);
  const startMs = performance.now();
  await pause(seconds * 1000);
  const delivered = Atomics.load(counts, DELIVERED) - before;
  const elapsedMs = performance.now() - startMs;
  const ends = Promise.all([subscriber.next(), publisher.next()]);
  Atomics.store(counts, STOP, 1);
  const [{ latencies = new Uint32Array() }] = await ends;
  publisher.worker.terminate();
  subscriber.worker.terminate();
  return { perSecond: delivered / elapsedMs * 1000, latencies };
}

function startWorker(job: BenchJob): { worker: Worker; next: () => Promise<BenchResult> } {
  const worker = new Worker(new URL("./bench_worker.ts", import.meta.url), { type: "module" });
  worker.postMessage(job);
  const next = () =>
    new Promise<BenchResult>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<BenchResult>) => {
        if (data.type === "failed") reject(new Error(data.reason));
        else resolve(data);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
  return { worker, next };
}

/** Microseconds that this share of the deliveries took at most. */
function percentile(latencies: Uint32Array, share: number): number {
  const total = latencies.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of latencies.entries()) {
    seen += count;
    if (seen >= total * share) return Math.round(latencyOfBucket(bucket));
  }
  return 0;
}

function memoryOf(pid: string): string {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
    return kilobytes === undefined ? "–" : `${Math.round(Number(kilobytes) / 1024)} MB`;
  } catch {
    return "–";
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
