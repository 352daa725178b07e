import type { Properties, Qos } from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";

/** What a program gives to publish: the rest has defaults (QoS 0, not retained, never expires). */
export interface MessageInit {
  /** Without wildcards; may begin with `$`. */
  readonly topicName: string;
  /** The caller's to use again as soon as the call has returned. */
  readonly payload: Uint8Array;
  /** Default: 0. */
  readonly qos?: Qos;
  /** Whether to keep it as its topic's last message; an empty payload removes that. Default: false. */
  readonly retain?: boolean;
  /** For 5.0 clients; Message Expiry Interval, Topic Alias and Subscription Identifiers do not belong here. */
  readonly properties?: Properties;
  /** Seconds. Default: it never expires. */
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
  /** Logs and counts that a function of the program has failed: `what` is its subject, "A handler …". Absent: nobody hears of it. */
  failed?(what: string, error: unknown): void;
}
