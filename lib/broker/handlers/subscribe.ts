import {
  MqttError,
  type Qos,
  ReasonCode,
  type Subscribe,
  type SubscriptionRequest,
} from "../../codec/mod.ts";
import { type Session, type Subscription, subscriptionSizeBytes } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import { STEPS } from "../core/work.ts";
import { pumpRetained } from "../services/retained_pump.ts";
import { keepSubscription } from "../services/subscriptions.ts";
import type { Client, Connection } from "../state/connection.ts";
import { isRefusal } from "../ground/hook_answers.ts";
import type { HookRefusal } from "../ground/hooks.ts";
import { requestOf } from "./bridge.ts";
import { waitForAnswer } from "./decision.ts";
import { askToSubscribe } from "./hooked.ts";
import {
  failure,
  handleInParts,
  leaveOfChange,
  type MountedFilter,
  mountFilter,
  refusal,
} from "./filters.ts";

/** How often a client may ask again for retained messages while earlier ones are still being sent. */
const MAX_REPEATED = 1000;

/** A SUBSCRIBE that is being handled. It may hold a hundred thousand filters, and is then handled in parts. */
interface Subscribing {
  readonly packet: Subscribe;
  /** For each filter that was decided: the subscription to grant, or the refusal. */
  readonly decided: (SubscriptionRequest | HookRefusal)[];
  readonly reasonCodes: number[];
  hasWritten: boolean;
}

/** The refusal of access control. */
const NOT_AUTHORIZED: HookRefusal = { reasonCode: ReasonCode.NotAuthorized };

/** Handles SUBSCRIBE: each filter is granted or refused by itself in the SUBACK. [MQTT-3.8.4-5] `sizeBytes`: the packet's. */
export function handleSubscribe(
  core: Core,
  connection: Connection,
  packet: Subscribe,
  sizeBytes: number,
): void {
  const work: Subscribing = { packet, decided: [], reasonCodes: [], hasWritten: false };
  handleInParts(core, connection, sizeBytes, () => doPart(core, connection, work));
}

/**
 * Subscribes a connected client on behalf of somebody else, with the client's own rights. Returns the code of a SUBACK, or that access
 * control needs time, and the caller asks again after its decision. Throws `MqttError` if the request is invalid.
 */
export function subscribeFor(
  core: Core,
  connection: Connection,
  request: SubscriptionRequest,
): number | "pending" {
  const packet: Subscribe = { type: "subscribe", packetId: 1, subscriptions: [request] };
  const filter = mountFilter(core, connection, request.topicFilter);
  const { access } = core.ports;
  const isAllowed = !access.checksTopics || filter === undefined ||
    access.maySubscribe(connection.client!.identity, filter.topicFilter, request.qos);
  if (isAllowed === "pending") return "pending";
  const refused = isAllowed ? undefined : ReasonCode.NotAuthorized;
  const reasonCode = subscribe(core, connection, packet, request, refused);
  if (core.isObserved) tellSubscribed(core, connection, request, reasonCode);
  if (connection.client!.hasRetained) pumpRetained(core, connection.client!);
  return reasonCode;
}

/** Handles as many filters as there is time for; `true`: all are handled, and the SUBACK is sent. */
function doPart(core: Core, connection: Connection, work: Subscribing): boolean {
  const { packet, decided, reasonCodes } = work;
  const { subscriptions, packetId } = packet;
  if (!decide(core, connection, work)) return false;
  while (reasonCodes.length < subscriptions.length) {
    if (core.work.isPartOver) {
      core.postpone(connection);
      return false;
    }
    const at = reasonCodes.length;
    const writesBefore = core.store?.writes;
    const verdict = decided[at]!;
    const isRefused = isRefusal(verdict);
    const request = requestOf(connection, isRefused ? subscriptions[at]! : verdict);
    const refused = isRefused ? verdict.reasonCode : undefined;
    const reasonCode = subscribe(core, connection, packet, request, refused);
    reasonCodes.push(reasonCode);
    if (core.isObserved) tellSubscribed(core, connection, request, reasonCode);
    if (core.store?.writes !== writesBefore) work.hasWritten = true;
  }
  const waits = leaveOfChange(core, connection, "suback", work.hasWritten) === "waits";
  connection.outbox.send({ type: "suback", packetId, reasonCodes }, waits);
  if (connection.client!.hasRetained) pumpRetained(core, connection.client!);
  return true;
}

function tellSubscribed(
  core: Core,
  connection: Connection,
  request: SubscriptionRequest,
  reasonCode: number,
): void {
  const { topicFilter } = mountFilter(core, connection, request.topicFilter) ?? request;
  core.observers?.tell("subscribed", connection, request, reasonCode, topicFilter);
}

/** Decides about every filter before granting any, so that nothing has changed where an answer takes time. */
function decide(core: Core, connection: Connection, work: Subscribing): boolean {
  const { packet: { subscriptions }, decided } = work;
  const isFree = !mustAsk(core, connection) && core.hooks.onSubscribe === undefined;
  while (decided.length < subscriptions.length) {
    const request = subscriptions[decided.length]!;
    if (isFree) {
      decided.push(request);
      continue;
    }
    if (core.work.isPartOver) {
      core.postpone(connection);
      return false;
    }
    const verdict = decideOne(core, connection, work, request);
    if (verdict === undefined) return false;
    decided.push(verdict);
  }
  return true;
}

/** Whether access control is asked: not for a bridge of this broker, whose subscriptions are in the configuration. */
function mustAsk({ ports }: Core, { listener }: Connection): boolean {
  return ports.access.checksTopics && listener.bridge === undefined;
}

/** Decides about one filter; `undefined`: the answer takes time. */
function decideOne(
  core: Core,
  connection: Connection,
  { decided }: Subscribing,
  request: SubscriptionRequest,
): SubscriptionRequest | HookRefusal | undefined {
  const { access } = core.ports;
  core.work.spend(STEPS.check * (access.stepsPerCheck ?? 1));
  const filter = mountFilter(core, connection, request.topicFilter);
  // An invalid filter is refused later, for being invalid.
  if (filter === undefined) return request;
  if (mustAsk(core, connection)) {
    const qos = Math.min(request.qos, connection.listener.maxQos) as Qos;
    const decision = access.maySubscribe(connection.client!.identity, filter.topicFilter, qos);
    if (decision === "pending") {
      waitForAnswer(core, connection);
      return undefined;
    }
    if (!decision) return NOT_AUTHORIZED;
  }
  if (core.hooks.onSubscribe === undefined) return request;
  return askToSubscribe(core, connection, request, (answer) => void decided.push(answer));
}

function subscribe(
  core: Core,
  connection: Connection,
  packet: Subscribe,
  request: SubscriptionRequest,
  refused: ReasonCode | undefined,
): number {
  const { topicFilter } = request;
  core.work.spend(STEPS.refusedFilter + (topicFilter.length >> 4) * STEPS.filterByte);
  const { session } = connection.client!;
  const filter = mountFilter(core, connection, topicFilter);
  if (filter === undefined) {
    return refusal(connection, topicFilter, "SUBSCRIBE names no Topic Filter");
  }
  if (filter.isShared && request.noLocal) {
    // [MQTT-3.8.3-4]
    throw new MqttError(
      ReasonCode.ProtocolError,
      "No Local does not go with a shared subscription",
    );
  }
  const isNew = !session.subscriptions.has(filter.key);
  const isFree = connection.listener.bridge !== undefined;
  if (isNew && !isFree && !hasRoomFor(core, session, filter.key)) {
    return failure(connection, ReasonCode.QuotaExceeded);
  }
  if (refused !== undefined) return failure(connection, refused);
  if (leaveOfChange(core, connection, "suback", false) === "refused") {
    return failure(connection, ReasonCode.QuotaExceeded);
  }
  const getsRetained = doesGetRetained(core, request, filter, isNew);
  if (getsRetained && !hasRoomForRetained(connection.client!)) {
    return failure(connection, ReasonCode.QuotaExceeded);
  }
  return grant(core, connection, packet, request, filter, getsRetained);
}

/**
 * Whether retained messages are sent. Retain Handling: 0 always, 1 only for a new subscription, 2 never; never for shared ones.
 * [MQTT-3.3.1-9]..[MQTT-3.3.1-11]
 */
function doesGetRetained(
  core: Core,
  { retainHandling }: SubscriptionRequest,
  { isShared }: MountedFilter,
  isNew: boolean,
): boolean {
  const isWanted = retainHandling === 0 || retainHandling === 1 && isNew;
  return isWanted && !isShared && core.retained.size > 0;
}

/**
 * Whether one more delivery of retained messages may wait. Subscriptions are limited, but a client that reads nothing could repeat
 * one.
 */
function hasRoomForRetained({ retained, session }: Client): boolean {
  return retained === null || retained.length <= session.subscriptions.size + MAX_REPEATED;
}

/** Whether one more subscription is within the limits, of the session and of all. */
function hasRoomFor(core: Core, session: Session, key: string): boolean {
  const { maxSubscriptions, maxSubscriptionBytes } = core.options;
  const totalBytes = core.maxSubscriptionBytes;
  const sizeBytes = subscriptionSizeBytes(key);
  return (maxSubscriptions === 0 || session.subscriptions.size < maxSubscriptions) &&
    (maxSubscriptionBytes === 0 || session.subscriptionBytes + sizeBytes <= maxSubscriptionBytes) &&
    (totalBytes === 0 || core.subscriptionBytes + sizeBytes <= totalBytes);
}

function grant(
  core: Core,
  connection: Connection,
  packet: Subscribe,
  request: SubscriptionRequest,
  { key, topicFilter }: MountedFilter,
  getsRetained: boolean,
): Qos {
  core.work.spend(STEPS.filter + STEPS.filterByte * topicFilter.length);
  const client = connection.client!;
  const subscription: Subscription = {
    topicFilter: key,
    qos: Math.min(request.qos, connection.listener.maxQos) as Qos,
    noLocal: request.noLocal,
    retainAsPublished: request.retainAsPublished,
    subscriptionIdentifier: packet.properties?.subscriptionIdentifiers?.[0] ?? 0,
  };
  core.router.subscribe(client, subscription);
  storeSubscription(core, client, subscription);
  keepSubscription(core, client, subscription);
  if (getsRetained) client.deliverRetained(subscription);
  return subscription.qos;
}

/** Writes the subscription before it is granted, so that nothing has changed where the write fails. */
function storeSubscription(core: Core, client: Client, subscription: Subscription): void {
  const { session } = client;
  if (!session.isPersistent) return;
  try {
    core.store?.putSubscription(session.clientId, subscription);
  } catch (error) {
    const previous = session.subscriptions.get(subscription.topicFilter);
    if (previous !== undefined) core.router.subscribe(client, previous);
    else core.router.unsubscribe(client, subscription.topicFilter);
    throw error;
  }
}
