// deno-lint-ignore-file no-console -- a command line tool
/**
 * Feeds damaged packets to the decoder: each must give packets or an `MqttError`, and memory must not grow.
 *
 *     deno task fuzz                        a million packets, a new seed
 *     deno task fuzz --count 5000 --seed 7  the same again
 *     deno task fuzz --stateful             over connections that have a state, TCP and WebSocket, to a broker in its own process
 *
 * Exits with 1 on the first packet that does anything else, after printing seed, number and bytes, or if memory grew.
 *
 * @module
 */
import { encodePacket, NameCache, type ProtocolVersion } from "../lib/codec/mod.ts";
import { decodeHostile } from "../tests/codec/hostile.ts";
import { mutate, randomPacket } from "../tests/codec/random_packet.ts";
import { Random } from "../tests/support/random.ts";
import { statefulRun } from "../tests/hostile/stateful.ts";
import { readFlags, whole } from "./flags.ts";

const USE = `Feeds damaged packets to the decoder.

  --count PACKETS  default: 1000000
  --seed NUMBER    default: a new one
  --stateful       to a broker, over TCP and WebSocket connections that have a state; the seed repeats what each connection
                   sends, not when`;
const VERSIONS: readonly ProtocolVersion[] = [3, 4, 5];
const MIB = 1024 * 1024;
/** Growth of the live heap that does not count as a leak: caches of the engine, compiled code. */
const MAX_HEAP_GROWTH_BYTES = 8 * MIB;
/** Growth of the whole process that is allowed, because the engine does not return memory at once. */
const MAX_RSS_GROWTH_BYTES = 128 * MIB;
const PARTS = 10;
const PACKETS_PER_SAMPLE = 500;

interface Part {
  /** The lowest heap size seen, which is the live heap after a collection. */
  readonly heapBytes: number;
  readonly rssBytes: number;
}

const { count, seed, stateful } = readFlags(USE, {
  count: whole(1_000_000),
  seed: whole(Date.now() % 1_000_000_000),
  stateful: false,
});
if (stateful) Deno.exit(await fuzzStateful());

const names = new NameCache();
const random = new Random(seed);
let decoded = 0;
let refused = 0;

console.log(`${count} damaged packets, seed ${seed}`);
const startMs = performance.now();
const parts: Part[] = [];
for (let part = 0; part < PARTS; part++) {
  parts.push(runPart(Math.floor(count * part / PARTS), Math.floor(count * (part + 1) / PARTS)));
}
const seconds = (performance.now() - startMs) / 1000;
console.log(`${decoded} packets decoded, ${refused} refused, none else, ${seconds.toFixed(1)} s`);

// The first part fills caches and compiles the code, so growth counts from its end.
const [first, last] = [parts[0]!, parts.at(-1)!];
const heapGrowth = last.heapBytes - first.heapBytes;
const rssGrowth = last.rssBytes - first.rssBytes;
console.log(`heap ${mib(first.heapBytes)} → ${mib(last.heapBytes)} MiB (${mib(heapGrowth)})`);
console.log(`rss  ${mib(first.rssBytes)} → ${mib(last.rssBytes)} MiB (${mib(rssGrowth)})`);
if (heapGrowth > MAX_HEAP_GROWTH_BYTES || rssGrowth > MAX_RSS_GROWTH_BYTES) {
  console.log("FAILED: memory grew");
  Deno.exit(1);
}

/** Runs the packets from one number to another, and measures memory. */
function runPart(from: number, to: number): Part {
  let heapBytes = Infinity;
  for (let number = from; number < to; number++) {
    const version = VERSIONS[number % VERSIONS.length]!;
    const bytes = mutate(encodePacket(randomPacket(random, version), version), random);
    try {
      const outcome = decodeHostile(bytes, version, names);
      decoded += outcome.packets;
      if (outcome.wasRefused) refused += 1;
    } catch (error) {
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
      console.log(`FAILED: seed ${seed}, packet ${number}, version ${version}: ${hex}`);
      console.log(error);
      Deno.exit(1);
    }
    if (number % PACKETS_PER_SAMPLE === 0) {
      heapBytes = Math.min(heapBytes, Deno.memoryUsage().heapUsed);
    }
  }
  return { heapBytes, rssBytes: Deno.memoryUsage().rss };
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}

/** Returns the exit status. */
async function fuzzStateful(): Promise<number> {
  console.log(`${count} damaged packets over connections, seed ${seed}`);
  const startMs = performance.now();
  const { sent, connections, heapBytes, residentBytes, failure } = await statefulRun({
    seed,
    count,
    onProgress: (sent, heapBytes) => console.log(`${sent} sent, heap ${mib(heapBytes)} MiB`),
  });
  const seconds = (performance.now() - startMs) / 1000;
  console.log(`${sent} packets over ${connections} connections, ${seconds.toFixed(1)} s`);
  const [heapGrowth, rssGrowth] = [heapBytes, residentBytes].map(([first, last]) => last - first);
  console.log(`heap ${mib(heapBytes[0])} → ${mib(heapBytes[1])} MiB`);
  console.log(`rss  ${mib(residentBytes[0])} → ${mib(residentBytes[1])} MiB`);
  if (failure !== undefined) console.log(`FAILED: seed ${seed}: ${failure}`);
  const isGrown = heapGrowth! > MAX_HEAP_GROWTH_BYTES || rssGrowth! > MAX_RSS_GROWTH_BYTES;
  if (isGrown) console.log("FAILED: memory grew");
  return failure !== undefined || isGrown ? 1 : 0;
}
