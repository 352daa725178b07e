import type { Peer } from "../byte_stream.ts";
import { MAX_PROXY_HEADER_BYTES, readProxyHeader } from "../proxy_header.ts";
import { learnClient, type ProxyOptions } from "../proxy_stream.ts";
import { EPOLLGONE, EPOLLIN, type Sink } from "./epoll_set.ts";
import type { EventLoop } from "./event_loop.ts";

/** A socket that a proxy has opened, and what is expected of it. */
export interface ProxiedSocketInit {
  /** The socket's descriptor. */
  readonly fd: number;
  /** The proxy at first; its client when the header says so. */
  readonly peer: Peer;
  /** What the header must be. */
  readonly options: ProxyOptions;
  /** Reads it. */
  readonly loop: EventLoop;
}

/** Hears how it ends, once. */
export interface ProxiedSocketOwner {
  /** The header is there: `rest` came behind it. The descriptor is the owner's from now on. */
  onProxied(socket: ProxiedSocket, fd: number, peer: Peer, rest: Uint8Array): void;
  /** The socket is closed; `reason`: why, where it is worth a line. */
  onRefused(socket: ProxiedSocket, peer: Peer, reason: string | undefined): void;
}

/** A socket until its PROXY header is complete: only then it is known whose it is. */
export class ProxiedSocket implements Sink {
  readonly #init: ProxiedSocketInit;
  readonly #owner: ProxiedSocketOwner;
  readonly #timer: ReturnType<typeof setTimeout>;
  /** What came so far. */
  #bytes = new Uint8Array(0);

  /** `owner` hears how it ends. */
  constructor(init: ProxiedSocketInit, owner: ProxiedSocketOwner) {
    this.#init = init;
    this.#owner = owner;
    const { loop, fd } = init;
    const { connectTimeoutSeconds } = loop.broker.options;
    this.#timer = setTimeout(() => this.close(), connectTimeoutSeconds * 1000);
    loop.add(fd, this, EPOLLIN);
  }

  /** Closes it; `reason`: why, where it is worth a line. */
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
    // The proxy looks whether we are there, and leaves without a word.
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
