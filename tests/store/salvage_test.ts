import { deepEqual, equal, ok } from "node:assert/strict";
import { DATABASE_NAME } from "../../lib/store/mod.ts";
import { aMessage, committed, delivery, Retainer, subscription } from "./contract_support.ts";
import { copyFiles, LogRecord, open, storeTest } from "./sqlite_support.ts";

const PAGE_BYTES = 4096;
/** First bytes of pages whose rows are read by their keys: leaves of tables and of those without a rowid. */
const LEAVES: ReadonlySet<number> = new Set([0x0d, 0x0a]);
const QUEUED = 3000;
const RETAINED = 3000;
const SUBSCRIPTIONS = 600;
/** More rows than this do not stand on a page of any of the tables. */
const ROWS_ON_A_PAGE = 300;

/** A session with a long queue and many subscriptions, and as many retained messages. */
async function fill(directory: string, queued: number, retained: number): Promise<void> {
  const { store, close } = open(directory);
  store.putSession("a", 60, Infinity);
  for (let i = 0; i < SUBSCRIPTIONS; i++) {
    store.putSubscription("a", subscription(`subscribed/to/${i}/#`));
  }
  for (let i = 1; i <= queued; i++) {
    store.putDelivery("a", delivery(i, 1, aMessage({ payload: new Uint8Array(100).fill(i) })));
  }
  const retainer = new Retainer(store);
  for (let i = 0; i < retained; i++) {
    retainer.put({ topicName: `site/building/sensor/${i}`, payload: new Uint8Array(100), qos: 1 });
  }
  await committed(store);
  await close();
}

/** How much of each kind a store says that it has. */
interface Counts {
  readonly deliveries: number;
  readonly subscriptions: number;
  readonly retained: number;
}

async function countsAfterOpening(directory: string): Promise<Counts> {
  const { state, close } = open(directory);
  await close();
  const sessions = [...state.sessions];
  return {
    deliveries: sessions.reduce((sum, { deliveries, queue }) => {
      // Whoever waits alone is all that there is here.
      return sum + (queue?.messages ?? deliveries.length);
    }, 0),
    subscriptions: sessions.reduce((sum, { subscriptions }) => sum + subscriptions.length, 0),
    retained: [...state.retained].length,
  };
}

for (const [oneIn, isLong] of [[60, false], [20, true]] as const) {
  const what = `a damaged page costs what stood on it, whichever it is; one in ${oneIn} is tried`;
  storeTest(what, (directory) => damageEach(directory, oneIn), isLong);
}

async function damageEach(directory: string, oneIn: number): Promise<void> {
  await fill(`${directory}/whole`, QUEUED, RETAINED);
  const bytes = await Deno.readFile(`${directory}/whole/${DATABASE_NAME}`);
  const leaves = [...Array(bytes.length / PAGE_BYTES).keys()]
    .filter((page) => page > 0 && LEAVES.has(bytes[page * PAGE_BYTES]!));
  ok(leaves.length > 100, `${leaves.length} leaves`);
  let lost = 0;
  for (const page of leaves.filter((_, index) => index % oneIn === 0)) {
    const damaged = bytes.slice();
    damaged.fill(0xff, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
    const { deliveries, subscriptions, retained } = await countsOf(directory, page, damaged);
    const lostHere = QUEUED - deliveries + RETAINED - retained + SUBSCRIPTIONS - subscriptions;
    ok(lostHere <= ROWS_ON_A_PAGE, `Page ${page} cost ${lostHere} rows`);
    lost += lostHere;
  }
  ok(lost > 0, "No page had anything on it");
}

storeTest(
  "every tenth page of a file may be damaged, and the others are saved",
  async (directory) => {
    await fill(`${directory}/whole`, QUEUED, RETAINED);
    const bytes = await Deno.readFile(`${directory}/whole/${DATABASE_NAME}`);
    let isLeaf = 0;
    for (let page = 1; page < bytes.length / PAGE_BYTES; page++) {
      if (!LEAVES.has(bytes[page * PAGE_BYTES]!) || isLeaf++ % 10 !== 5) continue;
      bytes.fill(0, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
    }
    const { retained, deliveries } = await countsOf(directory, 0, bytes);
    ok(retained > 0.8 * RETAINED, `${retained} retained messages`);
    // A delivery needs its message, which stands on another page.
    ok(deliveries > 0.7 * QUEUED, `${deliveries} deliveries`);
  },
);

storeTest("a large message of which a page is damaged costs no other", async (directory) => {
  const whole = `${directory}/whole`;
  const { store, close } = open(whole);
  store.putSession("a", 60, Infinity);
  for (let i = 1; i <= 20; i++) {
    store.putDelivery("a", delivery(i, 1, aMessage({ payload: new Uint8Array(20_000).fill(i) })));
  }
  await committed(store);
  await close();
  const bytes = await Deno.readFile(`${whole}/${DATABASE_NAME}`);
  const page = Array.from(Array(bytes.length / PAGE_BYTES).keys())
    .find((page) =>
      bytes.subarray(page * PAGE_BYTES + 4, page * PAGE_BYTES + 4000)
        .every((byte) => byte === 7)
    )!;
  // The link to the page behind it leads nowhere.
  bytes.fill(0xff, page * PAGE_BYTES, page * PAGE_BYTES + 4);
  const { deliveries } = await countsOf(directory, page, bytes);
  equal(deliveries, 19);
});

/** What is saved of a file with these bytes. */
async function countsOf(directory: string, page: number, bytes: Uint8Array): Promise<Counts> {
  const place = `${directory}/${page}`;
  await Deno.mkdir(place, { mode: 0o700 });
  await Deno.writeFile(`${place}/${DATABASE_NAME}`, bytes);
  const counts = await countsAfterOpening(place);
  await Deno.remove(place, { recursive: true });
  return counts;
}

/** Opens the store in a process of its own, which is killed so long after it has begun to save; whether it had ended before. */
async function openAndKill(directory: string, afterMs: number): Promise<boolean> {
  const program = new URL("./salvage_child.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", program, directory],
  }).spawn();
  let hasEnded = false;
  const ending = child.status.finally(() => hasEnded = true);
  while (!hasEnded && !isSaving(directory)) await pause(1);
  await pause(afterMs);
  if (!hasEnded) child.kill("SIGKILL");
  const { success, signal } = await ending;
  ok(success || signal === "SIGKILL", "It ended by itself");
  return success;
}

function isSaving(directory: string): boolean {
  return namesIn(directory).some((name) => /\.sav(ing|ed)-/.test(name));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

storeTest(
  "a salvage that is killed at any moment is made again, or was whole",
  async (directory) => {
    const whole = `${directory}/whole`;
    await fill(whole, 8_000, 8_000);
    const path = `${whole}/${DATABASE_NAME}`;
    const bytes = await Deno.readFile(path);
    bytes.fill(0, 50 * PAGE_BYTES, 51 * PAGE_BYTES);
    await Deno.writeFile(path, bytes);
    await copyFiles(whole, `${directory}/undisturbed`);
    const expected = await countsAfterOpening(`${directory}/undisturbed`);
    ok(expected.deliveries > 7_000 && expected.retained > 7_000);
    let interrupted = 0;
    // One after the other: what an interrupted one left behind is in the way of the next.
    const place = `${directory}/place`;
    await copyFiles(whole, place);
    for (let afterMs = 0; afterMs < 500; afterMs = 1.5 * afterMs + 5) {
      if (await openAndKill(place, afterMs)) break;
      if (isSaving(place)) interrupted++;
      const left = `${directory}/left`;
      await copyAll(place, left);
      deepEqual(await countsAfterOpening(left), expected, `Killed ${afterMs} ms after it began`);
      equal(namesIn(left).filter((name) => /damaged/.test(name)).length, 1);
      equal(isSaving(left), false);
      await Deno.remove(left, { recursive: true });
    }
    ok(interrupted >= 3, `${interrupted} times in the middle`);
  },
  true,
);

async function copyAll(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { mode: 0o700 });
  for (const name of namesIn(from)) await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
}

/** What a process may leave behind that ended while it replaced a damaged file: what is where, and with what content. */
const REMAINS: readonly [what: string, files: Record<string, "damaged" | "saved" | "garbage">][] = [
  ["while it saved", { "": "damaged", ".saving-1": "garbage", ".saving-2": "saved" }],
  ["when all was saved", { "": "damaged", "-wal": "garbage", ".saved-1": "saved" }],
  ["when the log was set aside", {
    "": "damaged",
    ".damaged-1-wal": "garbage",
    ".saved-1": "saved",
  }],
  ["when the file was set aside", { ".damaged-1": "damaged", ".saved-1": "saved" }],
  ["at its end", { "": "saved", ".damaged-1": "damaged", ".damaged-1-wal": "garbage" }],
];

for (const [what, files] of REMAINS) {
  storeTest(
    `what a process leaves behind that ended ${what} becomes a whole store`,
    async (directory) => {
      await fill(`${directory}/saved`, 100, 100);
      const saved = await Deno.readFile(`${directory}/saved/${DATABASE_NAME}`);
      const damaged = saved.slice().fill(0xff, 5 * PAGE_BYTES, 6 * PAGE_BYTES);
      const contents = { saved, damaged, garbage: new Uint8Array(5000).fill(7) };
      const place = `${directory}/place`;
      await Deno.mkdir(place, { mode: 0o700 });
      for (const [suffix, content] of Object.entries(files)) {
        await Deno.writeFile(`${place}/${DATABASE_NAME}${suffix}`, contents[content]);
      }
      const log = new LogRecord();
      await open(place, { log }).close();
      const hasReplaced = what !== "at its end";
      equal(log.lines.some(({ message }) => /store (is|was) damaged/.test(message)), hasReplaced);
      const aside = namesIn(place).filter((name) => /\.damaged-[^w]*$/.test(name));
      equal(aside.length, 1);
      deepEqual(await Deno.readFile(`${place}/${aside[0]}`), damaged);
      equal(namesIn(place).some((name) => /\.sav(ing|ed)-/.test(name)), false);
      const { retained } = await countsAfterOpening(place);
      ok(retained > 60, `${retained} of 100`);
      const quiet = new LogRecord();
      await open(place, { log: quiet }).close();
      deepEqual(quiet.lines, []);
    },
  );
}

function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name);
}
