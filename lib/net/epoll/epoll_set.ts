import type { Descriptors } from "./descriptors.ts";

/** Something can be read. */
export const EPOLLIN = 1;
/** Something can be written. */
export const EPOLLOUT = 4;
/** The peer has ended its direction. Reported repeatedly to a sink that asks for it. */
export const EPOLLEND = 0x2000;
/** The connection is broken, or both directions have ended. Reported to every sink, asked for or not. */
export const EPOLLGONE = 8 | 16;

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
/** 32-bit words of a `struct epoll_event`, and where its data begins: it is packed on x64 only. */
const IS_PACKED = Deno.build.arch === "x86_64";
const EVENT_WORDS = IS_PACKED ? 3 : 4;
const DATA_AT = IS_PACKED ? 1 : 2;
/** The most events of one round. */
const EVENTS = 512;
const POLLIN = 1;

/** Receives the events of a descriptor. */
export interface Sink {
  /** `events`: bits of the events that are ready. Called in a turn. */
  onEvents(events: number): void;
}

/** One epoll set of the system, with the sinks that receive its events. */
export class EpollSet {
  readonly #descriptors: Descriptors;
  readonly #fd: number;
  /** libc writes here, also from a thread, so this object must live as long as such a call. */
  readonly #events = new Int32Array(new ArrayBuffer(EVENTS * EVENT_WORDS * 4));
  readonly #eventBytes = new Uint8Array(this.#events.buffer);
  readonly #control = new Int32Array(new ArrayBuffer(16));
  readonly #controlBytes = new Uint8Array(this.#control.buffer);
  /** A `struct pollfd` for the set itself, and a `struct timespec`. */
  readonly #pollBytes = new Uint8Array(new ArrayBuffer(8));
  readonly #timespec = new BigInt64Array(new ArrayBuffer(16));
  readonly #timespecBytes = new Uint8Array(this.#timespec.buffer);
  /** The sink of each descriptor. */
  readonly #sinks: (Sink | undefined)[] = [];
  /**
   * A serial number for each descriptor: the system reuses descriptors, and an event of the old one must not reach the new sink.
   */
  readonly #serials: number[] = [];
  #serial = 0;

  /** Opens the epoll set. */
  constructor(descriptors: Descriptors) {
    this.#descriptors = descriptors;
    this.#fd = descriptors.epoll();
    new Int32Array(this.#pollBytes.buffer).set([this.#fd, POLLIN]);
  }

  /** The sink receives the events of this descriptor from now on. */
  add(fd: number, sink: Sink, interest: number): void {
    this.#sinks[fd] = sink;
    this.#serials[fd] = ++this.#serial | 0;
    this.#change(EPOLL_CTL_ADD, fd, interest);
  }

  /** Changes the events that the sink receives. */
  modify(fd: number, interest: number): void {
    this.#change(EPOLL_CTL_MOD, fd, interest);
  }

  /** The sink receives no more events, until the descriptor is added again. */
  remove(fd: number): void {
    this.forget(fd);
    this.#change(EPOLL_CTL_DEL, fd, 0);
  }

  /** Another sink receives the events of the descriptor. */
  handOver(fd: number, sink: Sink): void {
    this.#sinks[fd] = sink;
  }

  /** The descriptor is being closed: the system removes it from the set by itself. */
  forget(fd: number): void {
    this.#sinks[fd] = undefined;
  }

  /** The number of events that are ready now. 0 or less: none, or a signal interrupted the call. */
  poll(): number {
    return this.#descriptors.symbols.epoll_wait(this.#fd, this.#eventBytes, EVENTS, 0);
  }

  /** Like `poll`, but first sleeps on this thread until there is an event or the time is over. */
  nap(microseconds: number): number {
    this.#timespec[1] = BigInt(microseconds * 1000);
    const { ppoll } = this.#descriptors.symbols;
    return ppoll(this.#pollBytes, 1, this.#timespecBytes, null) > 0 ? this.poll() : 0;
  }

  /** Like `poll`, but first sleeps on another thread until there is an event. */
  wait(): Promise<number> {
    return this.#descriptors.symbols.wait(this.#fd, this.#eventBytes, EVENTS, -1);
  }

  /** Passes the event with this index, of those found by the last call, to its sink. */
  tell(index: number): void {
    const at = index * EVENT_WORDS;
    const fd = this.#events[at + DATA_AT]!;
    if (this.#serials[fd] === this.#events[at + DATA_AT + 1]) {
      this.#sinks[fd]?.onEvents(this.#events[at]!);
    }
  }

  /** Closes the set. No call on a thread may be pending. */
  close(): void {
    this.#descriptors.close(this.#fd);
  }

  #change(operation: number, fd: number, interest: number): void {
    this.#control[0] = interest;
    this.#control[DATA_AT] = fd;
    this.#control[DATA_AT + 1] = this.#serials[fd]!;
    this.#descriptors.symbols.epoll_ctl(this.#fd, operation, fd, this.#controlBytes);
  }
}
