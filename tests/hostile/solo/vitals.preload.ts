import { cpuUsage } from "node:process";

// Runs in the broker's process, before it: says how long its event loop stood, and what memory it has; with --expose-gc that is what is
// alive. On a busy machine it stands because others have the processor, too: it has stood itself for no longer than it had one.

/** How often it looks, and every how many looks it says so. */
const LOOK_MS = 50;
const LOOKS_PER_LINE = 5;

const { gc: collect } = globalThis as { gc?: () => void };
let lastMs = performance.now();
let lastBusyMs = busyMs();
let stallMs = 0;
let looks = 0;
let line = 0;
const timer = setInterval(() => {
  const now = performance.now();
  const busy = busyMs();
  stallMs = Math.max(stallMs, Math.min(now - lastMs - LOOK_MS, busy - lastBusyMs));
  lastMs = now;
  lastBusyMs = busy;
  if (++looks % LOOKS_PER_LINE > 0 && stallMs < 100) return;
  collect?.();
  const { heapUsed, external, rss } = Deno.memoryUsage();
  const text = JSON.stringify({ line: ++line, stallMs, heapUsed, external, rss });
  Deno.stderr.writeSync(new TextEncoder().encode(`@vitals ${text}\n`));
  stallMs = 0;
  lastMs = performance.now();
  lastBusyMs = busyMs();
}, LOOK_MS);
Deno.unrefTimer(timer);

/** Processor time of the process, all its threads together, milliseconds. */
function busyMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}
