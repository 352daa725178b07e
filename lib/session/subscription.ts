import type { Qos } from "../codec/mod.ts";

/** A session's subscription: what SUBSCRIBE asked for, at the QoS granted. Plain data, replaced as a whole. */
export interface Subscription {
  /** Whole: under the mount point, `$share/…` in front; the key within the session. */
  readonly topicFilter: string;
  /** The highest at which its messages are sent: what SUBACK said. */
  readonly qos: Qos;
  /** The client's own messages stay away from it. */
  readonly noLocal: boolean;
  /** RETAIN is passed on as it was published; else only on what was retained before the subscription. */
  readonly retainAsPublished: boolean;
  /** 0 where the client gave none. */
  readonly subscriptionIdentifier: number;
}
