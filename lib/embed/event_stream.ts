import type { Broker, BrokerEvents, EventName } from "../broker/mod.ts";

/** Events that may wait for the loop, by default. */
const DEFAULT_LIMIT = 1000;

/** The options of an {@linkcode EventStream}. */
export interface EventStreamOptions {
  /** Events that may wait for the loop; more are dropped and counted. Default: 1,000. */
  readonly limit?: number;
}

/** The events of one name for `for await`, at the pace of the loop and in bounded memory. */
export class EventStream<Name extends EventName>
  implements AsyncIterableIterator<BrokerEvents[Name]>, Disposable {
  readonly #limit: number;
  readonly #end: () => void;
  #waiting: BrokerEvents[Name][] = [];
  /** Calls of `next` that wait for an event. */
  #takers: ((result: IteratorResult<BrokerEvents[Name]>) => void)[] = [];
  #isEnded = false;
  #lost = 0;

  /** Collects events until the loop is left or the stream is disposed of. */
  constructor(broker: Broker, name: Name, { limit = DEFAULT_LIMIT }: EventStreamOptions = {}) {
    this.#limit = limit;
    this.#end = broker.on(name, (event) => this.#put(event));
  }

  /** Events that were dropped because too many waited. */
  get lost(): number {
    return this.#lost;
  }

  /** Resolves with the next event. */
  next(): Promise<IteratorResult<BrokerEvents[Name]>> {
    const value = this.#waiting.shift();
    if (value !== undefined) return Promise.resolve({ value, done: false });
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Ends the stream, because the loop was left. */
  return(): Promise<IteratorResult<BrokerEvents[Name]>> {
    this[Symbol.dispose]();
    return Promise.resolve({ value: undefined, done: true });
  }

  /** The stream is its own iterator. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Stops listening and discards the waiting events. */
  [Symbol.dispose](): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#end();
    this.#waiting = [];
    for (const take of this.#takers.splice(0)) take({ value: undefined, done: true });
  }

  #put(event: BrokerEvents[Name]): void {
    const take = this.#takers.shift();
    if (take !== undefined) take({ value: event, done: false });
    else if (this.#waiting.length < this.#limit) this.#waiting.push(event);
    else this.#lost++;
  }
}
