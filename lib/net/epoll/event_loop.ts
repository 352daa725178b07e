import type { Broker } from "../../broker/mod.ts";
import type { ReadBuffers } from "../read_buffers.ts";
import type { Turns } from "../turns.ts";
import { Breath } from "./breath.ts";
import type { Descriptors } from "./descriptors.ts";
import { EPOLLIN, EpollSet, type Sink } from "./epoll_set.ts";
import { Growth } from "./growth.ts";
import { Patience } from "./patience.ts";
import { ReadArena } from "./read_arena.ts";

/** After this much work without a pause, Deno gets time to poll its own sockets, milliseconds. */
const DEEP_MS = 1;
/** Deno counts as busy for this time after it began a turn, milliseconds. */
const DENO_BUSY_MS = 100;

/** A link that writes by itself. It is called back when it may get more bytes from the broker. */
export interface Writer {
  /** Everything it took has been written. Called in a turn. */
  drained(nowMs: number): void;
}

/**
 * The loop that waits for an epoll set. A round passes the ready events to the sinks, and is one turn of the broker.
 *
 * While there is work, the set is polled without waiting, and Deno gets time for its own work every millisecond. When there is none, a call
 * on a thread waits, and Deno runs as if there were no loop. `end` wakes that call with an eventfd.
 */
export class EventLoop {
  readonly descriptors: Descriptors;
  readonly broker: Broker;
  readonly turns: Turns;
  readonly buffers: ReadBuffers;
  /** Memory for the bytes read in a round. */
  readonly arena: ReadArena = new ReadArena();
  /** What moves to larger buffers in a round. */
  readonly growth: Growth = new Growth();
  readonly #set: EpollSet;
  readonly #patience: Patience;
  readonly #waker: number;
  readonly #breath: Breath;
  /** Writers that have written everything they had. */
  #written: Writer[] = [];
  /** Buffers that the broker may still look at in this turn. */
  readonly #spent: Uint8Array<ArrayBuffer>[] = [];
  #begunCount = 0;
  #denoBusyUntilMs = 0;
  #isInRound = false;
  #isEnding = false;
  readonly #running: Promise<void>;

  /** The loop takes over `descriptors`. */
  constructor(descriptors: Descriptors, broker: Broker, turns: Turns, buffers: ReadBuffers) {
    this.descriptors = descriptors;
    this.broker = broker;
    this.turns = turns;
    this.buffers = buffers;
    this.#set = new EpollSet(descriptors);
    this.#patience = new Patience(this.#set);
    this.#waker = descriptors.eventfd();
    this.#breath = new Breath(descriptors);
    this.#set.add(this.#waker, { onEvents: () => {} }, EPOLLIN);
    this.#running = this.#run();
  }

  /** The sink receives the events of this descriptor from now on. */
  add(fd: number, sink: Sink, interest: number): void {
    this.#set.add(fd, sink, interest);
  }

  /** Changes the events that the sink receives. */
  modify(fd: number, interest: number): void {
    this.#set.modify(fd, interest);
  }

  /** The sink receives no more events, until the descriptor is added again. */
  remove(fd: number): void {
    this.#set.remove(fd);
  }

  /** Another sink receives the events of the descriptor. */
  handOver(fd: number, sink: Sink): void {
    this.#set.handOver(fd, sink);
  }

  /** Closes a descriptor, whether it is in the set or not. */
  close(fd: number): void {
    this.#set.forget(fd);
    this.descriptors.close(fd);
  }

  /** The writer has written everything that it took. The broker is told in the next turn. */
  wrote(writer: Writer): void {
    // Outside a round the loop may be waiting, so it cannot tell the broker soon.
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
    this.#set.close();
  }

  async #run(): Promise<void> {
    // Lets the caller finish first.
    await this.#breath.shallow();
    let deepAtMs = performance.now() + DEEP_MS;
    while (!this.#isEnding) {
      let count = this.#set.poll();
      const isIdle = count <= 0 && this.#written.length === 0 && !this.growth.isAwaited;
      if (isIdle) count = this.#patience.briefly(this.#isDenoBusy());
      if (isIdle && count <= 0) {
        count = await this.#patience.long();
        deepAtMs = performance.now() + DEEP_MS;
      }
      this.#round(count);
      if (performance.now() < deepAtMs) await null; // Runs the promises that the round has settled.
      else {
        await this.#breath.deep();
        deepAtMs = performance.now() + DEEP_MS;
      }
    }
  }

  #isDenoBusy(): boolean {
    const nowMs = performance.now();
    if (this.turns.begunCount !== this.#begunCount) this.#denoBusyUntilMs = nowMs + DENO_BUSY_MS;
    this.#begunCount = this.turns.begunCount;
    return nowMs < this.#denoBusyUntilMs;
  }

  #round(count: number): void {
    this.#isInRound = true;
    const nowMs = this.turns.open();
    if (this.#written.length > 0) this.#tell(nowMs);
    this.growth.beginRound();
    for (let i = 0; i < count; i++) {
      if (this.arena.isFull) {
        this.#endTurn();
        this.turns.open();
      }
      this.#set.tell(i);
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
    if (!this.#isEnding && this.#written.length > 0) this.#tell(this.turns.begin());
  };
}
