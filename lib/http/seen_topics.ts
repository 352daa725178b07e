import type { Broker, Client, Message, Observer } from "../broker/mod.ts";
import { AverageRate } from "./average_rate.ts";

/** Topics that are remembered, and characters of all their names: what comes beyond that is only counted. */
const MAX_TOPICS = 20_000;
const MAX_CHARACTERS = 2_000_000;
/** How long is gone on without anybody who asks. */
const IDLE_MS = 60_000;

/** What has come at one topic. */
export interface SeenTopic {
  /** Messages since it is looked. */
  messages: number;
  /** When the last one came. */
  lastMs: number;
  /** Messages a second. */
  readonly rate: AverageRate;
}

/**
 * The topics at which messages come, while somebody wants to know: it begins with the first question, and ends a minute after the last.
 * Before and afterwards it costs nothing.
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

  /** Messages at topics that were too many to be remembered. */
  get omitted(): number {
    return this.#omitted;
  }

  /** Since when is looked. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Looks for a minute more; what was seen, by Topic Name. */
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

  /** Looks no more, and forgets. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#end?.();
    this.#end = undefined;
    this.#topics.clear();
    this.#characters = this.#omitted = 0;
  }

  /** The rate of a topic now. */
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
