import { FirstByte, MqttError, type Publish, ReasonCode } from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { Route } from "../core/router.ts";
import { expiry, isReserved, quoted, travelling } from "../ground/message_rules.ts";
import { type Leave, leaveOf } from "../ground/promises.ts";
import { drop } from "../services/drop.ts";
import { disconnect } from "../services/lifecycle.ts";
import { throttle } from "../services/relief.ts";
import { fanOut, retain } from "../services/route_message.ts";
import type { Client, Connection } from "../state/connection.ts";
import { waitForDecision } from "./decision.ts";
import { resolveAlias } from "./resolve_alias.ts";

/** Whether the client may publish this is not decided yet: the packet stays where it is. */
const PENDING = -1;
/** The store cannot take it, and the client cannot be told: its connection is closed. */
const CLOSED = -2;

/** What becomes of a PUBLISH: the Reason Code of its acknowledgement, or that it gets none. */
type Outcome =
  | typeof ReasonCode.Success
  | typeof ReasonCode.NoMatchingSubscribers
  | typeof ReasonCode.NotAuthorized
  | typeof ReasonCode.QuotaExceeded
  | typeof PENDING
  | typeof CLOSED;

/** A PUBLISH of a client: checked, routed, and only then acknowledged. */
export function handlePublish(core: Core, connection: Connection, packet: Publish): void {
  const topicName = packet.properties === undefined
    ? packet.topicName
    : resolveAlias(core, connection, packet);
  const { metrics } = core;
  metrics.publishReceived++;
  metrics.payloadBytesReceived += packet.payload.length;
  if (packet.qos === 0) {
    if (publish(core, connection, packet, topicName) === PENDING) {
      postpone(core, connection, packet);
    }
  } else if (packet.qos === 1) {
    checkReceiveMaximum(core, connection);
    const writesBefore = core.store?.writes;
    const outcome = publish(core, connection, packet, topicName);
    if (outcome === PENDING) return postpone(core, connection, packet);
    acknowledge(core, connection, FirstByte.Puback, packet.packetId, outcome, writesBefore, false);
  } else handleQos2(core, connection, packet, topicName);
  if (core.congestion.isCongested) throttle(core, connection);
}

function handleQos2(core: Core, connection: Connection, packet: Publish, topicName: string): void {
  const { session } = connection.client!;
  const { packetId } = packet;
  const writesBefore = core.store?.writes;
  const isRepeat = session.receiver.holds(packetId);
  let outcome: Outcome = ReasonCode.Success;
  if (!isRepeat) {
    checkReceiveMaximum(core, connection);
    outcome = publish(core, connection, packet, topicName);
    if (outcome === PENDING) return postpone(core, connection, packet);
  }
  acknowledge(core, connection, FirstByte.Pubrec, packetId, outcome, writesBefore, isRepeat);
}

/** More than we allow at once: QoS 1 not yet acknowledged, QoS 2 not yet released. [MQTT-3.3.4-7] */
function checkReceiveMaximum(core: Core, connection: Connection): void {
  const { maxInflightMessages } = core.options;
  if (connection.protocolVersion < 5 || maxInflightMessages === 0) return;
  const underWay = connection.client!.session.receiver.recentSize +
    connection.outbox.pendingPubacks;
  if (underWay >= maxInflightMessages) {
    throw new MqttError(
      ReasonCode.ReceiveMaximumExceeded,
      `Cannot take more than ${maxInflightMessages} messages at once`,
    );
  }
}

/**
 * Checks a message and routes it; says what its acknowledgement has to say. In this order, and the first that does not hold
 * decides:
 *
 * | check                | a fault of the client (5.0)          | refused, and counted as           |
 * |----------------------|--------------------------------------|-----------------------------------|
 * | Topic Name           | 0x82, 0x90; before 5.0 closed as well|                                   |
 * | QoS of the listener  | 0x9B; before 5.0 lowered             |                                   |
 * | retained at all      | 0x9A; before 5.0 not retained        | `retain_not_available`            |
 * | `message_size_limit` |                                      | 0x97, `message_size_limit`        |
 * | `$SYS/`              |                                      | 0x87, `reserved_topic`            |
 * | access control       |                                      | 0x87, `not_authorized`            |
 * | the store, QoS > 0   |                                      | 0x97 or closed, `store_failing`   |
 */
function publish(core: Core, connection: Connection, packet: Publish, topicName: string): Outcome {
  const client = connection.client!;
  const { mountPoint } = connection.listener;
  const wholeName = mountPoint === "" ? topicName : mountPoint + topicName;
  const route = routeOf(core, connection, topicName, wholeName);
  const message: Message = {
    topicName: wholeName,
    payload: packet.payload,
    qos: allowedQos(connection, packet, topicName),
    retain: packet.retain && mayRetain(core, connection, topicName),
    properties: packet.properties === undefined ? undefined : travelling(packet.properties),
    expiresAtMs: expiry(core.nowMs, packet.properties?.messageExpiryInterval),
    publisherId: client.session.clientId,
  };
  const refusal = checkSize(core, connection, message) ??
    checkReserved(core, connection, message, topicName) ??
    checkAccess(core, connection, message) ??
    checkStore(core, connection, message, packet.qos);
  if (refusal !== undefined) return refusal;
  if (packet.retain && !message.retain) drop(core, client, "retain_not_available", message);
  // What can fail comes before anybody gets the message: of what is not acknowledged the client sends all again.
  if (message.retain) retain(core, message, client);
  if (packet.qos === 2) hold(core, client, packet.packetId);
  const count = fanOut(core, message, route, client);
  return count === 0 ? ReasonCode.NoMatchingSubscribers : ReasonCode.Success;
}

/** From here to its PUBREL the Packet Identifier means this message, however often it comes. [MQTT-4.3.3-10] */
function hold(core: Core, { session }: Client, packetId: number): void {
  if (session.isPersistent) core.store?.putReceived(session.clientId, packetId);
  session.receiver.accept(packetId);
}

function routeOf(
  core: Core,
  connection: Connection,
  topicName: string,
  wholeName: string,
): Route {
  if (topicName === "" && connection.protocolVersion === 5) {
    // Section 3.3.2.1.
    throw new MqttError(
      ReasonCode.ProtocolError,
      "Cannot publish: no Topic Name and no Topic Alias",
    );
  }
  const route = topicName === "" ? undefined : core.router.route(wholeName);
  if (route === undefined) {
    // Wildcards do not belong in a Topic Name. [MQTT-3.3.2-2] [v3 MQTT-3.3.2-2]
    const message = `Cannot publish to ${quoted(topicName)}: not a Topic Name`;
    throw new MqttError(ReasonCode.TopicNameInvalid, message);
  }
  return route;
}

function allowedQos(
  { listener, protocolVersion }: Connection,
  { qos }: Publish,
  topicName: string,
): Message["qos"] {
  if (qos <= listener.maxQos) return qos;
  if (protocolVersion === 5) {
    // [MQTT-3.2.2-11]
    const message = `Cannot publish to ${quoted(topicName)}: QoS ${qos} is not taken here`;
    throw new MqttError(ReasonCode.QoSNotSupported, message);
  }
  // Before 5.0 the client could not be told: its handshake is completed, its message goes on at less.
  return listener.maxQos;
}

/** Before 5.0 the client could not be told: its message goes on without being retained, which is counted. */
function mayRetain(
  { options }: Core,
  { protocolVersion }: Connection,
  topicName: string,
): boolean {
  if (options.retainAvailable) return true;
  if (protocolVersion === 5) {
    // [MQTT-3.2.2-14]
    const message = `Cannot publish to ${quoted(topicName)}: nothing is retained here`;
    throw new MqttError(ReasonCode.RetainNotSupported, message);
  }
  return false;
}

function checkSize(core: Core, connection: Connection, message: Message): Outcome | undefined {
  const { messageSizeLimitBytes } = core.options;
  if (messageSizeLimitBytes === 0 || message.payload.length <= messageSizeLimitBytes) {
    return undefined;
  }
  drop(core, connection.client!, "message_size_limit", message);
  // A limit of ours: PUBACK and PUBREC have no 0x95. [MQTT-3.4.2-1] [MQTT-3.5.2-1]
  return ReasonCode.QuotaExceeded;
}

function checkReserved(
  core: Core,
  connection: Connection,
  message: Message,
  topicName: string,
): Outcome | undefined {
  if (!isReserved(topicName)) return undefined;
  drop(core, connection.client!, "reserved_topic", message);
  return ReasonCode.NotAuthorized;
}

function checkAccess(core: Core, connection: Connection, message: Message): Outcome | undefined {
  const { access } = core.ports;
  if (!access.checksTopics) return undefined;
  const client = connection.client!;
  const { topicName, qos, retain } = message;
  const decision = access.mayPublish(client.identity, topicName, qos, retain);
  if (decision === "pending") return PENDING;
  if (decision) return undefined;
  drop(core, client, "not_authorized", message);
  return ReasonCode.NotAuthorized;
}

/** Asked before anything is routed: a message that cannot be stored is not published. */
function checkStore(
  core: Core,
  connection: Connection,
  message: Message,
  qos: Publish["qos"],
): Outcome | undefined {
  if (qos === 0 || core.store?.isFailing !== true) return undefined;
  const leave = leaveOfAck(core, connection, qos === 1 ? "puback" : "pubrec", false, false);
  if (leave !== "refused" && leave !== "closed") return undefined;
  drop(core, connection.client!, "store_failing", message);
  return leave === "refused" ? ReasonCode.QuotaExceeded : CLOSED;
}

/** As if the packet had not come yet: it will be handled, and counted, when it may be decided. */
function postpone(core: Core, connection: Connection, packet: Publish): void {
  const { metrics } = core;
  metrics.publishReceived--;
  metrics.payloadBytesReceived -= packet.payload.length;
  waitForDecision(core, connection);
}

function acknowledge(
  core: Core,
  connection: Connection,
  firstByte: number,
  packetId: number,
  outcome: Exclude<Outcome, typeof PENDING>,
  writesBefore: number | undefined,
  isRepeat: boolean,
): void {
  if (outcome === CLOSED) {
    // What is never acknowledged would hold one of its few places in flight for ever; closed, the client sends it again.
    const message = "Store cannot take the message";
    return disconnect(core, connection, { reasonCode: ReasonCode.ServerUnavailable, message });
  }
  const { outbox } = connection;
  const type = firstByte === FirstByte.Puback ? "puback" : "pubrec";
  // A refusal promises nothing, and yet it waits behind what is held: clients expect acknowledgements in the order of their
  // messages, as they owe them themselves [MQTT-4.6.0-2]. So one whose own batch cannot be written hears nothing of it until
  // that is written or it connects anew; its Receive Maximum stops it before long, and others are told 0x97 at once.
  const hasWritten = core.store !== undefined && core.store.writes !== writesBefore;
  const waits = leaveOfAck(core, connection, type, hasWritten, isRepeat) === "waits" ||
    outcome !== ReasonCode.Success && outbox.hasHeld;
  if (outcome === ReasonCode.Success || connection.protocolVersion < 5) {
    // Before 5.0 a refusal cannot be told: it is counted, and acknowledged.
    return outbox.sendAck(firstByte, packetId, waits);
  }
  outbox.send({ type, packetId, reasonCode: outcome }, waits);
}

function leaveOfAck(
  core: Core,
  connection: Connection,
  packet: "puback" | "pubrec",
  hasWritten: boolean,
  isRepeat: boolean,
): Leave {
  return leaveOf(packet, {
    isStoreFailing: core.store?.isFailing === true,
    isPersistent: connection.client!.session.isPersistent,
    hasWritten,
    hasHeld: connection.outbox.hasHeld,
    isRepeat,
    canRefuse: connection.protocolVersion === 5,
  });
}
