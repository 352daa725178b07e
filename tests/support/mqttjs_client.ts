import { Buffer } from "node:buffer";
import type { Qos, UserProperty } from "../../lib/codec/mod.ts";
import {
  type ClientInit,
  Inbox,
  type InteropClient,
  type MessageProperties,
  type PublishInit,
  type SubscribeInit,
} from "./interop_client.ts";
import type { MqttJs, MqttJsConnection, MqttJsOptions, MqttJsProperties } from "./mqttjs.ts";

/** Connects mqtt.js. */
export async function connectMqttJs(
  mqtt: MqttJs,
  init: ClientInit,
  transport: MqttJsOptions = {},
): Promise<InteropClient> {
  const { port, clientId, protocolVersion, cleanStart = true, will } = init;
  const { sessionExpiryInterval } = init;
  const connection = mqtt.connect({
    host: "127.0.0.1",
    port,
    clientId,
    protocolVersion,
    ...protocolVersion === 3 ? { protocolId: "MQIsdp" } : {},
    clean: cleanStart,
    reconnectPeriod: 0,
    connectTimeout: 5000,
    timerVariant: "native",
    ...transport,
    ...will === undefined ? {} : { will: { ...will, payload: bytesOf(will.payload) } },
    ...sessionExpiryInterval === undefined ? {} : { properties: { sessionExpiryInterval } },
  });
  const inbox = new Inbox();
  connection.on("message", (topic, payload, packet) =>
    inbox.push({
      topic,
      payload: new Uint8Array(payload),
      qos: packet.qos,
      retain: packet.retain,
      properties: received(packet.properties),
    }));
  const sessionPresent = await new Promise<boolean>((resolve, reject) => {
    connection.once("connect", (connack) => resolve(connack.sessionPresent));
    connection.once("error", reject);
  });
  return new MqttJsClient(connection, inbox, sessionPresent);
}

class MqttJsClient implements InteropClient {
  readonly ended: Promise<number | undefined>;
  readonly #connection: MqttJsConnection;
  readonly #aliases = new Map<string, number>();

  constructor(
    connection: MqttJsConnection,
    readonly inbox: Inbox,
    readonly sessionPresent: boolean,
  ) {
    this.#connection = connection;
    connection.on("error", () => {}); // Tests look at its consequences.
    this.ended = new Promise((resolve) => {
      let reasonCode: number | undefined;
      connection.on("disconnect", (packet) => reasonCode = packet.reasonCode);
      connection.on("close", () => resolve(reasonCode));
    });
  }

  async subscribe(topicFilter: string, qos: Qos, init: SubscribeInit = {}): Promise<number> {
    const { noLocal: nl, retainAsPublished: rap, retainHandling: rh, subscriptionIdentifier } =
      init;
    const [granted] = await this.#connection.subscribeAsync(topicFilter, {
      qos,
      ...nl === undefined ? {} : { nl },
      ...rap === undefined ? {} : { rap },
      ...rh === undefined ? {} : { rh },
      ...subscriptionIdentifier === undefined ? {} : { properties: { subscriptionIdentifier } },
    });
    return granted!.qos;
  }

  async unsubscribe(topicFilter: string): Promise<void> {
    await this.#connection.unsubscribeAsync(topicFilter);
  }

  async publish(
    topic: string,
    payload: string | Uint8Array,
    { qos = 0, retain = false, properties, usesAlias = false }: PublishInit = {},
  ): Promise<void> {
    let name = topic;
    const sent = sendable(properties);
    if (usesAlias) {
      const known = this.#aliases.get(topic);
      sent.topicAlias = known ?? this.#aliases.size + 1;
      if (known === undefined) this.#aliases.set(topic, sent.topicAlias);
      else name = "";
    }
    await this.#connection.publishAsync(name, bytesOf(payload), {
      qos,
      retain,
      ...Object.keys(sent).length === 0 ? {} : { properties: sent },
    });
  }

  async disconnect(): Promise<void> {
    await this.#connection.endAsync();
  }

  async drop(): Promise<void> {
    this.#connection.stream.destroy();
    await this.ended;
    await this.#connection.endAsync(true);
  }
}

/** mqtt.js works on Node's Buffer. */
function bytesOf(data: string | Uint8Array): Buffer {
  return typeof data === "string" ? Buffer.from(data) : Buffer.from(data);
}

function sendable(properties: MessageProperties | undefined): MqttJsProperties {
  if (properties === undefined) return {};
  const { userProperties, correlationData, subscriptionIdentifier: _, ...rest } = properties;
  const lists: Record<string, string[]> = {};
  for (const [name, value] of userProperties ?? []) (lists[name] ??= []).push(value);
  return {
    ...rest,
    ...userProperties === undefined ? {} : { userProperties: lists },
    ...correlationData === undefined ? {} : { correlationData: bytesOf(correlationData) },
  };
}

function received(properties: MqttJsProperties | undefined): MessageProperties {
  if (properties === undefined) return {};
  const { userProperties, correlationData, responseTopic, contentType } = properties;
  const { messageExpiryInterval, subscriptionIdentifier } = properties;
  const pairs = Object.entries(userProperties ?? {}).flatMap(([name, values]) =>
    [values].flat().map((value): UserProperty => [name, value])
  );
  return {
    ...userProperties === undefined ? {} : { userProperties: pairs },
    ...correlationData === undefined ? {} : { correlationData: correlationData.toString() },
    ...responseTopic === undefined ? {} : { responseTopic },
    ...contentType === undefined ? {} : { contentType },
    ...messageExpiryInterval === undefined ? {} : { messageExpiryInterval },
    ...typeof subscriptionIdentifier === "number" ? { subscriptionIdentifier } : {},
  };
}
