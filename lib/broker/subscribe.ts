import {
  MqttError,
  type Qos,
  ReasonCode,
  type Subscribe,
  type SubscriptionRequest,
  type Unsubscribe,
} from "../codec/mod.ts";
import type { Subscription } from "../session/mod.ts";
import { parseTopicFilter } from "../topic/mod.ts";
import type { Connection } from "./connection.ts";
import { waitForDecision } from "./decision.ts";
import { moveShared } from "./share_moves.ts";
import type { Decision } from "./ports.ts";
import { pumpRetained } from "./retained_pump.ts";

/** SUBSCRIBE: each filter on its own, granted or refused in the SUBACK. [MQTT-3.8.4-5] */
export function handleSubscribe(connection: Connection, packet: Subscribe): void {
  const { broker } = connection;
  const client = connection.client!;
  const identifiers = packet.properties?.subscriptionIdentifiers;
  const decisions = broker.ports.access.checksTopics ? decide(connection, packet) : undefined;
  if (decisions?.includes("pending")) return waitForDecision(connection);
  const writesBefore = broker.store?.writes;
  const reasonCodes = packet.subscriptions.map((request, index) =>
    subscribe(connection, request, identifiers?.[0] ?? 0, decisions?.[index] !== false)
  );
  const waits = writesBefore !== undefined &&
    (broker.store!.writes !== writesBefore || connection.hasHeld);
  connection.send({ type: "suback", packetId: packet.packetId, reasonCodes }, waits);
  if (client.retained.length > 0) pumpRetained(client);
}

/** UNSUBSCRIBE: what is already under way to the client is delivered. [MQTT-3.10.4-3] */
export function handleUnsubscribe(connection: Connection, packet: Unsubscribe): void {
  const { broker, listener } = connection;
  const client = connection.client!;
  const { session } = client;
  const writesBefore = broker.store?.writes;
  const reasonCodes = packet.topicFilters.map((asked) => {
    if (parseTopicFilter(asked, broker.options.maxTopicLevels) === undefined) {
      return refusal(
        connection,
        ReasonCode.TopicFilterInvalid,
        "UNSUBSCRIBE names no Topic Filter",
      );
    }
    const topicFilter = mount(listener.mountPoint, asked);
    if (!session.unsubscribe(topicFilter)) return ReasonCode.NoSubscriptionExisted;
    broker.router.unsubscribe(client, topicFilter);
    if (session.isPersistent) broker.store?.deleteSubscription(session.clientId, topicFilter);
    moveShared(broker, client, topicFilter);
    return ReasonCode.Success;
  });
  const waits = writesBefore !== undefined &&
    (broker.store!.writes !== writesBefore || connection.hasHeld);
  connection.send({
    type: "unsuback",
    packetId: packet.packetId,
    reasonCodes: connection.protocolVersion === 5 ? reasonCodes : [],
  }, waits);
}

/** Asks for every filter before one is granted, so that nothing has happened yet where an answer takes its time. */
function decide({ broker, client, listener }: Connection, packet: Subscribe): Decision[] {
  const { access } = broker.ports;
  return packet.subscriptions.map((request) => {
    const parsed = parseTopicFilter(request.topicFilter, broker.options.maxTopicLevels);
    if (parsed === undefined) return true; // It is refused for that.
    const qos = Math.min(request.qos, listener.maxQos) as Qos;
    return access.maySubscribe(client!.identity, listener.mountPoint + parsed.topicFilter, qos);
  });
}

function subscribe(
  connection: Connection,
  request: SubscriptionRequest,
  identifier: number,
  isAllowed: boolean,
): number {
  const { broker, listener } = connection;
  const { options, store, router } = broker;
  const client = connection.client!;
  const { session } = client;
  const parsed = parseTopicFilter(request.topicFilter, options.maxTopicLevels);
  if (parsed === undefined) {
    return refusal(connection, ReasonCode.TopicFilterInvalid, "SUBSCRIBE names no Topic Filter");
  }
  const isShared = parsed.shareName !== undefined;
  if (isShared && request.noLocal) {
    // [MQTT-3.8.3-4]
    throw new MqttError(
      ReasonCode.ProtocolError,
      "No Local does not go with a shared subscription",
    );
  }
  const topicFilter = mount(listener.mountPoint, request.topicFilter);
  const isNew = !session.subscriptions.has(topicFilter);
  if (
    isNew && options.maxSubscriptions > 0 && session.subscriptions.size >= options.maxSubscriptions
  ) {
    return failure(connection, ReasonCode.QuotaExceeded);
  }
  const qos = Math.min(request.qos, listener.maxQos) as Qos;
  const wholeFilter = listener.mountPoint + parsed.topicFilter;
  if (!isAllowed) return failure(connection, ReasonCode.NotAuthorized);
  if (store?.isFailing === true && session.isPersistent) {
    return failure(connection, ReasonCode.QuotaExceeded);
  }
  const subscription: Subscription = {
    topicFilter,
    qos,
    noLocal: request.noLocal,
    retainAsPublished: request.retainAsPublished,
    subscriptionIdentifier: identifier,
  };
  session.subscribe(subscription);
  router.subscribe(client, subscription);
  if (session.isPersistent) store?.putSubscription(session.clientId, subscription);
  // Retain Handling: 0 always, 1 only where it is new, 2 never; a shared subscription gets none. [MQTT-3.3.1-9]..[MQTT-3.3.1-11]
  const wantsRetained = request.retainHandling === 0 || request.retainHandling === 1 && isNew;
  if (wantsRetained && !isShared && broker.retained.size > 0) {
    const walk = broker.retained.matches(wholeFilter);
    client.retained.push({ topicFilter, walk });
  }
  return qos;
}

/** The filter under the listener's mount point; a share keeps its name in front. */
function mount(mountPoint: string, topicFilter: string): string {
  if (mountPoint === "") return topicFilter;
  const parsed = parseTopicFilter(topicFilter);
  return parsed?.shareName === undefined
    ? mountPoint + topicFilter
    : `$share/${parsed.shareName}/${mountPoint}${parsed.topicFilter}`;
}

/** A refusal in SUBACK: before 5.0 there is but one, and 3.1 has none that its clients know. */
function failure(connection: Connection, reasonCode: number): number {
  return connection.protocolVersion === 5 ? reasonCode : 0x80;
}

/** A filter that is none: told in the SUBACK of 5.0; older clients are closed. [v3 MQTT-4.7.1-2] [v3 MQTT-4.7.1-3] */
function refusal(connection: Connection, reasonCode: ReasonCode, message: string): number {
  if (connection.protocolVersion < 5) throw new MqttError(reasonCode, message);
  return reasonCode;
}
