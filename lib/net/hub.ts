import type { Broker, Message, MessageHub, MessageInit } from "../broker/mod.ts";
import type { Turns } from "./turns.ts";

/** The broker for the programs around it, which may call at any time: each call begins or joins a turn. */
export class TurnHub implements MessageHub {
  readonly #broker: Broker;
  readonly #turns: Turns;

  /** `turns` are those of `broker`. */
  constructor(broker: Broker, turns: Turns) {
    this.#broker = broker;
    this.#turns = turns;
  }

  /** {@linkcode MessageHub.publish} */
  publish(message: MessageInit): void {
    // No turn is begun while another one ends, because it would follow at once, and a program that answers its own messages would never
    // stop.
    if (!this.#broker.isBusy) this.#broker.nowMs = this.#turns.begin();
    this.#broker.publish(message);
  }

  /** {@linkcode MessageHub.failed} */
  failed(what: string, error: unknown): void {
    this.#broker.failed(what, error);
  }

  /** {@linkcode MessageHub.subscribe} */
  subscribe(topicFilter: string, deliver: (message: Message) => void): () => void {
    return this.#broker.subscribe(topicFilter, deliver);
  }
}
