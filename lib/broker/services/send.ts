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

/** Whether the client has too much before it that it has not taken. */
export function isBacklogged(core: Core, connection: Connection): boolean {
  const maxBytes = maxUnsentBytes(core);
  return maxBytes > 0 && connection.outbox.unsentBytes >= maxBytes;
}

/** Whether a QoS 1 or 2 message may go to the client at once: nothing is before it, and there is room in flight. */
export function canSendNow(core: Core, client: Client, connection: Connection): boolean {
  return client.session.queue.length === 0 && canSendQueued(core, client, connection);
}

/** Sends what waits for the client, as far as the limits let it: first what is in flight from before, then its queue. */
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
  while (session.queue.length > 0 && canSendQueued(core, client, connection)) {
    if (core.work.isPartOver) return void core.pumping.add(client);
    const delivery = dequeue(core, client);
    // It is being read: what comes of that drains on.
    if (delivery === undefined) return;
    core.work.spend(deliverySteps(contentSizeBytes(delivery.message)));
    if (delivery.message.expiresAtMs <= core.nowMs) {
      dropDelivery(core, client, delivery, "expired");
    } else if (delivery.qos > 0) sendInFlight(core, client, connection, delivery, undefined);
    else sendQueuedQos0(core, client, connection, delivery);
  }
}

/** Sends a QoS 1 or 2 message, which is in flight from now on; where that fails it is dropped, and nothing of it stays. */
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
    // Before it is in the outbox, from which nothing is taken back.
    if (sequence > 0) {
      core.store?.putInFlight(session.clientId, sequence, packetId, "published", delivery);
    }
    const waits = delivery.qos === 2 && waitsForCommit(core, client, "publish");
    if (put(core, client, connection, delivery, packetId, waits, false, fanout)) return;
  } catch (error) {
    dropFailed(core, client, delivery.message, error);
  }
  if (inFlight !== undefined) session.sender.discard(inFlight);
  if (sequence > 0) core.store?.deleteDelivery(session.clientId, delivery);
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
    // That it was released may not be committed yet: then it would be published again after a crash.
    const waits = waitsForCommit(core, client, "pubrel");
    connection.outbox.send({ type: "pubrel", packetId, reasonCode: ReasonCode.Success }, waits);
    return;
  }
  const waits = delivery.qos === 2 && waitsForCommit(core, client, "publish");
  // A repeat says so. [MQTT-3.3.1-1]
  if (tryPut(core, client, connection, delivery, packetId, waits, true)) return;
  client.session.sender.discard(inFlight);
  if (delivery.sequence > 0) core.store?.deleteDelivery(client.session.clientId, delivery);
}

/** Puts a PUBLISH into the outbox; `false`, and counted, where it is too large for the client. */
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

/** The same for what waited; `false`, and counted, also where it cannot be encoded: what waits behind it goes on. */
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
  if (core.store === undefined) return false; // There is nothing to wait for.
  return leaveOf(packet, {
    isStoreFailing: core.store?.isFailing === true,
    isPersistent: client.session.isPersistent,
    hasWritten: false,
    hasHeld: false,
    isRepeat: false,
    canRefuse: false,
  }) === "waits";
}

function canSendQueued(core: Core, client: Client, connection: Connection): boolean {
  const { sender } = client.session;
  return sender.hasQuota && connection.hooked?.isAsking !== true && !sender.isResending &&
    !isBacklogged(core, connection);
}
