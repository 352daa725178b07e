import { ReasonCode } from "../../codec/mod.ts";
import { contentSizeBytes, type Delivery, type InFlight } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import { deliverySteps } from "../core/work.ts";
import type { Fanout } from "../ground/fanout.ts";
import type { Outgoing } from "../ground/outgoing.ts";
import { leaveOf } from "../ground/promises.ts";
import type { Client, Connection } from "../state/connection.ts";
import { drop, dropDelivery, dropFailed } from "./drop.ts";
import { putHooked } from "./hooked_send.ts";
import { dequeue } from "./queue.ts";
import { maxUnsentBytes } from "./queue_limits.ts";

/** Whether the client has too many unread bytes. */
export function isBacklogged(core: Core, connection: Connection): boolean {
  const maxBytes = maxUnsentBytes(core);
  return maxBytes > 0 && connection.outbox.unsentBytes >= maxBytes;
}

/** Whether a QoS 1 or 2 message with this content may be sent at once: nothing waits before it, and there is room in flight. */
export function canSendNow(
  core: Core,
  client: Client,
  connection: Connection,
  contentBytes: number,
): boolean {
  return client.session.queue.length === 0 && canSend(core, client, connection, contentBytes);
}

/**
 * The client, to which such a message cannot be sent, waits until less is in flight to others if that is what it needs: with nothing in
 * flight, no acknowledgement of its own lets it go on.
 */
export function waitForFlight(core: Core, client: Client, contentBytes: number): void {
  const { sender } = client.session;
  if (sender.size === 0 && !sender.hasQuotaFor(contentBytes)) core.waitingForFlight.add(client);
}

/** Sends the client's waiting messages, as far as the limits allow: first messages in flight from before, then its queue. */
export function drain(core: Core, client: Client): void {
  const { connection, session } = client;
  if (connection === null) return;
  while (
    session.sender.isResending && connection.hooked?.isAsking !== true &&
    !isBacklogged(core, connection)
  ) {
    if (core.work.isPartOver) return void core.pumping.add(client);
    const inFlight = session.sender.nextResend();
    if (inFlight === undefined) break;
    core.work.spend(deliverySteps(contentSizeBytes(inFlight.delivery.message)));
    resend(core, client, connection, inFlight);
  }
  while (session.queue.length > 0 && canSendNext(core, client, connection)) {
    if (core.work.isPartOver) return void core.pumping.add(client);
    const delivery = dequeue(core, client);
    // The queue is empty, or its next delivery is being read; then that read continues.
    if (delivery === undefined) return;
    core.work.spend(deliverySteps(contentSizeBytes(delivery.message)));
    if (delivery.message.expiresAtMs <= core.nowMs) {
      dropDelivery(core, client, delivery, "expired");
    } else if (delivery.qos > 0) sendInFlight(core, client, connection, delivery, undefined);
    else sendQueuedQos0(core, client, connection, delivery);
  }
}

/** Sends a QoS 1 or 2 message, which is in flight from then on; if that fails the message is dropped completely. */
export function sendInFlight(
  core: Core,
  client: Client,
  connection: Connection,
  delivery: Delivery,
  fanout: Fanout | undefined,
): void {
  const { session } = client;
  const { sequence } = delivery;
  let inFlight: InFlight | undefined;
  try {
    inFlight = session.sender.start(delivery);
    const { packetId } = inFlight;
    // Stored before it is put into the outbox, from which it could not be removed.
    if (sequence > 0) {
      core.store?.putInFlight(session.clientId, sequence, packetId, "published", delivery);
    }
    const waits = delivery.qos === 2 &&
      (isToldToCluster(core, client, delivery) || waitsForCommit(core, client, "publish"));
    if (put(core, client, connection, delivery, packetId, waits, false, fanout)) return;
  } catch (error) {
    dropFailed(core, client, delivery.message, error);
  }
  if (inFlight !== undefined) session.sender.discard(inFlight);
  if (sequence > 0) core.store?.deleteDelivery(session.clientId, delivery);
}

/** Of a shared subscription: from here on no member at another node may get it. */
function isToldToCluster({ cluster }: Core, { session }: Client, delivery: Delivery): boolean {
  if (cluster === null || delivery.share === undefined) return false;
  cluster.shareSent(delivery, session.clientId);
  return true;
}

function sendQueuedQos0(
  core: Core,
  client: Client,
  connection: Connection,
  delivery: Delivery,
): void {
  if (delivery.sequence > 0) core.store?.deleteDelivery(client.session.clientId, delivery);
  tryPut(core, client, connection, delivery, 0, false, false);
}

function resend(core: Core, client: Client, connection: Connection, inFlight: InFlight): void {
  const { delivery, packetId } = inFlight;
  if (inFlight.state === "released") {
    // Its release may not be committed yet; after a crash the message would then be published again.
    const waits = waitsForCommit(core, client, "pubrel");
    connection.outbox.send({ type: "pubrel", packetId, reasonCode: ReasonCode.Success }, waits);
    return;
  }
  const waits = delivery.qos === 2 && waitsForCommit(core, client, "publish");
  // A repeat has DUP set. [MQTT-3.3.1-1]
  if (tryPut(core, client, connection, delivery, packetId, waits, true)) return;
  client.session.sender.discard(inFlight);
  if (delivery.sequence > 0) core.store?.deleteDelivery(client.session.clientId, delivery);
}

/** Puts a PUBLISH into the outbox. If it is too large for the client, counts a drop and returns false. */
function put(
  core: Core,
  client: Client,
  connection: Connection,
  outgoing: Outgoing,
  packetId: number,
  waits: boolean,
  isRepeat: boolean,
  fanout: Fanout | undefined,
): boolean {
  if (core.hooks.onDeliver !== undefined) {
    return putHooked(core, client, connection, { outgoing, packetId, waits, isRepeat });
  }
  if (connection.outbox.sendPublish(outgoing, packetId, waits, isRepeat, fanout)) return true;
  drop(core, client, "packet_too_large", outgoing.message);
  return false;
}

/** Like `put`, for a waiting message: also counts a drop and returns false if encoding fails, so that the messages after it go on. */
function tryPut(
  core: Core,
  client: Client,
  connection: Connection,
  outgoing: Outgoing,
  packetId: number,
  waits: boolean,
  isRepeat: boolean,
): boolean {
  try {
    return put(core, client, connection, outgoing, packetId, waits, isRepeat, undefined);
  } catch (error) {
    dropFailed(core, client, outgoing.message, error);
    return false;
  }
}

function waitsForCommit(core: Core, client: Client, packet: "publish" | "pubrel"): boolean {
  if (core.store === undefined) return false; // Without a store there is nothing to wait for.
  return leaveOf(packet, {
    isStoreFailing: core.store?.isFailing === true,
    isPersistent: client.session.isPersistent,
    hasWritten: false,
    hasHeld: false,
    isRepeat: false,
    canRefuse: false,
  }) === "waits";
}

/** Whether the first of the queue may be sent. If only what others have in flight leaves it no room, the client waits for that. */
function canSendNext(core: Core, client: Client, connection: Connection): boolean {
  const { first } = client.session.queue;
  // QoS 0 is not in flight, but waits behind what is. The size of what is still to be read from the store is not known.
  const contentBytes = first === undefined || first.qos === 0 ? 0 : contentSizeBytes(first.message);
  if (canSend(core, client, connection, contentBytes)) return true;
  waitForFlight(core, client, contentBytes);
  return false;
}

function canSend(
  core: Core,
  client: Client,
  connection: Connection,
  contentBytes: number,
): boolean {
  const { sender } = client.session;
  return sender.hasQuotaFor(contentBytes) && connection.hooked?.isAsking !== true &&
    !sender.isResending && !isBacklogged(core, connection);
}
