import type { Qos } from "../codec/mod.ts";

/** A session's subscription: what SUBSCRIBE asked for, at the QoS granted. Plain data, replaced as a whole. */
export interface Subscription {
  /** The full Topic Filter: under the mount point, with `$share/…` in front where it is shared; the key within the session. */
  readonly topicFilter: string;
  /** The highest QoS of its messages, as granted in SUBACK. */
  readonly qos: Qos;
  /** No Local: the client does not get its own messages by this subscription. */
  readonly noLocal: boolean;
  /** The RETAIN flag is forwarded as published; otherwise it is set only on messages that were retained before the subscription. */
  readonly retainAsPublished: boolean;
  /** 0 where the client gave none. */
  readonly subscriptionIdentifier: number;
}
