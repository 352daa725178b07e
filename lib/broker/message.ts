import type { Properties, Qos } from "../codec/mod.ts";
import type { Message } from "../session/mod.ts";

export type { Message };

/** What a program gives to publish: the rest has defaults (QoS 0, not retained, never expires). */
export interface MessageInit {
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos?: Qos;
  readonly retain?: boolean;
  readonly properties?: Properties;
  /** Seconds. */
  readonly messageExpiryIntervalSeconds?: number;
}

/**
 * The broker as the EventBus sees it. Nobody's interest costs nothing: a program's subscriptions stand in the same trie as
 * the clients'.
 */
export interface MessageHub {
  /** Routes a message of a program; throws `TypeError` where the Topic Name is not one. */
  publish(message: MessageInit): void;
  /**
   * Calls `deliver` with every message that matches, in the order of routing and within the turn that routes it; the payload
   * is only valid during the call. The function returned ends the subscription. Throws `TypeError` on a bad Topic Filter.
   */
  subscribe(topicFilter: string, deliver: (message: Message) => void): () => void;
}
