import type { Connection } from "../../broker/mod.ts";
import { AccountedLink } from "../accounted_link.ts";
import type { Peer } from "../byte_stream.ts";
import { MOVED_BYTES, moveInParts } from "../move_in_parts.ts";
import { release } from "../unfinished.ts";
import { EPOLLEND, EPOLLGONE, EPOLLIN, EPOLLOUT, type Sink } from "./epoll_set.ts";
import type { EventLoop, Writer } from "./event_loop.ts";
import { MAX_REST_BYTES } from "./read_arena.ts";

/**
 * An unfinished packet up to this size is copied before the next read, which costs two copies. For a longer one the read continues in its
 * own buffer.
 */
const SMALL_REST_BYTES = 4096;
/** After a read of this size more is expected: then copying costs less than reading bit by bit. */
const BUSY_BYTES = 32 * 1024;
/** The most bytes of a read when room for unfinished packets is scarce: what a read leaves unfinished is known only after it. */
const SHORT_READ_BYTES = 16 * 1024;
/** The same before CONNACK: thousands of strangers may wait for room, each with what it has read. */
const SHORT_CONNECT_BYTES = 2048;

/** Carries one connection's bytes between its socket and the broker. It holds no buffer while it is idle. */
export class EpollLink extends AccountedLink implements Sink, Writer {
  readonly #fd: number;
  readonly #loop: EventLoop;
  readonly #onEnd: (link: EpollLink) => void;
  /** An unfinished packet, or the unhandled bytes of a stopped connection: the first `#restEnd` bytes. */
  #rest: Uint8Array<ArrayBuffer> | undefined;
  #restEnd = 0;
  /** The rest is being moved to a larger buffer, and nothing is read meanwhile. */
  #isMoving = false;
  #lastReadBytes = 0;
  /** The bytes being written, and how many of them have been. */
  #writing: Uint8Array<ArrayBuffer> | undefined;
  #written = 0;
  #interest = EPOLLIN;
  /** The peer is gone while the link does not read. The descriptor is out of the set, which would report this without end. */
  #isParked = false;
  #isClosed = false;
  /** The peer has ended its direction. */
  #isAtEnd = false;
  /** Neither direction works. */
  #isBroken = false;

  /** The socket is in the loop's set for reading. `onEnd` is called once, when it is closed. */
  constructor(fd: number, peer: Peer, loop: EventLoop, onEnd: (link: EpollLink) => void) {
    super(peer, loop);
    this.#fd = fd;
    this.#loop = loop;
    this.#onEnd = onEnd;
  }

  /** Begins to read for this connection, with the bytes that have arrived already. */
  start(connection: Connection, first?: Uint8Array): void {
    this.connection = connection;
    if (first !== undefined && first.length > 0) this.#keep(first, 0, first.length);
    this.resume();
  }

  /** {@linkcode Sink.onEvents} */
  onEvents(events: number): void {
    const isGone = (events & EPOLLGONE) !== 0;
    if (this.#writing !== undefined && (isGone || events & EPOLLOUT)) this.#writable(isGone);
    if (this.#isClosed || this.#isBroken) return;
    if (this.#interest & EPOLLIN) {
      if (isGone || events & EPOLLIN) this.#readable(isGone);
    } else if (isGone || events & this.#interest & EPOLLEND) this.#gone(isGone);
  }

  /** {@linkcode Link.flush} */
  flush(): void {
    if (this.#writing !== undefined || this.#isBroken || this.#isClosed) return;
    const connection = this.connection!;
    if (connection.outbox.ready.length === 0) return;
    this.#writing = connection.outbox.beginWrite();
    this.#written = 0;
    this.#write();
  }

  /** {@linkcode Link.close} */
  close(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    release(this);
    if (this.#isBroken) return this.finish();
    if (this.#writing === undefined && this.connection!.outbox.ready.length === 0) {
      return this.#linger();
    }
    this.startLingerTimer(); // The peer may not read at all.
  }

  /** {@linkcode Link.resume} */
  resume(): void {
    if (this.#isClosed || this.#isBroken || this.isClosing) return;
    if (this.#rest !== undefined && !this.connection!.isStopped) this.#receiveRest();
    else this.#settle(0);
  }

  /** {@linkcode Writer.drained} */
  drained(nowMs: number): void {
    if (this.#isClosed || this.#writing !== undefined) return;
    const connection = this.connection!;
    this.broker.drained(connection, nowMs);
    if (connection.outbox.ready.length > 0) this.flush();
    else if (this.isClosing) this.#linger();
  }

  #readable(isGone: boolean): void {
    if (this.isClosing) return this.#discard(isGone);
    const { arena } = this.#loop;
    const rest = this.#rest;
    const leftBytes = this.#restEnd;
    if (rest !== undefined && leftBytes > this.#movedBytes) return this.#readOn(rest, isGone);
    const { at } = arena;
    if (rest !== undefined) arena.bytes.set(rest.subarray(0, leftBytes), at);
    const count = this.#loop.descriptors.receive(this.#fd, this.#room(leftBytes));
    if (count <= 0) return this.#nothing(count, isGone);
    this.#lastReadBytes = count;
    const end = at + leftBytes + count;
    arena.at = end;
    const start = this.#receive(arena.bytes, at, end);
    if (start !== end) this.#keep(arena.bytes, start, end);
    else if (rest !== undefined) this.#forgetRest();
    this.#settle(start - at);
  }

  /**
   * Up to this size an unfinished packet is copied before the next read. When room is scarce nothing is, so that the account is asked
   * before the read.
   */
  get #movedBytes(): number {
    if (this.ownAccount.isScarce) return 0;
    return this.#lastReadBytes < BUSY_BYTES ? SMALL_REST_BYTES : MAX_REST_BYTES;
  }

  #room(leftBytes: number): Uint8Array<ArrayBuffer> {
    const room = this.#loop.arena.room(leftBytes);
    if (!this.ownAccount.isScarce) return room;
    const isKnown = this.connection!.state === "connected";
    return room.subarray(0, isKnown ? SHORT_READ_BYTES : SHORT_CONNECT_BYTES);
  }

  /** Reads into the buffer of a large packet. The buffer grows as bytes arrive, not because a length is claimed. */
  #readOn(rest: Uint8Array<ArrayBuffer>, isGone: boolean): void {
    const { buffers, descriptors } = this.#loop;
    let end = this.#restEnd;
    if (end === rest.length) {
      const sizeBytes = buffers.grownSize(rest);
      if (sizeBytes === end || !this.#mayHold(sizeBytes, 0)) return this.#read(false);
      if (end > MOVED_BYTES) return this.#move(rest, sizeBytes);
      if (!this.#loop.growth.admits(sizeBytes)) return this.#growLater(rest, sizeBytes);
      rest = this.#grow(rest, sizeBytes);
    }
    const count = descriptors.receive(this.#fd, rest.subarray(end));
    if (count <= 0) return this.#nothing(count, isGone);
    this.#lastReadBytes = count;
    end = this.#restEnd += count;
    this.#receiveRest();
  }

  #grow(rest: Uint8Array<ArrayBuffer>, sizeBytes: number): Uint8Array<ArrayBuffer> {
    const larger = this.#rest = this.#loop.buffers.take(sizeBytes);
    larger.set(rest);
    this.#loop.spend(rest);
    return larger;
  }

  #growLater(rest: Uint8Array<ArrayBuffer>, sizeBytes: number): void {
    this.#isMoving = true;
    this.#read(false);
    this.#loop.growth.later(sizeBytes, () => {
      this.#isMoving = false;
      if (this.#rest !== rest) return;
      this.#grow(rest, sizeBytes);
      this.#settle(0);
    });
  }

  /** Moves a large unfinished packet in parts to a buffer of this size; until the end the old one counts. */
  #move(rest: Uint8Array<ArrayBuffer>, sizeBytes: number): void {
    const { buffers } = this.#loop;
    const larger = buffers.take(sizeBytes);
    this.#isMoving = true;
    this.#read(false);
    moveInParts(rest, larger, () => this.#rest === rest, () => {
      this.#isMoving = false;
      this.#rest = larger;
      buffers.give(rest);
      this.#settle(0);
    }, () => {
      this.#isMoving = false;
      buffers.give(larger);
    });
  }

  /** Hands the bytes of `rest` to the broker. They must not change until the turn ends, so what is left is copied to another buffer. */
  #receiveRest(): void {
    const rest = this.#rest!;
    const end = this.#restEnd;
    const start = this.#receive(rest, 0, end);
    if (start === end) this.#forgetRest();
    else if (start > 0) {
      this.#rest = undefined;
      this.#loop.spend(rest);
      this.#keep(rest, start, end);
    }
    this.#settle(start);
  }

  /** Accounts for the unfinished bytes and room for the next read, and continues to read only if that is allowed. */
  #settle(handledBytes: number): void {
    const rest = this.#rest;
    const isFull = rest !== undefined && rest.length === this.#restEnd;
    const wantedBytes = isFull ? this.buffers.grownSize(rest) : rest?.length ?? 0;
    const hasRoom = this.#mayHold(wantedBytes, handledBytes);
    if (this.isClosing) return;
    if (hasRoom && !this.connection!.isStopped) return this.#read(true);
    // A peer that sent packets before its answer and then ended its direction has not hung up.
    const isWatched = this.isWatched && this.#rest === undefined && !this.#isAtEnd;
    const others = this.#interest & EPOLLOUT;
    this.#want(isWatched ? others | EPOLLEND : others);
  }

  /** Asks the account for a buffer of `wantedBytes` in place of the present one. */
  #mayHold(wantedBytes: number, handledBytes: number): boolean {
    const bufferBytes = this.#rest?.length ?? 0;
    return this.mayHold({ bufferBytes, wantedBytes, handledBytes, isUnfinished: bufferBytes > 0 });
  }

  #receive(bytes: Uint8Array, start: number, end: number): number {
    return this.broker.receive(this.connection!, bytes, start, end, this.turns.begin());
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

  /** Reads and discards bytes, so that the peer can finish. */
  #discard(isGone: boolean): void {
    const count = this.#loop.descriptors.receive(this.#fd, this.#loop.arena.room(0));
    if (count <= 0) this.#nothing(count, isGone);
  }

  /** Nothing was read: either there are no bytes yet (a signal may have interrupted), or there never will be. */
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
    const connection = this.connection!;
    const bytes = this.#writing!;
    const rest = this.#written === 0 ? bytes : bytes.subarray(this.#written);
    // If the connection is broken the set reports it, so the error number is not needed here.
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
    this.broker.nowMs = this.turns.begin();
    this.#write();
    if (isGone && this.#writing !== undefined && this.#written === before) this.#break();
  }

  /**
   * The peer is gone, or has ended its direction, while the link does not read. A peer that waits for its answer has hung up if it has sent
   * nothing more. The bytes of any other peer are read when reading is allowed again.
   */
  #gone(isGone: boolean): void {
    if (this.#isAtEnd) return this.#break();
    if (this.#interest & EPOLLEND) {
      const count = this.#loop.descriptors.peek(this.#fd);
      if (count <= 0) return this.#nothing(count, isGone);
    }
    this.#want(this.#interest & EPOLLOUT);
    if (!isGone) return;
    this.#isParked = true;
    this.#loop.remove(this.#fd);
  }

  /** The connection is broken in both directions. */
  #break(): void {
    this.#isAtEnd = this.#isBroken = true;
    this.#loop.remove(this.#fd);
    this.connection!.outbox.discard();
    this.#lost();
  }

  /** The peer is gone. The broker is told, and closes the link when the turn ends. */
  #lost(): void {
    if (!this.isClosing) {
      return this.broker.lost(this.connection!, this.turns.begin());
    }
    // Pending output is still written if the peer has only ended its own direction.
    if (this.#isBroken || this.#writing === undefined) this.finish();
  }

  /** Everything is written: ends our direction, and reads on for a moment. */
  #linger(): void {
    if (this.#isAtEnd) return this.finish();
    this.startLingerTimer();
    this.#loop.descriptors.closeWrite(this.#fd);
    this.#forgetRest();
    this.#read(true);
  }

  #read(isWanted: boolean): void {
    const others = this.#interest & EPOLLOUT;
    if (!isWanted || this.#isMoving) this.#want(others);
    else if (!this.#isAtEnd) this.#want(others | EPOLLIN);
  }

  #want(interest: number): void {
    if (interest === this.#interest || this.#isClosed || this.#isBroken) return;
    this.#interest = interest;
    if (!this.#isParked) return this.#loop.modify(this.#fd, interest);
    if (interest === 0) return;
    this.#isParked = false;
    this.#loop.add(this.#fd, this, interest);
  }

  /** Closes the socket. */
  protected override finish(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.letGo();
    this.#forgetRest();
    this.#loop.close(this.#fd);
    this.#onEnd(this);
  }
}
