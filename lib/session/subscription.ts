import type { Qos } from "../codec/mod.ts";

/** A session's subscription: what SUBSCRIBE asked for, at the QoS granted. Plain data, replaced as a whole. */
export interface Subscription {
  /** As the client wrote it, `$share/…` included; the key within the session. */
  readonly topicFilter: string;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0 where the client gave none. */
  readonly subscriptionIdentifier: number;
}
