import {
  FirstByte,
  MqttError,
  type Puback,
  type Pubcomp,
  type Pubrec,
  type Pubrel,
  ReasonCode,
} from "../codec/mod.ts";
import type { AckOutcome, InFlight } from "../session/mod.ts";
import type { Connection } from "./connection.ts";
import { drain } from "./deliver.ts";
import { pumpRetained } from "./retained_pump.ts";

/** The client has a QoS 1 message. One that is not known is a late one, and nothing. */
export function handlePuback(connection: Connection, packet: Puback): void {
  const outcome = connection.client!.session.sender.puback(packet.packetId);
  if (isFound(outcome, packet)) finish(connection, outcome);
}

/** The client has a QoS 2 message, or does not want it. [MQTT-4.3.3-4] */
export function handlePubrec(connection: Connection, packet: Pubrec): void {
  const { broker } = connection;
  const { session } = connection.client!;
  const isRefused = packet.reasonCode >= 0x80;
  const outcome = session.sender.pubrec(packet.packetId, isRefused);
  if (!isFound(outcome, packet)) {
    const reasonCode = connection.protocolVersion === 5
      ? ReasonCode.PacketIdentifierNotFound
      : ReasonCode.Success;
    if (!isRefused) connection.send({ type: "pubrel", packetId: packet.packetId, reasonCode });
    return;
  }
  if (isRefused) return finish(connection, outcome);
  const { store } = broker;
  const isStored = store !== undefined && outcome.delivery.sequence > 0;
  if (isStored) {
    const { sequence } = outcome.delivery;
    store.putInFlight(session.clientId, sequence, packet.packetId, "released");
  }
  // After a crash a message whose PUBREL left must not be published again, so the PUBREL waits for its commit.
  connection.sendAck(FirstByte.Pubrel, packet.packetId, isStored);
}

/** The QoS 2 message of the client is its Packet Identifier's last. [MQTT-4.3.3-12] */
export function handlePubrel(connection: Connection, packet: Pubrel): void {
  const { broker } = connection;
  const { session } = connection.client!;
  const { store } = broker;
  const wasHeld = session.receiver.release(packet.packetId);
  const isStored = wasHeld && session.isPersistent && store !== undefined;
  if (isStored) store.deleteReceived(session.clientId, packet.packetId);
  // While the store fails it may be a repeat, of a PUBREL whose release is not stored yet.
  const waits = isStored || connection.hasHeld || store?.isFailing === true;
  if (!wasHeld && connection.protocolVersion === 5) {
    const reasonCode = ReasonCode.PacketIdentifierNotFound;
    return connection.send({ type: "pubcomp", packetId: packet.packetId, reasonCode }, waits);
  }
  connection.sendAck(FirstByte.Pubcomp, packet.packetId, waits);
}

/** The exchange of a QoS 2 message is over. */
export function handlePubcomp(connection: Connection, packet: Pubcomp): void {
  const outcome = connection.client!.session.sender.pubcomp(packet.packetId);
  if (isFound(outcome, packet)) finish(connection, outcome);
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

/** A message is delivered: forget it, and use the room. */
function finish(connection: Connection, inFlight: InFlight): void {
  const { broker } = connection;
  const client = connection.client!;
  if (inFlight.delivery.sequence > 0) {
    broker.store?.deleteDelivery(client.session.clientId, inFlight.delivery);
  }
  if (client.session.queue.length > 0 || client.session.sender.isResending) drain(client);
  if (client.retained.length > 0) pumpRetained(client);
}
