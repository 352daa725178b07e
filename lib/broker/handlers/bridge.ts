import type { SubscriptionRequest } from "../../codec/mod.ts";
import { bridgeStateOf, isBridgeState } from "../ground/message_rules.ts";
import type { Connection } from "../state/connection.ts";

/**
 * What bridges of mosquitto count on. Before 5.0 their Protocol Level says that they are some (0x83, 0x84): they cannot ask for
 * No Local and Retain As Published, and would get back all that they bring. In 5.0 they ask for these themselves, and nothing marks them
 * but their will, which is about the state of the bridge with their Client Identifier.
 */

/** `max_inflight_messages` of mosquitto, where nobody changes it. */
const IN_FLIGHT = 20;
const SHARED = "$share/";

/** A subscription as it is meant. With No Local a shared one would be a Protocol Error. */
export function requestOf(
  { isBridge }: Connection,
  request: SubscriptionRequest,
): SubscriptionRequest {
  if (!isBridge) return request;
  const noLocal = !request.topicFilter.startsWith(SHARED);
  return { ...request, noLocal, retainAsPublished: true };
}

/** Whether the topic is where this bridge says if it is connected. */
export function isStateOf(connection: Connection, topicName: string): boolean {
  if (!isBridgeState(topicName)) return false;
  if (connection.isBridge) return true;
  const { protocolVersion, client } = connection;
  return protocolVersion === 5 && topicName === bridgeStateOf(client!.session.clientId);
}

/**
 * How many messages it may have in flight at once: its Receive Maximum. Before 5.0 a client cannot name one. A bridge of mosquitto that is
 * sent more QoS 2 messages than its own broker has in flight queues what comes in, and has been seen to lose track of it; other clients
 * of 3.1 and 3.1.1 take what they are sent, and a window of 20 would cost them throughput.
 */
export function receiveMaximumOf({ isBridge }: Connection, receiveMaximum = 65_535): number {
  return isBridge ? Math.min(receiveMaximum, IN_FLIGHT) : receiveMaximum;
}
