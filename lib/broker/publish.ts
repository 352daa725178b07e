import { FirstByte, MqttError, type Properties, type Publish, ReasonCode } from "../codec/mod.ts";
import type { Message } from "../session/mod.ts";
import type { Broker } from "./broker.ts";
import type { Client } from "./client.ts";
import type { Connection } from "./connection.ts";
import { waitForDecision } from "./decision.ts";
import { deliver, drop, rank } from "./deliver.ts";
import type { Route } from "./router.ts";

/** Whether the client may publish this is not decided yet: the packet stays where it is. */
const PENDING = -1;

/** What becomes of a PUBLISH: the Reason Code of its acknowledgement. */
type Outcome =
  | typeof ReasonCode.Success
  | typeof ReasonCode.NoMatchingSubscribers
  | typeof ReasonCode.NotAuthorized
  | typeof ReasonCode.QuotaExceeded
  | typeof PENDING;

/** A PUBLISH of a client: checked, routed, and only then acknowledged. */
export function handlePublish(connection: Connection, packet: Publish): void {
  const { broker } = connection;
  const topicName = packet.properties === undefined
    ? packet.topicName
    : resolveAlias(connection, packet);
  const { metrics } = broker;
  metrics.publishReceived++;
  metrics.payloadBytesReceived += packet.payload.length;
  if (packet.qos === 0) {
    if (accept(connection, packet, topicName) === PENDING) postpone(connection, packet);
  } else if (packet.qos === 1) {
    checkReceiveMaximum(connection);
    const writesBefore = broker.store?.writes;
    const outcome = accept(connection, packet, topicName);
    if (outcome === PENDING) return postpone(connection, packet);
    acknowledge(connection, FirstByte.Puback, packet.packetId, outcome, writesBefore);
  } else handleQos2(connection, packet, topicName);
  if (broker.congestion.isCongested) broker.congestion.throttle(connection);
}

/** Keeps, then routes a message to everybody who gets it; returns how many that are. `publisher` is for No Local. */
export function publishMessage(
  broker: Broker,
  message: Message,
  route: Route,
  publisher: Client | null,
): number {
  if (message.retain) broker.retained.store(message);
  const { targets, shares, locals, ownTargets } = route;
  const count = targets.length + shares.length;
  if (count > 0) {
    const { fanout } = broker;
    fanout.begin(message, route.topicNameBytes, count === 1, broker.nowMs);
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!;
      if (ownTargets !== undefined && publisher === target.client && ownTargets.has(publisher)) {
        continue;
      }
      deliver(broker, target, message, fanout);
    }
    if (ownTargets !== undefined && publisher !== null) {
      const own = ownTargets.get(publisher);
      if (own !== undefined) deliver(broker, own, message, fanout);
    }
    for (const share of shares) {
      const target = share.pick((member) => rank(broker, member, message));
      if (target !== undefined) deliver(broker, target, message, fanout);
      else broker.metrics.drop("no_share_member");
    }
  }
  if (locals.length > 0) deliverLocally(broker, message, locals);
  return count + locals.length;
}

function deliverLocally(broker: Broker, message: Message, locals: Route["locals"]): void {
  const wasDelivering = broker.isDelivering;
  broker.isDelivering = true;
  try {
    for (const local of locals) local.deliver(message);
  } finally {
    broker.isDelivering = wasDelivering;
  }
}

function handleQos2(connection: Connection, packet: Publish, topicName: string): void {
  const { broker } = connection;
  const { session } = connection.client!;
  const writesBefore = broker.store?.writes;
  let outcome: Outcome = ReasonCode.Success;
  if (!session.receiver.holds(packet.packetId)) {
    checkReceiveMaximum(connection);
    outcome = accept(connection, packet, topicName);
    if (outcome === PENDING) return postpone(connection, packet);
    if (outcome < 0x80) {
      session.receiver.accept(packet.packetId);
      if (session.isPersistent) broker.store?.putReceived(session.clientId, packet.packetId);
    }
  }
  acknowledge(connection, FirstByte.Pubrec, packet.packetId, outcome, writesBefore);
}

/** More than we allow at once: QoS 1 not yet acknowledged, QoS 2 not yet released. [MQTT-3.3.4-7] */
function checkReceiveMaximum(connection: Connection): void {
  const { maxInflightMessages } = connection.broker.options;
  if (connection.protocolVersion < 5 || maxInflightMessages === 0) return;
  const underWay = connection.client!.session.receiver.recentSize + connection.pendingPubacks;
  if (underWay >= maxInflightMessages) {
    throw new MqttError(
      ReasonCode.ReceiveMaximumExceeded,
      `Cannot take more than ${maxInflightMessages} messages at once`,
    );
  }
}

/** Checks a message and routes it; says what its acknowledgement has to say. */
function accept(connection: Connection, packet: Publish, topicName: string): Outcome {
  const { broker, listener } = connection;
  const { options, metrics } = broker;
  if (topicName === "" && connection.protocolVersion === 5) {
    // Section 3.3.2.1.
    throw new MqttError(
      ReasonCode.ProtocolError,
      "Cannot publish: no Topic Name and no Topic Alias",
    );
  }
  const wholeName = listener.mountPoint === "" ? topicName : listener.mountPoint + topicName;
  const route = topicName === "" ? undefined : broker.router.route(wholeName);
  if (route === undefined) {
    // Wildcards do not belong in a Topic Name. [MQTT-3.3.2-2] [v3 MQTT-3.3.2-2]
    throw new MqttError(ReasonCode.TopicNameInvalid, "Cannot publish: not a Topic Name");
  }
  let { qos } = packet;
  if (qos > listener.maxQos) {
    if (connection.protocolVersion === 5) {
      // [MQTT-3.2.2-11]
      throw new MqttError(ReasonCode.QoSNotSupported, `Cannot take QoS ${qos}`);
    }
    // Before 5.0 the client could not be told: its handshake is completed, its message goes on at less.
    qos = listener.maxQos;
  }
  let retain = packet.retain;
  if (retain && !options.retainAvailable) {
    if (connection.protocolVersion === 5) {
      // [MQTT-3.2.2-14]
      throw new MqttError(ReasonCode.RetainNotSupported, "Cannot take retained messages");
    }
    metrics.drop("retain_not_available");
    retain = false;
  }
  if (options.messageSizeLimitBytes > 0 && packet.payload.length > options.messageSizeLimitBytes) {
    metrics.drop("message_size_limit");
    // A limit of ours: PUBACK and PUBREC have no 0x95. [MQTT-3.4.2-1] [MQTT-3.5.2-1]
    return ReasonCode.QuotaExceeded;
  }
  const client = connection.client!;
  if (isReserved(topicName)) {
    metrics.drop("reserved_topic");
    return ReasonCode.NotAuthorized;
  }
  const { access } = broker.ports;
  if (access.checksTopics) {
    const decision = access.mayPublish(client.identity, wholeName, qos, retain);
    if (decision === "pending") return PENDING;
    if (!decision) {
      drop(broker, client, "not_authorized");
      return ReasonCode.NotAuthorized;
    }
  }
  if (packet.qos > 0 && broker.store?.isFailing === true) {
    drop(broker, client, "store_failing");
    return ReasonCode.QuotaExceeded;
  }
  const message: Message = {
    topicName: wholeName,
    payload: packet.payload,
    qos,
    retain,
    properties: packet.properties === undefined ? undefined : travelling(packet.properties),
    expiresAtMs: expiry(broker, packet.properties?.messageExpiryInterval),
    publisherId: client.session.clientId,
  };
  const count = publishMessage(broker, message, route, client);
  return count === 0 ? ReasonCode.NoMatchingSubscribers : ReasonCode.Success;
}

/** As if the packet had not come yet: it will be handled, and counted, when it may be decided. */
function postpone(connection: Connection, packet: Publish): void {
  const { metrics } = connection.broker;
  metrics.publishReceived--;
  metrics.payloadBytesReceived -= packet.payload.length;
  waitForDecision(connection);
}

/** The broker's own tree: what clients publish there would pass for the broker's word. */
export function isReserved(topicName: string): boolean {
  return topicName.charCodeAt(0) === 0x24 && topicName.startsWith("$SYS/");
}

/** When a message expires that was published now. */
export function expiry(broker: Broker, intervalSeconds: number | undefined): number {
  return intervalSeconds === undefined ? Infinity : broker.nowMs + intervalSeconds * 1000;
}

/** The properties of a PUBLISH, or of a will, that its receivers get; the rest is for the broker. */
export function travelling(properties: Properties): Properties | undefined {
  const {
    topicAlias: _alias,
    messageExpiryInterval: _expiry,
    willDelayInterval: _delay,
    subscriptionIdentifiers: _identifiers,
    ...rest
  } = properties;
  for (const _ in rest) return rest;
  return undefined;
}

/** A Response Topic is a Topic Name: answers are published to it. [MQTT-3.3.2-14] */
export function checkResponseTopic({ responseTopic }: Properties): void {
  if (responseTopic !== undefined && /[+#]/.test(responseTopic)) {
    throw new MqttError(ReasonCode.ProtocolError, "Response Topic has wildcards");
  }
}

function resolveAlias(connection: Connection, packet: Publish): string {
  const { topicAlias, subscriptionIdentifiers } = packet.properties!;
  checkResponseTopic(packet.properties!);
  if (subscriptionIdentifiers !== undefined) {
    // [MQTT-3.3.4-6]
    throw new MqttError(ReasonCode.ProtocolError, "A client sent a Subscription Identifier");
  }
  if (topicAlias === undefined) return packet.topicName;
  const aliases = connection.incomingAliases;
  if (aliases === null || topicAlias > aliases.maximum) {
    // [MQTT-3.3.2-9]
    throw new MqttError(
      ReasonCode.TopicAliasInvalid,
      `Cannot use Topic Alias ${topicAlias}: ${aliases?.maximum ?? 0} is the maximum`,
    );
  }
  if (packet.topicName !== "") {
    aliases.set(topicAlias, packet.topicName);
    return packet.topicName;
  }
  const topicName = aliases.get(topicAlias);
  if (topicName === undefined) {
    throw new MqttError(ReasonCode.ProtocolError, `Topic Alias ${topicAlias} stands for no topic`);
  }
  return topicName;
}

function acknowledge(
  connection: Connection,
  firstByte: number,
  packetId: number,
  outcome: Exclude<Outcome, typeof PENDING>,
  writesBefore: number | undefined,
): void {
  const { broker } = connection;
  const { store } = broker;
  // What succeeds while the store fails repeats a message that may not be stored yet.
  const isInDoubt = outcome === ReasonCode.Success && store?.isFailing === true;
  // A refusal promises nothing, and yet it waits behind what is held: clients expect acknowledgements in the order of their
  // messages, as they owe them themselves [MQTT-4.6.0-2]. So one whose own batch cannot be written hears nothing of it until
  // that is written or it connects anew; its Receive Maximum stops it before long, and others are told 0x97 at once.
  const waits = writesBefore !== undefined &&
    (store!.writes !== writesBefore || connection.hasHeld || isInDoubt);
  if (outcome === ReasonCode.Success || connection.protocolVersion < 5) {
    // Before 5.0 a refusal cannot be told: it is counted, and acknowledged; but what could not be stored is not.
    if (outcome === ReasonCode.QuotaExceeded && store?.isFailing === true) return;
    return connection.sendAck(firstByte, packetId, waits);
  }
  const type = firstByte === FirstByte.Puback ? "puback" : "pubrec";
  connection.send({ type, packetId, reasonCode: outcome }, waits);
}
