import { strict as assert } from "node:assert";
import { encodePacket } from "../../lib/codec/mod.ts";
import { MESSAGE_OVERHEAD_BYTES } from "../../lib/session/mod.ts";
import { publishPacket, RawClient } from "../support/raw_client.ts";
import { transportTest } from "../support/transports.ts";

const KB = 1024;
const MB = 1024 * KB;
/** More than the system takes for a connection whose other end never reads. */
const FLOOD_BYTES = 40 * MB;

transportTest(
  "who never reads is evicted, in bounded memory, while others get everything",
  async (open) => {
    const maxQueuedBytes = 4 * MB;
    await using local = await open({ maxQueuedBytes, sendTimeoutSeconds: 1 });
    const { broker } = local;
    const stuck = await RawClient.connect(local.port);
    await stuck.subscribe("flood");
    using reader = await RawClient.connect(local.port);
    await reader.subscribe("flood");
    using publisher = await RawClient.connect(local.port);
    const packet = encodePacket(publishPacket("flood", new Uint8Array(16 * KB)), 5);
    const count = FLOOD_BYTES / (16 * KB);
    let peakBytes = 0;
    const startMs = performance.now();
    for (let sent = 0; sent < count; sent += 20) {
      // The reader has taken each burst before the next: only one of the two is slow.
      for (let i = 0; i < 20; i++) await publisher.write(packet);
      for (let i = 0; i < 20; i++) assert.equal((await reader.receive())?.type, "publish");
      peakBytes = Math.max(peakBytes, broker.levels.bufferedBytes);
    }
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs < 10_000, `The reader was slowed: ${tookMs} ms for 40 MB`);
    assert.ok(peakBytes > maxQueuedBytes / 2, `Nobody was slow: ${peakBytes} bytes`);
    assert.ok(peakBytes < maxQueuedBytes + MB, `${peakBytes} bytes were held`);
    assert.ok((broker.metrics.dropped.get("slow_client") ?? 0) > 0);
    await local.until(() => broker.metrics.slowClientsEvicted === 1);
    await local.settle(2);
    assert.equal(broker.levels.bufferedBytes, 0);
    await reader.ping();
    stuck.close();
  },
);

transportTest("who never acknowledges holds no more than its queue", async (open) => {
  const limits = { maxInflightMessages: 10, maxQueuedMessages: 100 };
  await using local = await open(limits);
  using silent = await RawClient.connect(local.port);
  await silent.subscribe("work", 1);
  // More at once than the broker takes of QoS 1 is answered, so that is no limit for the publisher.
  using publisher = await RawClient.connect(local.port);
  for (let i = 1; i <= 500; i++) {
    await publisher.send(publishPacket("work", new Uint8Array(100), 1, i));
  }
  await publisher.ping();
  for (let i = 0; i < 10; i++) assert.equal((await silent.receive())?.type, "publish");
  const { metrics } = local.broker;
  assert.equal(metrics.dropped.get("queue_full"), 500 - 10 - 100);
  assert.ok(local.broker.levels.queuedBytes < 100 * (MESSAGE_OVERHEAD_BYTES + 300));
  await silent.ping();
});

transportTest(
  "a publisher is slowed before memory is at risk, and is not blamed for it",
  async (open) => {
    const maxBufferedBytes = 2 * MB;
    await using local = await open({ maxBufferedBytes });
    const { broker } = local;
    const stuck = [await RawClient.connect(local.port), await RawClient.connect(local.port)];
    for (const client of stuck) await client.subscribe("flood");
    // It is not read for longer than its Keep Alive allows it to be silent. [MQTT-3.1.2-22]
    using publisher = await RawClient.connect(local.port, { keepAliveSeconds: 1 });
    const packet = encodePacket(publishPacket("flood", new Uint8Array(64 * KB)), 5);
    let peakBytes = 0;
    const sending = (async () => {
      for (let sentBytes = 0; sentBytes < FLOOD_BYTES; sentBytes += 64 * KB) {
        await publisher.write(packet);
        peakBytes = Math.max(peakBytes, broker.levels.bufferedBytes);
      }
      await publisher.ping();
    })();
    await sending;
    // One turn may go over the limit, by what was read in it, twice.
    assert.ok(peakBytes < maxBufferedBytes + MB, `${peakBytes} bytes were held`);
    // Both take nothing for two seconds, and make room for those who do.
    assert.equal(broker.metrics.slowClientsEvicted, 2);
    assert.equal(broker.metrics.droppedTotal, 0);
    for (const client of stuck) client.close();
  },
);
