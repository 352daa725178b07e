import { addressText, type Broker, type ListenerOptions, type LogPort } from "../broker/mod.ts";
import type { ByteStream, Peer, TlsLayer } from "./byte_stream.ts";
import { type ProxyOptions, ProxyStream } from "./proxy_stream.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import { StreamLink } from "./stream_link.ts";
import { nowMs, type Turns } from "./turns.ts";
import { listenUnix, removeSocket } from "./unix_socket.ts";
import type { WebSocketOptions } from "./web_socket_handshake.ts";
import { WebSocketStream } from "./web_socket_stream.ts";

/** Milliseconds to wait when no connection can be accepted: file descriptors come back as others leave. */
export const ACCEPT_RETRY_MS = 100;

/**
 * How long connections are taken in without a pause, milliseconds: a TLS stream is half a millisecond of work before its first byte,
 * and of a crowd that comes at once those who are in already should not notice more.
 */
const BUSY_MS = 5;

/** Streams that may be without their PROXY header at one time: a proxy sends it at once. */
export const MAX_UNKNOWN = 1000;

/** Where a listener listens. Port 0: one that is free; host name `""`: every address of the machine. */
export type ListenAddress =
  | { readonly hostname: string; readonly port: number }
  | { readonly path: string };

/** What lies between the socket and MQTT; all of it may be absent. The order is that of the bytes. */
export interface ListenerLayers {
  /** Streams begin with a PROXY header. */
  readonly proxy: ProxyOptions | undefined;
  /** Streams are encrypted. */
  readonly tls: TlsLayer | undefined;
  /** MQTT travels in the frames of a WebSocket. */
  readonly webSocket: WebSocketOptions | undefined;
}

/** What a listener needs. */
export interface ListenerInit extends ListenerLayers {
  /** Where it listens. */
  readonly address: ListenAddress;
  /** For its clients. */
  readonly options: ListenerOptions;
  /** Whether small packets leave at once. */
  readonly setTcpNodelay: boolean;
  /** Gets the connections. */
  readonly broker: Broker;
  /** Those of the broker. */
  readonly turns: Turns;
  /** Shared by all listeners of the broker. */
  readonly buffers: ReadBuffers;
  /** Told when no connection can be accepted, and of those that are sent away before MQTT begins. */
  readonly log: LogPort;
}

/** What a server knows of a listener, whatever transport it is of. */
export interface OpenListener {
  /** The one that it listens on, also where 0 was asked for; 0: a Unix socket. */
  readonly port: number;
  /** Connections that are open, those that are being closed included. */
  readonly size: number;
  /** Accepts no more; what is open stays. */
  stopAccepting(): void;
  /** Closes everything at once. */
  close(): void;
  /** Reads the files of certificates again, where there are any. */
  reloadCertificates(): void;
}

/** Accepts connections for the broker, and puts the layers over them that the listener has. */
export class Listener implements OpenListener {
  readonly #listener: Deno.TcpListener | Deno.UnixListener;
  readonly #init: ListenerInit;
  readonly #links = new Set<StreamLink>();
  /** Streams of which the PROXY header is not complete: the broker hears of them when it is known whose they are. */
  readonly #unknown = new Set<ByteStream>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** Listens at once; throws what `Deno.listen` throws (`AddrInUse`, `PermissionDenied`, …). */
  constructor(init: ListenerInit) {
    this.#init = init;
    const { address } = init;
    this.#listener = "path" in address
      ? listenUnix(address.path)
      : listenTcp(address.hostname, address.port);
    this.#accept();
  }

  /** The one that it listens on, also where 0 was asked for; 0: a Unix socket. */
  get port(): number {
    const { addr } = this.#listener;
    return addr.transport === "tcp" ? addr.port : 0;
  }

  /** Connections that are open, those that are being closed included. */
  get size(): number {
    return this.#links.size + this.#unknown.size;
  }

  /** Accepts no more; what is open stays. */
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

  /** Reads the files of certificates again, where there are any. */
  reloadCertificates(): void {
    this.#init.tls?.reload();
  }

  async #accept(): Promise<void> {
    let isWaiting = false;
    let busyMs = 0;
    while (!this.#isClosed) {
      try {
        const stream = await this.#listener.accept();
        isWaiting = false;
        const startMs = nowMs();
        this.#open(stream);
        busyMs += nowMs() - startMs;
        if (busyMs < BUSY_MS) continue;
        busyMs = 0;
        await this.#pause(0);
      } catch (error) {
        if (this.#isClosed) return;
        // Nobody is to wait for those who come and leave at once: they would shut the door for all others.
        if (hasLeft(error)) continue;
        // Out of file descriptors: said once, tried again.
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

  /** Never over where nothing is accepted any more. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#timer = setTimeout(resolve, ms));
  }

  #open(socket: Deno.TcpConn | Deno.UnixConn): void {
    const { setTcpNodelay, proxy } = this.#init;
    try {
      if (setTcpNodelay && "setNoDelay" in socket) socket.setNoDelay(true);
    } catch {
      return socket.close(); // It has left already.
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

  /** The stream becomes a connection of the broker. */
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

  /** One line for each connection that MQTT never hears of. */
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

/** "::" takes IPv4 as well, where the machine has IPv6 at all. */
function listenTcp(hostname: string, port: number): Deno.TcpListener {
  if (hostname !== "") return Deno.listen({ hostname, port });
  try {
    return Deno.listen({ hostname: "::", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.PermissionDenied) {
      throw error;
    }
    return Deno.listen({ hostname: "0.0.0.0", port });
  }
}
