// deno-lint-ignore-file no-console -- a command line tool
/**
 * Measures a bridge: messages per second that cross it to a mosquitto, beside mosquitto's own bridge in the same run; and an outage, during
 * which messages queue, and then drain.
 *
 *     deno task bridge-bench                          QoS 0 and 1, four seconds each
 *     deno task bridge-bench --outage 200000          200,000 messages of 100 bytes queue
 *     deno task bridge-bench --outage 20000 --delay 50   with a round trip of 100 ms to the remote broker
 *
 * @module
 */
import { LoadConnection, loadTopic } from "../lib/client/mod.ts";
import { BridgeSink } from "./bridge/sink.ts";
import { BridgeSource } from "./bridge/source.ts";
import { FluxBroker } from "../tests/support/bridge_ends.ts";
import { freePort } from "../tests/support/free_port.ts";
import { MosquittoBroker } from "../tests/support/mosquitto_broker.ts";
import { readFlags, whole } from "./flags.ts";

const USE = `Measures a bridge.

  --seconds COUNT  of each load; default: 4
  --transport HOW  of our broker's plain connections, deno or epoll (as in an executable); default: epoll
  --outage COUNT   messages that wait instead; default: 0, none
  --delay COUNT    milliseconds that bytes take to the remote broker and back, each; default: 0`;
const { seconds, outage, delay, transport: how } = readFlags(USE, {
  seconds: whole(4),
  outage: whole(0, 0),
  delay: whole(0, 0),
  transport: "epoll",
});
const transport = how === "deno" ? "deno" : "epoll";
const PAYLOAD_BYTES = 100;
const PUBLISHERS = 4;
/** Messages in flight between publisher and subscriber. */
const WINDOW = 4000;

if (outage > 0) await measureOutage(outage);
else await measureThroughput();
Deno.exit(0);

async function measureThroughput(): Promise<void> {
  const sink = new BridgeSink();
  const block =
    `connection b\naddress 127.0.0.1:${sink.port}\nrestart_timeout 1\ntopic out/# out 1\n`;
  await using theirs = await MosquittoBroker.start(`max_inflight_messages 0\n${block}`);
  await using ours = await FluxBroker.start(freePort(), block, transport);
  await ours.process.untilLog(/Bridge connected/, 15_000);
  await pause(2000);
  for (const qos of [0, 1] as const) {
    const before = await load(theirs, sink, qos);
    const here = await load({ port: ours.port, pid: ours.process.pid }, sink, qos);
    const [rate, cost] = [here.rate / before.rate, before.cpuMicros / here.cpuMicros];
    console.log(
      `QoS ${qos}: mosquitto's bridge ${before.rate}/s, ${
        before.cpuMicros.toFixed(1)
      } µs of processor a message; ` +
        `ours ${here.rate}/s, ${here.cpuMicros.toFixed(1)} µs: ${rate.toFixed(2)} and ${
          cost.toFixed(2)
        } times`,
    );
  }
  sink.close();
}

/** Measures the messages per second that arrive after the bridge, and what each costs the process with the bridge. */
async function load(
  { port, pid }: { readonly port: number; readonly pid: number },
  sink: BridgeSink,
  qos: 0 | 1,
): Promise<{ readonly rate: number; readonly cpuMicros: number }> {
  const sources = await Promise.all(
    Array.from(
      { length: PUBLISHERS },
      (_, i) => BridgeSource.open(port, `out/${i}/t`, PAYLOAD_BYTES, qos),
    ),
  );
  const first = sink.received;
  let isOver = false;
  let sent = 0;
  const running = sources.map(async (source) => {
    while (!isOver) {
      const room = WINDOW - (sent - (sink.received - first));
      if (room < 64) await pause(0);
      else {
        const count = Math.min(room, 256);
        sent += count;
        await source.publish(count);
      }
    }
  });
  await pause(1000);
  const [before, startMs, cpuBefore] = [sink.received, performance.now(), cpuMicrosOf(pid)];
  await pause(seconds * 1000);
  const count = sink.received - before;
  const rate = count * 1000 / (performance.now() - startMs);
  const cpuMicros = (cpuMicrosOf(pid) - cpuBefore) / count;
  isOver = true;
  await Promise.all(running);
  for (const source of sources) source.close();
  return { rate: Math.round(rate), cpuMicros };
}

/** The processor time of a process with all its threads; a clock tick is a hundredth of a second. */
function cpuMicrosOf(pid: number): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function measureOutage(count: number): Promise<void> {
  const farPort = freePort();
  const relay = delay === 0 ? undefined : delayed(farPort, delay);
  await using near = await FluxBroker.start(
    freePort(),
    `connection b\naddress 127.0.0.1:${relay?.port ?? farPort}\nrestart_timeout 1\n` +
      "bridge_queue_bytes 0\nmax_total_queued_bytes 0\ntopic out/# out 1\n",
    transport,
  );
  await pause(1000);
  const idle = await near.process.residentBytes() ?? 0;
  const [publisher] = await openPublishers(near.port);
  const topic = loadTopic("out/t");
  for (let i = 0; i < count;) {
    for (; i < count && publisher!.inFlight < 400; i++) {
      publisher!.publish(topic.name, topic.bytes, numbered(i), 1);
    }
    publisher!.flush();
    await pause(0);
  }
  while (publisher!.inFlight > 0) await pause(10);
  const full = await near.process.residentBytes() ?? 0;
  console.log(
    `${count} messages wait: ${megabytes(full - idle)} MB above ${megabytes(idle)} MB idle`,
  );
  await using far = await FluxBroker.start(
    farPort,
    "persistence false\nmax_queued_messages 0\nmax_inflight_messages 2000",
    transport,
  );
  let [got, last, startMs, misordered] = [0, -1, 0, 0];
  const seen = new Set<number>();
  const subscriber = await LoadConnection.open(place(far.port), "s", {
    topicFilter: "out/#",
    qos: 1,
  });
  subscriber.onPublish = (payload) => {
    if (got++ === 0) startMs = performance.now();
    const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
    if (number > last + 1) misordered++;
    last = Math.max(last, number);
    seen.add(number);
  };
  while (seen.size < count / 2) await pause(5);
  const half = performance.now();
  const rate = seen.size * 1000 / (half - startMs);
  await near.kill();
  await near.start();
  while (seen.size < count) await pause(5);
  const rest = performance.now() - half;
  console.log(
    `The first half drained at ${Math.round(rate)}/s; then kill -9, a start, and the rest in ${
      Math.round(rest)
    } ms`,
  );
  console.log(
    `${got - count} came twice, ${misordered} out of order, ${count - seen.size} missing`,
  );
  subscriber.close();
  relay?.listener.close();
}

/** A relay that delays all bytes. */
function delayed(to: number, delayMs: number): { port: number; listener: Deno.Listener } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const near of listener) {
      let far: Deno.TcpConn;
      try {
        far = await Deno.connect({ hostname: "127.0.0.1", port: to });
      } catch {
        near.close();
        continue;
      }
      carry(near, far, delayMs);
      carry(far, near, delayMs);
    }
  })().catch(() => {});
  return { port: (listener.addr as Deno.NetAddr).port, listener };
}

async function carry(from: Deno.Conn, to: Deno.Conn, delayMs: number): Promise<void> {
  let writing = Promise.resolve();
  try {
    for (;;) {
      const buffer = new Uint8Array(64 * 1024);
      const count = await from.read(buffer);
      if (count === null) break;
      const dueMs = performance.now() + delayMs;
      writing = writing.then(async () => {
        await pause(Math.max(0, dueMs - performance.now()));
        for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
      }).catch(() => {});
    }
    await writing;
  } catch {
    // One side has ended.
  }
  for (const conn of [from, to]) {
    try {
      conn.close();
    } catch {
      // It is closed.
    }
  }
}

function numbered(number: number): Uint8Array {
  const payload = new Uint8Array(PAYLOAD_BYTES);
  new DataView(payload.buffer).setUint32(0, number);
  return payload;
}

function openPublishers(port: number): Promise<LoadConnection[]> {
  return Promise.all(
    Array.from({ length: PUBLISHERS }, (_, i) => LoadConnection.open(place(port), `p${i}`)),
  );
}

function place(port: number) {
  return { hostname: "127.0.0.1", port };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}
