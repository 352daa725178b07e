import type { Core } from "../core/core.ts";
import { limitsAddresses } from "../core/rates.ts";
import type { ListenerOptions } from "../ground/options.ts";
import type { Link } from "../ground/ports.ts";
import { hostOf } from "../ground/rate.ts";
import { wake } from "../services/end_turn.ts";
import { Connection } from "../state/connection.ts";
import { stopFor } from "./inflow.ts";

/**
 * Connections beyond a limit that are accepted only to send them a refusal. Their number is limited, so that they do not defeat the limit.
 */
const HEARD_BEYOND_LIMIT = 16;

/**
 * Accepts a Network Connection; `undefined`: there are too many, close it. `onWatch` is called when the connection's deadline
 * comes.
 */
export function acceptConnection(
  core: Core,
  link: Link,
  listener: ListenerOptions,
  onWatch: (connection: Connection) => void,
): Connection | undefined {
  const { options, rates, nowMs } = core;
  const count = core.perListener.get(listener) ?? 0;
  const over = listener.bridge !== undefined ? -1 : Math.max(
    beyond(count, listener.maxConnections),
    beyond(core.connections.size, options.globalMaxConnections),
  );
  if (core.isShuttingDown || over >= HEARD_BEYOND_LIMIT) return undefined;
  const host = hostOf(link.remoteAddress);
  const waitMs = limitsAddresses(options) && listener.bridge === undefined
    ? rates.enter(host, options, nowMs)
    : 0;
  if (waitMs === undefined) return undefined;
  const connection = new Connection(core, link, listener, onWatch);
  if (listener.bridge === undefined) connection.rates = rates.inflow(host, options, nowMs);
  connection.isOverLimit = over >= 0;
  core.connections.add(connection);
  core.perListener.set(listener, count + 1);
  core.metrics.connectionsAccepted++;
  if (waitMs > 0) stopFor(core, connection, waitMs);
  core.deadlines.set(connection.watch, nowMs + waitMs + options.connectTimeoutSeconds * 1000);
  wake(core);
  return connection;
}

/** By how many `count` exceeds a limit; a limit of -1 means that there is none. */
function beyond(count: number, limit: number): number {
  return limit < 0 ? -Infinity : count - limit;
}
