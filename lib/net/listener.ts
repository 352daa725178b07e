import { addressText, type Broker, type ListenerOptions, type LogPort } from "../broker/mod.ts";
import type { ByteStream, Peer, TlsLayer } from "./byte_stream.ts";
import { type ProxyOptions, ProxyStream } from "./proxy_stream.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import { StreamLink } from "./stream_link.ts";
import { nowMs, type Turns } from "./turns.ts";
import { listenUnix, removeSocket } from "./unix_socket.ts";
import type { WebSocketOptions } from "./web_socket_handshake.ts";
import { WebSocketStream } from "./web_socket_stream.ts";

/** Milliseconds to wait when no connection can be accepted: file descriptors become free as clients leave. */
export const ACCEPT_RETRY_MS = 100;

/**
 * How many connections may wait to be accepted, where the system allows so many (Linux: `net.core.somaxconn`). Without a place there the
 * system drops a client's first packet, and the client tries again after a second, or after three.
 */
export const BACKLOG = 4096;

/**
 * How long connections are accepted without a pause, milliseconds. A TLS stream costs half a millisecond before its first byte, and when
 * many clients come at once, the connected ones should not notice more than this.
 */
const BUSY_MS = 5;
/** The same for connections that cost little: Deno needs up to a tenth of a millisecond for each, which is not seen here. */
const BUSY_COUNT = 32;

/** Streams whose PROXY header may be missing at one time; a proxy sends it at once. */
export const MAX_UNKNOWN = 1000;

/** Where a listener listens. Port 0 means any free port, host name `""` every address of the machine. */
export type ListenAddress =
  | { readonly hostname: string; readonly port: number }
  | { readonly path: string };

/** The optional layers between the socket and MQTT, in the order of the bytes. */
export interface ListenerLayers {
  /** Streams begin with a PROXY header. */
  readonly proxy: ProxyOptions | undefined;
  /** Streams are encrypted. */
  readonly tls: TlsLayer | undefined;
  /** MQTT is carried in WebSocket frames. */
  readonly webSocket: WebSocketOptions | undefined;
}

/** What a listener needs. */
export interface ListenerInit extends ListenerLayers {
  /** Where it listens. */
  readonly address: ListenAddress;
  /** The options of its clients. */
  readonly options: ListenerOptions;
  /** Whether small packets are sent at once. */
  readonly setTcpNodelay: boolean;
  /** Gets the connections. */
  readonly broker: Broker;
  /** The broker's turns. */
  readonly turns: Turns;
  /** Shared by all listeners of the broker. */
  readonly buffers: ReadBuffers;
  /** Logs when no connection can be accepted, and connections refused before MQTT begins. */
  readonly log: LogPort;
}

/** A listener of any transport, as a server uses it. */
export interface OpenListener {
  /** The port it listens on, even if 0 was requested; 0 for a Unix socket. */
  readonly port: number;
  /** Open connections, including those being closed. */
  readonly size: number;
  /** Accepts no more connections; open ones stay. */
  stopAccepting(): void;
  /** Closes everything at once. */
  close(): void;
  /** Reads the certificate files again, if there are any. */
  reloadCertificates(): void;
}

/** Accepts connections for the broker, and adds the layers that the listener has. */
export class Listener implements OpenListener {
  readonly #listener: Deno.TcpListener | Deno.UnixListener;
  readonly #init: ListenerInit;
  readonly #links = new Set<StreamLink>();
  /** Streams whose PROXY header is not complete. The broker is told of them when their client is known. */
  readonly #unknown = new Set<ByteStream>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** Listens at once; throws what `Deno.listen` throws (`AddrInUse`, `PermissionDenied`, ...). */
  constructor(init: ListenerInit) {
    this.#init = init;
    const { address } = init;
    this.#listener = "path" in address
      ? listenUnix(address.path)
      : listenTcp(address.hostname, address.port);
    this.#accept();
  }

  /** The port it listens on, even if 0 was requested; 0 for a Unix socket. */
  get port(): number {
    const { addr } = this.#listener;
    return addr.transport === "tcp" ? addr.port : 0;
  }

  /** Open connections, including those being closed. */
  get size(): number {
    return this.#links.size + this.#unknown.size;
  }

  /** Accepts no more connections; open ones stay. */
  stopAccepting(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.close();
    clearTimeout(this.#timer);
    const { address } = this.#init;
    if ("path" in address) removeSocket(address.path);
  }

  /** Closes everything at once. */
  close(): void {
    this.stopAccepting();
    for (const link of [...this.#links]) link.abort();
    for (const stream of [...this.#unknown]) this.#forget(stream);
    this.#init.tls?.close();
  }

  /** Reads the certificate files again, if there are any. */
  reloadCertificates(): void {
    this.#init.tls?.reload();
  }

  async #accept(): Promise<void> {
    let isWaiting = false;
    let busyMs = 0;
    let count = 0;
    while (!this.#isClosed) {
      try {
        const stream = await this.#listener.accept();
        isWaiting = false;
        const startMs = nowMs();
        this.#open(stream);
        busyMs += nowMs() - startMs;
        if (busyMs < BUSY_MS && ++count < BUSY_COUNT) continue;
        busyMs = count = 0;
        await this.#untilOthersHad();
      } catch (error) {
        if (this.#isClosed) return;
        // Connections that are gone already must not cause a pause: repeated ones would keep all others out.
        if (hasLeft(error)) continue;
        // Without free file descriptors: log it once, and try again.
        if (!isWaiting) {
          this.#init.log.error("Cannot accept connections for now", {
            listener: this.#init.options.name,
            error: error instanceof Error ? error.message : String(error),
          });
        }
        isWaiting = true;
        await this.#pause(ACCEPT_RETRY_MS);
      }
    }
  }

  /** Lets the event loop turn, or waits for the pause of all that are busy. Never resolves after the listener has stopped. */
  #untilOthersHad(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#init.turns.mayGoOn({ resume: resolve }, true)) this.#timer = setTimeout(resolve, 0);
    });
  }

  /** Never resolves after the listener has stopped. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#timer = setTimeout(resolve, ms));
  }

  #open(socket: Deno.TcpConn | Deno.UnixConn): void {
    const { setTcpNodelay, proxy } = this.#init;
    try {
      if (setTcpNodelay && "setNoDelay" in socket) socket.setNoDelay(true);
    } catch {
      return socket.close(); // The client is gone already.
    }
    const peer: Peer = { remoteAddress: this.#remoteAddress(socket) };
    if (proxy === undefined) this.#admit(socket, peer);
    else this.#openProxied(socket, peer, proxy);
  }

  async #openProxied(socket: ByteStream, peer: Peer, options: ProxyOptions): Promise<void> {
    if (this.#unknown.size >= MAX_UNKNOWN) return socket.close();
    this.#unknown.add(socket);
    const { connectTimeoutSeconds } = this.#init.broker.options;
    const timer = setTimeout(() => this.#forget(socket), connectTimeoutSeconds * 1000);
    try {
      const stream = new ProxyStream(socket, options, peer);
      if (!await stream.readHeader()) this.#forget(socket);
      else if (this.#unknown.delete(socket)) this.#admit(stream, peer);
    } catch (error) {
      this.#sayRefused(peer)(error instanceof Error ? error.message : String(error));
      this.#forget(socket);
    } finally {
      clearTimeout(timer);
    }
  }

  #forget(stream: ByteStream): void {
    if (this.#unknown.delete(stream)) stream.close();
  }

  /** Makes the stream a connection of the broker. */
  #admit(below: ByteStream, peer: Peer): void {
    const { broker, turns, buffers, options } = this.#init;
    const stream = this.#layers(below, peer);
    const link = new StreamLink(stream, peer, broker, turns, buffers, this.#onEnd);
    const connection = broker.accept(link, options, turns.begin());
    if (connection === undefined) return link.abort();
    this.#links.add(link);
    link.start(connection);
  }

  readonly #onEnd = (link: StreamLink): void => void this.#links.delete(link);

  #layers(socket: ByteStream, peer: Peer): ByteStream {
    const { tls, webSocket, buffers } = this.#init;
    let stream = socket;
    if (tls !== undefined) {
      stream = tls.open(stream, peer, buffers, this.#sayRefused(peer, "TLS handshake: "));
    }
    if (webSocket !== undefined) {
      stream = new WebSocketStream(stream, webSocket, this.#sayRefused(peer, "WebSocket: "));
    }
    return stream;
  }

  /** Logs each connection that is refused before MQTT begins. */
  #sayRefused(peer: Peer, layer = ""): (reason: string) => void {
    return (reason) =>
      this.#init.log.info("Connection refused", {
        address: peer.remoteAddress,
        listener: this.#init.options.name,
        reason: layer + reason,
      });
  }

  #remoteAddress({ remoteAddr }: Deno.TcpConn | Deno.UnixConn): string {
    if (remoteAddr.transport === "tcp") {
      return addressText(remoteAddr.hostname, remoteAddr.port);
    }
    // Clients of a Unix socket have no address of their own.
    const { address } = this.#init;
    return `unix:${"path" in address ? address.path : ""}`;
  }
}

/** A client that was gone before it was accepted. */
function hasLeft(error: unknown): boolean {
  const { NotConnected, ConnectionAborted, ConnectionReset } = Deno.errors;
  return [NotConnected, ConnectionAborted, ConnectionReset].some((kind) => error instanceof kind);
}

/** "::" accepts IPv4 as well, if the machine has IPv6 at all. */
function listenTcp(hostname: string, port: number): Deno.TcpListener {
  if (hostname !== "") return Deno.listen({ hostname, port, tcpBacklog: BACKLOG });
  try {
    return Deno.listen({ hostname: "::", port, tcpBacklog: BACKLOG });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.PermissionDenied) {
      throw error;
    }
    return Deno.listen({ hostname: "0.0.0.0", port, tcpBacklog: BACKLOG });
  }
}
