import type { Qos } from "../codec/mod.ts";

/** A session's subscription: the options of SUBSCRIBE, and the QoS granted. Plain data, replaced as a whole. */
export interface Subscription {
  /** The full Topic Filter: with the mount point, and `$share/...` in front if it is shared. It is the key within the session. */
  readonly topicFilter: string;
  /** The highest QoS of its messages, as granted in SUBACK. */
  readonly qos: Qos;
  /** No Local: this subscription does not deliver the client's own messages to it. */
  readonly noLocal: boolean;
  /** Whether the RETAIN flag is forwarded as published. Otherwise it is set only on messages that were retained before the subscription. */
  readonly retainAsPublished: boolean;
  /** 0 where the client gave none. */
  readonly subscriptionIdentifier: number;
}
