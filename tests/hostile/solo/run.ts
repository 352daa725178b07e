import { BrokerProcess } from "../../support/broker_process.ts";
import { oldDeno } from "../doors.ts";
import { percentile } from "../run.ts";
import { type SoloAttack, Target } from "./attack.ts";
import { Good, type Seen } from "./good.ts";

/** V8's heap that the broker may have, MB. */
export const HEAP_MB = 512;
/**
 * What 99 of 100 round trips may take under attack: so many milliseconds, or where the machine is busy so many times what they take at the
 * same time at a broker that nobody attacks. Attackers, the checks of passwords and both brokers share the processors, so on few of
 * them a round trip is mostly waiting for one, which no broker can help. So it also holds where the thread of the broker itself has
 * worked for no more than this while 99 of 100 were under way.
 */
const P99_TIMES = 5;
const P99_MS = 50;
/** How long the broker's event loop may stand. */
const STALL_MS = 50;
/** How much memory may remain, bytes: much of it is free, but stays with `malloc`. */
const REST_BYTES = 128 * 1024 * 1024;
/** What runs in the broker and tells how it is; in an executable nothing can. */
const VITALS = new URL("./vitals.preload.ts", import.meta.url);
const CALM_MS = 2000;
/** How often the process is looked at, milliseconds. */
const LOOK_MS = 250;
/** How long the broker has to be as it was, once nobody attacks. */
const AFTER_MS = 5000;
/** How much longer where it has more memory than it may keep: what attackers had sent is still handled, and V8 gives pages back late. */
const LATE_MS = 60_000;
/** An attacker whose own thread is busy, or that waits for a broker that stands, is not waited for longer. */
const LEAVE_MS = 10_000;

/** What one attack did. */
export interface SoloResult {
  readonly attack: SoloAttack;
  /** Rounds that were begun. */
  readonly rounds: number;
  /** At a broker that nobody attacks, at the same time. */
  readonly calm: Seen;
  readonly attacked: Seen;
  /** The longest that the broker's event loop stood, milliseconds of its thread's processor time: what it waited for a processor is not in it. */
  readonly stallMs: number;
  /** The longest turn of the core, or turns that share their steps, in the same time; garbage that was collected in between is in it. */
  readonly turnMs: number;
  /** What the longest turn cost, steps. */
  readonly turnSteps: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly residentBytes: number;
  readonly residentBytesBefore: number;
  readonly residentBytesAfter: number;
  /** When memory was looked at last, after the attack, milliseconds: it was back, or had taken too long. */
  readonly settledMs: number;
  /** What does not hold. */
  readonly failures: readonly string[];
}

interface VitalsLine {
  readonly stallMs: number;
  readonly turnMs: number;
  readonly turnSteps: number;
  readonly heapUsed: number;
  readonly external: number;
}

/** Makes one attack for so many seconds on a broker of its own, and looks at what a client that behaves well notices. */
export async function soloRun(
  attack: SoloAttack,
  seconds: number,
  executable?: string,
  transport: "deno" | "epoll" = "deno",
): Promise<SoloResult> {
  const directory = await Deno.makeTempDir({ prefix: "flux-solo-" });
  try {
    const files = await attack.files?.() ?? {};
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${directory}/${name}`, text, { mode: 0o600 });
    }
    const secondPort = freePort();
    const config = (attack.config ?? "").replaceAll("DIR", directory)
      .replaceAll("PORT2", String(secondPort));
    const anonymous = config.includes("allow_anonymous") ? "" : "allow_anonymous true\n";
    const store = config.includes("persistence ") ? "" : "persistence false\n";
    const broker = await BrokerProcess.start({
      config: `bind_address 127.0.0.1\nmax_failure_delay 5\n${anonymous}${store}${config}`,
      v8Flags: [`--max-heap-size=${HEAP_MB}`],
      ...executable === undefined
        // The clock of its thread is asked for by FFI.
        ? { preload: VITALS, ffi: "all", transport }
        : { executable, environment: oldDeno() },
    });
    const target = new Target(broker.port, secondPort);
    return await observe(attack, seconds, broker, target, executable);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function observe(
  attack: SoloAttack,
  seconds: number,
  broker: BrokerProcess,
  target: Target,
  executable: string | undefined,
): Promise<SoloResult> {
  await using quiet = await BrokerProcess.start({
    config: "bind_address 127.0.0.1\nallow_anonymous true\npersistence false\n",
  });
  const other = await Good.start(quiet.port, undefined, quiet.pid);
  const good = await Good.start(broker.port, attack.credentials, broker.pid);
  const resident: number[] = [];
  const look = setInterval(async () => {
    const bytes = await broker.residentBytes();
    if (bytes !== undefined) resident.push(bytes);
  }, LOOK_MS);
  try {
    await pause(CALM_MS);
    await Promise.all([good.take(), other.take()]);
    const logStart = broker.log.length;
    const residentBytesBefore = await broker.residentBytes() ?? NaN;
    const rounds = act(attack, target);
    await pause(seconds * 1000);
    const [attacked, calm] = await Promise.all([good.take(), other.take()]);
    target.end();
    target.hangUp();
    await pause(AFTER_MS);
    // On a busy machine what the attackers had sent is still coming in.
    const restBytes = residentBytesBefore + REST_BYTES + (attack.keptBytes ?? 0);
    const endedMs = performance.now() - AFTER_MS;
    const lateMs = performance.now() + (attack.lateMs ?? LATE_MS);
    while (performance.now() < lateMs && (await broker.residentBytes() ?? 0) > restBytes) {
      await pause(LOOK_MS);
    }
    const settledMs = performance.now() - endedMs;
    // Read only now: the thread of the attackers may have had no time for the broker's log before.
    const vitals = vitalsIn(broker.log.slice(logStart));
    const most = (read: (line: VitalsLine) => number) =>
      executable === undefined ? Math.max(0, ...vitals.map(read)) : NaN;
    const result = {
      attack,
      rounds: await Promise.race([rounds, pause(LEAVE_MS).then(() => NaN)]),
      calm,
      attacked,
      stallMs: most(({ stallMs }) => stallMs),
      turnMs: most(({ turnMs }) => turnMs),
      turnSteps: most(({ turnSteps }) => turnSteps),
      heapBytes: most(({ heapUsed }) => heapUsed),
      externalBytes: most(({ external }) => external),
      residentBytes: Math.max(...resident),
      residentBytesBefore,
      settledMs,
      residentBytesAfter: await broker.residentBytes() ?? NaN,
    };
    const ending = broker.isEnded ? "The broker has ended" : undefined;
    return { ...result, failures: judge(result, target, ending) };
  } finally {
    clearInterval(look);
    good.end();
    other.end();
    target.end();
    target.hangUp();
    await broker.kill();
  }
}

/** Again and again until it is over; resolves with how often it was begun. */
async function act(attack: SoloAttack, target: Target): Promise<number> {
  let rounds = 0;
  while (!target.isOver) {
    rounds++;
    await attack.run(target).catch(() => target.pause(100));
    if (!target.isOver) target.hangUp();
  }
  return rounds;
}

function judge(
  result: Omit<SoloResult, "failures">,
  target: Target,
  ending: string | undefined,
): string[] {
  const { calm, attacked, residentBytesBefore, residentBytesAfter, settledMs } = result;
  if (ending !== undefined) return [ending];
  const failures = [...target.breaches, ...attacked.faults];
  const p99Ms = percentile(attacked.roundTripMs, 0.99);
  const limitMs = Math.max(P99_MS, P99_TIMES * percentile(calm.roundTripMs, 0.99));
  const ownMs = percentile(attacked.ownMs, 0.99);
  if (!(p99Ms <= limitMs) && !(ownMs <= P99_MS)) {
    const own = `${ownMs.toFixed(0)} ms of them the broker's own`;
    failures.push(`p99 was ${p99Ms.toFixed(0)} ms, ${own}, and may be ${limitMs.toFixed(0)}`);
  }
  if (result.stallMs > STALL_MS) {
    failures.push(`It stood for ${result.stallMs.toFixed(0)} ms`);
  }
  if (attacked.connectMs.length === 0) failures.push("No newcomer came");
  const restBytes = REST_BYTES + (result.attack.keptBytes ?? 0);
  if (!(residentBytesAfter - residentBytesBefore <= restBytes)) {
    const mb = (residentBytesAfter - residentBytesBefore) / 1024 / 1024;
    failures.push(`Memory is ${mb.toFixed(0)} MB more ${(settledMs / 1000).toFixed(0)} s after`);
  }
  return failures;
}

function vitalsIn(log: string): VitalsLine[] {
  return [...log.matchAll(/^@vitals (\{.*\})$/gm)].map(([, text]) => JSON.parse(text!));
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
