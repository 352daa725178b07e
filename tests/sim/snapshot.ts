import type { Broker, InFlight } from "../../lib/broker/mod.ts";
import { readId } from "./trace.ts";

/**
 * What of a broker has to be there after a crash, as text to compare: stored sessions with all that belongs to them, and what
 * is retained on these topics.
 */
export function snapshotOf(broker: Broker, topics: Iterable<string>): string {
  const lines: string[] = [];
  for (const { session, delayedWill } of broker.clients.values()) {
    if (!session.isPersistent) continue;
    const { clientId, subscriptions, sender, receiver, queue } = session;
    const subs = [...subscriptions.values()].map((one) =>
      `${one.topicFilter} ${one.qos} ${one.noLocal} ${one.retainAsPublished} ${one.subscriptionIdentifier}`
    );
    // PUBLISH and PUBREL packets have an order each, and none together.
    const inFlight = (wanted: InFlight["state"]) =>
      [...sender.values()].filter(({ state }) => state === wanted)
        .map(({ packetId, delivery }) => `${packetId} ${wanted} ${delivery.sequence}`);
    const waiting = [...queue].map(({ sequence }) => sequence);
    const received = [...receiver.values()];
    const will = delayedWill === null ? [] : [delayedWill.will.topicName];
    const parts = [
      subs.sort(),
      inFlight("published"),
      inFlight("released"),
      waiting,
      received,
      will,
    ];
    lines.push(`${clientId}: ${parts.map((part) => part.join(", ")).join(" | ")}`);
  }
  for (const topicName of topics) {
    const message = broker.core.retained.get(topicName);
    if (message !== undefined) lines.push(`${topicName} = #${readId(message.payload)}`);
  }
  return lines.sort().join("\n");
}
