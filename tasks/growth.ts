// deno-lint-ignore-file no-console -- its output is what this command is for
/**
 * Shows what subscribing, routing and retaining cost as the tries grow, in three tables in Markdown. The rows of one run are comparable;
 * runs on different machines are not.
 *
 * @module
 */

import { FilterTrie, RetainedTopics } from "../lib/topic/mod.ts";
import { collectGarbage } from "../tests/support/garbage.ts";

const COUNTS = [1_000, 100_000, 1_000_000];
/** With fewer operations a row would be too short for the clock and the JIT compiler. */
const MIN_OPERATIONS = 200_000;
/** Strings prepared for timing; more would distort the memory measurement. */
const SLICE_LENGTH = 5_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Makes filters: of ten, six have no wildcard, three have a `+`, one a `#`. */
function filterOf(i: number): string {
  const site = `site-${i % 1000}`;
  const line = `line-${i % 7}`;
  switch (i % 10) {
    case 0:
    case 1:
      return `${site}/+/device-${i}/temperature`;
    case 2:
      return `${site}/${line}/device-${i}/+`;
    case 3:
      return `${site}/${line}/device-${i}/#`;
    default:
      return nameOf(i);
  }
}

function nameOf(i: number): string {
  return `site-${i % 1000}/line-${i % 7}/device-${i}/temperature`;
}

/** All numbers below `count`, in a scattered order. */
function scattered(i: number, count: number): number {
  return (i * 7_919) % count;
}

/** Makes filters of 200 levels that differ in the first or the last level. */
function deepFilterOf(i: number): string {
  const levels = "a/".repeat(198);
  return i % 2 === 0 ? `${i}/${levels}+` : `${levels}${i}/+`;
}

/** Microseconds that `operation` takes on average over the topics `topicOf(0)` … `topicOf(count - 1)`. */
function timeUs(
  count: number,
  topicOf: (i: number) => string,
  operation: (topic: string) => void,
): number {
  let sumMs = 0;
  for (let done = 0; done < count; done += SLICE_LENGTH) {
    const length = Math.min(SLICE_LENGTH, count - done);
    // Each topic is a separate string, as decoded from a packet.
    const topics = Array.from(
      { length },
      (_, i) => decoder.decode(encoder.encode(topicOf(done + i))),
    );
    const startedMs = performance.now();
    for (const topic of topics) operation(topic);
    sumMs += performance.now() - startedMs;
  }
  return sumMs * 1000 / count;
}

/** What one row measures: the cost of each operation, and an object with `count` entries, whose memory is measured. */
interface Subject {
  readonly title: string;
  readonly columns: readonly string[];
  measureUs(count: number): number[];
  fill(count: number): object;
}

const value = {};

/** `matched` returns for each filter a name that only this filter matches. */
function filterSubject(
  title: string,
  filterOf: (i: number) => string,
  matched: (i: number) => string,
): Subject {
  return {
    title,
    columns: ["filters", "µs per add", "µs per match", "µs per delete", "bytes per filter"],
    measureUs(count) {
      let found = 0;
      const trie = new FilterTrie<object>();
      const addUs = timeUs(count, filterOf, (filter) => trie.add(filter, value));
      const matchUs = timeUs(count, (i) => matched(scattered(i, count)), (name) => {
        trie.match(name, () => found++);
      });
      const deleteUs = timeUs(count, (i) => filterOf(scattered(i, count)), (filter) => {
        trie.delete(filter, value);
      });
      if (found !== count || trie.nodeCount !== 0) {
        throw new Error("Filters are missing or left over");
      }
      return [addUs, matchUs, deleteUs];
    },
    fill(count) {
      const trie = new FilterTrie<object>();
      timeUs(count, filterOf, (filter) => trie.add(filter, value));
      return trie;
    },
  };
}

const filters = filterSubject(
  "Filters: one subscriber each, six of ten exact, three with `+`, one with `#`",
  filterOf,
  nameOf,
);

const deepFilters = filterSubject(
  "Filters of 200 levels and 400 bytes, which differ in one level",
  deepFilterOf,
  (i) => deepFilterOf(i).replace("+", "x"),
);

const retained: Subject = {
  title: "Retained messages: names of four levels, without what is retained",
  columns: [
    "topics",
    "µs per set",
    "µs per match of one",
    "µs each in the first match of all",
    "µs each in the second, sorted in",
    "µs each in the third",
    "µs per delete",
    "bytes per topic",
  ],
  measureUs(count) {
    const topics = new RetainedTopics<object>();
    const setUs = timeUs(count, nameOf, (name) => topics.set(name, value));
    const matchUs = timeUs(count, (i) => nameOf(scattered(i, count)), (name) => {
      if (topics.matches(name).next() !== value) throw new Error(`Cannot find ${name}`);
    });
    const walksUs: number[] = [];
    for (let i = 0; i < 3; i++) {
      const startedMs = performance.now();
      const all = topics.matches("#");
      let walked = 0;
      while (all.next() !== undefined) walked++;
      if (walked !== count) throw new Error("Topics are missing");
      walksUs.push((performance.now() - startedMs) * 1000 / walked);
    }
    const deleteUs = timeUs(
      count,
      (i) => nameOf(scattered(i, count)),
      (name) => topics.delete(name),
    );
    if (topics.size !== 0 || topics.sortedCount !== 0) {
      throw new Error("Topics are left over");
    }
    return [setUs, matchUs, ...walksUs, deleteUs];
  },
  fill(count) {
    const topics = new RetainedTopics<object>();
    timeUs(count, nameOf, (name) => topics.set(name, value));
    for (let i = 0; i < 2; i++) topics.matches("#").next();
    return topics;
  },
};

/** The mean over several rounds, so that every row has enough operations. */
function meanUs(subject: Subject, count: number): number[] {
  const rounds = Math.ceil(MIN_OPERATIONS / count);
  let sums: number[] = [];
  for (let i = 0; i < rounds; i++) {
    sums = subject.measureUs(count).map((us, column) => us + (sums[column] ?? 0));
  }
  return sums.map((sum) => sum / rounds);
}

/** Bytes of heap for each entry, including the strings that the trie keeps. */
function weighBytes(subject: Subject, count: number): number {
  const before = heapBytes();
  const filled = [subject.fill(count)];
  const bytes = (heapBytes() - before) / count;
  filled.pop(); // Keeps it alive until here.
  return bytes;
}

function heapBytes(): number {
  collectGarbage();
  return Deno.memoryUsage().heapUsed;
}

function printTable(subject: Subject, counts: readonly number[] = COUNTS): void {
  console.log(`## ${subject.title}\n`);
  console.log(`| ${subject.columns.join(" | ")} |`);
  console.log(`|${subject.columns.map(() => "--:|").join("")}`);
  meanUs(subject, 1_000); // Lets the JIT compiler optimize.
  for (const count of counts) {
    const row = meanUs(subject, count).map((us) => us.toFixed(2));
    const bytes = weighBytes(subject, count).toFixed(0);
    console.log(`| ${count.toLocaleString("en")} | ${row.join(" | ")} | ${bytes} |`);
  }
  console.log();
}

if (import.meta.main) {
  printTable(filters);
  printTable(deepFilters, COUNTS.slice(0, 2));
  printTable(retained);
}
