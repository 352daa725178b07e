import type { Message, MessageHub } from "../broker/mod.ts";
import type { Bus, BusHandler, BusMessage, BusOptions, BusPublishOptions } from "./bus.ts";
import { callHandler, toMessageInit } from "./handler.ts";

/** The bus of a program that embeds the broker. Its calls run in the broker's thread, within the broker's turn. */
export class EventBus implements Bus {
  readonly #hub: MessageHub;
  readonly #options: BusOptions;
  readonly #subscriptions = new Set<() => void>();
  #isClosed = false;

  /** `hub` is the broker. */
  constructor(hub: MessageHub, options: BusOptions = {}) {
    this.#hub = hub;
    this.#options = options;
  }

  publish(topicName: string, payload: Uint8Array | string, options?: BusPublishOptions): boolean {
    if (this.#isClosed) throw new Error("Cannot publish: the bus is closed");
    this.#hub.publish(toMessageInit(topicName, payload, options));
    return true;
  }

  subscribe(topicFilter: string, handler: BusHandler): () => void {
    if (this.#isClosed) throw new Error("Cannot subscribe: the bus is closed");
    const unsubscribe = this.#hub.subscribe(topicFilter, (message) => {
      callHandler(handler, toBusMessage(message), this.#options, (error) => {
        this.#hub.failed?.(`A handler of the bus for ${topicFilter}`, error);
      });
    });
    const end = () => {
      if (this.#subscriptions.delete(end)) unsubscribe();
    };
    this.#subscriptions.add(end);
    return end;
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#isClosed = true;
    for (const end of this.#subscriptions) end();
  }
}

function toBusMessage(message: Message): BusMessage {
  const { topicName, payload, qos, retain, properties, publisherId } = message;
  return { topicName, payload: new Uint8Array(payload), qos, retain, properties, publisherId };
}
