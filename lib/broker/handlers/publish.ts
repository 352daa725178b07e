import {
  FirstByte,
  MqttError,
  type Puback,
  type Publish,
  type Pubrec,
  ReasonCode,
} from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import type { Route } from "../core/router.ts";
import { isRefusal } from "../ground/hook_answers.ts";
import { expiry, travelling } from "../ground/message_rules.ts";
import { shareMessage } from "../services/cluster.ts";
import { drop } from "../services/drop.ts";
import { actFor, disconnect } from "../services/lifecycle.ts";
import { throttle } from "../services/relief.ts";
import { beginFanOut, fanOut, isLongFanOut, retain } from "../services/route_message.ts";
import type { Client, Connection } from "../state/connection.ts";
import { waitForDecision } from "./decision.ts";
import {
  allowedQos,
  checkAccess,
  checkBridges,
  checkReserved,
  checkSize,
  checkStore,
  CLOSED,
  HOOKED,
  isOpen,
  isReceiveMaximumReached,
  leaveOfAck,
  mayRetain,
  type Open,
  type Outcome,
  PENDING,
  refuseTopic,
  routeOf,
  SEARCHING,
  UNDER_WAY,
  WAITING,
} from "./publish_checks.ts";
import { askToPublish } from "./hooked.ts";
import { resolveAlias } from "./resolve_alias.ts";

/** Handles a client's PUBLISH: checks and routes it, and only then acknowledges it. */
export function handlePublish(core: Core, connection: Connection, packet: Publish): void {
  const { metrics, longFanOuts } = core;
  if (longFanOuts.isActive && longFanOuts.isBusy(connection.client!.session.clientId)) {
    // An earlier connection of this client, since taken over, has a message in a long fan-out.
    return waitForFanOut(core, connection);
  }
  const topicName = packet.properties === undefined
    ? packet.topicName
    : resolveAlias(core, connection, packet);
  metrics.publishReceived++;
  metrics.payloadBytesReceived += packet.payload.length;
  if (packet.qos > 0) metrics.publishReceivedByQos[packet.qos]!++;
  if (packet.qos === 0) {
    const outcome = publish(core, connection, packet, topicName);
    if (isOpen(outcome)) leaveOpen(core, connection, packet, outcome);
  } else if (packet.qos === 1) {
    checkReceiveMaximum(core, connection);
    const writesBefore = core.store?.writes;
    const outcome = publish(core, connection, packet, topicName);
    if (isOpen(outcome)) return leaveOpen(core, connection, packet, outcome);
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
    const found = publish(core, connection, packet, topicName);
    if (isOpen(found)) return leaveOpen(core, connection, packet, found);
    outcome = found;
  }
  acknowledge(core, connection, FirstByte.Pubrec, packetId, outcome, writesBefore, isRepeat);
}

function checkReceiveMaximum(core: Core, connection: Connection): void {
  if (!isReceiveMaximumReached(core, connection)) return;
  throw new MqttError(
    ReasonCode.ReceiveMaximumExceeded,
    `Cannot take more than ${core.options.maxInflightMessages} messages at once`,
  );
}

/**
 * Checks a message and routes it; returns the Reason Code of its acknowledgement. The checks are in this order, and the first that
 * fails decides:
 *
 * | check                | a fault of the client (5.0)          | refused, and counted as           |
 * |----------------------|--------------------------------------|-----------------------------------|
 * | Topic Name           | 0x82, 0x90; before 5.0 closed as well|                                   |
 * | QoS of the listener  | 0x9B; before 5.0 lowered             |                                   |
 * | retained at all      | 0x9A; before 5.0 not retained        | `retain_not_available`            |
 * | mount point, levels  |                                      | 0x90, `not_a_topic_name`          |
 * | `message_size_limit` |                                      | 0x97, `message_size_limit`        |
 * | `$SYS/`              |                                      | 0x87, `reserved_topic`            |
 * | access control       |                                      | 0x87, `not_authorized`            |
 * | the store, QoS > 0   |                                      | 0x97 or closed, `store_failing`   |
 * | bridges, QoS > 0     |                                      | 0x97 or closed, `bridge_full`     |
 * | the program's hooks  |                                      | as they say, `refused_by_hook`    |
 */
function publish(
  core: Core,
  connection: Connection,
  packet: Publish,
  topicName: string,
): Outcome | Open {
  const client = connection.client!;
  const { mountPoint } = connection;
  const wholeName = mountPoint === "" ? topicName : mountPoint + topicName;
  const route = routeOf(core, connection, topicName, wholeName);
  if (route === null) return SEARCHING;
  const message: Message = {
    topicName: wholeName,
    payload: packet.payload,
    qos: allowedQos(connection, packet, topicName),
    retain: packet.retain && mayRetain(core, connection, topicName),
    properties: packet.properties === undefined ? undefined : travelling(packet.properties),
    expiresAtMs: expiry(core.nowMs, packet.properties?.messageExpiryInterval),
    publisherId: client.session.clientId,
  };
  if (route === undefined) return refuseTopic(core, connection, message);
  const refusal = checkSize(core, connection, message) ??
    checkReserved(core, connection, message, topicName) ??
    checkAccess(core, connection, message) ??
    checkStore(core, connection, message, packet.qos) ??
    checkBridges(core, connection, message, route);
  if (refusal === undefined) {
    if (core.hooks.onPublish !== undefined) return publishHooked(core, connection, packet, message);
    return publishAllowed(core, connection, packet, message, route);
  }
  if (refusal !== PENDING) clearAnswer(connection);
  return refusal;
}

/** Publishes a message with the changes of the program's hooks. */
function publishHooked(
  core: Core,
  connection: Connection,
  packet: Publish,
  message: Message,
): Outcome | Open {
  const hooked = askToPublish(core, connection, message);
  if (hooked === undefined) return HOOKED;
  if (isRefusal(hooked)) {
    clearAnswer(connection);
    drop(core, connection.client!, "refused_by_hook", message);
    return hooked.reasonCode;
  }
  const route = core.router.route(hooked.topicName)!;
  const refusal = checkBridges(core, connection, hooked, route);
  const outcome = refusal ?? publishAllowed(core, connection, packet, hooked, route);
  if (outcome !== WAITING) clearAnswer(connection);
  return outcome;
}

/** The packet is handled: what the hooks have answered about it holds no more. */
function clearAnswer({ hooked }: Connection): void {
  if (hooked !== null) hooked.message = null;
}

/** Publishes a message that passed all checks: its acknowledgement is true when this has returned and its writes are committed. */
function publishAllowed(
  core: Core,
  connection: Connection,
  packet: Publish,
  message: Message,
  route: Route,
): Outcome | Open {
  const client = connection.client!;
  if (core.cluster !== null) {
    const outcome = publishToLog(core, connection, packet, message);
    if (outcome !== undefined) return outcome;
  }
  const isLong = isLongFanOut(core, message, route);
  if (isLong && !core.longFanOuts.hasRoom(isWhole(core, client, packet))) return WAITING;
  if (packet.retain && !message.retain) drop(core, client, "retain_not_available", message);
  // Steps that can fail come before any delivery: a client sends all of an unacknowledged message again.
  if (message.retain) retain(core, message, client);
  if (packet.qos === 2) hold(core, client, packet.packetId);
  if (isLong) return publishInParts(core, connection, packet, message, route);
  const count = fanOut(core, message, route, client);
  return count === 0 ? ReasonCode.NoMatchingSubscribers : ReasonCode.Success;
}

/** Passes the message to the cluster; `undefined` if it is to be routed here. In either case its acknowledgement waits for the commit. */
function publishToLog(
  core: Core,
  connection: Connection,
  packet: Publish,
  message: Message,
): Outcome | undefined {
  const client = connection.client!;
  const { session } = client;
  const { qos, packetId } = packet;
  const isStored = qos === 2 && session.isPersistent;
  const share = shareMessage(core, message, client, isStored ? packetId : 0);
  if (share === "here") return undefined;
  if (share === "refused") {
    return connection.protocolVersion === 5 || qos === 0 ? ReasonCode.QuotaExceeded : CLOSED;
  }
  if (packet.retain && !message.retain) drop(core, client, "retain_not_available", message);
  if (qos === 2) session.receiver.accept(packetId);
  return ReasonCode.Success;
}

/** Whether the message must not be delivered twice, even after a crash: see `LongFanOuts`. */
function isWhole({ store }: Core, { session }: Client, { qos }: Publish): boolean {
  return qos === 2 && store !== undefined && session.isPersistent;
}

/** Begins a long fan-out: the client is not read until all receivers have the message, and it is acknowledged. */
function publishInParts(
  core: Core,
  connection: Connection,
  packet: Publish,
  message: Message,
  route: Route,
): typeof UNDER_WAY {
  const client = connection.client!;
  const writesBefore = core.store?.writes;
  const { whenDone } = beginFanOut(core, message, route, client, isWhole(core, client, packet));
  connection.stops.stop("fanout");
  const { qos, packetId } = packet;
  whenDone.push(() => {
    if (connection.state === "closed") return;
    actFor(core, connection, () => {
      const firstByte = qos === 1 ? FirstByte.Puback : FirstByte.Pubrec;
      if (qos > 0) acknowledge(core, connection, firstByte, packetId, 0, writesBefore, false);
      if (core.congestion.isCongested) throttle(core, connection);
    });
    core.resume(connection, "fanout");
  });
  return UNDER_WAY;
}

/** Notes the Packet Identifier, which means this message until its PUBREL, however often the client repeats it. [MQTT-4.3.3-10] */
function hold(core: Core, { session }: Client, packetId: number): void {
  if (session.isPersistent) core.store?.putReceived(session.clientId, packetId);
  session.receiver.accept(packetId);
}

/**
 * Takes back the counts of a packet that could not be handled yet, since it will be handled again. Not for a long fan-out, which
 * has begun.
 */
function leaveOpen(core: Core, connection: Connection, packet: Publish, open: Open): void {
  if (open === UNDER_WAY) return;
  const { metrics } = core;
  metrics.publishReceived--;
  metrics.payloadBytesReceived -= packet.payload.length;
  if (packet.qos > 0) metrics.publishReceivedByQos[packet.qos]!--;
  if (open === PENDING) waitForDecision(core, connection);
  else if (open === HOOKED) connection.isPostponed = true;
  else if (open === SEARCHING) search(core, connection);
  else waitForFanOut(core, connection);
}

/** The packet comes again in a later turn, which goes on with the route. */
function search(core: Core, connection: Connection): void {
  connection.isPostponed = true;
  core.postpone(connection);
}

function waitForFanOut(core: Core, connection: Connection): void {
  connection.isPostponed = true;
  connection.stops.stop("fanout");
  core.longFanOuts.waiting.push(connection);
}

function acknowledge(
  core: Core,
  connection: Connection,
  firstByte: number,
  packetId: number,
  outcome: Outcome,
  writesBefore: number | undefined,
  isRepeat: boolean,
): void {
  if (outcome === CLOSED) {
    // A message that is never acknowledged would occupy a place in flight for ever; after the close the client sends it again.
    const message = "Store or bridge cannot take the message";
    return disconnect(core, connection, { reasonCode: ReasonCode.ServerUnavailable, message });
  }
  const { outbox } = connection;
  const type = firstByte === FirstByte.Puback ? "puback" : "pubrec";
  // A refusal promises nothing, but it waits behind held acknowledgements, because clients expect acknowledgements in the order of their
  // messages, as they must send them themselves [MQTT-4.6.0-2]. So a client whose own batch cannot be written gets no refusal until the
  // batch is written or the client reconnects; its Receive Maximum soon stops it. Other clients get 0x97 at once.
  const hasWritten = core.store !== undefined && core.store.writes !== writesBefore;
  const waits = leaveOfAck(core, connection, type, hasWritten, isRepeat) === "waits" ||
    outcome !== ReasonCode.Success && outbox.hasHeld;
  if (outcome === ReasonCode.Success || connection.protocolVersion < 5) {
    // A client before 5.0 cannot be told of a refusal: the message is counted as dropped, and acknowledged.
    return outbox.sendAck(firstByte, packetId, waits);
  }
  outbox.send({ type, packetId, reasonCode: outcome } as Puback | Pubrec, waits);
}
