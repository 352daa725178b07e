/** Topic Aliases that a client gave to its topics: valid for one connection. [MQTT-3.3.2-7] */
export class IncomingAliases {
  readonly #topicNames = new Map<number, string>();

  /** `maximum`: the Topic Alias Maximum in CONNACK. Aliases are 1 to `maximum`. */
  constructor(readonly maximum: number) {}

  /** Gives the alias to this topic; an earlier topic of the alias loses it. */
  set(alias: number, topicName: string): void {
    this.#topicNames.set(alias, topicName);
  }

  /** The topic of the alias; `undefined` if the client has not set it. */
  get(alias: number): string | undefined {
    return this.#topicNames.get(alias);
  }
}

/** An alias to send, and whether the Topic Name must go with it. */
export interface OutgoingAlias {
  /** 1 to the client's Topic Alias Maximum. */
  readonly alias: number;
  /** Whether the client does not know this alias for this topic yet. */
  readonly isNew: boolean;
}

/** Topic Aliases that the broker uses toward one client. When all are in use, the least recently used one is reassigned. */
export class OutgoingAliases {
  /** Aliases by topic, the least recently used first. */
  readonly #aliases = new Map<string, number>();

  /** `maximum`, at least 1: the lower of the client's Topic Alias Maximum and our own limit. Aliases are 1 to `maximum`. */
  constructor(readonly maximum: number) {}

  /** Returns the alias of the topic, and makes it the most recently used. */
  use(topicName: string): OutgoingAlias {
    const known = this.#aliases.get(topicName);
    if (known !== undefined) {
      this.#aliases.delete(topicName);
      this.#aliases.set(topicName, known);
      return { alias: known, isNew: false };
    }
    let alias = this.#aliases.size + 1;
    if (alias > this.maximum) {
      const [oldest, freed] = this.#aliases.entries().next().value!;
      this.#aliases.delete(oldest);
      alias = freed;
    }
    this.#aliases.set(topicName, alias);
    return { alias, isNew: true };
  }
}
