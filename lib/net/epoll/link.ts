import type { ClientCertificate, Connection, Link } from "../../broker/mod.ts";
import type { Peer } from "../byte_stream.ts";
import { EPOLLGONE, EPOLLIN, EPOLLOUT, type Sink } from "./epoll_set.ts";
import type { EventLoop, Writer } from "./event_loop.ts";
import { MAX_REST_BYTES } from "./read_arena.ts";

/** How long a connection that we close is still read, so that the peer gets our last packet and not a reset. */
const LINGER_MS = 1000;
/** An unfinished packet up to this size is put before the next read, at the cost of two copies; a longer one is read on where it lies. */
const SMALL_REST_BYTES = 4096;
/** A read of this much says that there is more: then copies cost less than reading bit by bit. */
const BUSY_BYTES = 32 * 1024;

/** Carries one connection's bytes between its socket and the broker. It holds no buffer while nothing is under way. */
export class EpollLink implements Link, Sink, Writer {
  readonly #fd: number;
  readonly #peer: Peer;
  readonly #loop: EventLoop;
  readonly #onEnd: (link: EpollLink) => void;
  #connection: Connection | undefined;
  /** An unfinished packet, or what a stopped connection waits with: the first `#restEnd` bytes. */
  #rest: Uint8Array<ArrayBuffer> | undefined;
  #restEnd = 0;
  #lastReadBytes = 0;
  /** What is being written, and how much of it is. */
  #writing: Uint8Array<ArrayBuffer> | undefined;
  #written = 0;
  #interest = EPOLLIN;
  /** The peer is gone while nothing is read: the set would say so without end. */
  #isParked = false;
  #isClosing = false;
  #isClosed = false;
  /** The peer has ended its direction. */
  #isAtEnd = false;
  /** Neither direction works. */
  #isBroken = false;
  #lingerTimer: ReturnType<typeof setTimeout> | undefined;

  /** The socket is in the loop's set, for reading. `onEnd` is called once, when it is closed. */
  constructor(fd: number, peer: Peer, loop: EventLoop, onEnd: (link: EpollLink) => void) {
    this.#fd = fd;
    this.#peer = peer;
    this.#loop = loop;
    this.#onEnd = onEnd;
  }

  /** {@linkcode Link.remoteAddress} */
  get remoteAddress(): string {
    return this.#peer.remoteAddress;
  }

  /** {@linkcode Link.certificate} */
  get certificate(): ClientCertificate | undefined {
    return this.#peer.certificate;
  }

  /** Begins to read for this connection, with what has come already. */
  start(connection: Connection, first?: Uint8Array): void {
    this.#connection = connection;
    if (first !== undefined && first.length > 0) this.#keep(first, 0, first.length);
    if (connection.isStopped) this.#read(false);
    else if (this.#rest !== undefined) this.#receiveRest();
  }

  /** {@linkcode Sink.onEvents} */
  onEvents(events: number): void {
    const isGone = (events & EPOLLGONE) !== 0;
    if (this.#writing !== undefined && (isGone || events & EPOLLOUT)) this.#writable(isGone);
    if (this.#isClosed || this.#isBroken) return;
    if (this.#interest & EPOLLIN) {
      if (isGone || events & EPOLLIN) this.#readable(isGone);
    } else if (isGone) this.#gone();
  }

  /** {@linkcode Link.flush} */
  flush(): void {
    if (this.#writing !== undefined || this.#isBroken || this.#isClosed) return;
    const connection = this.#connection!;
    if (connection.outbox.ready.length === 0) return;
    this.#writing = connection.outbox.beginWrite();
    this.#written = 0;
    this.#write();
  }

  /** {@linkcode Link.close} */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#isBroken) return this.#finish();
    if (this.#writing === undefined && this.#connection!.outbox.ready.length === 0) {
      return this.#linger();
    }
    this.#startLingerTimer(); // For a peer that takes nothing.
  }

  /** {@linkcode Link.resume} */
  resume(): void {
    if (this.#isClosed || this.#isBroken) return;
    if (this.#rest !== undefined && !this.#isClosing) this.#receiveRest();
    if (!this.#connection!.isStopped) this.#read(true);
  }

  /** {@linkcode Writer.drained} */
  drained(nowMs: number): void {
    if (this.#isClosed || this.#writing !== undefined) return;
    const connection = this.#connection!;
    this.#loop.broker.drained(connection, nowMs);
    if (connection.outbox.ready.length > 0) this.flush();
    else if (this.#isClosing) this.#linger();
  }

  /** Closes at once, whatever is under way. */
  abort(): void {
    this.#isClosing = true;
    this.#finish();
  }

  #readable(isGone: boolean): void {
    if (this.#isClosing) return this.#discard(isGone);
    const { arena } = this.#loop;
    const rest = this.#rest;
    const leftBytes = this.#restEnd;
    const limitBytes = this.#lastReadBytes < BUSY_BYTES ? SMALL_REST_BYTES : MAX_REST_BYTES;
    if (rest !== undefined && leftBytes > limitBytes) return this.#readOn(rest, isGone);
    const { at } = arena;
    if (rest !== undefined) arena.bytes.set(rest.subarray(0, leftBytes), at);
    const count = this.#loop.descriptors.receive(this.#fd, arena.room(leftBytes));
    if (count <= 0) return this.#nothing(count, isGone);
    this.#lastReadBytes = count;
    const end = at + leftBytes + count;
    arena.at = end;
    const start = this.#receive(arena.bytes, at, end);
    if (start !== end) this.#keep(arena.bytes, start, end);
    else if (rest !== undefined) this.#forgetRest();
  }

  /** A large packet grows as its bytes arrive, and not because a length is claimed. */
  #readOn(rest: Uint8Array<ArrayBuffer>, isGone: boolean): void {
    const { buffers, descriptors } = this.#loop;
    let end = this.#restEnd;
    if (end === rest.length) {
      const larger = buffers.take(end * 2);
      larger.set(rest);
      this.#loop.spend(rest);
      rest = this.#rest = larger;
    }
    const count = descriptors.receive(this.#fd, rest.subarray(end));
    if (count <= 0) return this.#nothing(count, isGone);
    this.#lastReadBytes = count;
    end = this.#restEnd += count;
    this.#receiveRest();
  }

  /** The bytes of `rest` stay what they are until the turn is over: what is left of them moves elsewhere. */
  #receiveRest(): void {
    const rest = this.#rest!;
    const end = this.#restEnd;
    const start = this.#receive(rest, 0, end);
    if (start === end) return this.#forgetRest();
    if (start === 0) return;
    this.#rest = undefined;
    this.#loop.spend(rest);
    this.#keep(rest, start, end);
  }

  #receive(bytes: Uint8Array, start: number, end: number): number {
    const { broker, turns } = this.#loop;
    const connection = this.#connection!;
    const left = broker.receive(connection, bytes, start, end, turns.begin());
    if (connection.isStopped) this.#read(false);
    return left;
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const leftBytes = end - start;
    let rest = this.#rest;
    if (rest === undefined || rest.length < leftBytes) {
      if (rest !== undefined) this.#loop.spend(rest);
      rest = this.#rest = this.#loop.buffers.take(leftBytes);
    }
    rest.set(bytes.subarray(start, end));
    this.#restEnd = leftBytes;
  }

  #forgetRest(): void {
    if (this.#rest !== undefined) this.#loop.spend(this.#rest);
    this.#rest = undefined;
    this.#restEnd = 0;
  }

  /** Reads only to let the peer finish. */
  #discard(isGone: boolean): void {
    const count = this.#loop.descriptors.receive(this.#fd, this.#loop.arena.room(0));
    if (count <= 0) this.#nothing(count, isGone);
  }

  /** Nothing was read: there is nothing yet (a signal came between, perhaps), or never again. */
  #nothing(count: number, isGone: boolean): void {
    if (count < 0) {
      if (isGone) this.#break();
      return;
    }
    this.#isAtEnd = true;
    this.#read(false);
    this.#lost();
  }

  #write(): void {
    const { descriptors, broker } = this.#loop;
    const connection = this.#connection!;
    const bytes = this.#writing!;
    const rest = this.#written === 0 ? bytes : bytes.subarray(this.#written);
    // Where this fails for good the set says so: no number of an error is asked for here.
    const count = descriptors.send(this.#fd, rest, connection.outbox.writingBytes);
    if (count > 0) {
      this.#written += count;
      connection.outbox.wrote(count, broker.nowMs);
    }
    if (connection.outbox.writingBytes > 0) return this.#want(this.#interest | EPOLLOUT);
    this.#writing = undefined;
    broker.pool.give(bytes);
    this.#want(this.#interest & ~EPOLLOUT);
    this.#loop.wrote(this);
  }

  #writable(isGone: boolean): void {
    const before = this.#written;
    this.#loop.broker.nowMs = this.#loop.turns.begin();
    this.#write();
    if (isGone && this.#writing !== undefined && this.#written === before) this.#break();
  }

  /** The peer is gone and nothing is read from it now: what it sent is read when that is allowed again. */
  #gone(): void {
    if (this.#isAtEnd) return this.#break();
    this.#isParked = true;
    this.#loop.remove(this.#fd);
  }

  /** Nothing gets through any more. */
  #break(): void {
    this.#isAtEnd = this.#isBroken = true;
    this.#loop.remove(this.#fd);
    this.#connection!.outbox.discard();
    this.#lost();
  }

  /** The peer is gone: the broker hears of it, and closes the link when the turn ends. */
  #lost(): void {
    if (!this.#isClosing) {
      return this.#loop.broker.lost(this.#connection!, this.#loop.turns.begin());
    }
    // What is being written still leaves, if the peer has only ended its own direction.
    if (this.#isBroken || this.#writing === undefined) this.#finish();
  }

  /** All is written: says so to the peer, and reads on for a moment. */
  #linger(): void {
    if (this.#isAtEnd) return this.#finish();
    this.#startLingerTimer();
    this.#loop.descriptors.closeWrite(this.#fd);
    this.#forgetRest();
    this.#read(true);
  }

  #startLingerTimer(): void {
    this.#lingerTimer ??= setTimeout(() => this.#finish(), LINGER_MS);
  }

  #read(isWanted: boolean): void {
    if (!isWanted) this.#want(this.#interest & ~EPOLLIN);
    else if (!this.#isAtEnd) this.#want(this.#interest | EPOLLIN);
  }

  #want(interest: number): void {
    if (interest === this.#interest || this.#isClosed || this.#isBroken) return;
    this.#interest = interest;
    if (!this.#isParked) return this.#loop.modify(this.#fd, interest);
    if (interest === 0) return;
    this.#isParked = false;
    this.#loop.add(this.#fd, this, interest);
  }

  #finish(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#lingerTimer);
    this.#forgetRest();
    this.#loop.close(this.#fd);
    this.#onEnd(this);
  }
}
