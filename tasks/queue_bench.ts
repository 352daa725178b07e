// deno-lint-ignore-file no-console -- its output is what this command is for
/**
 * Fills queues with messages of 100 bytes, kills the broker, restarts it and drains them. Measures the memory above that of an idle broker,
 * the time of the start, and the rate of the messages, and checks their order.
 *
 *     deno task queue-bench                             a million messages in one session, then in a thousand
 *     deno task queue-bench --messages 100000 --sessions 10
 *
 * @module
 */
import { readFlags, whole } from "./flags.ts";
import { megabytes, printHead, printRow, run, show } from "./measure/command.ts";
import {
  placeOf,
  processorMs,
  requireLinux,
  restingBytes,
  startBroker,
} from "./measure/process.ts";
import { drainQueues, fillQueues, makeSessions } from "./measure/queue_load.ts";

const USE = `Fills and drains long queues: memory, start, rate.

  --messages COUNT  in all; default: 1000000
  --sessions COUNT  that they wait for; default: 0, once for one and once for a thousand`;

const flags = readFlags(USE, { messages: whole(1_000_000), sessions: whole(0, 0) });

await run(async () => {
  requireLinux();
  const { model } = cpu();
  console.log(
    `${
      new Date().toISOString().slice(0, 10)
    }, ${navigator.hardwareConcurrency} × ${model}, Deno ${Deno.version.deno}\n`,
  );
  printHead([
    "sessions",
    "messages",
    "filled, /s",
    "MB above idle, full",
    "ready after a kill, ms",
    "MB above idle, ready",
    "processor ms of the start",
    "drained, /s",
    "processor µs each, drained",
    "MB above idle, drained",
  ]);
  for (const sessions of flags.sessions > 0 ? [flags.sessions] : [1, 1000]) await measure(sessions);
});

async function measure(sessions: number): Promise<void> {
  const { messages } = flags;
  const directory = await Deno.makeTempDir({ prefix: "flux-queues-" });
  const init = {
    isStored: true,
    isWeighed: true,
    flags: [
      "--persistence-location",
      directory,
      "--max-queued-messages",
      "0",
      "--max-queued-bytes",
      "0",
    ],
  };
  try {
    const first = await startBroker(init);
    const idleBytes = await restingBytes(first);
    const { port } = placeOf(first);
    await makeSessions(port, sessions);
    const fillMs = await timeMs(() => fillQueues(port, sessions, messages));
    const fullBytes = await restingBytes(first) - idleBytes;
    await first.kill();
    const startMs = performance.now();
    await using second = await startBroker(init);
    const readyMs = performance.now() - startMs;
    const startedMs = processorMs(second.pid);
    const readyBytes = await restingBytes(second) - idleBytes;
    const beforeMs = processorMs(second.pid);
    const drainMs = await timeMs(() => drainQueues(placeOf(second).port, sessions, messages));
    const drainedMs = processorMs(second.pid) - beforeMs;
    const drainedBytes = await restingBytes(second) - idleBytes;
    printRow([
      show(sessions),
      show(messages),
      show(1000 * messages / fillMs),
      megabytes(fullBytes),
      show(readyMs),
      megabytes(readyBytes),
      show(startedMs),
      show(1000 * messages / drainMs),
      show(1000 * drainedMs / messages, 1),
      megabytes(drainedBytes),
    ]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function timeMs(act: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await act();
  return performance.now() - startMs;
}

/** The name of the machine's processor. */
function cpu(): { model: string } {
  const line = Deno.readTextFileSync("/proc/cpuinfo").split("\n").find((one) =>
    one.startsWith("model name")
  );
  return { model: line?.split(": ")[1] ?? "processor" };
}
