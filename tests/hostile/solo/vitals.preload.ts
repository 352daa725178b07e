// Runs in the broker's process, before it: says how long its event loop stood, and what memory it has; with --expose-gc that is what is
// alive.

/** How often it looks, and every how many looks it says so. */
const LOOK_MS = 50;
const LOOKS_PER_LINE = 5;

const { gc: collect } = globalThis as { gc?: () => void };
let lastMs = performance.now();
let stallMs = 0;
let looks = 0;
let line = 0;
const timer = setInterval(() => {
  const now = performance.now();
  stallMs = Math.max(stallMs, now - lastMs - LOOK_MS);
  lastMs = now;
  if (++looks % LOOKS_PER_LINE > 0 && stallMs < 100) return;
  collect?.();
  const { heapUsed, external, rss } = Deno.memoryUsage();
  const text = JSON.stringify({ line: ++line, stallMs, heapUsed, external, rss });
  Deno.stderr.writeSync(new TextEncoder().encode(`@vitals ${text}\n`));
  stallMs = 0;
  lastMs = performance.now();
}, LOOK_MS);
Deno.unrefTimer(timer);
