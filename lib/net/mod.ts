/**
 * The network: where bytes come from and go to.
 *
 * `Listener` accepts on TCP and Unix sockets and puts its layers over each stream: `ProxyStream`, `TlsStream`, `WebSocketStream`, each a
 * `ByteStream` over a `ByteStream`, so that they combine as they like. `StreamLink` carries one connection's bytes between the uppermost
 * and the broker. `Turns` gives the rhythm: all reads that are ready in one round of the event loop are one turn, and its end is
 * one commit and one write for each connection. `ReadBuffers` lends small buffers to quiet connections and large ones to busy ones;
 * `Unfinished` knows what of them is held by packets that are not complete, and by those whom nobody knows yet.
 *
 * TLS and WebSockets do their handshakes in the first `read`. So a connection counts from the moment it is accepted: the limits on
 * connections and the time until CONNECT hold for who is silent in a handshake, and closing the socket below frees everything
 * above. Only a PROXY header is read before, because all limits by address go by what it says. Frames of WebSockets are taken apart here and not by a server of Deno's or Node's,
 * because theirs cannot be told to stop reading, and a socket that is blocked cannot be closed; it is 250 lines, and no package.
 *
 * `loadTransport` finds another way for plain connections, behind the same door: `epoll/` calls libc itself. There `EpollListener` and
 * `EpollLink` take the places of `Listener` and `StreamLink` (`AccountedLink` is what the two links share), `EventLoop` makes a turn of each round of its own, and `Descriptors` is the
 * one place that hands memory to libc. Nothing of it is loaded where Deno's sockets serve.
 *
 * Rules: one read and one write under way per stream, because two writes at once can mix their bytes; a write may be partial,
 * so it is repeated; a read buffer may be used again as soon as the broker has handled it. A stream that fails, stalls or is
 * closed ends its own connection and nothing else. May import `broker` and `codec`.
 *
 * @module
 */
export { hostname } from "./hostname.ts";
export { AccountedLink, type HeldBytes } from "./accounted_link.ts";
export { type ByteStream, type Peer, type TlsLayer } from "./byte_stream.ts";
export { DuplexStream, type StreamPair } from "./duplex_stream.ts";
export { TurnHub } from "./hub.ts";
export { ReadBuffers } from "./read_buffers.ts";
export {
  type ListenAddress,
  Listener,
  type ListenerInit,
  type ListenerLayers,
  type OpenListener,
} from "./listener.ts";
export { loadTls, SILENT } from "./load_tls.ts";
export { type FoundTransport, loadTransport, type TransportChoice } from "./load_transport.ts";
export { isLoopback, LOOPBACK_ADDRESS } from "./loopback.ts";
export type { ProxyOptions } from "./proxy_stream.ts";
export { type ListenInit, Server, type ServerInit } from "./server.ts";
export { ServedWebSocket, type ServedWebSocketInit } from "./served_web_socket.ts";
export { StreamLink } from "./stream_link.ts";
export type { TlsInit } from "./tls_init.ts";
export type { Transport } from "./transport.ts";
export type { TransportInit } from "./transport_init.ts";
export { nowMs, Turns, type Waiting } from "./turns.ts";
export type { WebSocketOptions } from "./web_socket_handshake.ts";
export {
  DEFAULT_UNFINISHED_LIMITS,
  type Holder,
  Unfinished,
  UnfinishedAccount,
  type UnfinishedLimits,
} from "./unfinished.ts";
