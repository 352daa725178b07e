import {
  FirstByte,
  MqttError,
  type Puback,
  type Pubcomp,
  type Pubrec,
  type Pubrel,
  ReasonCode,
} from "../../codec/mod.ts";
import type { AckOutcome, InFlight, Session } from "../../session/mod.ts";
import type { Connection } from "../state/connection.ts";
import type { Core } from "../core/core.ts";
import { leaveOf } from "../ground/promises.ts";
import { drop } from "../services/drop.ts";
import { drain } from "../services/send.ts";
import { pumpRetained } from "../services/retained_pump.ts";

/** Bytes of an acknowledgement without properties that reports Success: the usual case. */
export const SHORT_ACK_BYTES = 4;

/**
 * Handles the four-byte acknowledgement at `at` without making a packet, because there is one for every message of QoS 1, and three for one
 * of QoS 2. Returns false, with nothing changed, if it is another packet or an invalid one.
 */
export function handleShortAck(
  core: Core,
  connection: Connection,
  bytes: Uint8Array,
  at: number,
): boolean {
  const packetId = bytes[at + 2]! << 8 | bytes[at + 3]!;
  if (packetId === 0 || core.isObserved) return false;
  switch (bytes[at]) {
    case FirstByte.Puback:
      puback(core, connection, packetId, ReasonCode.Success);
      return true;
    case FirstByte.Pubrec:
      pubrec(core, connection, packetId, ReasonCode.Success);
      return true;
    case FirstByte.Pubrel:
      pubrel(core, connection, packetId);
      return true;
    case FirstByte.Pubcomp:
      pubcomp(core, connection, packetId);
      return true;
    default:
      return false;
  }
}

/** Handles an acknowledgement in full. */
export function handleAck(
  core: Core,
  connection: Connection,
  { type, packetId, reasonCode }: Puback | Pubrec | Pubrel | Pubcomp,
): void {
  if (type === "puback") puback(core, connection, packetId, reasonCode);
  else if (type === "pubrec") pubrec(core, connection, packetId, reasonCode);
  else if (type === "pubrel") pubrel(core, connection, packetId);
  else pubcomp(core, connection, packetId);
}

/** PUBACK: the client has a QoS 1 message. An unknown Packet Identifier belongs to a late acknowledgement, and is ignored. */
function puback(core: Core, connection: Connection, packetId: number, reasonCode: number): void {
  const outcome = connection.client!.session.sender.puback(packetId);
  if (!isFound(outcome, "PUBACK", packetId)) return;
  if (reasonCode >= 0x80) countRefusal(core, connection, outcome);
  else core.observers?.tell("acknowledged", connection.client!, outcome.delivery);
  finish(core, connection, outcome);
}

/** PUBREC: the client has a QoS 2 message, or refuses it. [MQTT-4.3.3-4] */
function pubrec(core: Core, connection: Connection, packetId: number, reasonCode: number): void {
  const { session } = connection.client!;
  const isRefused = reasonCode >= 0x80;
  if (!isRefused) storeReleased(core, session, packetId);
  const outcome = session.sender.pubrec(packetId, isRefused);
  if (!isFound(outcome, "PUBREC", packetId)) {
    const code = connection.protocolVersion === 5
      ? ReasonCode.PacketIdentifierNotFound
      : ReasonCode.Success;
    if (!isRefused) connection.outbox.send({ type: "pubrel", packetId, reasonCode: code });
    return;
  }
  if (isRefused) {
    countRefusal(core, connection, outcome);
    return finish(core, connection, outcome);
  }
  connection.outbox.sendAck(FirstByte.Pubrel, packetId, waits(core, connection, "pubrel"));
}

/** Writes the new state to the store before changing it in memory, so that both stay unchanged where the write fails. */
function storeReleased({ store }: Core, { sender, clientId }: Session, packetId: number): void {
  const delivery = store === undefined ? undefined : sender.find(packetId)?.delivery;
  if (delivery === undefined || delivery.qos !== 2 || delivery.sequence === 0) return;
  store!.putInFlight(clientId, delivery.sequence, packetId, "released", delivery);
}

/** PUBREL: the client will not repeat this QoS 2 message, so its Packet Identifier is free. [MQTT-4.3.3-12] */
function pubrel(core: Core, connection: Connection, packetId: number): void {
  const { session } = connection.client!;
  const wasHeld = session.receiver.holds(packetId);
  // In a cluster other nodes may hold it although this one does not: what it said of an earlier PUBREL did not count behind a move.
  const isStored = session.isPersistent && (wasHeld || core.cluster !== null);
  if (isStored) core.store?.deleteReceived(session.clientId, packetId);
  session.receiver.release(packetId);
  const isWaiting = waits(core, connection, "pubcomp");
  if (!wasHeld && connection.protocolVersion === 5) {
    const reasonCode = ReasonCode.PacketIdentifierNotFound;
    connection.outbox.send({ type: "pubcomp", packetId, reasonCode }, isWaiting);
  } else connection.outbox.sendAck(FirstByte.Pubcomp, packetId, isWaiting);
}

/** PUBCOMP: the exchange of a QoS 2 message is complete. */
function pubcomp(core: Core, connection: Connection, packetId: number): void {
  const outcome = connection.client!.session.sender.pubcomp(packetId);
  if (!isFound(outcome, "PUBCOMP", packetId)) return;
  core.observers?.tell("acknowledged", connection.client!, outcome.delivery);
  finish(core, connection, outcome);
}

function waits(core: Core, connection: Connection, packet: "pubrel" | "pubcomp"): boolean {
  if (core.store === undefined) return false; // Without a store there is nothing to wait for.
  return leaveOf(packet, {
    isStoreFailing: core.store?.isFailing === true,
    isPersistent: connection.client!.session.isPersistent,
    hasWritten: false,
    hasHeld: connection.outbox.hasHeld,
    isRepeat: false,
    canRefuse: true,
  }) === "waits";
}

function isFound(outcome: AckOutcome, type: string, packetId: number): outcome is InFlight {
  if (outcome === "unexpected") {
    throw new MqttError(
      ReasonCode.ProtocolError,
      `${type} does not fit Packet Identifier ${packetId}`,
    );
  }
  return outcome !== "unknown";
}

/** Counts a message that the client has refused by a Reason Code of 0x80 or more. */
function countRefusal(core: Core, { client }: Connection, { delivery }: InFlight): void {
  drop(core, client, "refused_by_client", delivery.message);
}

/** A delivery is complete: removes it from the store, and sends the next message, for which there is room in flight now. */
function finish(core: Core, connection: Connection, inFlight: InFlight): void {
  const client = connection.client!;
  if (inFlight.delivery.sequence > 0) {
    core.store?.deleteDelivery(client.session.clientId, inFlight.delivery);
  }
  if (client.session.queue.length > 0 || client.session.sender.isResending) drain(core, client);
  if (client.hasRetained) pumpRetained(core, client);
}
