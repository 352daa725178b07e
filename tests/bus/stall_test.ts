import { strict as assert } from "node:assert";
import type { BusStats } from "../../lib/bus/mod.ts";
import { longTest } from "../support/long.ts";
import { netTest } from "../support/net_test.ts";
import { ask, nextTurn, startWorker, TestBridge } from "./support.ts";

/** Published and not yet back: what keeps either side's buffer from running over. */
const MAX_UNDER_WAY = 20_000;
const MAX_PENDING_BYTES = 4 * 1024 * 1024;

interface Report {
  readonly refused: number;
  readonly stats: BusStats;
}

for (const [count, test] of [[50_000, netTest], [200_000, longTest]] as const) {
  test(
    `${count} messages go through a Worker that stalls while another channel is flooded: none lost, none out of order, memory bounded`,
    () => stallAndFlood(count),
  );
}

async function stallAndFlood(messages: number): Promise<void> {
  const test = new TestBridge({ maxPendingBytes: MAX_PENDING_BYTES });
  const echo = await startWorker("./echo.worker.ts", test.name);
  const flood = await startWorker("./flood.worker.ts", "flood");
  let received = 0;
  let outOfOrder = 0;
  test.hub.subscribe("out/#", ({ payload }) => {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    if (view.getUint32(0) !== received) outOfOrder++;
    received++;
  });

  let sent = 0;
  const endMs = performance.now() + 60_000;
  while (received < messages && performance.now() < endMs) {
    for (let turn = 0; turn < 1000 && sent < messages; turn++) {
      if (sent - received >= MAX_UNDER_WAY) break;
      const payload = new Uint8Array(40);
      new DataView(payload.buffer).setUint32(0, sent);
      test.hub.publish({ topicName: `in/device/${sent % 100}`, payload });
      sent++;
    }
    test.hub.published.length = 0;
    await nextTurn();
  }

  await ask(flood, "stop");
  const { refused, stats } = await ask<Report>(echo, "report");
  const { bridge } = test;
  assert.equal(received, messages);
  assert.equal(outOfOrder, 0);
  assert.equal(refused, 0);
  assert.deepEqual(test.losses, []);
  assert.deepEqual(test.errors, []);
  assert(bridge.stats.framesResent > 0, "the flood did cost frames");
  for (const { peakPendingBytes } of [bridge.stats, stats]) {
    assert(peakPendingBytes > 0 && peakPendingBytes <= MAX_PENDING_BYTES);
  }
  await test.close();
}
