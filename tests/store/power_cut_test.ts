import { deepEqual, equal, ok } from "node:assert/strict";
import { openStore } from "../../lib/store/mod.ts";
import { Random } from "../support/random.ts";
import { aMessage, committed, delivery, Retainer, stateOf } from "./contract_support.ts";
import { inDirectory, LogRecord } from "./sqlite_support.ts";
import { type Files, filesIn, putFiles, ThreadHere } from "./thread_here.ts";
import { longTest } from "../support/long.ts";

/** Of a disk: it is written whole, or, where the power goes in the middle of it, is of neither kind. */
const SECTOR_BYTES = 512;
/** The log is moved into the database often, bytes of the database. */
const MAX_BYTES = 2 * 1024 * 1024;
const SEEDS = [1, 2, 3, 4];
const STEPS = 60;
const CUTS_PER_SEED = 60;
/** Commits that a power cut may undo with `interval`. */
const UNSYNCED = 3;

type State = ReturnType<typeof stateOf>;

/** Something that the store did to its files. */
interface Moment {
  readonly what: "commit" | "fold" | "checkpoint";
  readonly before: Files;
  readonly after: Files;
  /** Places in the states. */
  readonly from: number;
  readonly to: number;
}

for (const seed of SEEDS) {
  const test = seed === 1 ? Deno.test : longTest;
  test(`a power cut at any moment leaves what was committed, whole: seed ${seed}`, async () => {
    await inDirectory(async (directory) => {
      const random = new Random(seed);
      const moments = await play(`${directory}/played`, random);
      const states = new Map<number, State>();
      for (const { after, to } of moments) {
        if (!states.has(to)) states.set(to, await stateIn(`${directory}/whole`, after));
      }
      const kinds = new Map<string, number>();
      for (let i = 0; i < CUTS_PER_SEED; i++) {
        const moment = random.pick(moments);
        if (!states.has(moment.from)) continue;
        const how = random.pick(HOW);
        kinds.set(moment.what, (kinds.get(moment.what) ?? 0) + 1);
        const what = `${moment.what} ${moment.from} to ${moment.to}, ${how}`;
        const found = await stateIn(`${directory}/cut`, cut(moment, how, random));
        const [from, to] = [states.get(moment.from)!, states.get(moment.to)!];
        isOneOf(found, how === "nothing" ? [from] : how === "all" ? [to] : [from, to], what);
      }
      for (const what of ["commit", "fold", "checkpoint"]) ok(kinds.has(what), `No ${what}`);
      await looseCuts(directory, moments, states, random);
    });
  });
}

/** Without a call that waits for the disk several commits may be lost, the last ones, and no other. */
async function looseCuts(
  directory: string,
  moments: readonly Moment[],
  states: ReadonlyMap<number, State>,
  random: Random,
): Promise<void> {
  let cuts = 0;
  for (let at = UNSYNCED; at < moments.length; at += 7) {
    const row = moments.slice(at - UNSYNCED, at);
    if (row.some(({ what, from }) => what === "checkpoint" || !states.has(from))) continue;
    const moment = { ...row.at(-1)!, before: row[0]!.before };
    const how = random.pick(HOW);
    const found = await stateIn(`${directory}/cut`, cut(moment, how, random));
    const allowed = [row[0]!.from, ...row.map(({ to }) => to)];
    isOneOf(found, allowed.map((place) => states.get(place)!), `${allowed}, ${how}`);
    cuts++;
  }
  ok(cuts > 0);
}

/** Stores whatever comes to mind, of what is in flight most, and gives all that happened to the files. */
async function play(directory: string, random: Random): Promise<Moment[]> {
  const moments: Moment[] = [];
  let thread: ThreadHere | undefined;
  using _here = ThreadHere.replaceWorkers((began) => thread = began);
  const log = new LogRecord();
  const { store, close } = openStore({
    ...{ directory, durability: "always", maxBytes: MAX_BYTES, log },
  });
  const retainer = new Retainer(store);
  const sent: { readonly clientId: string; readonly sequence: number }[] = [];
  const observe = async (what: Moment["what"], act: () => void | Promise<void>) => {
    const before = filesIn(directory);
    const from = moments.at(-1)?.to ?? 0;
    await act();
    const to = what === "commit" ? from + 1 : from;
    moments.push({ what, before, after: filesIn(directory), from, to });
  };
  for (let step = 0, sequence = 1; step < STEPS; step++) {
    for (const clientId of ["a", "b"]) {
      if (step % 20 === 0) store.putSession(clientId, 60, Infinity);
    }
    const shared = aMessage({ payload: random.bytes(random.int(3000)) });
    for (let i = random.int(8); i > 0; i--) {
      const clientId = random.pick(["a", "b"]);
      const own = aMessage({ payload: random.bytes(random.int(3000)) });
      const message = random.int(4) === 0 ? shared : own;
      const qos = random.pick([1, 2] as const);
      store.putDelivery(clientId, delivery(sequence, qos, message));
      if (random.int(5) > 0) store.putInFlight(clientId, sequence, sequence, "published");
      sent.push({ clientId, sequence: sequence++ });
    }
    while (sent.length > 12) {
      const [one] = sent.splice(random.int(random.int(3) === 0 ? sent.length : 3), 1);
      store.deleteDelivery(one!.clientId, delivery(one!.sequence));
    }
    const held = sent[random.int(sent.length + 1)];
    if (held !== undefined) {
      store.putInFlight(held.clientId, held.sequence, held.sequence, "released");
    }
    if (random.int(4) === 0) retainer.put({ topicName: `r/${random.int(5)}`, retain: true });
    if (random.int(4) === 0) store.putReceived("a", 1 + random.int(9));
    if (random.int(4) === 0) store.deleteReceived("a", 1 + random.int(9));
    store.begin();
    await observe("commit", () => committed(store));
    if (random.int(8) === 0) await observe("fold", () => thread!.writer.fold());
    await observe("checkpoint", () => thread!.writer.checkpointIfDue());
    if (equalFiles(moments.at(-1)!)) moments.pop();
  }
  await close();
  return moments;
}

function equalFiles({ before, after }: Moment): boolean {
  return before.log.length === after.log.length && before.log.length > 0;
}

const HOW = [
  ...["nothing", "all", "a prefix", "a subset", "a subset, and a torn sector"] as const,
];

/** What is on the disk when the power goes at such a moment: the log before the database, the database before the log is cut off. */
function cut(
  { what, before, after }: Moment,
  how: typeof HOW[number],
  random: Random,
): Files {
  if (what !== "checkpoint") {
    return { database: after.database, log: mix(before.log, after.log, how, random) };
  }
  if (how === "all") return random.bool() ? after : { ...after, log: before.log };
  return { database: mix(before.database, after.database, how, random), log: before.log };
}

/** Of a file that was written over, and made longer, what has come to the disk. */
function mix(
  before: Uint8Array,
  after: Uint8Array,
  how: typeof HOW[number],
  random: Random,
): Uint8Array {
  if (how === "nothing") return before;
  if (how === "all") return after;
  const sectors = Math.ceil(Math.max(before.length, after.length) / SECTOR_BYTES);
  const firstNew = Array.from(Array(sectors).keys())
    .find((sector) => !same(before, after, sector)) ?? sectors;
  const end = firstNew + random.int(sectors - firstNew + 1);
  const isThere = (sector: number) => how === "a prefix" ? sector < end : random.bool();
  const mixed = new Uint8Array(how === "a prefix" ? end * SECTOR_BYTES : after.length);
  mixed.set(before.subarray(0, mixed.length));
  for (let sector = firstNew; sector < sectors; sector++) {
    if (!isThere(sector)) continue;
    const at = sector * SECTOR_BYTES;
    const isTorn = how.includes("torn") && sector === end;
    mixed.set(after.subarray(at, at + (isTorn ? random.int(SECTOR_BYTES) : SECTOR_BYTES)), at);
  }
  // What was there stays: a file that is written over does not become shorter.
  if (mixed.length >= before.length) return mixed;
  const whole = before.slice();
  whole.set(mixed);
  return whole;
}

function same(a: Uint8Array, b: Uint8Array, sector: number): boolean {
  const [start, end] = [sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES];
  const [left, right] = [a.subarray(start, end), b.subarray(start, end)];
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

/** What a broker begins with that finds these files. */
async function stateIn(directory: string, files: Files): Promise<State> {
  putFiles(directory, files);
  const log = new LogRecord();
  const { state, close } = openStore({ directory, durability: "always", log });
  const found = stateOf(state);
  await close();
  await Deno.remove(directory, { recursive: true });
  deepEqual(log.lines.filter(({ message }) => /The store is damaged/.test(message)), []);
  return found;
}

function isOneOf(found: State, allowed: readonly State[], what: string): void {
  if (allowed.some((state) => isEqual(found, state))) return;
  deepEqual(found, allowed[0], what);
  equal(1, 2, what);
}

function isEqual(a: State, b: State): boolean {
  try {
    deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
}
