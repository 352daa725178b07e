import type { Broker, Client, Message, Observer } from "../broker/mod.ts";
import { AverageRate } from "./average_rate.ts";

/** The most topics kept, and characters of all their names. Messages on further topics are only counted. */
const MAX_TOPICS = 20_000;
const MAX_CHARACTERS = 2_000_000;
/** Observation ends when nobody has asked for this time, milliseconds. */
const IDLE_MS = 60_000;

/** The messages seen on one topic. */
export interface SeenTopic {
  /** Messages since the observation began. */
  messages: number;
  /** The time of the last one. */
  lastMs: number;
  /** Messages a second. */
  readonly rate: AverageRate;
}

/**
 * Observes on which topics messages are published: from the first request until a minute after the last. At other times it costs nothing.
 */
export class SeenTopics implements Observer {
  readonly #broker: Broker;
  readonly #nowMs: () => number;
  readonly #topics = new Map<string, SeenTopic>();
  #characters = 0;
  #omitted = 0;
  #sinceMs = 0;
  #end: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `nowMs`: milliseconds since 1970. */
  constructor(broker: Broker, nowMs: () => number) {
    this.#broker = broker;
    this.#nowMs = nowMs;
  }

  /** Messages on topics beyond the limit. */
  get omitted(): number {
    return this.#omitted;
  }

  /** When the observation began. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Continues to observe for a minute, and returns what was seen by Topic Name. */
  look(): ReadonlyMap<string, SeenTopic> {
    if (this.#end === undefined) {
      this.#sinceMs = this.#nowMs();
      this.#end = this.#broker.observe(this);
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop(), IDLE_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
    return this.#topics;
  }

  /** Ends the observation and discards the results. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#end?.();
    this.#end = undefined;
    this.#topics.clear();
    this.#characters = this.#omitted = 0;
  }

  /** The present rate of a topic. */
  rateOf({ rate }: SeenTopic): number {
    return rate.at(this.#nowMs());
  }

  /** {@linkcode Observer.published} */
  published(_publisher: Client | null, { topicName }: Message): void {
    const nowMs = this.#nowMs();
    const seen = this.#topics.get(topicName) ?? this.#add(topicName, nowMs);
    if (seen === undefined) return void this.#omitted++;
    seen.messages++;
    seen.rate.add(nowMs);
    seen.lastMs = nowMs;
  }

  #add(topicName: string, nowMs: number): SeenTopic | undefined {
    if (this.#topics.size >= MAX_TOPICS) return undefined;
    if (this.#characters + topicName.length > MAX_CHARACTERS) return undefined;
    const seen: SeenTopic = { messages: 0, lastMs: nowMs, rate: new AverageRate() };
    this.#characters += topicName.length;
    this.#topics.set(topicName, seen);
    return seen;
  }
}
