import type { BrokerEvents, EventListener, EventName } from "./events.ts";
import type { Metrics } from "./metrics.ts";
import type { LogPort } from "./ports.ts";

/** Takes an event; listeners hear of it when the turn is over. */
type Emit<Name extends EventName> = (event: BrokerEvents[Name]) => void;

/** Events of one turn that wait for their listeners: a fan-out to more is told in part, and what is left out is counted. */
const MAX_WAITING = 100_000;

interface Waiting {
  readonly name: EventName;
  readonly event: BrokerEvents[EventName];
}

/**
 * Where the services say what has happened, for the program around the broker. Each event has a slot, which is `undefined` while
 * nobody listens: then all that it costs is to look, and nothing is made for it.
 *
 * Listeners are called behind the turn, in the order of what happened. What they ask for is done in a later turn, and told behind that, so
 * that a program that answers itself for ever stalls nobody.
 */
export class EventSlots {
  connected: Emit<"connected"> | undefined = undefined;
  disconnected: Emit<"disconnected"> | undefined = undefined;
  subscribed: Emit<"subscribed"> | undefined = undefined;
  unsubscribed: Emit<"unsubscribed"> | undefined = undefined;
  published: Emit<"published"> | undefined = undefined;
  delivered: Emit<"delivered"> | undefined = undefined;
  acknowledged: Emit<"acknowledged"> | undefined = undefined;
  dropped: Emit<"dropped"> | undefined = undefined;
  sessionExpired: Emit<"sessionExpired"> | undefined = undefined;
  takenOver: Emit<"takenOver"> | undefined = undefined;

  readonly #log: LogPort;
  readonly #metrics: Metrics;
  readonly #listeners = new Map<EventName, Set<EventListener<EventName>>>();
  #waiting: Waiting[] = [];
  #lost = 0;
  #isTelling = false;

  /** `log` and `metrics` hear of listeners that throw. */
  constructor(log: LogPort, metrics: Metrics) {
    this.#log = log;
    this.#metrics = metrics;
  }

  /** Whether there is something to tell. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Calls `listener` with each event of this name from now on; the function returned ends that. */
  on<Name extends EventName>(name: Name, listener: EventListener<Name>): () => void {
    let listeners = this.#listeners.get(name);
    if (listeners === undefined) this.#listeners.set(name, listeners = new Set());
    // One of its own for each call, so that the same function may listen twice.
    const own = (event: BrokerEvents[EventName]) => listener(event as BrokerEvents[Name]);
    listeners.add(own);
    this.#slots[name] = (event) => this.#wait({ name, event });
    return () => {
      listeners.delete(own);
      if (listeners.size === 0) this.#slots[name] = undefined;
    };
  }

  /** The turn is over: tells what has happened in it. */
  tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    const waiting = this.#waiting;
    const lost = this.#lost;
    this.#waiting = [];
    this.#lost = 0;
    for (const { name, event } of waiting) {
      for (const listener of [...this.#listeners.get(name)!]) {
        if (this.#listeners.get(name)!.has(listener)) this.#call(name, listener, event);
      }
    }
    this.#isTelling = false;
    if (lost === 0) return;
    this.#log.error("Too many events in one turn: listeners were not told of all", { lost });
  }

  get #slots(): Record<EventName, Emit<EventName> | undefined> {
    return this as unknown as Record<EventName, Emit<EventName> | undefined>;
  }

  #wait(waiting: Waiting): void {
    if (this.#waiting.length < MAX_WAITING) return void this.#waiting.push(waiting);
    this.#lost++;
    this.#metrics.eventsLost++;
  }

  #call(name: EventName, listener: EventListener<EventName>, event: BrokerEvents[EventName]): void {
    const failed = (error: unknown): void => {
      this.#metrics.programErrors++;
      const text = error instanceof Error ? error.stack ?? error.message : String(error);
      this.#log.error("A listener of the program has failed", { event: name, error: text });
    };
    try {
      const result = listener(event);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
