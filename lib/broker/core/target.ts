import type { Qos } from "../../codec/mod.ts";
import type { Client } from "../state/connection.ts";

/** One client that gets a message: all its matching subscriptions in one. */
export interface Target {
  readonly client: Client;
  /** The highest granted of its matching subscriptions. [MQTT-3.3.4-2] */
  readonly qos: Qos;
  readonly retainAsPublished: boolean;
  /** Of all matching subscriptions that have one. [MQTT-3.3.4-3] */
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  readonly share: string | undefined;
}
