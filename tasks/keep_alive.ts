/**
 * Shows what many connections cost that do little but keep alive, as a table in Markdown.
 *
 *     deno task keep-alive                                  1,000 to 20,000 connections, 20 s each
 *     deno task keep-alive --connections 500 --seconds 3    others
 *
 * Each connection sends a PINGREQ in every period, at even distances. One more connection, the probe, sends one as soon as the last is
 * answered, with 5 ms between: the longest answer shows how long the broker served nobody. Each row has a broker process of its own,
 * without a store; the clients run in this one. Needs Linux, and as many file descriptors for each of the two processes as there are
 * connections: Deno takes what `ulimit -Hn` allows. The exit status is 1 if a PINGREQ is not answered.
 *
 * @module
 */
import { encodePacket } from "../lib/codec/mod.ts";
import { readFlags } from "./flags.ts";
import { megabytes, printRow, show } from "./measure/command.ts";
import { measureEach } from "./measure/connections.ts";
import {
  inGroups,
  pause,
  placeOf,
  processorMs,
  residentBytes,
  startBroker,
} from "./measure/process.ts";

const USE = `Shows what connections cost that do little but keep alive.

  --connections COUNT[,COUNT]  default: 1000,10000,20000
  --period SECONDS             between two PINGREQ of a connection; default: 10
  --seconds SECONDS            how long each row lasts; default: 20
  --epoll                      plain connections go by epoll; default: by Deno's sockets`;
/** Connections that are opened at once: more could be too many for the broker's backlog. */
const OPENED_AT_ONCE = 50;
/** Connections whose turn it is to send are looked up so often, in milliseconds. */
const STEP_MS = 10;
const PROBE_PAUSE_MS = 5;
/** Time for the broker to return memory after all have connected. */
const CALM_MS = 5000;
/** The first clients wait without a PINGREQ until the last has connected, which takes a minute on a busy machine. */
const KEEP_ALIVE_SECONDS = 600;
const PINGREQ = new Uint8Array([0xc0, 0]);
const CONNACK_BYTES = 4;
const PINGRESP_BYTES = 2;

const flags = readFlags(USE, {
  connections: [1000, 10_000, 20_000],
  period: 10,
  seconds: 20,
  epoll: false,
});

/** A client that has been let in. */
async function connect(place: Deno.ConnectOptions, clientId: string): Promise<Deno.TcpConn> {
  const connection = await Deno.connect(place);
  const connect = encodePacket(
    {
      type: "connect",
      clientId,
      cleanStart: true,
      keepAliveSeconds: KEEP_ALIVE_SECONDS,
      protocolVersion: 4,
    },
    4,
  );
  await connection.write(connect);
  await readAnswer(connection, CONNACK_BYTES);
  return connection;
}

/** Reads an answer of known length; throws if the broker ends the connection. */
async function readAnswer(connection: Deno.TcpConn, sizeBytes: number): Promise<void> {
  const room = new Uint8Array(sizeBytes);
  for (let count = 0; count < sizeBytes;) {
    const read = await connection.read(room.subarray(count));
    if (read === null) throw new Error("The broker has ended a connection");
    count += read;
  }
}

async function ping(connection: Deno.TcpConn): Promise<void> {
  await connection.write(PINGREQ);
  await readAnswer(connection, PINGRESP_BYTES);
}

/** Sends a PINGREQ for every connection in each period until `endMs`; resolves to their number when all are answered. */
async function keepAlive(connections: readonly Deno.TcpConn[], endMs: number): Promise<number> {
  const answers: Promise<unknown>[] = [];
  const startMs = performance.now();
  const perMs = connections.length / (flags.period * 1000);
  while (performance.now() < endMs) {
    const due = Math.floor((performance.now() - startMs) * perMs);
    while (answers.length < due) {
      // A failure is a result here, so that it does not end the process before anybody waits for it.
      answers.push(ping(connections[answers.length % connections.length]!).catch((error) => error));
    }
    await pause(STEP_MS);
  }
  const failure = (await Promise.all(answers)).find((answer) => answer !== undefined);
  if (failure !== undefined) throw failure;
  return answers.length;
}

/** Pings until `endMs`; resolves to the times that the answers took, in milliseconds, the shortest first. */
async function probe(connection: Deno.TcpConn, endMs: number): Promise<number[]> {
  const times: number[] = [];
  while (performance.now() < endMs) {
    const startMs = performance.now();
    await ping(connection);
    times.push(performance.now() - startMs);
    await pause(PROBE_PAUSE_MS);
  }
  return times.sort((a, b) => a - b);
}

/** Measures one row. */
async function measure(count: number): Promise<void> {
  await using broker = await startBroker({ isEpoll: flags.epoll });
  const place = placeOf(broker);
  const probing = await connect(place, "probe");
  await pause(CALM_MS);
  const emptyBytes = await residentBytes(broker);
  const connections = await inGroups(count, OPENED_AT_ONCE, (i) => connect(place, `client-${i}`));
  await pause(CALM_MS);
  const bytes = await residentBytes(broker) - emptyBytes;
  const startedMs = processorMs(broker.pid);
  const endMs = performance.now() + flags.seconds * 1000;
  const [pings, times] = await Promise.all([keepAlive(connections, endMs), probe(probing, endMs)]);
  const usedMs = processorMs(broker.pid) - startedMs;
  printRow([
    show(count),
    show(pings / flags.seconds),
    `${show(usedMs / flags.seconds / 10, 1)} %`,
    show(times[Math.floor(times.length * 0.99)] ?? NaN, 1),
    show(times.at(-1) ?? NaN, 1),
    `${show(bytes / count / 1024, 1)} KB`,
    megabytes(emptyBytes + bytes),
  ]);
  for (const connection of [probing, ...connections]) connection.close();
}

await measureEach(
  [
    "connections",
    "PINGREQ/s",
    "of a processor",
    "p99 ms",
    "longest ms",
    "each",
    "resident MB",
  ],
  flags.connections,
  measure,
);
