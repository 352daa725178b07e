import type { Delivery, Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { DropReason } from "../ground/metrics.ts";
import type { Client } from "../state/connection.ts";

/** Counts a message that the client did not get, or that it published and nobody gets; `null`: a program published it. */
export function drop(
  core: Core,
  client: Client | null,
  reason: DropReason,
  { topicName, publisherId }: Pick<Message, "topicName" | "publisherId">,
): void {
  core.metrics.countDrop(reason);
  if (client === null) return;
  const count = client.session.countDrop(reason);
  // The first of a kind is said; after that the counters tell.
  if (count === 1 && reason !== "offline_qos0") {
    const { clientId } = client.session;
    core.ports.log.warning("Message dropped", { clientId, reason, topicName, publisherId });
  }
}

/** The same for a delivery that was promised to the client already: it leaves the store too. */
export function dropDelivery(
  core: Core,
  client: Client,
  delivery: Delivery,
  reason: DropReason,
): void {
  if (delivery.sequence > 0) core.store?.deleteDelivery(client.session.clientId, delivery);
  drop(core, client, reason, delivery.message);
}
