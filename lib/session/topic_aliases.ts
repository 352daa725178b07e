/** Topic Aliases that a client gave to its topics: valid for one connection. [MQTT-3.3.2-7] */
export class IncomingAliases {
  readonly #topicNames = new Map<number, string>();

  /** At most `maximum` aliases, 1 to `maximum`: what CONNACK said. */
  constructor(readonly maximum: number) {}

  set(alias: number, topicName: string): void {
    this.#topicNames.set(alias, topicName);
  }

  get(alias: number): string | undefined {
    return this.#topicNames.get(alias);
  }
}

/** An alias to send, and whether the Topic Name must go with it. */
export interface OutgoingAlias {
  readonly alias: number;
  readonly isNew: boolean;
}

/** Topic Aliases that the broker gives to topics toward one client: the least recently used one is given away. */
export class OutgoingAliases {
  /** In the order of use, oldest first. */
  readonly #aliases = new Map<string, number>();

  constructor(readonly maximum: number) {}

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
