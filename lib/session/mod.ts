/**
 * One client's state, which MQTT calls the Session State, as small state machines without side effects.
 *
 * - `Sender`: outgoing QoS 1 and 2, Packet Identifiers, the send quota, what to redeliver after a reconnect.
 * - `Receiver`: incoming QoS 2, so that a repeated PUBLISH is routed once.
 * - `DeliveryQueue`: deliveries that wait for the client or for room in flight. `SessionQueue`: the same, with only the beginning in
 *   memory.
 * - `IncomingAliases`, `OutgoingAliases`: Topic Aliases, which live as long as a connection.
 * - `Session`: the above and the subscriptions under one Client Identifier.
 *
 * Nothing here knows a connection, a clock, where a limit comes from, or another session; the broker does. The tables in the files define
 * the machines: every event in every state, illegal ones included. May import `codec` and `topic`.
 *
 * @example An outgoing QoS 1 message
 * ```ts
 * import { Sender } from "./mod.ts";
 *
 * const sender = new Sender();
 * sender.resume(20, 0); // a connection begins: 20 messages at once
 * const message = {
 *   topicName: "a", payload: new Uint8Array(), qos: 1, retain: false,
 *   properties: undefined, expiresAtMs: Infinity, publisherId: "", storeId: 0,
 * } as const;
 * const { packetId } = sender.start({
 *   message, qos: 1, retain: false, subscriptionIdentifiers: undefined, share: undefined, sequence: 0,
 * });
 * sender.puback(packetId); // done: the Packet Identifier is free again
 * ```
 *
 * @module
 */
export * from "./delivery_queue.ts";
export * from "./flight_book.ts";
export type { InFlight, PayloadPlace } from "./in_flight.ts";
export * from "./message.ts";
export * from "./receiver.ts";
export * from "./sender.ts";
export * from "./session.ts";
export * from "./session_queue.ts";
export * from "./subscription.ts";
export * from "./topic_aliases.ts";
