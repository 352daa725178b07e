import { ArenaMessage } from "../../lib/broker/ground/payload_arena.ts";
import type { Will } from "../../lib/codec/mod.ts";
import type { Broker, InFlight } from "../../lib/broker/mod.ts";
import { readId } from "./trace.ts";

/**
 * What of a broker has to be there after a crash, as text to compare: stored sessions with all that belongs to them, the wills that
 * outlive a process, and what is retained on these topics of clients. `apart`: the sequences of what waits in the store alone.
 */
export function snapshotOf(
  broker: Broker,
  topics: Iterable<string>,
  mountPoint: string,
  apart: (clientId: string, afterSequence: number) => readonly number[],
): string {
  const lines: string[] = [];
  for (const { session, connection, delayedWill } of broker.clients.values()) {
    const kept = delayedWill?.will ?? connection?.will;
    if (session.expirySeconds === 0) {
      if (kept?.retain === true) lines.push(lostLine(session.clientId, kept));
      continue;
    }
    const { clientId, subscriptions, sender, receiver, queue } = session;
    const subs = [...subscriptions.values()].map((one) =>
      `${one.topicFilter} ${one.qos} ${one.noLocal} ${one.retainAsPublished} ${one.subscriptionIdentifier}`
    );
    // PUBLISH and PUBREL packets have an order each, and none together.
    const inFlight = (wanted: InFlight["state"]) =>
      [...sender.values()].filter(({ state }) => state === wanted)
        .map(({ packetId, delivery }) => `${packetId} ${wanted} ${delivery.sequence}`);
    const { tail } = queue;
    const inStore = tail === undefined ? [] : apart(clientId, tail.readUpTo);
    const waiting = [...[...queue].map(({ sequence }) => sequence), ...inStore].sort((a, b) =>
      a - b
    );
    // What is known of it must be so.
    const counts = `${queue.length} ${queue.bytes} ${queue.qos0Length}`;
    const received = [...receiver.values()];
    const will = kept === undefined ? [] : [`#${readId(kept.payload)}`];
    const parts = [
      subs.sort(),
      inFlight("published"),
      inFlight("released"),
      waiting,
      [counts],
      received,
      will,
    ];
    lines.push(`${clientId}: ${parts.map((part) => part.join(", ")).join(" | ")}`);
  }
  for (const [clientId, { delayedWill }] of broker.core.lostClients) {
    lines.push(lostLine(clientId, delayedWill!.will));
  }
  for (const topicName of topics) {
    const message = broker.core.retained.get(mountPoint + topicName);
    if (!(message instanceof ArenaMessage)) continue;
    // With its length a long one is told from others.
    lines.push(`${topicName.slice(0, 80)} ${topicName.length} = #${readId(message.payload)}`);
  }
  return lines.sort().join("\n");
}

/** The will of a client whose session is not stored. */
function lostLine(clientId: string, { payload }: Will): string {
  return `${clientId} leaves #${readId(payload)}`;
}
