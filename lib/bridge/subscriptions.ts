import type { ProtocolVersion, SubscriptionRequest } from "../codec/mod.ts";
import type { Output } from "./output.ts";
import { putPacket } from "./relay.ts";
import type { RuleFilter } from "./topic_rules.ts";

/** Topic Filters in one packet: some brokers accept no more. */
const FILTERS_PER_PACKET = 8;

/** Puts UNSUBSCRIBE and SUBSCRIBE packets into an output; returns the number of answers to expect. */
export function putSubscriptions(
  output: Output,
  version: ProtocolVersion,
  former: readonly string[],
  filters: readonly RuleFilter[],
  retainHandling: (topicFilter: string) => 0 | 1 | 2,
): number {
  let packetId = 0;
  for (const topicFilters of chunks(former)) {
    putPacket(output, { type: "unsubscribe", packetId: ++packetId, topicFilters }, version);
  }
  for (const chunk of chunks(filters)) {
    const subscriptions = chunk.map(({ topicFilter, qos }): SubscriptionRequest => ({
      topicFilter,
      qos,
      // Neither option exists before 5.0.
      noLocal: version === 5,
      retainAsPublished: version === 5,
      retainHandling: version === 5 ? retainHandling(topicFilter) : 0,
    }));
    putPacket(output, { type: "subscribe", packetId: ++packetId, subscriptions }, version);
  }
  return packetId;
}

function chunks<T>(items: readonly T[]): readonly (readonly T[])[] {
  const parts: T[][] = [];
  for (let at = 0; at < items.length; at += FILTERS_PER_PACKET) {
    parts.push(items.slice(at, at + FILTERS_PER_PACKET));
  }
  return parts;
}
