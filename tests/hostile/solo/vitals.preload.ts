import { Work } from "../../../lib/broker/core/work.ts";

// Runs in the broker's process, before it: says how long its event loop stood, and what memory it has; where `VITALS_COLLECT` is set
// that is what is alive.
//
// On a busy machine the loop is late because others have the processor, too. So it stood for no longer than it was late, than its
// thread had a processor meanwhile, and than its longest turn took: the least of these counts.

/** How often it looks, and every how many looks it says so. */
const LOOK_MS = 10;
const LOOKS_PER_LINE = 25;
/** It says so at once where the loop has stood longer. */
const LONG_MS = 100;

/** CLOCK_THREAD_CPUTIME_ID of Linux. */
const THREAD_CLOCK = 3;
const { symbols: libc } = Deno.dlopen("libc.so.6", {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});
const clock = new BigInt64Array(2);

const collect = Deno.env.has("VITALS_COLLECT") ? (globalThis as { gc?: () => void }).gc : undefined;
let lastMs = performance.now();
let lastBusyMs = busyMs();
/** The longest since the last look: processor time of the thread, that of Deno and of the garbage collector in it included. */
let lookTurnMs = 0;
let turnBeganMs = busyMs();
/** The most since the last line. */
let most = { stallMs: 0, turnMs: 0, turnSteps: 0 };
let looks = 0;
let line = 0;

// A turn of the core, or several that share their steps, ends where the next one gets its own.
const { beginTurn } = Work.prototype;
Work.prototype.beginTurn = function () {
  const busy = busyMs();
  lookTurnMs = Math.max(lookTurnMs, busy - turnBeganMs);
  turnBeganMs = busy;
  most.turnSteps = Math.max(most.turnSteps, this.spent);
  beginTurn.call(this);
};

const timer = setInterval(() => {
  const now = performance.now();
  const busy = busyMs();
  const turnMs = Math.max(lookTurnMs, busy - turnBeganMs);
  const stallMs = Math.min(now - lastMs - LOOK_MS, busy - lastBusyMs, turnMs);
  most.stallMs = Math.max(most.stallMs, stallMs);
  most.turnMs = Math.max(most.turnMs, Math.min(turnMs, now - lastMs));
  if (++looks % LOOKS_PER_LINE === 0 || stallMs > LONG_MS) say();
  lookTurnMs = 0;
  lastMs = performance.now();
  lastBusyMs = busyMs();
}, LOOK_MS);
Deno.unrefTimer(timer);

function say(): void {
  collect?.();
  const { heapUsed, external, rss } = Deno.memoryUsage();
  const text = JSON.stringify({ line: ++line, ...most, heapUsed, external, rss });
  Deno.stderr.writeSync(new TextEncoder().encode(`@vitals ${text}\n`));
  most = { stallMs: 0, turnMs: 0, turnSteps: 0 };
}

/** Processor time of this thread, milliseconds. */
function busyMs(): number {
  libc.clock_gettime(THREAD_CLOCK, clock);
  return Number(clock[0]) * 1000 + Number(clock[1]) / 1e6;
}
