import { MqttError, type Publish, ReasonCode } from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";
import { isTopicName } from "../../topic/mod.ts";
import type { Core } from "../core/core.ts";
import type { Route } from "../core/router.ts";
import { isReserved, quoted } from "../ground/message_rules.ts";
import { type Leave, leaveOf } from "../ground/promises.ts";
import { drop } from "../services/drop.ts";
import { haveBridgesRoom } from "../services/queue.ts";
import type { Connection } from "../state/connection.ts";
import { isStateOf } from "./bridge.ts";

/** The store cannot write the message, and the client cannot be told: its connection is closed. */
export const CLOSED = -1;
/** Access control has not decided yet: the packet stays in the buffer. */
export const PENDING = -2;
/** Another message has to reach all its receivers first: the packet stays in the buffer. */
export const WAITING = -3;
/** The message is in a long fan-out, and is acknowledged when all receivers have it. */
export const UNDER_WAY = -4;
/** The program's hooks have not answered: the packet stays in the buffer. */
export const HOOKED = -5;
/** The receivers are not all found, and the connection has used its part of the turn: the packet stays in the buffer. */
export const SEARCHING = -6;

/** The result of a PUBLISH: the Reason Code of its acknowledgement, or that it gets none. */
export type Outcome = ReasonCode | typeof CLOSED;
/** The PUBLISH has no result yet. */
export type Open =
  | typeof PENDING
  | typeof WAITING
  | typeof UNDER_WAY
  | typeof HOOKED
  | typeof SEARCHING;

/** Whether the PUBLISH has no result yet. */
export function isOpen(outcome: Outcome | Open): outcome is Open {
  return outcome <= PENDING;
}

/**
 * The route of this topic; throws if it is not a valid Topic Name. `undefined` if it is valid, but not on this listener: with the mount
 * point it is too long, or it has more levels than `max_topic_levels`. The client cannot know these limits, so this is not its fault.
 * `null` if so many filters match that the route will be complete only in a later turn.
 */
export function routeOf(
  core: Core,
  connection: Connection,
  topicName: string,
  wholeName: string,
): Route | undefined | null {
  if (topicName === "" && connection.protocolVersion === 5) {
    // Section 3.3.2.1.
    throw new MqttError(
      ReasonCode.ProtocolError,
      "Cannot publish: no Topic Name and no Topic Alias",
    );
  }
  const route = topicName === "" ? undefined : core.router.route(wholeName, core.work.left);
  if (route === undefined && !isTopicName(topicName)) {
    // Wildcards do not belong in a Topic Name. [MQTT-3.3.2-2] [v3 MQTT-3.3.2-2]
    const message = `Cannot publish to ${quoted(topicName)}: not a Topic Name`;
    throw new MqttError(ReasonCode.TopicNameInvalid, message);
  }
  return route;
}

/** The QoS that the message is routed with, at most what its listener allows. */
export function allowedQos(
  { listener, protocolVersion }: Connection,
  { qos }: Publish,
  topicName: string,
): Message["qos"] {
  if (qos <= listener.maxQos) return qos;
  if (protocolVersion === 5) {
    // [MQTT-3.2.2-11]
    const message = `Cannot publish to ${quoted(topicName)}: QoS ${qos} is not supported here`;
    throw new MqttError(ReasonCode.QoSNotSupported, message);
  }
  // A client before 5.0 cannot be told: its QoS handshake is completed, but its message is routed with the lower QoS.
  return listener.maxQos;
}

/**
 * Whether the message may be retained. A client before 5.0 cannot be told: its message is routed but not retained, which is
 * counted.
 */
export function mayRetain(
  { options }: Core,
  { protocolVersion }: Connection,
  topicName: string,
): boolean {
  if (options.retainAvailable) return true;
  if (protocolVersion === 5) {
    // [MQTT-3.2.2-14]
    const message = `Cannot publish to ${quoted(topicName)}: RETAIN is not supported here`;
    throw new MqttError(ReasonCode.RetainNotSupported, message);
  }
  return false;
}

/** Refuses a message to a Topic Name that is none on this listener. */
export function refuseTopic(core: Core, connection: Connection, message: Message): Outcome {
  drop(core, connection.client!, "not_a_topic_name", message);
  return ReasonCode.TopicNameInvalid;
}

/** Checks `message_size_limit`. */
export function checkSize(
  core: Core,
  connection: Connection,
  message: Message,
): Outcome | undefined {
  const { messageSizeLimitBytes } = core.options;
  if (messageSizeLimitBytes === 0 || message.payload.length <= messageSizeLimitBytes) {
    return undefined;
  }
  drop(core, connection.client!, "message_size_limit", message);
  // The limit is the broker's own, and PUBACK and PUBREC may not carry 0x95. [MQTT-3.4.2-1] [MQTT-3.5.2-1]
  return ReasonCode.QuotaExceeded;
}

/** Checks that the topic is not under `$SYS/`, which is the broker's own, except for a bridge's state. */
export function checkReserved(
  core: Core,
  connection: Connection,
  message: Message,
  topicName: string,
): Outcome | undefined {
  if (!isReserved(topicName) || isStateOf(connection, topicName)) return undefined;
  drop(core, connection.client!, "reserved_topic", message);
  return ReasonCode.NotAuthorized;
}

/** Asks access control. */
export function checkAccess(
  core: Core,
  connection: Connection,
  message: Message,
): Outcome | typeof PENDING | undefined {
  const { access } = core.ports;
  if (!access.checksTopics || connection.listener.bridge !== undefined) return undefined;
  const client = connection.client!;
  const { topicName, qos, retain } = message;
  const decision = access.mayPublish(client.identity, topicName, qos, retain);
  if (decision === "pending") return PENDING;
  if (decision) return undefined;
  drop(core, client, "not_authorized", message);
  return ReasonCode.NotAuthorized;
}

/** Checks, before anything is routed, that the store can be written: a message that cannot be stored is not published. */
export function checkStore(
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

/** Checks, before anything is routed, that bridges have room: the publisher then keeps a message that a full bridge would lose. */
export function checkBridges(
  core: Core,
  connection: Connection,
  message: Message,
  { targets }: Route,
): Outcome | undefined {
  if (core.waitingBridges.size === 0 || message.qos === 0) return undefined;
  if (haveBridgesRoom(core, message, targets, connection.client)) return undefined;
  drop(core, connection.client!, "bridge_full", message);
  return connection.protocolVersion === 5 ? ReasonCode.QuotaExceeded : CLOSED;
}

/**
 * Whether as many messages are unfinished as the Receive Maximum allows: QoS 1 not acknowledged, QoS 2 not released. One more is too
 * many. [MQTT-3.3.4-7]
 */
export function isReceiveMaximumReached(core: Core, connection: Connection): boolean {
  const { maxInflightMessages } = core.options;
  const { protocolVersion, asked, listener, outbox } = connection;
  if (protocolVersion < 5 || maxInflightMessages === 0 || asked.isBridge) return false;
  // A remote broker of 3.1.1 cannot be told a Receive Maximum, so bridges are not limited.
  if (listener.bridge !== undefined) return false;
  const { receiver } = connection.client!.session;
  return receiver.recentSize + outbox.pendingPubacks >= maxInflightMessages;
}

/** Whether and when the acknowledgement is sent. */
export function leaveOfAck(
  core: Core,
  connection: Connection,
  packet: "puback" | "pubrec",
  hasWritten: boolean,
  isRepeat: boolean,
): Leave {
  if (core.store === undefined) return "now"; // Without a store there is nothing to wait for.
  return leaveOf(packet, {
    isStoreFailing: core.store?.isFailing === true,
    isPersistent: connection.client!.session.isPersistent,
    hasWritten,
    hasHeld: connection.outbox.hasHeld,
    isRepeat,
    canRefuse: connection.protocolVersion === 5,
  });
}
