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

/** The client has a QoS 1 message. One that is not known is a late one, and nothing. */
export function handlePuback(core: Core, connection: Connection, packet: Puback): void {
  const outcome = connection.client!.session.sender.puback(packet.packetId);
  if (!isFound(outcome, packet)) return;
  if (packet.reasonCode >= 0x80) countRefusal(core, connection, outcome);
  else core.observers?.tell("acknowledged", connection.client!, outcome.delivery);
  finish(core, connection, outcome);
}

/** The client has a QoS 2 message, or does not want it. [MQTT-4.3.3-4] */
export function handlePubrec(core: Core, connection: Connection, packet: Pubrec): void {
  const { session } = connection.client!;
  const { packetId } = packet;
  const isRefused = packet.reasonCode >= 0x80;
  if (!isRefused) storeReleased(core, session, packetId);
  const outcome = session.sender.pubrec(packetId, isRefused);
  if (!isFound(outcome, packet)) {
    const reasonCode = connection.protocolVersion === 5
      ? ReasonCode.PacketIdentifierNotFound
      : ReasonCode.Success;
    if (!isRefused) connection.outbox.send({ type: "pubrel", packetId, reasonCode });
    return;
  }
  if (isRefused) {
    countRefusal(core, connection, outcome);
    return finish(core, connection, outcome);
  }
  connection.outbox.sendAck(FirstByte.Pubrel, packetId, waits(core, connection, "pubrel"));
}

/** Before it is so in memory: a session that cannot be stored stays as it was, and so does its copy. */
function storeReleased({ store }: Core, { sender, clientId }: Session, packetId: number): void {
  const delivery = store === undefined ? undefined : sender.find(packetId)?.delivery;
  if (delivery === undefined || delivery.qos !== 2 || delivery.sequence === 0) return;
  store!.putInFlight(clientId, delivery.sequence, packetId, "released");
}

/** The QoS 2 message of the client is its Packet Identifier's last. [MQTT-4.3.3-12] */
export function handlePubrel(core: Core, connection: Connection, packet: Pubrel): void {
  const { session } = connection.client!;
  const { packetId } = packet;
  const wasHeld = session.receiver.holds(packetId);
  if (wasHeld && session.isPersistent) core.store?.deleteReceived(session.clientId, packetId);
  session.receiver.release(packetId);
  const isWaiting = waits(core, connection, "pubcomp");
  if (!wasHeld && connection.protocolVersion === 5) {
    const reasonCode = ReasonCode.PacketIdentifierNotFound;
    connection.outbox.send({ type: "pubcomp", packetId, reasonCode }, isWaiting);
  } else connection.outbox.sendAck(FirstByte.Pubcomp, packetId, isWaiting);
}

/** The exchange of a QoS 2 message is over. */
export function handlePubcomp(core: Core, connection: Connection, packet: Pubcomp): void {
  const outcome = connection.client!.session.sender.pubcomp(packet.packetId);
  if (!isFound(outcome, packet)) return;
  core.observers?.tell("acknowledged", connection.client!, outcome.delivery);
  finish(core, connection, outcome);
}

function waits(core: Core, connection: Connection, packet: "pubrel" | "pubcomp"): boolean {
  return leaveOf(packet, {
    isStoreFailing: core.store?.isFailing === true,
    isPersistent: connection.client!.session.isPersistent,
    hasWritten: false,
    hasHeld: connection.outbox.hasHeld,
    isRepeat: false,
    canRefuse: true,
  }) === "waits";
}

function isFound(outcome: AckOutcome, packet: Puback | Pubrec | Pubcomp): outcome is InFlight {
  if (outcome === "unexpected") {
    throw new MqttError(
      ReasonCode.ProtocolError,
      `${packet.type.toUpperCase()} does not fit Packet Identifier ${packet.packetId}`,
    );
  }
  return outcome !== "unknown";
}

/** The client has the message, and does not want it. */
function countRefusal(core: Core, { client }: Connection, { delivery }: InFlight): void {
  drop(core, client, "refused_by_client", delivery.message);
}

/** A message is delivered: it leaves the store, and its room in flight is used. */
function finish(core: Core, connection: Connection, inFlight: InFlight): void {
  const client = connection.client!;
  if (inFlight.delivery.sequence > 0) {
    core.store?.deleteDelivery(client.session.clientId, inFlight.delivery);
  }
  if (client.session.queue.length > 0 || client.session.sender.isResending) drain(core, client);
  if (client.retained.length > 0) pumpRetained(core, client);
}
