import { ReasonCode } from "../codec/mod.ts";
import type { Broker } from "./broker.ts";
import type { Connection } from "./connection.ts";
import { disconnect } from "./lifecycle.ts";

/** A write that stands still this long makes its connection the one to go when memory is short. */
const STALLED_MS = 2000;

/** Looks after a connection when its deadline comes: no CONNECT, no packets, no progress in writing. */
export function watchConnection(connection: Connection): void {
  const { broker } = connection;
  if (connection.state !== "connected") {
    return disconnect(connection, undefined);
  }
  const stalledAtMs = stallDeadline(connection);
  const silentAtMs = keepAliveDeadline(connection);
  if (silentAtMs <= broker.nowMs) {
    const error = { reasonCode: ReasonCode.KeepAliveTimeout, message: "Keep Alive timeout" };
    return disconnect(connection, error);
  }
  if (stalledAtMs <= broker.nowMs) {
    broker.metrics.slowClientsEvicted++;
    const seconds = broker.options.sendTimeoutSeconds;
    broker.ports.log.warning("Client takes nothing, and is disconnected", {
      client: connection.name,
      unsentBytes: connection.unsentBytes,
      seconds,
    });
    connection.dropOutput();
    return disconnect(connection, undefined);
  }
  const nextMs = Math.min(stalledAtMs, silentAtMs);
  if (nextMs !== Infinity) broker.deadlines.set(connection.watch, nextMs);
}

/** Starts the watch over a connection that is through with CONNECT, or has a write that stands. */
export function rewatch(connection: Connection): void {
  const nextMs = Math.min(stallDeadline(connection), keepAliveDeadline(connection));
  if (nextMs === Infinity) connection.broker.deadlines.clear(connection.watch);
  else if (connection.watch.index < 0 || nextMs < connection.watch.atMs) {
    connection.broker.deadlines.set(connection.watch, nextMs);
  }
}

/** Makes room when memory is short: the client with most before it that takes nothing is disconnected. */
export function evictSlowest(broker: Broker): void {
  let slowest: Connection | undefined;
  for (const connection of broker.connections) {
    if (connection.writingBytes === 0 || broker.nowMs - connection.wroteAtMs < STALLED_MS) continue;
    if (slowest === undefined || connection.unsentBytes > slowest.unsentBytes) slowest = connection;
  }
  if (slowest === undefined) return;
  broker.metrics.slowClientsEvicted++;
  broker.ports.log.warning("Memory for output is used up: the slowest client is disconnected", {
    client: slowest.name,
    unsentBytes: slowest.unsentBytes,
  });
  slowest.dropOutput();
  disconnect(slowest, undefined);
}

/**
 * One and a half periods, counted from the last packet received; from now where it is we who do not read, since what the
 * client has sent in the meantime waits with the system. [MQTT-3.1.2-22]
 */
function keepAliveDeadline(connection: Connection): number {
  if (connection.keepAliveSeconds === 0) return Infinity;
  const sinceMs = connection.isStopped ? connection.broker.nowMs : connection.lastReceivedMs;
  return sinceMs + connection.keepAliveSeconds * 1500;
}

function stallDeadline(connection: Connection): number {
  return connection.writingBytes === 0
    ? Infinity
    : connection.wroteAtMs + connection.broker.options.sendTimeoutSeconds * 1000;
}
