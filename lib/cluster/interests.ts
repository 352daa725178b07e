import { staysOnNode } from "../broker/mod.ts";
import type { Subjects } from "./engine.ts";
import type { NatsMessage } from "./nats/message.ts";
import { everySubject, longSubject, subjectsOfFilter } from "./topic_subject.ts";

/** With more Topic Filters a node takes the messages of all topics: servers of NATS need memory for each subject. */
const MAX_FILTERS = 10_000;

/** What this node's clients are subscribed to, as subscriptions at NATS: so QoS 0 comes from other nodes where somebody wants it. */
export class Interests {
  readonly #nats: Subjects;
  readonly #prefix: string;
  readonly #handle: (message: NatsMessage) => void;
  readonly #counts = new Map<string, number>();
  readonly #ends = new Map<string, (() => void)[]>();
  #endAll: (() => void) | undefined;
  #begun = 0;

  /** `handle` may get a message several times: filters overlap. */
  constructor(nats: Subjects, prefix: string, handle: (message: NatsMessage) => void) {
    this.#nats = nats;
    this.#prefix = prefix;
    this.#handle = handle;
    nats.subscribe(longSubject(prefix), handle);
  }

  /** Grows with every filter that the server has to hear of. */
  get begun(): number {
    return this.#begun;
  }

  /** Calls `done` when it has heard of all of them. */
  settle(done: () => void): void {
    if (this.#nats.settle === undefined) done();
    else this.#nats.settle(done);
  }

  /** {@linkcode ClusterPort.count} */
  count(topicFilter: string, change: 1 | -1): void {
    if (staysOnNode(topicFilter)) return;
    const count = (this.#counts.get(topicFilter) ?? 0) + change;
    if (count > 0) this.#counts.set(topicFilter, count);
    else this.#counts.delete(topicFilter);
    if (change === 1 && count === 1) this.#begin(topicFilter);
    else if (count === 0) this.#end(topicFilter);
  }

  #begin(topicFilter: string): void {
    if (this.#endAll !== undefined) return;
    // Without a server nobody waits for one: all is said to the next.
    if (this.#nats.isConnected) this.#begun++;
    if (this.#counts.size > MAX_FILTERS) {
      this.#endAll = this.#nats.subscribe(everySubject(this.#prefix), this.#handle);
      for (const filter of [...this.#ends.keys()]) this.#end(filter);
      return;
    }
    const subjects = subjectsOfFilter(this.#prefix, topicFilter);
    const ends = subjects.map((subject) => this.#nats.subscribe(subject, this.#handle));
    this.#ends.set(topicFilter, ends);
  }

  #end(topicFilter: string): void {
    for (const end of this.#ends.get(topicFilter) ?? []) end();
    this.#ends.delete(topicFilter);
  }
}
