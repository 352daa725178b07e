import type { Connect, SubscriptionRequest } from "../../codec/mod.ts";
import { isSharedFilter } from "../../topic/mod.ts";
import { bridgeStateOf, isBridgeState } from "../ground/message_rules.ts";
import type { Connection } from "../state/connection.ts";

/**
 * What mosquitto's bridges rely on.
 *
 * | behaviour of a bridge                                    | before 5.0                          | 5.0                                       |
 * |----------------------------------------------------------|-------------------------------------|-------------------------------------------|
 * | says that it is a bridge                                 | Protocol Level 0x83, 0x84           | only by its will, which is its state      |
 * | wants No Local and Retain As Published                   | cannot ask for them: gets them      | asks for them                             |
 * | publishes its state below `$SYS/`                        | any state topic                     | the one of its Client Identifier          |
 * | loses track of more than 20 messages in flight           | cannot say so: gets 20              | says so by Receive Maximum                |
 * | with `cleansession false` expects the session to stay    | it stays                            | stays without Session Expiry Interval     |
 * | sends its whole backlog at once after a reconnect        | allowed                             | allowed, whatever our Receive Maximum is  |
 *
 * The last three were observed with mosquitto 2.0.11. In 5.0 it requests everything itself except in the last two cases: by the letter of
 * the standard, its session would end with its connection, and its backlog would end its connection again and again.
 */

/** The default of `max_inflight_messages` in mosquitto. */
const IN_FLIGHT = 20;
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
  const noLocal = !isSharedFilter(request.topicFilter);
  return { ...request, noLocal, retainAsPublished: true };
}

/** Whether the topic is the one where this bridge publishes its connection state. */
export function isStateOf(connection: Connection, topicName: string): boolean {
  const { asked: { isBridge }, protocolVersion, client } = connection;
  if (!isBridge || !isBridgeState(topicName)) return false;
  return protocolVersion < 5 || topicName === bridgeStateOf(client!.session.clientId);
}

/**
 * How many messages may be in flight to the client. Before 5.0 a client cannot state a limit. mosquitto allows each of them 20, and its
 * bridge of 2.0 loses messages of QoS 2 above that. Here only those that say that they are bridges get 20, because a limit of 20 for
 * all clients costs most of the throughput: with `max_inflight_messages 20` instead of 500, clients of 3.1.1 reached 0.10 to 0.26
 * of the rate of pair-q1, 0.20 to 0.45 of fanout-q1 and 0.37 to 0.40 of pair-q2 (`flux-mqtt bench --rows pair-q1,fanout-q1,pair-q2`,
 * three rounds each, both brokers side by side on 2 busy cores, 2026-11-27). Whoever needs the limit sets `max_inflight_messages`.
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
