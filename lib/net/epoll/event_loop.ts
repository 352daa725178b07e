import type { Broker } from "../../broker/mod.ts";
import type { ReadBuffers } from "../read_buffers.ts";
import type { Turns } from "../turns.ts";
import { Breath } from "./breath.ts";
import type { Descriptors } from "./descriptors.ts";
import { ReadArena } from "./read_arena.ts";

/** Something can be read. */
export const EPOLLIN = 1;
/** Something can be written. */
export const EPOLLOUT = 4;
/** The connection is broken, or both directions are over. Told whether one asks for it or not. */
export const EPOLLGONE = 8 | 16;

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
/** 32-bit words of a `struct epoll_event`, and where its data begins: it is packed on x64 only. */
const IS_PACKED = Deno.build.arch === "x86_64";
const EVENT_WORDS = IS_PACKED ? 3 : 4;
const DATA_AT = IS_PACKED ? 1 : 2;
/** Events of one round. */
const EVENTS = 512;

/** After how long of work without a pause Deno gets to look at its own sockets. */
const DEEP_MS = 1;
/**
 * How long the loop asks again and again before it waits on a thread: waking two threads costs a lone message more than its handling.
 * Only where the last waits were that short; a broker with little to do sleeps at once.
 */
const SPIN_MS = 0.05;
/** A wait shorter than this, the waking of threads included, might have been one of these. */
const SHORT_WAIT_MS = 0.15;

/** Hears what happens on a descriptor. */
export interface Sink {
  /** `events`: bits of what is ready. Called in a turn. */
  onEvents(events: number): void;
}

/** Writes on its own, and is to be told when the broker may have more for it. */
export interface Writer {
  /** All that it took is written. Called in a turn. */
  drained(nowMs: number): void;
}

/**
 * One epoll set, and the loop that waits for it. A round takes what is ready, hands it to the sinks, and is one turn of the broker.
 *
 * While there is something to do the set is asked without waiting, and Deno gets its breath every millisecond. When there is nothing, a call
 * on a thread waits, and Deno runs as if there were no loop. `close` wakes that call by an eventfd.
 */
export class EventLoop {
  readonly descriptors: Descriptors;
  readonly broker: Broker;
  readonly turns: Turns;
  readonly buffers: ReadBuffers;
  /** Where the bytes of a round are read. */
  readonly arena: ReadArena = new ReadArena();
  readonly #set: number;
  readonly #waker: number;
  readonly #breath: Breath;
  readonly #events = new Int32Array(new ArrayBuffer(EVENTS * EVENT_WORDS * 4));
  readonly #eventBytes = new Uint8Array(this.#events.buffer);
  readonly #control = new Int32Array(new ArrayBuffer(16));
  readonly #controlBytes = new Uint8Array(this.#control.buffer);
  /** By descriptor. */
  readonly #sinks: (Sink | undefined)[] = [];
  /** By descriptor: the system uses them again, and an event of the one before must not reach the next. */
  readonly #serials: number[] = [];
  #serial = 0;
  /** Those that have written all they had. */
  #written: Writer[] = [];
  /** Buffers that the broker may still look at in this turn. */
  readonly #spent: Uint8Array<ArrayBuffer>[] = [];
  #isInRound = false;
  #isEnding = false;
  #spinMs = 0;
  #running: Promise<void> | undefined;

  /** `descriptors` is the loop's from now on. */
  constructor(descriptors: Descriptors, broker: Broker, turns: Turns, buffers: ReadBuffers) {
    this.descriptors = descriptors;
    this.broker = broker;
    this.turns = turns;
    this.buffers = buffers;
    this.#set = descriptors.epoll();
    this.#waker = descriptors.eventfd();
    this.#breath = new Breath(descriptors);
    this.add(this.#waker, { onEvents: () => {} }, EPOLLIN);
  }

  /** Hears of this descriptor from now on. */
  add(fd: number, sink: Sink, interest: number): void {
    this.#sinks[fd] = sink;
    this.#serials[fd] = ++this.#serial | 0;
    this.#change(EPOLL_CTL_ADD, fd, interest);
    this.#running ??= this.#run();
  }

  /** Hears of other events. */
  modify(fd: number, interest: number): void {
    this.#change(EPOLL_CTL_MOD, fd, interest);
  }

  /** Hears nothing of it any more, until it is added again. */
  remove(fd: number): void {
    this.#sinks[fd] = undefined;
    this.#change(EPOLL_CTL_DEL, fd, 0);
  }

  /** Somebody else hears of it. */
  handOver(fd: number, sink: Sink): void {
    this.#sinks[fd] = sink;
  }

  /** Closes it; the set forgets it by itself. */
  close(fd: number): void {
    this.#sinks[fd] = undefined;
    this.descriptors.close(fd);
  }

  /** The writer has written all that it took: the broker hears of it in the next turn. */
  wrote(writer: Writer): void {
    // In the turn of somebody else, the loop may be waiting.
    if (!this.#isInRound && this.#written.length === 0) queueMicrotask(this.#tellOutside);
    this.#written.push(writer);
  }

  /** Gives the buffer back when the turn is over. */
  spend(buffer: Uint8Array<ArrayBuffer>): void {
    this.#spent.push(buffer);
  }

  /** Ends the loop, when all other descriptors are closed. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.descriptors.signal(this.#waker);
    await this.#running;
    await this.#breath.close();
    this.close(this.#waker);
    this.descriptors.close(this.#set);
  }

  async #run(): Promise<void> {
    // What the caller has begun is finished first.
    await this.#breath.shallow();
    let deepAtMs = performance.now() + DEEP_MS;
    while (!this.#isEnding) {
      let count = this.#poll();
      if (count <= 0 && this.#written.length === 0) {
        count = this.#spin();
        if (count <= 0) {
          count = await this.#wait();
          deepAtMs = performance.now() + DEEP_MS;
        }
      }
      this.#round(count);
      if (performance.now() < deepAtMs) await null; // What the round has promised.
      else {
        await this.#breath.deep();
        deepAtMs = performance.now() + DEEP_MS;
      }
    }
  }

  #poll(): number {
    return this.descriptors.symbols.epoll_wait(this.#set, this.#eventBytes, EVENTS, 0);
  }

  #spin(): number {
    if (this.#spinMs === 0) return 0;
    const endMs = performance.now() + this.#spinMs;
    let count = 0;
    while (count <= 0 && performance.now() < endMs) count = this.#poll();
    return count;
  }

  /** The buffer of the events is this object's: it stays for as long as the call on the thread lasts. */
  async #wait(): Promise<number> {
    const startMs = performance.now();
    const { wait } = this.descriptors.symbols;
    const count = await wait(this.#set, this.#eventBytes, EVENTS, -1);
    const isShort = performance.now() - startMs < SHORT_WAIT_MS;
    this.#spinMs = isShort ? SPIN_MS : 0;
    return count;
  }

  #round(count: number): void {
    this.#isInRound = true;
    const nowMs = this.turns.open();
    if (this.#written.length > 0) this.#tell(nowMs);
    const events = this.#events;
    for (let i = 0; i < count; i++) {
      if (this.arena.isFull) {
        this.#endTurn();
        this.turns.open();
      }
      const at = i * EVENT_WORDS;
      const fd = events[at + DATA_AT]!;
      if (this.#serials[fd] === events[at + DATA_AT + 1]) {
        this.#sinks[fd]?.onEvents(events[at]!);
      }
    }
    this.#endTurn();
    this.#isInRound = false;
  }

  #endTurn(): void {
    this.turns.shut();
    this.arena.reset();
    while (this.#spent.length > 0) this.buffers.give(this.#spent.pop()!);
  }

  #tell(nowMs: number): void {
    const written = this.#written;
    this.#written = [];
    for (const writer of written) writer.drained(nowMs);
  }

  readonly #tellOutside = (): void => {
    if (!this.#isEnding) this.#tell(this.turns.begin());
  };

  #change(operation: number, fd: number, interest: number): void {
    this.#control[0] = interest;
    this.#control[DATA_AT] = fd;
    this.#control[DATA_AT + 1] = this.#serials[fd]!;
    this.descriptors.symbols.epoll_ctl(this.#set, operation, fd, this.#controlBytes);
  }
}
