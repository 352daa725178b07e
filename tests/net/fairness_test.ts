import { strict as assert } from "node:assert";
import type { LocalServer } from "../support/local_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { transportTest } from "../support/transports.ts";

const MB = 1024 * 1024;
const PINGS = 30;
/** Who is not served at all would be waited for in vain. */
const LIMIT_MS = 30_000;

/** Others that talk as fast as they can, in a thread of their own; returns the function that ends them. */
async function talk(port: number, connections: number): Promise<() => void> {
  const worker = new Worker(new URL("chatty.worker.ts", import.meta.url), { type: "module" });
  const ready = new Promise((resolve) => worker.onmessage = resolve);
  worker.postMessage({ port, connections });
  await ready;
  return () => worker.terminate();
}

/** Megabytes that the others were served while a quiet client waited for each PINGRESP: time would say more about the machine. */
async function waitsOf(local: LocalServer): Promise<number[]> {
  const { metrics } = local.broker;
  using quiet = await RawClient.connect(local.port);
  const waits: number[] = [];
  for (let i = 0; i < PINGS; i++) {
    const before = metrics.bytesReceived;
    await quiet.ping();
    waits.push((metrics.bytesReceived - before) / MB);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return waits.toSorted((a, b) => a - b);
}

for (const connections of [1, 2, 8]) {
  transportTest(
    `a quiet client does not wait behind ${connections} that never stop`,
    async (open) => {
      await using local = await open();
      const stop = await talk(local.port, connections);
      let timer: ReturnType<typeof setTimeout> | undefined;
      try {
        await local.until(() => local.broker.metrics.publishReceived > 50_000, LIMIT_MS);
        const late = new Promise<undefined>((resolve) => {
          timer = setTimeout(() => resolve(undefined), LIMIT_MS);
        });
        const waits = await Promise.race([waitsOf(local), late]);
        assert.ok(waits !== undefined, `${PINGS} answers did not come in ${LIMIT_MS} ms`);
        // Some forty milliseconds' worth between two looks at everybody. Without pauses it is hundreds, or no answer.
        assert.ok(waits[PINGS / 2]! < 24, `Half of the answers came after ${waits[PINGS / 2]} MB`);
        assert.ok(waits.at(-1)! < 96, `One answer came after ${waits.at(-1)} MB`);
      } finally {
        clearTimeout(timer);
        stop();
      }
    },
  );
}
