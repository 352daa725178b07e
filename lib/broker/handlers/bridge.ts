import type { Connect, SubscriptionRequest } from "../../codec/mod.ts";
import { bridgeStateOf, isBridgeState } from "../ground/message_rules.ts";
import type { Connection } from "../state/connection.ts";

/**
 * What bridges of mosquitto count on.
 *
 * | what they do                                             | before 5.0                          | 5.0                                       |
 * |----------------------------------------------------------|-------------------------------------|-------------------------------------------|
 * | say that they are bridges                                | Protocol Level 0x83, 0x84           | only by their will, which is their state  |
 * | want No Local and Retain As Published                    | cannot ask: have them               | ask                                       |
 * | publish their state below `$SYS/`                        | any                                 | that of their Client Identifier           |
 * | have 20 messages in flight, and lose track beyond        | cannot say: have 20                 | say so by Receive Maximum                 |
 * | `cleansession false` means that the session stays        | it does                             | say no Session Expiry Interval: it stays  |
 * | after a reconnect send at once all that they have queued | may                                 | may, whatever our Receive Maximum is      |
 *
 * The last three were seen of mosquitto 2.0.11. In 5.0 it says what it wants but for the last two: taken by the letter, its session would end
 * with its connection, and its backlog would end its connection again and again.
 */

/** The default of `max_inflight_messages` in mosquitto. */
const IN_FLIGHT = 20;
const SHARED = "$share/";
const FOR_EVER = 0xffff_ffff;

/** Whether a client of 5.0 is a bridge: the topic of its will is that of a bridge's state. */
export function isBridgeBy5({ protocolVersion, will }: Connect, clientId: string): boolean {
  return protocolVersion === 5 && will !== undefined && will.topicName === bridgeStateOf(clientId);
}

/** The subscription that the bridge means. A shared one does not get No Local, which would be a Protocol Error. */
export function requestOf(
  { asked: { isBridge }, protocolVersion }: Connection,
  request: SubscriptionRequest,
): SubscriptionRequest {
  if (!isBridge || protocolVersion === 5) return request;
  const noLocal = !request.topicFilter.startsWith(SHARED);
  return { ...request, noLocal, retainAsPublished: true };
}

/** Whether the topic is the one where this bridge publishes its connection state. */
export function isStateOf(connection: Connection, topicName: string): boolean {
  const { asked: { isBridge }, protocolVersion, client } = connection;
  if (!isBridge || !isBridgeState(topicName)) return false;
  return protocolVersion < 5 || topicName === bridgeStateOf(client!.session.clientId);
}

/**
 * How many messages may be in flight to the client. Other clients before 5.0 accept what they are sent, and a window of 20 would
 * cost them throughput.
 */
export function receiveMaximumOf(
  { asked: { isBridge }, protocolVersion }: Connection,
  receiveMaximum = 65_535,
): number {
  return isBridge && protocolVersion < 5 ? IN_FLIGHT : receiveMaximum;
}

/** How long the session lasts without a connection. Before 5.0 that is for ever, or not at all. */
export function expirySecondsOf({ asked: { isBridge } }: Connection, connect: Connect): number {
  const { protocolVersion, properties, cleanStart } = connect;
  const isSaid = properties?.sessionExpiryInterval !== undefined;
  if (protocolVersion === 5 && (isSaid || !isBridge)) {
    return properties?.sessionExpiryInterval ?? 0;
  }
  return cleanStart ? 0 : FOR_EVER;
}
