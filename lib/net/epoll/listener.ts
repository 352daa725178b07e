import type { ListenerInit, OpenListener } from "../listener.ts";
import { ACCEPT_RETRY_MS, MAX_UNKNOWN } from "../listener.ts";
import type { Peer } from "../byte_stream.ts";
import { openSocket, prepareSocket, removeSocket } from "../unix_socket.ts";
import { AF_UNIX, encodeAddress, encodePath, familyOf, portOf, showAddress } from "./address.ts";
import { Errno, type SocketAddress } from "./descriptors.ts";
import { EPOLLIN, type Sink } from "./epoll_set.ts";
import type { EventLoop } from "./event_loop.ts";
import { EpollLink } from "./link.ts";
import { ProxiedSocket, type ProxiedSocketOwner } from "./proxied_socket.ts";

const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
/** Connections accepted in a row before existing ones are served again. */
const ACCEPTS = 64;
/** Errors of `accept` when descriptors or memory are used up. */
const EXHAUSTED: ReadonlySet<number> = new Set([
  Errno.EMFILE,
  Errno.ENFILE,
  Errno.ENOBUFS,
  Errno.ENOMEM,
]);

/** Accepts connections for the broker on a socket of its own. */
export class EpollListener implements OpenListener, ProxiedSocketOwner, Sink {
  readonly #init: ListenerInit;
  readonly #loop: EventLoop;
  readonly #fd: number;
  /** The port it listens on, even if 0 was requested; 0 for a Unix socket. */
  readonly port: number;
  readonly #links = new Set<EpollLink>();
  /** Sockets whose PROXY header is not complete. */
  readonly #unknown = new Set<ProxiedSocket>();
  #isExhausted = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** Listens at once; throws what `Deno.listen` throws (`AddrInUse`, `PermissionDenied`, ...). */
  constructor(init: ListenerInit, loop: EventLoop) {
    this.#init = init;
    this.#loop = loop;
    const { address } = init;
    this.#fd = "path" in address
      ? this.#listenUnix(address.path)
      : this.#listenTcp(address.hostname, address.port);
    this.port = portOf(loop.descriptors.localAddress(this.#fd));
    loop.add(this.#fd, this, EPOLLIN);
  }

  /** Open connections, including those being closed. */
  get size(): number {
    return this.#links.size + this.#unknown.size;
  }

  /** Accepts no more connections; open ones stay. */
  stopAccepting(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#loop.close(this.#fd);
    const { address } = this.#init;
    if ("path" in address) removeSocket(address.path);
  }

  /** Closes everything at once. */
  close(): void {
    this.stopAccepting();
    for (const link of [...this.#links]) link.abort();
    for (const socket of [...this.#unknown]) socket.close();
  }

  /** This listener has no certificates. */
  reloadCertificates(): void {}

  /** {@linkcode Sink.onEvents} */
  onEvents(): void {
    const { descriptors } = this.#loop;
    for (let i = 0; i < ACCEPTS; i++) {
      const fd = descriptors.accept(this.#fd);
      if (fd < 0) return this.#onNone(descriptors.errno);
      this.#open(fd, descriptors.acceptedAddress);
    }
  }

  /**
   * No connection waits, or it is gone already, or file descriptors are used up. The last case is logged once, until all waiting
   * connections have been accepted, and tried again.
   */
  #onNone(errno: number): void {
    if (!EXHAUSTED.has(errno)) {
      this.#isExhausted = false;
      return;
    }
    if (!this.#isExhausted) {
      this.#init.log.error("Cannot accept connections for now", {
        listener: this.#init.options.name,
        error: `os error ${errno}`,
      });
    }
    this.#isExhausted = true;
    this.#loop.modify(this.#fd, 0);
    this.#timer = setTimeout(() => this.#loop.modify(this.#fd, EPOLLIN), ACCEPT_RETRY_MS);
  }

  #open(fd: number, address: SocketAddress): void {
    const { proxy } = this.#init;
    const peer: Peer = { remoteAddress: showAddress(address) ?? this.#ownAddress() };
    if (proxy === undefined) {
      this.#admit(fd, peer);
    } else if (this.#unknown.size >= MAX_UNKNOWN) this.#loop.close(fd);
    else {
      this.#unknown.add(new ProxiedSocket({ fd, peer, options: proxy, loop: this.#loop }, this));
    }
  }

  /** {@linkcode ProxiedSocketOwner.onProxied} */
  onProxied(socket: ProxiedSocket, fd: number, peer: Peer, rest: Uint8Array): void {
    this.#unknown.delete(socket);
    this.#admit(fd, peer, rest);
  }

  /** {@linkcode ProxiedSocketOwner.onRefused} */
  onRefused(socket: ProxiedSocket, { remoteAddress }: Peer, reason: string | undefined): void {
    this.#unknown.delete(socket);
    if (reason === undefined) return;
    const listener = this.#init.options.name;
    this.#init.log.info("Connection refused", { address: remoteAddress, listener, reason });
  }

  /** With `rest` the socket is in the set already, and these bytes have arrived. */
  #admit(fd: number, peer: Peer, rest?: Uint8Array): void {
    const { broker, turns, options } = this.#init;
    const link = new EpollLink(fd, peer, this.#loop, this.#onEnd);
    const connection = broker.accept(link, options, turns.begin());
    if (connection === undefined) return this.#loop.close(fd);
    this.#links.add(link);
    // Added before the link starts, because the link may stop reading or close at once.
    if (rest === undefined) this.#loop.add(fd, link, EPOLLIN);
    else this.#loop.handOver(fd, link);
    link.start(connection, rest);
  }

  readonly #onEnd = (link: EpollLink): void => void this.#links.delete(link);

  /** Clients of a Unix socket have no address of their own. */
  #ownAddress(): string {
    const { address } = this.#init;
    return `unix:${"path" in address ? address.path : ""}`;
  }

  #listenUnix(path: string): number {
    prepareSocket(path);
    const fd = this.#bind(encodePath(path));
    try {
      openSocket(path);
      return fd;
    } catch (error) {
      this.#loop.close(fd);
      throw error;
    }
  }

  /** `""` means every address, IPv4 and, if the machine has it, IPv6. */
  #listenTcp(hostname: string, port: number): number {
    if (hostname !== "") return this.#bind(encodeAddress(hostname, port));
    try {
      return this.#bind(encodeAddress("::", port));
    } catch (error) {
      const { AddrInUse, PermissionDenied, NotCapable } = Deno.errors;
      if ([AddrInUse, PermissionDenied, NotCapable].some((kind) => error instanceof kind)) {
        throw error;
      }
      return this.#bind(encodeAddress("0.0.0.0", port));
    }
  }

  /** Accepted connections inherit the options. */
  #bind(address: SocketAddress): number {
    const { descriptors } = this.#loop;
    const fd = descriptors.socket(familyOf(address));
    try {
      if (familyOf(address) !== AF_UNIX) {
        descriptors.setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        if (this.#init.setTcpNodelay) descriptors.setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
      }
      descriptors.listen(fd, address);
      return fd;
    } catch (error) {
      this.#loop.close(fd);
      throw error;
    }
  }
}
