import { ReasonCode } from "../../codec/mod.ts";
import type { Connection } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import { disconnect } from "./lifecycle.ts";

/** A write that stands still this long makes its connection the one to go when memory is short. */
const STALLED_MS = 2000;

/** Looks after a connection when its deadline comes: no CONNECT, no packets, no progress in writing, its time is over. */
export function watchConnection(core: Core, connection: Connection): void {
  if (connection.state !== "connected") {
    return disconnect(core, connection, undefined);
  }
  const stalledAtMs = stallDeadline(core, connection);
  const silentAtMs = keepAliveDeadline(core, connection);
  if (silentAtMs <= core.nowMs) {
    const error = { reasonCode: ReasonCode.KeepAliveTimeout, message: "Keep Alive timeout" };
    return disconnect(core, connection, error);
  }
  if (stalledAtMs <= core.nowMs) {
    core.metrics.slowClientsEvicted++;
    const seconds = core.options.sendTimeoutSeconds;
    core.ports.log.warning("Client takes nothing, and is disconnected", {
      client: connection.name,
      unsentBytes: connection.outbox.unsentBytes,
      seconds,
    });
    connection.outbox.discard();
    connection.cause = "slow_client";
    return disconnect(core, connection, undefined);
  }
  if (connection.allowedUntilMs <= core.nowMs) {
    const message = "The time for which it was let in is over";
    return disconnect(core, connection, { reasonCode: ReasonCode.MaximumConnectTime, message });
  }
  const nextMs = Math.min(stalledAtMs, silentAtMs, connection.allowedUntilMs);
  if (nextMs !== Infinity) core.deadlines.set(connection.watch, nextMs);
}

/** Starts the watch over a connection that is through with CONNECT, or has a write that stands. */
export function rewatch(core: Core, connection: Connection): void {
  const nextMs = Math.min(
    stallDeadline(core, connection),
    keepAliveDeadline(core, connection),
    connection.allowedUntilMs,
  );
  if (nextMs === Infinity) core.deadlines.clear(connection.watch);
  else if (connection.watch.index < 0 || nextMs < connection.watch.atMs) {
    core.deadlines.set(connection.watch, nextMs);
  }
}

/** Makes room when memory is short: the client with most before it that takes nothing is disconnected. */
export function evictSlowest(core: Core): void {
  let slowest: Connection | undefined;
  for (const connection of core.connections) {
    if (
      connection.outbox.writingBytes === 0 || core.nowMs - connection.outbox.wroteAtMs < STALLED_MS
    ) continue;
    if (slowest === undefined || connection.outbox.unsentBytes > slowest.outbox.unsentBytes) {
      slowest = connection;
    }
  }
  if (slowest === undefined) return;
  core.metrics.slowClientsEvicted++;
  core.ports.log.warning("Memory for output is used up: the slowest client is disconnected", {
    client: slowest.name,
    unsentBytes: slowest.outbox.unsentBytes,
  });
  slowest.outbox.discard();
  slowest.cause = "slow_client";
  disconnect(core, slowest, undefined);
}

/**
 * One and a half periods, counted from the last packet received; from now where it is we who do not read, since what the
 * client has sent in the meantime waits with the system. [MQTT-3.1.2-22]
 */
function keepAliveDeadline(core: Core, connection: Connection): number {
  if (connection.keepAliveSeconds === 0) return Infinity;
  const sinceMs = connection.isStopped ? core.nowMs : connection.lastReceivedMs;
  return sinceMs + connection.keepAliveSeconds * 1500;
}

function stallDeadline(core: Core, connection: Connection): number {
  return connection.outbox.writingBytes === 0
    ? Infinity
    : connection.outbox.wroteAtMs + core.options.sendTimeoutSeconds * 1000;
}
