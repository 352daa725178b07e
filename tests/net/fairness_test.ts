import { strict as assert } from "node:assert";
import { LocalServer } from "../support/local_server.ts";
import { netTest } from "../support/net_test.ts";
import { RawClient } from "../support/raw_client.ts";

const MB = 1024 * 1024;

/** Others that talk as fast as they can, in a thread of their own; returns the function that ends them. */
async function talk(port: number, connections: number): Promise<() => void> {
  const worker = new Worker(new URL("chatty.worker.ts", import.meta.url), { type: "module" });
  const ready = new Promise((resolve) => worker.onmessage = resolve);
  worker.postMessage({ port, connections });
  await ready;
  return () => worker.terminate();
}

for (const connections of [1, 2, 8]) {
  netTest(`a quiet client does not wait behind ${connections} that never stop`, async () => {
    await using local = new LocalServer();
    const { metrics } = local.broker;
    const stop = await talk(local.port, connections);
    await local.until(() => metrics.publishReceived > 100_000);
    // It comes in while they talk.
    using quiet = await RawClient.connect(local.port);
    const waits: number[] = [];
    for (let i = 0; i < 50; i++) {
      const before = metrics.bytesReceived;
      await quiet.ping();
      // Counted in what the others were served meanwhile: time says more about the machine.
      waits.push((metrics.bytesReceived - before) / MB);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    stop();
    waits.sort((a, b) => a - b);
    console.log(waits.map((w) => w.toFixed(1)).join(" "));
    assert.ok(waits[25]! < 8, `Half of the answers came after ${waits[25]} MB and more`);
  });
}
