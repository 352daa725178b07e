import { encodeText } from "../../codec/mod.ts";
import { contentSizeBytes, type Delivery } from "../../session/mod.ts";
import type { Client } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import { deliverySteps } from "../core/work.ts";
import { deliver, rank } from "./deliver.ts";
import { drop, dropFailed } from "./drop.ts";
import { takeQueued } from "./queue.ts";

/**
 * Moves messages of a shared subscription that were queued for this client, and not sent, to another member; messages in flight
 * stay with the client. [MQTT-4.8.2-4]
 */
export function moveShared(core: Core, client: Client, topicFilter: string): void {
  moveAll(core, client, takeShared(core, client, ({ share }) => share === topicFilter));
}

/** When a member of shared subscriptions goes away, other connected members get the messages that it has not been sent. */
export function passOnShared(core: Core, client: Client): void {
  const taken = takeShared(
    core,
    client,
    ({ share }) =>
      core.router.share(share!)?.hasOther(client, (other) => other.connection !== null) === true,
  );
  moveAll(core, client, taken);
}

/**
 * The session ends here, or goes to another node (`isKept`): other members get what the client has not acknowledged of shared subscriptions,
 * but for what is on its way with QoS 2, which goes to nobody else [MQTT-4.8.2-5]. Of a session that is kept that stays in flight.
 */
export function passOnAll(core: Core, client: Client, isKept: boolean): void {
  const { sender, clientId } = client.session;
  const moving = takeShared(core, client, () => true);
  for (const inFlight of [...sender.values()]) {
    const { delivery, state } = inFlight;
    if (delivery.share === undefined) continue;
    const isMoving = state === "published" && !isSent(core, delivery);
    if (!isMoving && isKept) continue;
    sender.discard(inFlight);
    if (isMoving) moving.push(delivery);
    else if (delivery.sequence > 0) core.store?.deleteDelivery(clientId, delivery);
  }
  moveAll(core, client, moving);
}

/** Whether a message of QoS 2 of a shared subscription is the client's alone, by the log. */
export function isSent({ cluster }: Core, { qos, share, message }: Delivery): boolean {
  return qos === 2 && cluster?.isShareDue(share!, message.logId ?? 0) !== true;
}

/** Takes deliveries of shared subscriptions from the queue. */
export function takeShared(
  core: Core,
  client: Client,
  isMoving: (delivery: Delivery) => boolean,
): Delivery[] {
  return takeQueued(core, client, (delivery) => delivery.share !== undefined && isMoving(delivery));
}

function moveAll(core: Core, client: Client, moving: readonly Delivery[]): void {
  for (const delivery of moving) {
    if (delivery.sequence > 0) core.store?.deleteDelivery(client.session.clientId, delivery);
  }
  for (const delivery of moving) moveOn(core, client, delivery);
}

/** Gives a delivery to another member of its shared subscription. A failure costs this delivery only. */
export function moveOn(core: Core, from: Client, delivery: Delivery): void {
  try {
    handOn(core, from, delivery);
  } catch (error) {
    dropFailed(core, from, delivery.message, error);
  }
}

function handOn(core: Core, from: Client, delivery: Delivery): void {
  const { message } = delivery;
  // [MQTT-3.3.2-5]
  if (message.expiresAtMs <= core.nowMs) return drop(core, from, "expired", message);
  const share = core.router.share(delivery.share!);
  const target = share?.pick((member) => member.client === from ? 0 : rank(core, member, message));
  if (target === undefined) {
    core.cluster?.shareLeft(delivery.share!, message);
    return drop(core, from, "no_share_member", message);
  }
  core.work.spend(deliverySteps(contentSizeBytes(message)));
  core.fanout.begin(message, encodeText(message.topicName), true, core.nowMs, message);
  deliver(core, target, message, core.fanout);
}
