import type { Broker, BrokerEvents, EventName } from "../broker/mod.ts";

/** How many events wait for who takes them, where nothing else is said. */
const DEFAULT_LIMIT = 1000;

/** How an {@linkcode EventStream} is set up. */
export interface EventStreamOptions {
  /** Events that may wait for who takes them; what comes above that is lost, and counted. Default: 1,000. */
  readonly limit?: number;
}

/** The events of one name, for `for await`: at the pace of who takes them, in bounded memory. */
export class EventStream<Name extends EventName>
  implements AsyncIterableIterator<BrokerEvents[Name]>, Disposable {
  readonly #limit: number;
  readonly #end: () => void;
  #waiting: BrokerEvents[Name][] = [];
  /** Those who wait for an event, where none waits for them. */
  #takers: ((result: IteratorResult<BrokerEvents[Name]>) => void)[] = [];
  #isEnded = false;
  #lost = 0;

  /** From now on, until the loop is left or the stream disposed of. */
  constructor(broker: Broker, name: Name, { limit = DEFAULT_LIMIT }: EventStreamOptions = {}) {
    this.#limit = limit;
    this.#end = broker.on(name, (event) => this.#put(event));
  }

  /** Events that were lost because too many waited. */
  get lost(): number {
    return this.#lost;
  }

  /** The next event, when there is one. */
  next(): Promise<IteratorResult<BrokerEvents[Name]>> {
    const value = this.#waiting.shift();
    if (value !== undefined) return Promise.resolve({ value, done: false });
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Ends it: the loop was left. */
  return(): Promise<IteratorResult<BrokerEvents[Name]>> {
    this[Symbol.dispose]();
    return Promise.resolve({ value: undefined, done: true });
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Listens no more; what waits is gone. */
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
