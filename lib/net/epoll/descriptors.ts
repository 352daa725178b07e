import type { Libc } from "./libc.ts";

/** Flags of `socket`, `accept4`, `eventfd` and `epoll_create1`; the same on x64 and arm64. */
const NONBLOCK = 0x800;
const CLOEXEC = 0x80000;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
/** A peer that has left gives an error, no signal that ends the process. */
const MSG_NOSIGNAL = 0x4000;
/** What is read stays where it is. */
const MSG_PEEK = 2;
const SHUT_WR = 1;
/** Connections that the system holds for us; it takes its own limit where that is lower. */
const BACKLOG = 4096;

/** An address in the form of the system: `struct sockaddr` and what follows it. */
export type SocketAddress = Uint8Array<ArrayBuffer>;
/** Bytes of the longest: `struct sockaddr_un`, and two of nothing behind it. */
export const ADDRESS_BYTES = 112;

/**
 * The calls of libc on descriptors, with the checks that make them safe: libc touches only bytes that the view has, and only while
 * the call lasts. Nothing here is kept between calls, no pointer and no descriptor.
 */
export class Descriptors {
  readonly #libc: Libc;
  readonly #symbols: Libc["symbols"];
  /** Off the heap of V8, where nothing moves. */
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

  /** libc itself, for the epoll set. */
  get symbols(): Libc["symbols"] {
    return this.#symbols;
  }

  /** A socket of this family. Throws where there is none. */
  socket(family: number, isDatagram = false): number {
    const type = isDatagram ? SOCK_DGRAM : SOCK_STREAM;
    return this.opened(this.#symbols.socket(family, type | NONBLOCK | CLOEXEC, 0), "open a socket");
  }

  /** An eventfd. */
  eventfd(): number {
    return this.opened(this.#symbols.eventfd(0, NONBLOCK | CLOEXEC), "open an eventfd");
  }

  /** An epoll set. */
  epoll(): number {
    return this.opened(this.#symbols.epoll_create1(CLOEXEC), "open an epoll set");
  }

  /** Closes it. Descriptors are used again by the system: whoever calls this forgets the number. */
  close(fd: number): void {
    this.openCount--;
    this.#symbols.close(fd);
  }

  /** Sets an option that is an `int`. Throws where it cannot be. */
  setOption(fd: number, level: number, option: number, value: number): void {
    const bytes = new Uint8Array(Int32Array.of(value).buffer);
    this.#check(this.#symbols.setsockopt(fd, level, option, bytes, 4), "set an option of a socket");
  }

  /** Binds the socket and listens on it. Throws `AddrInUse`, `AddrNotAvailable`, `PermissionDenied`, … */
  listen(fd: number, address: SocketAddress): void {
    this.#check(this.#symbols.bind(fd, address, address.length), "bind");
    this.#check(this.#symbols.listen(fd, BACKLOG), "listen");
  }

  /** What a datagram socket sends goes there. */
  connect(fd: number, address: SocketAddress): void {
    this.#check(this.#symbols.connect(fd, address, address.length), "connect");
  }

  /** Where the socket is bound. The view is valid until the next call. */
  localAddress(fd: number): SocketAddress {
    this.#length[0] = ADDRESS_BYTES;
    this.#check(
      this.#symbols.getsockname(fd, this.#addressBytes, this.#lengthBytes),
      "tell the address of a socket",
    );
    return this.#addressBytes;
  }

  /** The next connection of a listening socket; negative: there is none. `acceptedAddress` is its peer's. */
  accept(fd: number): number {
    this.#length[0] = ADDRESS_BYTES;
    const { accept4 } = this.#symbols;
    const accepted = accept4(fd, this.#addressBytes, this.#lengthBytes, NONBLOCK | CLOEXEC);
    if (accepted >= 0) this.openCount++;
    return accepted;
  }

  /** The peer of what was accepted last; valid until the next call. */
  get acceptedAddress(): SocketAddress {
    return this.#addressBytes;
  }

  /** Fills some of `room`; 0: the peer has ended its direction; negative: nothing is there, or the connection is broken. */
  receive(fd: number, room: Uint8Array<ArrayBuffer>): number {
    return this.#symbols.recv(fd, room, room.length, 0);
  }

  /** What `receive` would say, 1 for all that is there: it stays there. */
  peek(fd: number): number {
    return this.#symbols.recv(fd, this.#lengthBytes, 1, MSG_PEEK);
  }

  /** Sends some of the first `count` bytes; negative: there is no room, or the connection is broken. */
  send(fd: number, bytes: Uint8Array<ArrayBuffer>, count: number): number {
    if (count > bytes.length) throw new RangeError(`Cannot send ${count} bytes of ${bytes.length}`);
    return this.#symbols.send(fd, bytes, count, MSG_NOSIGNAL);
  }

  /** Adds one to an eventfd: whoever waits for it wakes. */
  signal(fd: number): void {
    const one = new Uint8Array(BigUint64Array.of(1n).buffer);
    this.#symbols.write(fd, one, one.length);
  }

  /** Ends our direction. */
  closeWrite(fd: number): void {
    this.#symbols.shutdown(fd, SHUT_WR);
  }

  /** Why the last call failed. Right after it: the next one, or V8 itself, writes another number there. */
  get errno(): number {
    const { memcpy, __errno_location } = this.#symbols;
    memcpy(this.#errorBytes, __errno_location(), 4);
    return this.#error[0]!;
  }

  /** Lets go of libc: nothing may be called any more. */
  end(): void {
    this.#libc.close();
  }

  /** Counts a descriptor that a call returned; throws where it is none. */
  opened(fd: number, act: string): number {
    this.#check(fd, act);
    this.openCount++;
    return fd;
  }

  #check(result: number, act: string): void {
    if (result < 0) throw systemError(this.errno, act);
  }
}

/** Numbers of errors; the same on x64 and arm64. */
export const Errno = {
  EACCES: 13,
  ENFILE: 23,
  EMFILE: 24,
  ENOBUFS: 105,
  ENOMEM: 12,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
} as const;

/** The error that Deno throws for the same. */
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
