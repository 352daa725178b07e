import { Random } from "../support/random.ts";
import { Mob, type Tally } from "./attacker.ts";
import { DEAF } from "./attacks.ts";
import { House } from "./doors.ts";
import { type Experience, startRegular } from "./regular.ts";
import { LEVELS, type Vitals, Watcher } from "./vitals.ts";
import { Visit } from "./visit.ts";

/** What is to happen. */
export interface HostileInit {
  readonly seed: number;
  /** How long, and how long again: the last time shows whether memory goes on growing. */
  readonly seconds: readonly number[];
  /** Payload that is published the first time; afterwards as much in a second. */
  readonly floodBytes: number;
  readonly connectTimeoutSeconds: number;
  readonly sendTimeoutSeconds: number;
  /** 99 of 100 round trips may take no longer, with attackers and broker on one machine. */
  readonly p99LimitMs: number;
  /** A compiled broker, whose base must know TLS. Default: Deno runs it. */
  readonly executable?: string | undefined;
  /** Told what happens. */
  readonly onStep?: (what: string) => void;
}

/** One time of being attacked. */
export interface Siege {
  readonly seconds: number;
  readonly tally: Tally;
  /** Doors at which nobody was evicted for taking nothing: there they were not as deaf as they should be. */
  readonly doorsNotStalled: readonly string[];
  readonly peak: { readonly residentBytes: number; readonly descriptors: number };
  readonly after: Vitals;
  /** From the end of the attacks until everything was as before, their sockets still open. */
  readonly settledMs: number;
  /** What was to be published, and what the broker has got. */
  readonly floodBytes: number;
  readonly receivedBytes: number;
  readonly experience: Experience;
}

/** What was found. */
export interface HostileResult {
  readonly before: Vitals;
  readonly sieges: readonly Siege[];
  /** What does not hold; empty: all is well. */
  readonly failures: readonly string[];
}

/**
 * The last time may add this much to what the process holds after the first, and the first so much to what it held before. Half of
 * what remains is free, but stays with `malloc` in pieces, so it tells little if it does so once; what leaks, leaks again.
 */
export const GROWTH_LIMIT_BYTES = 32 * 1024 * 1024;
export const REST_LIMIT_BYTES = 224 * 1024 * 1024;
/** How much longer the attack lasts until the deaf have been evicted at each door. */
const DEAF_EXTRA_MS = 20_000;
/** Beside its timeouts the broker may take this long to have forgotten everybody. */
const SETTLE_EXTRA_MS = 5000;

/** Attacks the broker in every way at once while a client works with it. */
export async function hostileRun(init: HostileInit): Promise<HostileResult> {
  await using house = await House.open(init);
  await visitAll(house);
  const watcher = await Watcher.start(house.broker);
  try {
    await pause(1500); // The `$SYS` topics come once a second.
    const before = await watcher.read();
    const random = new Random(init.seed);
    const sieges: Siege[] = [];
    const failures: string[] = [];
    for (const seconds of init.seconds) {
      init.onStep?.(`${seconds} s of attacks`);
      const siege = await besiege(house, watcher, before, random, seconds, init);
      sieges.push(siege);
      failures.push(...judge(before, siege, house, init.p99LimitMs));
    }
    const memory = [before, ...sieges.map(({ after }) => after)].map((at) => at.residentBytes);
    const isGrown = memory[1]! > memory[0]! + REST_LIMIT_BYTES ||
      memory.at(-1)! > memory[1]! + GROWTH_LIMIT_BYTES;
    if (isGrown) failures.push(`Memory grew: ${memory.join(", ")} bytes`);
    return { before, sieges, failures };
  } finally {
    await watcher.stop();
  }
}

async function besiege(
  house: House,
  watcher: Watcher,
  before: Vitals,
  random: Random,
  seconds: number,
  init: HostileInit,
): Promise<Siege> {
  const floodBytes = init.floodBytes * seconds / init.seconds[0]!;
  const bytesBefore = watcher.value("publish/bytes/received");
  const { authority, broker } = house;
  const tls = house.doors.find(({ name }) => name === "tls")?.where as { port: number } | undefined;
  const logStart = broker.log.length;
  const regular = await startRegular({ port: broker.port, tlsPort: tls?.port, authority });
  watcher.takePeak();
  const mob = await Mob.send(house.doors, random, floodBytes, seconds * 800);
  try {
    await pause(seconds * 1000);
    // On a busy machine a handshake takes seconds, and whoever comes late is to be deaf for long enough too.
    const stalled = () => doorsNotStalled(house, broker.log.slice(logStart));
    const endMs = performance.now() + DEAF_EXTRA_MS;
    while (stalled().length > 0 && performance.now() < endMs) await pause(100);
    await mob.stop();
    const peak = watcher.takePeak();
    const startMs = performance.now();
    const experience = await regular.end();
    const limitMs = 1000 * (init.connectTimeoutSeconds + init.sendTimeoutSeconds) + SETTLE_EXTRA_MS;
    let after = await watcher.read();
    while (differences(before, after, house).length > 0 && performance.now() - startMs < limitMs) {
      await pause(100);
      after = await watcher.read();
    }
    return {
      seconds,
      tally: mob.tally,
      doorsNotStalled: stalled(),
      peak,
      after,
      settledMs: performance.now() - startMs,
      floodBytes,
      receivedBytes: watcher.value("publish/bytes/received") - bytesBefore,
      experience,
    };
  } finally {
    await mob.goHome();
  }
}

function judge(before: Vitals, siege: Siege, house: House, p99LimitMs: number): string[] {
  const { experience, after, floodBytes, receivedBytes } = siege;
  const failures = [...differences(before, after, house), ...new Set(experience.faults)];
  const p99Ms = percentile(experience.roundTripMs, 0.99);
  if (!(p99Ms <= p99LimitMs)) failures.push(`p99 of the round trips was ${p99Ms} ms`);
  if (experience.connectMs.length === 0) failures.push("No newcomer came");
  for (const name of siege.doorsNotStalled) failures.push(`The deaf at ${name} were not evicted`);
  if (receivedBytes < floodBytes) failures.push(`Only ${receivedBytes} bytes were published`);
  return failures;
}

function doorsNotStalled({ doors }: House, log: string): string[] {
  const isStalled = (name: string) =>
    new RegExp(`Client does not read.* client=${DEAF}-${name}-`).test(log);
  return doors.map(({ name }) => name).filter((name) => !isStalled(name));
}

/**
 * What has not come back to what it was. A Deno older than the broker needs cannot close a connection with a blocked write: one of the deaf
 * may stay open at each door until it hangs up.
 */
function differences(before: Vitals, after: Vitals, { doors, isOld }: House): string[] {
  const found = LEVELS.filter((name) => after.levels[name] !== before.levels[name])
    .map((name) => `${name} was ${before.levels[name]} and is ${after.levels[name]}`);
  if (after.descriptors > before.descriptors + (isOld ? doors.length : 0)) {
    found.push(`Descriptors were ${before.descriptors} and are ${after.descriptors}`);
  }
  return found;
}

/** So that everything is loaded that any door needs. */
async function visitAll({ doors }: House): Promise<void> {
  for (const door of doors) {
    const visit = await Visit.open(door, new Promise(() => {}));
    await visit.enter();
    visit.leave();
    await visit.gone;
  }
}

/** The value that so great a part of all does not exceed; NaN where there is none. */
export function percentile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * part) - 1] ?? NaN;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
