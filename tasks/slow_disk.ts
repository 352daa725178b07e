// deno-lint-ignore-file no-console -- its output is what this command is for
/**
 * Shows how a slow disk affects clients that do not need it: the latency of paced QoS 0 messages while others publish QoS 1 to a persistent
 * session, alternately with the normal disk and with one on which every commit takes 20 ms longer.
 *
 * @module
 */
import { Server } from "../lib/net/mod.ts";
import { openStore } from "../lib/store/mod.ts";
import { publishPacket, RawClient } from "../tests/support/raw_client.ts";

const RUNS = 3;
const RUN_MS = 4000;
const QOS0_INTERVAL_MS = 1;
const QOS1_INTERVAL_MS = 4;
const SLOW_MS = 20;
const SILENT = { debugOn: false, debug() {}, info() {}, warning() {}, error() {} };

/** Latencies in milliseconds: of QoS 0 from end to end, and of PUBACK. */
interface Latencies {
  readonly qos0: number[];
  readonly puback: number[];
}

console.log("| disk | QoS 0 p50 | QoS 0 p99 | PUBACK p50 | PUBACK p99 |");
console.log("|---|---|---|---|---|");
await measure(0); // Warms up the compiler.
const p99s = new Map<number, number[]>([[0, []], [SLOW_MS, []]]);
for (let run = 0; run < RUNS; run++) {
  for (const [commitDelayMs, values] of p99s) {
    const { qos0, puback } = await measure(commitDelayMs);
    values.push(quantile(qos0, 0.99));
    const cells = [
      quantile(qos0, 0.5),
      quantile(qos0, 0.99),
      quantile(puback, 0.5),
      quantile(puback, 0.99),
    ];
    const row = cells.map((ms) => `${ms.toFixed(2)} ms`).join(" | ");
    console.log(`| ${commitDelayMs === 0 ? "as it is" : `+ ${SLOW_MS} ms`} | ${row} |`);
  }
}
const [fast, slow] = [...p99s.values()].map((values) => quantile(values, 0.5));
console.log(`p99 of QoS 0, slow : fast = ${(slow! / fast!).toFixed(2)} (medians of ${RUNS})`);

async function measure(commitDelayMs: number): Promise<Latencies> {
  const directory = await Deno.makeTempDir({ prefix: "flux-slow-" });
  const { store, close } = openStore({
    directory,
    durability: "always",
    log: SILENT,
    commitDelayMs,
  });
  const server = new Server({ store, log: SILENT });
  const port = server.listen({ port: 0 });
  try {
    return await run(port);
  } finally {
    await server.close();
    await close();
    await Deno.remove(directory, { recursive: true });
  }
}

async function run(port: number): Promise<Latencies> {
  const latencies: Latencies = { qos0: [], puback: [] };
  const keeper = await RawClient.connect(port, { properties: { sessionExpiryInterval: 60 } });
  await keeper.subscribe("durable/#", 1);
  keeper.close();
  using reader = await RawClient.connect(port);
  await reader.subscribe("live", 0);
  using writer = await RawClient.connect(port);
  using durable = await RawClient.connect(port);
  const sentAtMs = new Map<number, number>();
  const reading = Promise.all([
    receive(reader, ({ payload }) => latencies.qos0.push(performance.now() - timeIn(payload!))),
    receive(durable, ({ packetId }) => {
      latencies.puback.push(performance.now() - sentAtMs.get(packetId!)!);
    }),
  ]);
  const endMs = performance.now() + RUN_MS;
  await Promise.all([
    pace(endMs, QOS0_INTERVAL_MS, () => writer.send(publishPacket("live", timeBytes()))),
    pace(endMs, QOS1_INTERVAL_MS, (i) => {
      const packetId = 1 + i % 60_000;
      sentAtMs.set(packetId, performance.now());
      return durable.send(publishPacket("durable/a", new Uint8Array(100), 1, packetId));
    }),
  ]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  reader.close();
  durable.close();
  await reading;
  return latencies;
}

async function receive(
  client: RawClient,
  onPacket: (packet: { payload?: Uint8Array; packetId?: number }) => void,
): Promise<void> {
  try {
    for (let packet; (packet = await client.receive()) !== undefined;) {
      if (packet.type === "publish" || packet.type === "puback") onPacket(packet);
    }
  } catch {
    // It was closed.
  }
}

/** Calls `send` at regular times, and catches up when it is late. */
async function pace(endMs: number, intervalMs: number, send: (i: number) => Promise<void>) {
  const startMs = performance.now();
  for (let i = 0; performance.now() < endMs;) {
    while (startMs + i * intervalMs <= performance.now()) await send(i++);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function timeBytes(): Uint8Array {
  return new Uint8Array(Float64Array.of(performance.now()).buffer);
}

function timeIn(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getFloat64(0, true);
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]!;
}
