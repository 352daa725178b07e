// deno-lint-ignore-file no-console -- part of command line tools
import { BrokerProcess } from "../../tests/support/broker_process.ts";

/** File descriptors that a process needs beside its connections. */
const SPARE_DESCRIPTORS = 200;
/** A tick of the kernel's clock, in which it counts processor time. */
const TICK_MS = 10;
/** The broker gives memory back when it was calm for a second: it gets a few. */
const CALM_MS = 3000;
const MOST_CALM_MS = 20_000;
/** Resident memory that changes by less in a second is at rest. */
const REST_BYTES = 512 * 1024;

/** Ends the command with status 1 where the system does not tell what it measures. */
export function requireLinux(): void {
  if (Deno.build.os === "linux") return;
  console.error(`Cannot measure on ${Deno.build.os}: memory and processor time come from /proc`);
  Deno.exit(1);
}

/** What is different from a broker with nothing but its defaults. */
export interface BrokerInit {
  /** It keeps a store, in its temporary directory. Default: none. */
  readonly isStored?: boolean;
  readonly flags?: readonly string[];
  /** Plain connections go by epoll, with FFI permission. Default: by Deno's sockets. */
  readonly isEpoll?: boolean;
  /** It can be weighed by `restingBytes`. Default: no. */
  readonly isWeighed?: boolean;
}

/** The broker as people start it, on a free port of the loopback. */
export function startBroker(init: BrokerInit = {}): Promise<BrokerProcess> {
  const { isStored = false, flags = [], isWeighed = false, isEpoll = false } = init;
  // A line for each of thousands of clients would be part of what is measured.
  const common = ["--no-connection-messages", isStored ? "--persistence" : "--no-persistence"];
  return BrokerProcess.start({
    flags: [...common, ...flags],
    transport: isEpoll ? "epoll" : "deno",
    ...isWeighed ? { preload: new URL("./collect.ts", import.meta.url) } : {},
  });
}

/** Where it listens. */
export function placeOf(broker: BrokerProcess): { hostname: string; port: number } {
  return { hostname: "127.0.0.1", port: broker.port };
}

/** Processor time of a process and all its threads since its start. */
export function processorMs(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Resident memory of the broker now; throws where it has ended. */
export async function residentBytes(broker: BrokerProcess): Promise<number> {
  const bytes = await broker.residentBytes();
  if (bytes === undefined) throw new Error(`The broker has ended:\n${broker.log}`);
  return bytes;
}

/** Resident memory after some seconds of calm and without garbage, when it does not change any more. */
export async function restingBytes(broker: BrokerProcess): Promise<number> {
  await pause(CALM_MS);
  broker.signal("SIGUSR2");
  await pause(1000);
  let bytes = await residentBytes(broker);
  for (let waitedMs = CALM_MS; waitedMs < MOST_CALM_MS; waitedMs += 1000) {
    await pause(1000);
    const before = bytes;
    bytes = await residentBytes(broker);
    if (Math.abs(bytes - before) < REST_BYTES) break;
  }
  return bytes;
}

/** Why this process, and with it the broker, cannot have so many connections; `undefined`: it can. */
export function tooManyConnections(count: number): string | undefined {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
  if (count + SPARE_DESCRIPTORS <= limit) return undefined;
  const need = `${count.toLocaleString("en")} connections need more than ${limit} file descriptors`;
  return `${need}: sudo prlimit --nofile=${count + SPARE_DESCRIPTORS} deno task ...`;
}

/** Does `work` for 0 … count − 1, so many at a time. */
export async function inGroups<T>(
  count: number,
  size: number,
  work: (i: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < count; i += size) {
    const length = Math.min(size, count - i);
    results.push(...await Promise.all(Array.from({ length }, (_, k) => work(i + k))));
  }
  return results;
}

/** Resolves later. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
