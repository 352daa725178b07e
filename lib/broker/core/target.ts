import type { Qos } from "../../codec/mod.ts";
import type { Client } from "../state/connection.ts";

/** One client that gets a message, with its matching subscriptions merged. */
export interface Target {
  readonly client: Client;
  /** The highest granted QoS of its matching subscriptions. [MQTT-3.3.4-2] */
  readonly qos: Qos;
  readonly retainAsPublished: boolean;
  /** The Subscription Identifiers of all matching subscriptions that have one. [MQTT-3.3.4-3] */
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  readonly share: string | undefined;
}
