import type { Peer } from "../byte_stream.ts";
import { MAX_PROXY_HEADER_BYTES, readProxyHeader } from "../proxy_header.ts";
import { learnClient, type ProxyOptions } from "../proxy_stream.ts";
import { EPOLLGONE, EPOLLIN, type Sink } from "./epoll_set.ts";
import type { EventLoop } from "./event_loop.ts";

/** A socket opened by a proxy, and the expected header. */
export interface ProxiedSocketInit {
  /** The socket's descriptor. */
  readonly fd: number;
  /** The proxy's facts at first; replaced by its client's when the header is read. */
  readonly peer: Peer;
  /** The requirements for the header. */
  readonly options: ProxyOptions;
  /** The loop that reads it. */
  readonly loop: EventLoop;
}

/** Is told the result once. */
export interface ProxiedSocketOwner {
  /** The header is complete, and `rest` came after it. The owner takes over the descriptor. */
  onProxied(socket: ProxiedSocket, fd: number, peer: Peer, rest: Uint8Array): void;
  /** The socket is closed. `reason` is given if it is worth a log line. */
  onRefused(socket: ProxiedSocket, peer: Peer, reason: string | undefined): void;
}

/** A socket whose PROXY header is not complete yet, so that its client is unknown. */
export class ProxiedSocket implements Sink {
  readonly #init: ProxiedSocketInit;
  readonly #owner: ProxiedSocketOwner;
  readonly #timer: ReturnType<typeof setTimeout>;
  /** The bytes received so far. */
  #bytes = new Uint8Array(0);

  /** `owner` is told the result. */
  constructor(init: ProxiedSocketInit, owner: ProxiedSocketOwner) {
    this.#init = init;
    this.#owner = owner;
    const { loop, fd } = init;
    const { connectTimeoutSeconds } = loop.broker.options;
    this.#timer = setTimeout(() => this.close(), connectTimeoutSeconds * 1000);
    loop.add(fd, this, EPOLLIN);
  }

  /** Closes the socket. `reason` is given if it is worth a log line. */
  close(reason?: string): void {
    clearTimeout(this.#timer);
    this.#init.loop.close(this.#init.fd);
    this.#owner.onRefused(this, this.#init.peer, reason);
  }

  /** {@linkcode Sink.onEvents} */
  onEvents(events: number): void {
    const { loop, fd } = this.#init;
    const before = this.#bytes;
    const room = new Uint8Array(MAX_PROXY_HEADER_BYTES);
    room.set(before);
    const count = loop.descriptors.receive(fd, room.subarray(before.length));
    if (count < 0 && (events & EPOLLGONE) === 0) return;
    // The proxy only checks whether the port is open.
    if (count <= 0 && before.length === 0) return this.close();
    if (count <= 0) return this.close("The proxy left before its header was complete");
    this.#bytes = room.slice(0, before.length + count);
    try {
      this.#read(this.#bytes);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      this.close(error.message);
    }
  }

  #read(bytes: Uint8Array): void {
    const { peer, options, fd } = this.#init;
    const header = readProxyHeader(options.version, bytes);
    if (header === undefined) {
      if (bytes.length < MAX_PROXY_HEADER_BYTES) return;
      throw new TypeError("The PROXY header is too long");
    }
    learnClient(header.client, options, peer);
    clearTimeout(this.#timer);
    this.#owner.onProxied(this, fd, peer, bytes.subarray(header.lengthBytes));
  }
}
