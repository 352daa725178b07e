/**
 * The network: where bytes come from and go to.
 *
 * `TcpListener` accepts, `StreamLink` carries one connection's bytes between a stream and the broker, `Turns` gives the rhythm: all reads
 * that are ready in one round of the event loop are one turn, and its end is one commit and one write for each connection.
 * `ReadBuffers` lends small buffers to quiet connections and large ones to busy ones.
 *
 * Rules: one read and one write under way per stream, because two writes at once can mix their bytes; a write may be partial,
 * so it is repeated; a read buffer may be used again as soon as the broker has handled it. A stream that fails, stalls or is
 * closed ends its own connection and nothing else. May import `broker` and `codec`.
 *
 * @module
 */
export { TurnHub } from "./hub.ts";
export { ReadBuffers } from "./read_buffers.ts";
export { type ListenInit, Server, type ServerInit } from "./server.ts";
export { type ByteStream, StreamLink } from "./stream_link.ts";
export { TcpListener, type TcpListenerInit } from "./tcp_listener.ts";
export { nowMs, Turns } from "./turns.ts";
