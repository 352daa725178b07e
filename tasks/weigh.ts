// deno-lint-ignore-file no-console -- a command line tool
/**
 * Shows how much memory the broker takes for one connection, session, subscription and message of each kind, as a table in Markdown.
 *
 *     deno task weigh                          all rows, in some minutes
 *     deno task weigh --rows queue --part 0.1  rows with "queue" in their name, with a tenth of the number
 *
 * Each row has a broker process of its own. It first creates some objects of the same kind, so that one-time costs do not count. Then its
 * resident memory is read after a pause and a garbage collection, before and after creating the objects, and the difference is divided by
 * their number. "Store" says whether they are kept on disk too; then SQLite's memory is included. Needs Linux, and openssl for TLS. The
 * exit status is 1 if an object is missing when it is asked for afterwards.
 *
 * @module
 */
import { readFlags } from "./flags.ts";
import { megabytes, printHead, printRow, run, show } from "./measure/command.ts";
import { requireLinux, restingBytes, startBroker, tooManyConnections } from "./measure/process.ts";
import { type Subject, subjects } from "./measure/subjects.ts";

const USE = `Shows what memory a connection, session, subscription and message of each kind takes.

  --rows TEXT    only those whose names contain it
  --part NUMBER  of each count, for a shorter run: 0.1 is a tenth; default: 1
  --epoll        plain connections go by epoll; default: by Deno's sockets`;
/** The warm-up: a part of the count, and at least enough for V8 to have compiled its code. */
const WARM_UP_PART = 0.1;
const WARM_UP_COUNT = 1000;
/** Smaller amounts are shown in bytes. */
const KILOBYTE = 1024;

const flags = readFlags(USE, { rows: "", part: 1, epoll: false });

/** Prints a row; fails if the broker has lost something. */
async function weigh(subject: Subject): Promise<void> {
  const { name, isStored = false } = subject;
  const count = Math.ceil(subject.count * flags.part);
  const warmUpCount = Math.max(Math.ceil(count * WARM_UP_PART), Math.min(count, WARM_UP_COUNT));
  const problem = subject.connects ? tooManyConnections(count + warmUpCount) : undefined;
  if (problem !== undefined) return printRow([name, show(count), `skipped: ${problem}`, "", ""]);
  await using broker = await startBroker({
    isStored,
    flags: subject.flags ?? [],
    isWeighed: true,
    isEpoll: flags.epoll,
  });
  const held = [await subject.add(broker, 0, warmUpCount)];
  try {
    const beforeBytes = await restingBytes(broker);
    held.push(await subject.add(broker, warmUpCount, count));
    const bytes = await restingBytes(broker) - beforeBytes;
    const eachBytes = bytes / (count * (subject.entriesEach ?? 1));
    printRow([
      name,
      show(count * (subject.entriesEach ?? 1)),
      eachBytes < KILOBYTE ? `${show(eachBytes)} bytes` : `${show(eachBytes / KILOBYTE, 1)} KB`,
      megabytes(bytes),
      isStored ? "yes" : "no",
    ]);
    await subject.check(broker, warmUpCount + count);
  } finally {
    for (const close of held) close();
  }
}

requireLinux();
await run(async () => {
  await using all = await subjects();
  const chosen = all.list.filter(({ name }) => name.includes(flags.rows));
  if (chosen.length === 0) {
    const names = all.list.map(({ name }) => `  ${name}\n`).join("");
    throw new Error(`No row's name contains "${flags.rows}". There are:\n${names}`);
  }
  for (const reason of all.skipped) console.log(`Skipped: ${reason}\n`);
  printHead(["what", "count", "each", "total MB", "store"]);
  for (const subject of chosen) await weigh(subject);
});
