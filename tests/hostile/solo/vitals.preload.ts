// Runs in the broker's process, before it: says how long its event loop stood, and what memory it has.

/** How often it looks, and every how many looks it says so. */
const LOOK_MS = 50;
const LOOKS_PER_LINE = 5;

let lastMs = performance.now();
let stallMs = 0;
let looks = 0;
const timer = setInterval(() => {
  const now = performance.now();
  stallMs = Math.max(stallMs, now - lastMs - LOOK_MS);
  lastMs = now;
  if (++looks % LOOKS_PER_LINE > 0 && stallMs < 100) return;
  const { heapUsed, external, rss } = Deno.memoryUsage();
  const line = JSON.stringify({ stallMs, heapUsed, external, rss });
  Deno.stderr.writeSync(new TextEncoder().encode(`@vitals ${line}\n`));
  stallMs = 0;
}, LOOK_MS);
Deno.unrefTimer(timer);
