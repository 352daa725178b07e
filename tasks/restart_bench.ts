// deno-lint-ignore-file no-console -- its output is what this command is for
/**
 * Fills a store with 100,000 queued messages, 10,000 sessions and 100,000 retained messages, starts the broker on it, and prints how long
 * that takes and how much memory it needs.
 *
 * @module
 */
import { openStore } from "../lib/store/mod.ts";
import type { KeptMessage } from "../lib/broker/mod.ts";
import { BrokerProcess } from "../tests/support/broker_process.ts";
import { processorMs } from "./measure/process.ts";

const QUEUED = 100_000;
const SESSIONS = 10_000;
const RETAINED = 100_000;
const PAYLOAD_BYTES = 100;
const SILENT = { debugOn: false, debug() {}, info() {}, warning() {}, error() {} };

const directory = await Deno.makeTempDir({ prefix: "flux-restart-" });
try {
  await fill();
  const { size } = await Deno.stat(`${directory}/flux-mqtt.db`);
  console.log(`Database: ${(size / 1e6).toFixed(1)} MB`);
  for (let run = 1; run <= 3; run++) {
    const startMs = performance.now();
    const broker = await BrokerProcess.start({ flags: ["--persistence-location", directory] });
    const readyMs = performance.now() - startMs;
    const residentBytes = await broker.residentBytes() ?? 0;
    const usedMs = processorMs(broker.pid);
    await broker.stop();
    console.log(
      `Ready after ${readyMs.toFixed(0)} ms (${usedMs} ms of all processors), ` +
        `${(residentBytes / 1e6).toFixed(0)} MB resident`,
    );
  }
} finally {
  await Deno.remove(directory, { recursive: true });
}

async function fill(): Promise<void> {
  const { store, close } = openStore({ directory, durability: "interval", log: SILENT });
  for (let i = 0; i < SESSIONS; i++) {
    const clientId = `client-${i}`;
    store.putSession(clientId, Infinity, Infinity);
    store.putSubscription(clientId, {
      topicFilter: `site/${i}/+/state`,
      qos: 1,
      noLocal: false,
      retainAsPublished: false,
      subscriptionIdentifier: 0,
    });
  }
  for (let i = 0; i < QUEUED; i++) {
    store.putDelivery(`client-${i % SESSIONS}`, {
      message: message(`site/${i % SESSIONS}/device-${i}/state`, false),
      qos: 1,
      retain: false,
      subscriptionIdentifiers: undefined,
      share: undefined,
      sequence: i + 1,
    });
  }
  for (let i = 0; i < RETAINED; i++) {
    store.putRetained({
      ...message(`site/${i % 1000}/device-${i}/state`, true),
      storePlace: 0,
    });
  }
  await close();
}

function message(topicName: string, retain: boolean): KeptMessage {
  return {
    topicName,
    payload: new Uint8Array(PAYLOAD_BYTES),
    qos: 1,
    retain,
    properties: undefined,
    expiresAtMs: Infinity,
    publisherId: "publisher",
    storeId: 0,
  };
}
