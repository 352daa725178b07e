import { FirstByte, plainTopicNameAt } from "../../codec/mod.ts";
import type { InFlight, PayloadPlace, SentDelivery } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { Target } from "../core/target.ts";
import type { Store } from "../ground/ports.ts";
import { deliverySteps } from "../core/work.ts";
import { dropFailed } from "../services/drop.ts";
import { canSendNow } from "../services/send.ts";
import type { Client, Connection } from "../state/connection.ts";
import { isReceiveMaximumReached, leaveOfAck } from "./publish_checks.ts";
import { DOLLAR, isEveryday, MAX_RELAYED_BYTES, mayRelay } from "./relay.ts";

/** The first bytes of a PUBLISH of QoS 1 or 2 that is neither a repeat nor retained. */
const QOS_1 = FirstByte.Publish | 2;
const QOS_2 = FirstByte.Publish | 4;

/** A PUBLISH that is relayed: `bytes[start, end)` of a read up to `readEnd`, with its Packet Identifier and its payload at these offsets. */
interface Relayed {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly readEnd: number;
  readonly idAt: number;
  readonly payloadAt: number;
  readonly isV5: boolean;
  readonly qos: 1 | 2;
  readonly topicName: string;
  readonly publisherId: string;
}

/**
 * Handles the PUBLISH of QoS 1 or 2 in `bytes[start, end)` like {@linkcode relay} those of QoS 0, if it has one receiver that can take it at
 * once; otherwise returns false with nothing changed. The message is in flight and acknowledged like any other, but no packet object is
 * made or encoded. `readEnd` is the end of the bytes that were read with it.
 */
export function relayAcknowledged(
  core: Core,
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
  readEnd: number,
): boolean {
  const first = bytes[start];
  if (first !== QOS_1 && first !== QOS_2 || end - start > MAX_RELAYED_BYTES) return false;
  const qos = first === QOS_1 ? 1 : 2;
  if (!mayRelay(core, connection) || !mayAcknowledge(core, connection, qos)) return false;
  const isV5 = connection.protocolVersion === 5;
  const nameAt = plainTopicNameAt(bytes, start, end, isV5, 2);
  if (nameAt === 0 || bytes[nameAt] === DOLLAR) return false;
  const idAt = nameAt + (bytes[nameAt - 2]! << 8 | bytes[nameAt - 1]!);
  const packetId = bytes[idAt]! << 8 | bytes[idAt + 1]!;
  const { receiver, clientId: publisherId } = connection.client!.session;
  if (packetId === 0 || qos === 2 && receiver.holds(packetId)) return false;
  const topicName = core.names.text(bytes, nameAt, idAt);
  const target = soleTarget(core, topicName, connection.client!, qos);
  if (target === undefined || !takesNow(core, target, end - start)) return false;
  const payloadAt = idAt + (isV5 ? 3 : 2);
  countReceived(core, qos, topicName, end - payloadAt);
  if (qos === 2) receiver.accept(packetId);
  send(core, target, {
    bytes,
    start,
    end,
    readEnd,
    idAt,
    payloadAt,
    isV5,
    qos,
    topicName,
    publisherId,
  });
  acknowledge(core, connection, target, qos, packetId);
  return true;
}

function countReceived(core: Core, qos: 1 | 2, topicName: string, payloadBytes: number): void {
  const { metrics } = core;
  metrics.publishReceived++;
  metrics.publishReceivedByQos[qos]!++;
  metrics.payloadBytesReceived += payloadBytes;
  core.work.spend(deliverySteps(payloadBytes + topicName.length));
}

function acknowledge(
  core: Core,
  connection: Connection,
  target: Target,
  qos: 1 | 2,
  packetId: number,
): void {
  // What is stored for the receiver is what the acknowledgement promises.
  const isStored = core.store !== undefined && target.client.session.isPersistent;
  const packet = qos === 1 ? "puback" : "pubrec";
  const waits = leaveOfAck(core, connection, packet, isStored, false) === "waits";
  connection.outbox.sendAck(qos === 1 ? FirstByte.Puback : FirstByte.Pubrec, packetId, waits);
}

/** Whether the client may send this QoS, is within its Receive Maximum, and its PUBACK or PUBREC can be sent. */
function mayAcknowledge(core: Core, connection: Connection, qos: 1 | 2): boolean {
  const { listener } = connection;
  if (listener.maxQos < qos) return false;
  // A store has to know of a message of QoS 2 on both sides.
  if (qos === 2 && core.store !== undefined) return false;
  return core.store?.isFailing !== true && !isReceiveMaximumReached(core, connection);
}

/** The receiver of the topic's messages, if it is a single client with a subscription of this QoS or more. */
function soleTarget(
  core: Core,
  topicName: string,
  publisher: Client,
  qos: 1 | 2,
): Target | undefined {
  const route = core.router.route(topicName, core.work.left);
  if (route === undefined || route === null) return undefined;
  if (route.targets.length !== 1 || !isEveryday(route, publisher)) return undefined;
  const target = route.targets[0]!;
  return target.qos >= qos && target.subscriptionIdentifiers === undefined ? target : undefined;
}

function takesNow(core: Core, { client }: Target, sizeBytes: number): boolean {
  const { connection } = client;
  // A full bridge has a queue, and nothing may be sent before it.
  if (connection === null || client.isEnded) return false;
  return connection.outbox.takesRelayed(sizeBytes) &&
    canSendNow(core, client, connection, sizeBytes);
}

/** Puts the message in flight to its receiver, as `deliver` and `sendInFlight` do it. */
function send(core: Core, { client }: Target, relayed: Relayed): void {
  const { session: { sender }, connection } = client;
  const { bytes, start, end, isV5, idAt } = relayed;
  if (core.store !== undefined && client.session.isPersistent) {
    return sendStored(core, client, relayed);
  }
  const inFlight = startCompact(core, client, relayed);
  try {
    connection!.outbox.relayAcknowledged(
      bytes.subarray(start, end),
      isV5,
      inFlight.packetId,
      idAt - start,
    );
  } catch (error) {
    sender.discard(inFlight);
    dropFailed(core, client, inFlight.delivery.message, error);
  }
}

function startCompact(core: Core, client: Client, relayed: Relayed): InFlight {
  const { qos, topicName, publisherId } = relayed;
  return client.session.sender.startCompact(qos, topicName, publisherId, place(core, relayed));
}

/** Copies the payload. */
function place(core: Core, { bytes, payloadAt, end, readEnd }: Relayed): PayloadPlace {
  const { slab } = core.fanout;
  const at = slab.place(bytes, payloadAt, end, readEnd);
  return { bytes: slab.bytes, at, length: end - payloadAt };
}

/** Sends the message to a receiver whose session is stored. */
function sendStored(core: Core, client: Client, relayed: Relayed): void {
  const { session: { sender, clientId }, connection } = client;
  const { bytes, start, end, isV5, idAt } = relayed;
  const sent = startStored(core, client, relayed);
  try {
    // Stored before it is put into the outbox, from which it could not be removed.
    putSent(core.store!, clientId, sent);
    const packet = bytes.subarray(start, end);
    connection!.outbox.relayAcknowledged(packet, isV5, sent.packetId, idAt - start);
  } catch (error) {
    sender.discard(sent);
    core.store!.deleteDelivery(clientId, sent);
    dropFailed(core, client, sent.message, error);
  }
}

function startStored(core: Core, client: Client, relayed: Relayed): SentDelivery & InFlight {
  const { topicName, publisherId } = relayed;
  const sequence = core.nextSequence++;
  return client.session.sender.startStored(sequence, topicName, publisherId, place(core, relayed));
}

function putSent(store: Store, clientId: string, sent: SentDelivery): void {
  if (store.putSent !== undefined) return store.putSent(clientId, sent);
  store.putDelivery(clientId, sent.toDelivery());
  store.putInFlight(clientId, sent.sequence, sent.packetId, "published");
}
