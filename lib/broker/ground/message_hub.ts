import type { Properties, Qos } from "../../codec/mod.ts";
import type { Message } from "../../session/mod.ts";

/** A message that a program publishes; what is left out has defaults (QoS 0, not retained, never expires). */
export interface MessageInit {
  /** The Topic Name, without wildcards; it may begin with `$`. */
  readonly topicName: string;
  /** The caller may reuse these bytes as soon as the call has returned. */
  readonly payload: Uint8Array;
  /** Default: 0. */
  readonly qos?: Qos;
  /** Whether to keep the message as the topic's retained message; an empty payload removes the retained message. Default: false. */
  readonly retain?: boolean;
  /** For 5.0 clients; Message Expiry Interval, Topic Alias and Subscription Identifiers do not belong here. */
  readonly properties?: Properties;
  /** Seconds. Default: the message never expires. */
  readonly messageExpiryIntervalSeconds?: number;
}

/**
 * The broker as the EventBus uses it. It costs nothing while no program subscribes: programs' subscriptions are entries of the same trie as
 * the clients' subscriptions.
 */
export interface MessageHub {
  /** Routes a message of a program; throws `TypeError` where the Topic Name is not one, `EncodeError` where no packet can contain the properties. */
  publish(message: MessageInit): void;
  /**
   * Calls `deliver` with every message that matches, in the order of routing and within the turn that routes it; the payload
   * is only valid during the call. The function returned ends the subscription. Throws `TypeError` on a bad Topic Filter.
   */
  subscribe(topicFilter: string, deliver: (message: Message) => void): () => void;
  /**
   * Logs and counts that a function of the program has failed. `what` is the subject of the log line: "A handler ...". Absent: not
   * logged.
   */
  failed?(what: string, error: unknown): void;
}
