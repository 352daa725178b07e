/**
 * The network: where bytes come from and go to.
 *
 * `Listener` accepts on TCP and Unix sockets and adds its layers to each stream: `ProxyStream`, `TlsStream`, `WebSocketStream`. Each is a
 * `ByteStream` over a `ByteStream`, so they combine freely. `StreamLink` carries one connection's bytes between the top layer and the
 * broker. `Turns` sets the rhythm: all reads that are ready in one round of the event loop are one turn, which ends with one commit and one
 * write for each connection. `ReadBuffers` lends small buffers to quiet connections and large ones to busy ones; `Unfinished` limits the
 * memory held by incomplete packets and by clients not yet admitted.
 *
 * TLS and WebSockets do their handshakes in the first `read`. So a connection counts from the moment it is accepted: the limit on
 * connections and the time until CONNECT apply to a client that is silent in a handshake, and closing the socket below frees everything
 * above. Only a PROXY header is read before that, because all limits by address depend on it. WebSocket frames are parsed here, and not by
 * Deno's or Node's server, because those cannot be told to stop reading, and cannot close a socket that is blocked; it takes 250 lines and
 * no package.
 *
 * `loadTransport` finds an alternative for plain connections behind the same interface: `epoll/` calls libc itself. There `EpollListener`
 * and `EpollLink` replace `Listener` and `StreamLink` (both links extend `AccountedLink`), `EventLoop` makes each of its rounds a turn, and
 * only `Descriptors` hands memory to libc. Nothing of it is loaded when Deno's sockets are used.
 *
 * Rules: each stream has at most one read and one write pending, because two writes at once can mix their bytes. A write may be partial and
 * is then continued. A read buffer is reused as soon as the broker has handled it. A stream that fails, stalls or is closed ends its own
 * connection and nothing else. May import `broker` and `codec`.
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
export type { EvictionLog } from "./eviction_log.ts";
export {
  DEFAULT_UNFINISHED_LIMITS,
  type Holder,
  Unfinished,
  UnfinishedAccount,
  type UnfinishedLimits,
} from "./unfinished.ts";
