/**
 * QoS 2 messages in flight to a client that the log does not have, such as retained ones for a new subscription. They stay with their node. But the client remembers their Packet Identifiers, whatever node it goes to: under one of these another message
 * would be taken for a repeat, and be lost. [MQTT-4.3.3-10] So each node ends the exchange where the client comes to it: it sends PUBREL.
 *
 * @module
 */
import type { Delivery, InFlight } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import { keepMessage } from "../ground/fanout.ts";
import type { Client } from "../state/connection.ts";

const LAST_PACKET_ID = 65_535;

/** Whether the log has not the message of this delivery, or not for this client, or it stands for one that this node does not have. */
function isUnlogged({ message: { logId = 0, topicName }, share }: Delivery): boolean {
  return logId === 0 || topicName === "" || share !== undefined;
}

/**
 * The client's node has a message in flight under this Packet Identifier that this node does not have, or not in memory. `logId`: its place in the
 * log; 0: the log does not have it.
 */
export function reserveFlight(
  core: Core,
  client: Client,
  packetId: number,
  logId: number,
  state: InFlight["state"] = "released",
): void {
  const { sender, clientId } = client.session;
  // What the log has stands behind what had this Packet Identifier before.
  if (logId > 0) freeFlight(core, client, packetId);
  const known = sender.find(packetId);
  if (known !== undefined && isUnlogged(known.delivery)) return releaseFlight(core, client, known);
  if (known !== undefined) makeFree(core, client, packetId);
  const delivery: Delivery = {
    message: keepMessage({ ...NOTHING, logId }),
    qos: 2,
    retain: false,
    subscriptionIdentifiers: undefined,
    share: undefined,
    sequence: core.nextSequence++,
  };
  core.store?.putDelivery(clientId, delivery);
  core.store?.putInFlight(clientId, delivery.sequence, packetId, state, delivery);
  sender.restore(packetId, delivery, state);
}

/** Whether it stands for a message that is in flight by the log. */
export function standsForLogged({ message: { logId = 0, topicName } }: Delivery): boolean {
  return logId > 0 && topicName === "";
}

/** The message for which something stands in flight has been read: it takes the place. `false`: nothing stands for it. */
export function replaceStandIn(core: Core, client: Client, delivery: Delivery): boolean {
  const { copy, session: { sender, clientId } } = client;
  const { logId = 0 } = delivery.message;
  const packetId = copy?.flights.get(logId);
  if (packetId === undefined) return false;
  copy!.flights.delete(logId);
  const standIn = sender.find(packetId);
  if (standIn?.delivery.message.logId !== logId) return false;
  sender.discard(standIn);
  forgetStandIn(core, clientId, standIn.delivery);
  sender.restore(packetId, delivery, standIn.state);
  core.store?.putInFlight(clientId, delivery.sequence, packetId, standIn.state, delivery);
  return true;
}

/** The log does not hear of it: its message is not done with. */
function forgetStandIn({ store }: Core, clientId: string, delivery: Delivery): void {
  store?.deleteDelivery(clientId, { ...delivery, message: { ...delivery.message, logId: 0 } });
}

/** The whole queue is read: what still stands for a message is sent as a PUBREL, since this node does not have the message. */
export function releaseStandIns(core: Core, client: Client): void {
  for (const inFlight of [...client.session.sender.values()]) {
    const { delivery, state } = inFlight;
    if (state === "published" && standsForLogged(delivery)) releaseFlight(core, client, inFlight);
  }
}

/** The client has completed it. */
export function freeFlight(core: Core, { session }: Client, packetId: number): void {
  const { sender, clientId } = session;
  const known = sender.find(packetId);
  if (known === undefined || !isUnlogged(known.delivery)) return;
  sender.discard(known);
  if (known.delivery.sequence > 0) core.store?.deleteDelivery(clientId, known.delivery);
}

/** The client goes to another node: the messages stay here, and are not sent again where it comes back. */
export function releaseFlights(core: Core, client: Client): void {
  for (const inFlight of [...client.session.sender.values()]) {
    const { delivery, state } = inFlight;
    if (delivery.qos !== 2 || state === "released" || !isUnlogged(delivery)) continue;
    if (standsForLogged(delivery) || delivery.share !== undefined) continue;
    releaseFlight(core, client, inFlight);
  }
}

function releaseFlight(core: Core, { session }: Client, { delivery, packetId }: InFlight): void {
  const { sender, clientId } = session;
  if (delivery.sequence > 0) {
    core.store?.putInFlight(clientId, delivery.sequence, packetId, "released", delivery);
  }
  sender.pubrec(packetId, false);
}

/** Another message is in flight under a Packet Identifier, of which the log does not know: it gets another one, and keeps its place. */
export function makeFree(
  core: Core,
  { session: { sender, clientId } }: Client,
  packetId: number,
): void {
  let free = LAST_PACKET_ID;
  while (sender.find(free) !== undefined) free--;
  const all = [...sender.values()];
  for (const inFlight of all) sender.discard(inFlight);
  for (const { delivery, state, packetId: before } of all) {
    const isMoved = before === packetId;
    sender.restore(isMoved ? free : before, delivery, state);
    if (isMoved && delivery.sequence > 0) {
      core.store?.putInFlight(clientId, delivery.sequence, free, state, delivery);
    }
  }
}

/** What stands for a message that is another node's. */
const NOTHING = {
  topicName: "",
  payload: new Uint8Array(0),
  qos: 2,
  retain: false,
  properties: undefined,
  expiresAtMs: Infinity,
  publisherId: "",
} as const;
