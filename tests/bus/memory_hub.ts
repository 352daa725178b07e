import type { Message, MessageHub, MessageInit } from "../../lib/broker/mod.ts";
import { FilterTrie, isTopicFilter, isTopicName } from "../../lib/topic/mod.ts";

/** A broker without clients: enough of one to publish to and subscribe at. */
export class MemoryHub implements MessageHub {
  readonly published: MessageInit[] = [];
  readonly #trie = new FilterTrie<(message: Message) => void>();

  /** Subscriptions that stand. */
  get size(): number {
    return this.#trie.size;
  }

  publish(init: MessageInit): void {
    if (!isTopicName(init.topicName)) throw new TypeError(`Cannot publish to "${init.topicName}"`);
    this.published.push(init);
    this.route(toMessage(init));
  }

  route(message: Message): void {
    this.#trie.match(message.topicName, (deliver) => deliver(message));
  }

  subscribe(topicFilter: string, deliver: (message: Message) => void): () => void {
    if (!isTopicFilter(topicFilter)) throw new TypeError(`Cannot subscribe to "${topicFilter}"`);
    const own = (message: Message) => deliver(message);
    this.#trie.add(topicFilter, own);
    return () => void this.#trie.delete(topicFilter, own);
  }
}

function toMessage(init: MessageInit): Message {
  const { topicName, payload, qos = 0, retain = false, properties } = init;
  return { topicName, payload, qos, retain, properties, expiresAtMs: Infinity, publisherId: "" };
}
