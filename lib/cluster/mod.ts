/**
 * One broker over several machines, on NATS JetStream.
 *
 * `nats/` is a small client of NATS. This room is loaded only where a cluster is configured. May import the ports and data types of
 * `broker`, `codec` and `topic`.
 *
 * @module
 */
export * from "./nats/mod.ts";
