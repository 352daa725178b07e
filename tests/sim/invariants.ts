import type { Broker } from "../../lib/broker/mod.ts";
import type { SimLink } from "./link.ts";
import { Violation } from "./records.ts";
import type { Sessions } from "./sessions.ts";

/** The broker has looked at the clock: nobody may be silent for longer than one and a half Keep Alive periods. */
export function checkKeepAlive(links: Iterable<SimLink>, nowMs: number): void {
  for (const link of links) {
    // Where it is the broker that does not read, the client is not silent.
    if (link.connection.isStopped) link.stoppedMs = nowMs;
    if (!link.isAdmitted || link.keepAliveSeconds === 0) continue;
    const silentMs = nowMs - Math.max(link.lastReceivedMs, link.stoppedMs);
    if (silentMs >= link.keepAliveSeconds * 1500) {
      throw new Violation(`${link.facts.clientId} is silent for ${silentMs} ms [MQTT-3.1.2-22]`);
    }
  }
}

/**
 * A turn has ended: the broker has the sessions that there must be and no others, counts what is queued as it is, and has
 * refused nobody but those who broke the rules.
 */
export function checkBooks(broker: Broker, sessions: Sessions, vandals: number): void {
  for (const { clientId, isOver } of sessions.all) {
    const hasOne = broker.clients.has(clientId);
    if (sessions.unsure.has(clientId)) continue;
    if (!isOver && !hasOne) throw new Violation(`Session of ${clientId} ended before its time`);
    if (hasOne && sessions.get(clientId) === undefined) {
      throw new Violation(`Session of ${clientId} did not end in time [MQTT-3.1.2-23]`);
    }
  }
  let queuedBytes = 0;
  let heldBytes = 0;
  let flightBytes = 0;
  for (const { session: { queue, sender } } of broker.clients.values()) {
    queuedBytes += queue.bytes;
    heldBytes += queue.heldBytes;
    flightBytes += sender.countedBytes;
  }
  const { flights } = broker.core;
  if (flightBytes !== flights.bytes) {
    throw new Violation(`The broker counts ${flights.bytes} bytes in flight of ${flightBytes}`);
  }
  if (heldBytes !== broker.core.queues.heldBytes) {
    throw new Violation(
      `The broker counts ${broker.core.queues.heldBytes} bytes in memory of ${heldBytes}`,
    );
  }
  if (queuedBytes !== broker.levels.queuedBytes) {
    throw new Violation(
      `The broker counts ${broker.levels.queuedBytes} bytes queued of ${queuedBytes}`,
    );
  }
  if (broker.metrics.protocolErrors > vandals) {
    throw new Violation("A client that kept the rules was refused");
  }
}
