import { BACKLOG } from "../listener.ts";
import type { Libc } from "./libc.ts";

/** Flags of `socket`, `accept4`, `eventfd` and `epoll_create1`; the same on x64 and arm64. */
const NONBLOCK = 0x800;
const CLOEXEC = 0x80000;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
/** Sending to a peer that has left returns an error instead of a signal that ends the process. */
const MSG_NOSIGNAL = 0x4000;
/** The bytes read stay in the socket. */
const MSG_PEEK = 2;
const SHUT_WR = 1;

/** An address in the system's form, one of the structs `sockaddr_*`. */
export type SocketAddress = Uint8Array<ArrayBuffer>;
/** Bytes of the longest one, `struct sockaddr_un`, padded with two bytes. */
export const ADDRESS_BYTES = 112;

/**
 * Calls libc on descriptors, with the checks that make it safe: libc touches only bytes of the view, and only during the call. Neither
 * pointers nor descriptors are kept between calls.
 */
export class Descriptors {
  readonly #libc: Libc;
  readonly #symbols: Libc["symbols"];
  /** An explicit ArrayBuffer is not on V8's heap, so it does not move. */
  readonly #addressBytes = new Uint8Array(new ArrayBuffer(ADDRESS_BYTES));
  readonly #length = new Uint32Array(new ArrayBuffer(4));
  readonly #lengthBytes = new Uint8Array(this.#length.buffer);
  readonly #error = new Int32Array(new ArrayBuffer(4));
  readonly #errorBytes = new Uint8Array(this.#error.buffer);
  /** Descriptors that were opened here and not closed yet. */
  openCount = 0;

  /** `libc` is closed by `close`. */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#symbols = libc.symbols;
  }

  /** The functions of libc, for the epoll set. */
  get symbols(): Libc["symbols"] {
    return this.#symbols;
  }

  /** Opens a socket of this family. Throws on failure. */
  socket(family: number, isDatagram = false): number {
    const type = isDatagram ? SOCK_DGRAM : SOCK_STREAM;
    return this.opened(this.#symbols.socket(family, type | NONBLOCK | CLOEXEC, 0), "open a socket");
  }

  /** Opens an eventfd. */
  eventfd(): number {
    return this.opened(this.#symbols.eventfd(0, NONBLOCK | CLOEXEC), "open an eventfd");
  }

  /** Opens an epoll set. */
  epoll(): number {
    return this.opened(this.#symbols.epoll_create1(CLOEXEC), "open an epoll set");
  }

  /** Closes a descriptor. The system reuses its number, so the caller must forget it. */
  close(fd: number): void {
    this.openCount--;
    this.#symbols.close(fd);
  }

  /** Sets an option whose value is an `int`. Throws on failure. */
  setOption(fd: number, level: number, option: number, value: number): void {
    const bytes = new Uint8Array(Int32Array.of(value).buffer);
    this.#check(this.#symbols.setsockopt(fd, level, option, bytes, 4), "set an option of a socket");
  }

  /** Binds the socket and listens on it. Throws `AddrInUse`, `AddrNotAvailable`, `PermissionDenied`, ... */
  listen(fd: number, address: SocketAddress): void {
    this.#check(this.#symbols.bind(fd, address, address.length), "bind");
    this.#check(this.#symbols.listen(fd, BACKLOG), "listen");
  }

  /** Sets the destination of a datagram socket. */
  connect(fd: number, address: SocketAddress): void {
    this.#check(this.#symbols.connect(fd, address, address.length), "connect");
  }

  /** The address that the socket is bound to. The view is valid until the next call. */
  localAddress(fd: number): SocketAddress {
    this.#length[0] = ADDRESS_BYTES;
    this.#check(
      this.#symbols.getsockname(fd, this.#addressBytes, this.#lengthBytes),
      "tell the address of a socket",
    );
    return this.#addressBytes;
  }

  /** Accepts the next connection of a listening socket; negative if there is none. `acceptedAddress` is its peer's address. */
  accept(fd: number): number {
    this.#length[0] = ADDRESS_BYTES;
    const { accept4 } = this.#symbols;
    const accepted = accept4(fd, this.#addressBytes, this.#lengthBytes, NONBLOCK | CLOEXEC);
    if (accepted >= 0) this.openCount++;
    return accepted;
  }

  /** The peer of the connection accepted last; valid until the next call. */
  get acceptedAddress(): SocketAddress {
    return this.#addressBytes;
  }

  /**
   * Fills some of `room`. Returns 0 if the peer has ended its direction; negative if there are no bytes yet, or the connection is broken.
   */
  receive(fd: number, room: Uint8Array<ArrayBuffer>): number {
    return this.#symbols.recv(fd, room, room.length, 0);
  }

  /** Like `receive`, but reads one byte at most and leaves it in the socket. */
  peek(fd: number): number {
    return this.#symbols.recv(fd, this.#lengthBytes, 1, MSG_PEEK);
  }

  /** Sends some of the first `count` bytes. Negative if there is no room, or the connection is broken. */
  send(fd: number, bytes: Uint8Array<ArrayBuffer>, count: number): number {
    if (count > bytes.length) throw new RangeError(`Cannot send ${count} bytes of ${bytes.length}`);
    return this.#symbols.send(fd, bytes, count, MSG_NOSIGNAL);
  }

  /** Adds one to an eventfd, which wakes those that wait for it. */
  signal(fd: number): void {
    const one = new Uint8Array(BigUint64Array.of(1n).buffer);
    this.#symbols.write(fd, one, one.length);
  }

  /** Ends the direction to the peer. */
  closeWrite(fd: number): void {
    this.#symbols.shutdown(fd, SHUT_WR);
  }

  /** The error of the last call. Read it at once, because the next call or V8 itself overwrites it. */
  get errno(): number {
    const { memcpy, __errno_location } = this.#symbols;
    memcpy(this.#errorBytes, __errno_location(), 4);
    return this.#error[0]!;
  }

  /** Closes libc; nothing may be called afterwards. */
  end(): void {
    this.#libc.close();
  }

  /** Counts a descriptor that a call returned; throws if the call failed. */
  opened(fd: number, act: string): number {
    this.#check(fd, act);
    this.openCount++;
    return fd;
  }

  #check(result: number, act: string): void {
    if (result < 0) throw systemError(this.errno, act);
  }
}

/** Error numbers, the same on x64 and arm64. */
export const Errno = {
  EACCES: 13,
  ENFILE: 23,
  EMFILE: 24,
  ENOBUFS: 105,
  ENOMEM: 12,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
} as const;

/** Makes the error that Deno throws in the same case. */
function systemError(errno: number, act: string): Error {
  const text = `Cannot ${act} (os error ${errno})`;
  switch (errno) {
    case Errno.EACCES:
      return new Deno.errors.PermissionDenied(text);
    case Errno.EADDRINUSE:
      return new Deno.errors.AddrInUse(`Address already in use (os error ${errno})`);
    case Errno.EADDRNOTAVAIL:
      return new Deno.errors.AddrNotAvailable(text);
    default:
      return new Error(text);
  }
}
