import { parseArgs } from "node:util";
import type { Qos } from "../codec/mod.ts";
import {
  type BenchJob,
  type BenchResult,
  DELIVERED,
  latencyPercentile,
  STOP,
} from "./bench_job.ts";
import type { Flags } from "./commands.ts";
import { flagProblem } from "./flag_problem.ts";
import { flagsHelp } from "./help.ts";
import { EXIT, print, printError } from "./output.ts";
import { Progress } from "./progress.ts";

/** One load: who publishes, who subscribes, and how. */
interface Row {
  readonly publishers: number;
  readonly subscribers: number;
  readonly qos: Qos;
  readonly shape: "pair" | "fanout" | "fanin";
  /** The most deliveries under way at once. */
  readonly window: number;
  /** Whether the broker stores the subscribers' sessions. */
  readonly keepsSessions?: boolean;
}

const ROWS: Readonly<Record<string, Row>> = {
  "pair-q0": { publishers: 10, subscribers: 10, qos: 0, shape: "pair", window: 2000 },
  "pair-q1": { publishers: 10, subscribers: 10, qos: 1, shape: "pair", window: 2000 },
  "pair-q2": { publishers: 10, subscribers: 10, qos: 2, shape: "pair", window: 2000 },
  "pair-q1-durable": {
    publishers: 10,
    subscribers: 10,
    qos: 1,
    shape: "pair",
    window: 2000,
    keepsSessions: true,
  },
  "fanout-q0": { publishers: 1, subscribers: 50, qos: 0, shape: "fanout", window: 2000 },
  "fanout-q1": { publishers: 1, subscribers: 50, qos: 1, shape: "fanout", window: 2000 },
  "fanin-q0": { publishers: 50, subscribers: 1, qos: 0, shape: "fanin", window: 2000 },
  "sparse-100": { publishers: 100, subscribers: 100, qos: 0, shape: "pair", window: 100 },
};

/** The flags of `bench`. */
export const BENCH_FLAGS = {
  host: { type: "string", short: "h", value: "HOST", text: "The broker; default: localhost." },
  port: { type: "string", short: "p", value: "NUMBER", text: "Its port; default: 1883." },
  rows: {
    type: "string",
    short: "r",
    value: "LOAD[,LOAD]",
    choices: Object.keys(ROWS),
    text: `The loads, of: ${Object.keys(ROWS).join(", ")}.`,
  },
  seconds: {
    type: "string",
    short: "s",
    value: "SECONDS",
    text: "How long each lasts; default: 3.",
  },
  payload: { type: "string", short: "l", value: "BYTES", text: "The payload; default: 100." },
  pid: {
    type: "string",
    value: "PID",
    text:
      "The broker's process, whose resident memory is printed too: on Linux, under deno run -A, since Deno guards /proc.",
  },
  help: { type: "boolean", text: "Prints this help." },
} as const satisfies Flags;

/** Its usage and what it does, for help and man page. */
export const BENCH_USE = "Measures a broker: flux-mqtt bench [FLAGS]";
const NOTE = `
Publishers and subscribers run in two Workers, in a closed loop, so that no broker has to drop messages. They take processor time that a
broker on the same machine does not get.
`;

/** `flux-mqtt bench`: prints a table of deliveries per second, latencies and memory. */
export async function bench(args: readonly string[]): Promise<number> {
  let flags;
  try {
    flags = parseArgs({ args: [...args], options: BENCH_FLAGS }).values;
  } catch (error) {
    return refuse(flagProblem(error, BENCH_FLAGS));
  }
  if (flags.help === true) {
    print(`${BENCH_USE}\n\n${flagsHelp(BENCH_FLAGS)}${NOTE}`);
    return EXIT.ok;
  }
  const names = (flags.rows ?? Object.keys(ROWS).join(",")).split(",");
  const numbers = [
    ["port", flags.port ?? "1883", 65_535],
    ["seconds", flags.seconds ?? "3", 3600],
    ["payload", flags.payload ?? "100", 268_000_000],
  ] as const;
  const wrong = numbers.find(([, text, max]) =>
    !/^\d+$/.test(text) || Number(text) < 1 || Number(text) > max
  );
  if (wrong !== undefined) {
    const [name, text, max] = wrong;
    return refuse(`--${name}: Must be a whole number from 1 to ${max}, is "${text}"`);
  }
  const [port, seconds, payloadBytes] = numbers.map(([, text]) => Number(text)) as [
    number,
    number,
    number,
  ];
  const unknown = names.find((name) => !Object.hasOwn(ROWS, name));
  if (unknown !== undefined) {
    return refuse(`-r: There is no load ${unknown}; there are ${Object.keys(ROWS).join(", ")}`);
  }
  print(
    "| load | deliveries/s | p50 \u00b5s | p99 \u00b5s | p99.9 \u00b5s | memory |\n|---|--:|--:|--:|--:|--:|\n",
  );
  const place = { hostname: flags.host ?? "localhost", port };
  using progress = new Progress();
  for (const [i, name] of names.entries()) {
    const restSeconds = Math.ceil((names.length - i) * (seconds + 0.5));
    progress.tell(`${name}: ${i + 1} of ${names.length}, ${restSeconds} s to go`);
    const measured = await measure(
      ROWS[name]!,
      place,
      seconds,
      payloadBytes,
    ).catch((error: Error) => error);
    progress.clear();
    if (measured instanceof Error) {
      printError(`${name}: ${measured.message}\n`);
      return EXIT.failed;
    }
    const { perSecond, latencies } = measured;
    const [p50, p99, p999] = [0.5, 0.99, 0.999].map((share) => latencyPercentile(latencies, share));
    const memory = flags.pid === undefined ? "\u2013" : memoryOf(flags.pid);
    print(`| ${name} | ${Math.round(perSecond)} | ${p50} | ${p99} | ${p999} | ${memory} |\n`);
  }
  return EXIT.ok;
}

function refuse(problem: string): number {
  printError(`${problem}\nSee flux-mqtt bench --help\n`);
  return EXIT.usage;
}

/** Runs one load for `seconds`, after half a second of warm-up. */
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
    keepsSessions: row.keepsSessions === true,
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

function memoryOf(pid: string): string {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
    return kilobytes === undefined ? "\u2013" : `${Math.round(Number(kilobytes) / 1024)} MB`;
  } catch {
    return "\u2013";
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
