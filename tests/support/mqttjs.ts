import type { Buffer } from "node:buffer";
import type { Qos } from "../../lib/codec/mod.ts";
import type { Found } from "./clients.ts";
import { findNpm } from "./npm.ts";

/** The part of mqtt.js 5.16 that the tests use; its own types are missing without a registry. */
export interface MqttJs {
  connect(options: MqttJsOptions): MqttJsConnection;
}

/** Its connection options; further ones depend on the transport: `protocol`, `path`, `ca` and so on. */
export interface MqttJsOptions {
  readonly [name: string]: unknown;
}

/** Its names of the properties of a PUBLISH. */
export interface MqttJsProperties {
  topicAlias?: number;
  userProperties?: Record<string, string | readonly string[]>;
  correlationData?: Buffer;
  responseTopic?: string;
  contentType?: string;
  messageExpiryInterval?: number;
  subscriptionIdentifier?: number | readonly number[];
}

/** A packet that it has read. */
export interface MqttJsPacket {
  readonly qos: Qos;
  readonly retain: boolean;
  readonly sessionPresent: boolean;
  readonly reasonCode?: number;
  readonly properties?: MqttJsProperties;
}

/** A connection. */
export interface MqttJsConnection {
  readonly stream: { destroy(): void };
  on(
    event: "message",
    heard: (topic: string, payload: Buffer, packet: MqttJsPacket) => void,
  ): void;
  on(event: "disconnect", heard: (packet: MqttJsPacket) => void): void;
  on(event: "error" | "close", heard: (error?: Error) => void): void;
  once(event: "connect", heard: (packet: MqttJsPacket) => void): void;
  once(event: "error", heard: (error: Error) => void): void;
  subscribeAsync(
    topicFilter: string,
    options: object,
  ): Promise<readonly { readonly qos: number }[]>;
  unsubscribeAsync(topicFilter: string): Promise<unknown>;
  publishAsync(topic: string, payload: Buffer, options: object): Promise<unknown>;
  endAsync(force?: boolean): Promise<void>;
}

/** mqtt.js, from Deno's cache or the npm registry. */
export async function findMqttJs(): Promise<Found<MqttJs>> {
  const found = await findNpm<{ readonly default: MqttJs }>("npm:mqtt@5.16.0");
  return "client" in found ? { client: found.client.default } : found;
}
