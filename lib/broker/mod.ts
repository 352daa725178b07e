/**
 * The deterministic core: packets in, packets out, and the state between them.
 *
 * `Broker` is driven from outside: `accept` a connection, `receive` its bytes, `tick` the time, and `endTurn` after each batch
 * of these. Handlers are plain synchronous functions from a packet to state and an outbox; what they want of the world (time,
 * random ids, storage, access control, logs) comes through `BrokerPorts`. So the same calls give the same bytes, in production and
 * under a simulated clock.
 *
 * Two rules hold the rest together. An acknowledgement that promises something leaves through the outbox only after the commit
 * of what it promises: `Connection.send(…, waitsForCommit)` is that one place. And a fault of the peer is an `MqttError`, caught in
 * `receive` and nowhere else: that client is told and closed; anything else that is thrown is a fault of ours.
 *
 * The path of a message: `receive` → `publish` → `router` → `deliver` → `Connection.sendPublish` → `endTurn`.
 * May import `session`, `topic` and `codec`.
 *
 * @module
 */
export { Broker } from "./broker.ts";
export type { BrokerLevels } from "./core/levels.ts";
export { Congestion } from "./core/congestion.ts";
export { addressKey } from "./ground/address.ts";
export type { BufferPool, ByteBuffer } from "./ground/byte_buffer.ts";
export type { CloseReason } from "./ground/close_reason.ts";
export { Deadline, Deadlines } from "./ground/deadlines.ts";
export type { MessageHub, MessageInit } from "./ground/message_hub.ts";
export * from "./ground/metrics.ts";
export * from "./ground/options.ts";
export * from "./ground/ports.ts";
export * from "./inspect.ts";
export type { Client, Connection } from "./state/connection.ts";
export type { ConnectionState } from "./state/connection_state.ts";
export type { Outbox } from "./state/outbox.ts";
export type {
  Delivery,
  InFlight,
  KeptMessage,
  Message,
  RetainedMessage,
  Subscription,
} from "../session/mod.ts";
