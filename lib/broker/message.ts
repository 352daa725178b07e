import type { Properties, Qos } from "../codec/mod.ts";

/** An Application Message on its way through the broker, whoever published it: a client, a will or a program. */
export interface Message {
  readonly topicName: string;
  /** In `route` a view that is valid for this turn; whoever keeps the message copies it. */
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Only those that travel on: Payload Format, Content Type, Response Topic, Correlation Data, User Properties. */
  readonly properties: Properties | undefined;
  /** When the Message Expiry Interval has passed, in the clock's milliseconds; `Infinity` where there is none. */
  readonly expiresAtMs: number;
  /** Who published it: for No Local, logs and counters; `""` for the broker itself. */
  readonly publisherId: string;
}

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
