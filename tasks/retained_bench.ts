// deno-lint-ignore-file no-console -- its output is what this command is for
/**
 * Retains messages of 100 bytes, each on a topic of its own, restarts the broker, and subscribes. Measures the memory above that of an idle
 * broker, the time of the start, and the rate at which a new subscription gets them, with a store and beside it with memory alone.
 *
 *     deno task retained-bench                             a million messages
 *     deno task retained-bench --messages 100000
 *
 * @module
 */
import { readFlags, whole } from "./flags.ts";
import { megabytes, printHead, printRow, run, show } from "./measure/command.ts";
import { requireLinux, restingBytes, startBroker } from "./measure/process.ts";
import { receiveRetained, retain } from "./measure/retained_load.ts";

const USE = `Retains messages, and delivers them to new subscriptions: memory, start, rate.

  --messages COUNT  default: 1000000
  --times COUNT     subscriptions of each kind; the median counts; default: 3`;

const flags = readFlags(USE, { messages: whole(1_000_000), times: whole(3) });

await run(async () => {
  requireLinux();
  const date = new Date().toISOString().slice(0, 10);
  console.log(`${date}, ${navigator.hardwareConcurrency} processors, Deno ${Deno.version.deno}\n`);
  printHead([
    "broker",
    "messages",
    "retained, /s",
    "MB above idle",
    "ready after a restart, ms",
    "MB above idle, ready",
    "#, /s",
    "site/+/device/5/temp, /s",
    "MB above idle, delivered",
  ]);
  await measure(false);
  await measure(true);
});

async function measure(isStored: boolean): Promise<void> {
  const { messages } = flags;
  const directory = await Deno.makeTempDir({ prefix: "flux-retained-" });
  const limits = ["--max-retained-messages", "0", "--max-retained-bytes", "0"];
  const place = isStored ? ["--persistence-location", directory] : [];
  const init = { isStored, isWeighed: true, flags: [...limits, ...place] };
  try {
    let broker = await startBroker(init);
    const idleBytes = await restingBytes(broker);
    const above = async () => megabytes(await restingBytes(broker) - idleBytes);
    const retainMs = await timeMs(() => retain(broker.port, messages));
    const retained = await above();
    let ready = ["", ""];
    if (isStored) {
      await broker.kill();
      const startMs = performance.now();
      broker = await startBroker(init);
      ready = [show(performance.now() - startMs), await above()];
    }
    const all = await rate(broker.port, "#", messages);
    const sites = Math.ceil(messages / 1000);
    const some = await rate(broker.port, "site/+/device/5/temp", sites);
    printRow([
      isStored ? "with a store" : "memory alone",
      show(messages),
      show(1000 * messages / retainMs),
      retained,
      ...ready,
      all,
      some,
      await above(),
    ]);
    await broker.kill();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Messages per second of a new subscription, in the middle of several. */
async function rate(port: number, topicFilter: string, messages: number): Promise<string> {
  const rates: number[] = [];
  for (let i = 0; i < flags.times; i++) {
    const delivered = await receiveRetained(port, topicFilter, messages);
    rates.push(1000 * delivered.messages / delivered.ms);
  }
  return show(rates.sort((a, b) => a - b)[rates.length >> 1]!);
}

async function timeMs(act: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await act();
  return performance.now() - startMs;
}
