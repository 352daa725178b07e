/**
 * The deterministic core: packets in, packets out, and the state between them.
 *
 * `Broker` is driven from outside: `accept` a connection, `receive` its bytes, `tick` the time, and `endTurn` after each batch of these.
 * Handlers are plain synchronous functions from a packet to state and an outbox; everything from outside (time, random ids, storage, access
 * control, logs) comes through `BrokerPorts`. So the same calls produce the same bytes, in production and under a simulated clock.
 *
 * The room has floors. A file may import files on its own floor and below, never above:
 *
 * | floor       | contents                                                                                                 |
 * |-------------|----------------------------------------------------------------------------------------------------------|
 * | `ground/`   | options, ports, clock, counters, buffers, the table of promises; nothing about connections               |
 * | `state/`    | a connection, its outbox, the reasons why it is stopped, and its client                                  |
 * | `core/`     | shared state: routes, retained messages, rates, pending commits, the lists of a turn                     |
 * | `services/` | actions on it: route, deliver, queue, send, drop, restore, publish wills, end sessions and turns         |
 * | `handlers/` | one file for each received packet, called by `receive.ts`; each takes `(core, connection, packet)`       |
 * | `broker.ts` | the interface: calls the floors below, and decides nothing; `from_cluster.ts` is that of the cluster       |
 *
 * Five rules hold everywhere. Each is implemented in one place:
 *
 * - An acknowledgement that promises something is sent only after the commit of what it promises. `ground/promises.ts` has the table of
 *   what waits, and `state/outbox.ts` carries it out.
 * - A connection is stopped for a reason, which only its owner ends: `state/stops.ts`. The state of a connection is a machine:
 *   `state/connection_state.ts`.
 * - An error costs one delivery or one connection; `services/faults.ts` has the table. So state changes only after all steps that can fail,
 *   or the change is undone.
 * - A message that is not delivered is counted and logged: `services/drop.ts` has the table of all cases.
 * - Long work is split into parts, so that no client waits for another one's work: `core/work.ts`.
 *
 * Values computed from peers' values (sums, prefixes, countdowns) are checked where they are computed, because packets have limits: filters
 * with a mount point in `handlers/filters.ts`, Topic Names with one by the router and `handlers/connect.ts`, Response Information in
 * `handlers/connack.ts`, the remaining expiry in `ground/outgoing.ts`, times and limits of a CONNECT in `handlers/admit.ts`. A packet that
 * is still too large is an `EncodeError`, which costs its delivery: `services/send.ts`.
 *
 * The path of a message: `receive` -> `publish` -> `router` -> `deliver` -> `Outbox.sendPublish` -> `endTurn`. The simplest and most
 * frequent messages take a shorter path, `handlers/relay.ts`. The path of a connecting client: `receive` -> `connect` -> access control ->
 * `admit` -> `endTurn`. May import `session`, `topic` and `codec`.
 *
 * @module
 */
export { Broker } from "./broker.ts";
export { FromCluster } from "./from_cluster.ts";
export type { BrokerLevels } from "./core/levels.ts";
export { Congestion } from "./core/congestion.ts";
export { addressKey, addressText } from "./ground/address.ts";
export type { BufferPool, ByteBuffer } from "./ground/byte_buffer.ts";
export type { CloseReason } from "./ground/close_reason.ts";
export type { Observer } from "./core/observers.ts";
export type { Outgoing } from "./ground/outgoing.ts";
export { Distribution, type Histogram } from "./ground/distribution.ts";
export { Deadline, Deadlines, type Due } from "./ground/deadlines.ts";
export { errorText } from "./ground/error_text.ts";
export type * from "./ground/events.ts";
export * from "./ground/hooks.ts";
export type { MessageHub, MessageInit } from "./ground/message_hub.ts";
export { staysOnNode } from "./ground/message_rules.ts";
export * from "./ground/metrics.ts";
export * from "./ground/options.ts";
export { ownerOf, ownerWithHome, splitOwner } from "./ground/owner.ts";
export * from "./ground/ports.ts";
export type * from "./ground/shared_group.ts";
export type * from "./ground/shared_session.ts";
export * from "./inspect.ts";
export type { Client, Connection, DelayedWill } from "./state/connection.ts";
export type { ConnectionState } from "./state/connection_state.ts";
export type { SharedMessage } from "./services/apply_shared.ts";
export type { Outbox } from "./state/outbox.ts";
export type {
  Delivery,
  InFlight,
  KeptMessage,
  Message,
  PlainPacket,
  Publisher,
  QueueCounts,
  RetainedMessage,
  SentDelivery,
  StoredRetained,
  Subscription,
} from "../session/mod.ts";
