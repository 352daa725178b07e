import { ReasonCode } from "../../codec/mod.ts";
import type { Connection } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import { disconnect } from "./lifecycle.ts";

/** A connection whose write has made no progress for this time, milliseconds, may be disconnected when memory is short. */
const STALLED_MS = 2000;

/**
 * Checks a connection when its deadline comes: no CONNECT, no packets, no progress in writing, or its authentication has expired.
 */
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
    core.ports.log.warning("Client does not read, and is disconnected", {
      client: connection.name,
      unsentBytes: connection.outbox.unsentBytes,
      seconds,
    });
    connection.outbox.discard();
    connection.cause = "slow_client";
    return disconnect(core, connection, undefined);
  }
  if (connection.allowedUntilMs <= core.nowMs) {
    const message = "Its authentication has expired";
    return disconnect(core, connection, { reasonCode: ReasonCode.MaximumConnectTime, message });
  }
  const nextMs = Math.min(stalledAtMs, silentAtMs, connection.allowedUntilMs);
  if (nextMs !== Infinity) core.deadlines.set(connection.watch, nextMs);
}

/** Sets the deadline of a connection whose CONNECT was accepted, or which has begun a write. */
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

/** Makes room when memory is short: disconnects the client with the most unread bytes whose write makes no progress. */
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
 * One and a half Keep Alive periods, counted from the last packet received. While the broker itself does not read the connection,
 * they count from now, since packets of the client may wait in the system's buffer. [MQTT-3.1.2-22]
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
