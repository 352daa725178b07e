/** Topic Aliases that a client gave to its topics: valid for one connection. [MQTT-3.3.2-7] */
export class IncomingAliases {
  readonly #topicNames = new Map<number, string>();

  /** At most `maximum` aliases, 1 to `maximum`: what CONNACK said. */
  constructor(readonly maximum: number) {}

  /** Gives the alias to this topic; an earlier topic of the alias loses it. */
  set(alias: number, topicName: string): void {
    this.#topicNames.set(alias, topicName);
  }

  /** The topic of the alias; `undefined` where the client has given it to none. */
  get(alias: number): string | undefined {
    return this.#topicNames.get(alias);
  }
}

/** An alias to send, and whether the Topic Name must go with it. */
export interface OutgoingAlias {
  /** 1 to the client's Topic Alias Maximum. */
  readonly alias: number;
  /** The client does not know it by this topic yet. */
  readonly isNew: boolean;
}

/** Topic Aliases that the broker gives to topics toward one client: the least recently used one is given away. */
export class OutgoingAliases {
  /** In the order of use, oldest first. */
  readonly #aliases = new Map<string, number>();

  /** At most `maximum` aliases, 1 to `maximum`: the client's Topic Alias Maximum or our own limit, the lower; at least 1. */
  constructor(readonly maximum: number) {}

  /** The topic's alias, from now on the most recently used. */
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
