import type { Delivery, InFlight } from "../session/mod.ts";
import type { Broker } from "./broker.ts";
import type { Client } from "./client.ts";
import { rank } from "./deliver.ts";

/**
 * Moves what a shared subscription gave this client, and it has not been sent, to another member; what is in flight stays
 * with the client. [MQTT-4.8.2-4]
 */
export function moveShared(broker: Broker, client: Client, topicFilter: string): void {
  const moving = sharedDeliveries(client, (delivery) => delivery.share === topicFilter, false);
  forgetMoving(broker, client, moving);
  for (const delivery of moving) moveOn(broker, client, delivery);
}

/** While a member of shared subscriptions is away, others who are there take what it has not been sent. */
export function passOnShared(broker: Broker, client: Client): void {
  const moving = sharedDeliveries(client, (delivery) => {
    const share = delivery.share === undefined ? undefined : broker.router.share(delivery.share);
    return share !== undefined && share.hasOther(client, (other) => other.connection !== null);
  }, false);
  forgetMoving(broker, client, moving);
  for (const delivery of moving) moveOn(broker, client, delivery);
}

/** Takes deliveries of shared subscriptions from the queue; with `isEnding` also the QoS 1 ones in flight. [MQTT-4.8.2-5] */
export function sharedDeliveries(
  client: Client,
  isMoving: (delivery: Delivery) => boolean,
  isEnding: boolean,
): Delivery[] {
  const { queue, sender } = client.session;
  const isTaken = (delivery: Delivery) => delivery.share !== undefined && isMoving(delivery);
  const inFlight = isEnding
    ? [...sender.values()].filter(({ delivery }: InFlight) =>
      delivery.qos === 1 && isTaken(delivery)
    )
      .map(({ delivery }) => delivery)
    : [];
  const before = queue.bytes;
  const queued = queue.take(isTaken);
  client.broker.queuedBytes -= before - queue.bytes;
  return [...inFlight, ...queued];
}

function forgetMoving(broker: Broker, client: Client, moving: readonly Delivery[]): void {
  for (const delivery of moving) {
    if (delivery.sequence > 0) broker.store?.deleteDelivery(client.session.clientId, delivery);
  }
}

/** Gives a delivery to another member of the shared subscription that it came by. */
export function moveOn(broker: Broker, from: Client, delivery: Delivery): void {
  // [MQTT-3.3.2-5]
  if (delivery.message.expiresAtMs <= broker.nowMs) return broker.metrics.drop("expired");
  const share = broker.router.share(delivery.share!);
  const target = share?.pick((member) =>
    member.client === from ? 0 : rank(broker, member, delivery.message)
  );
  if (target === undefined) return broker.metrics.drop("no_share_member");
  broker.redeliver(target, delivery);
}
