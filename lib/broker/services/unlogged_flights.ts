/**
 * QoS 2 messages in flight to a client that the log does not have: retained ones for a new subscription, and those of shared subscriptions.
 * They stay with their node. But the client remembers their Packet Identifiers, whatever node it goes to: under one of these another message
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
 * The client's node has a message in flight under this Packet Identifier that this node does not have. `logId`: its place in the log; 0: the log
 * does not have it.
 */
export function reserveFlight(core: Core, client: Client, packetId: number, logId: number): void {
  const { sender, clientId } = client.session;
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
  core.store?.putInFlight(clientId, delivery.sequence, packetId, "released", delivery);
  sender.restore(packetId, delivery, "released");
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
