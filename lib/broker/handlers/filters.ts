import { MqttError, ReasonCode } from "../../codec/mod.ts";
import { isSharedFilter, parseTopicFilter } from "../../topic/mod.ts";
import type { Core } from "../core/core.ts";
import { type Leave, leaveOf } from "../ground/promises.ts";
import type { Connection } from "../state/connection.ts";

/** A Topic Filter of a client, with its mount point. */
export interface MountedFilter {
  /** The filter under the listener's mount point, with `$share/...` in front where it is shared. The key of the subscription. */
  readonly key: string;
  /** The key without `$share/...`. */
  readonly topicFilter: string;
  readonly isShared: boolean;
}

/**
 * The filter with the mount point; `undefined` if it is invalid, by itself or with the mount point: a mount point without a final `/` makes
 * `tenant#` of `#`, and any mount point may make a long filter too long.
 */
export function mountFilter(
  core: Core,
  { mountPoint }: Connection,
  asked: string,
): MountedFilter | undefined {
  const { maxTopicLevels } = core.options;
  const parsed = parseTopicFilter(asked, maxTopicLevels);
  if (parsed === undefined) return undefined;
  const isShared = parsed.shareName !== undefined;
  if (mountPoint === "") return { key: asked, topicFilter: parsed.topicFilter, isShared };
  const topicFilter = mountPoint + parsed.topicFilter;
  const key = isShared ? `$share/${parsed.shareName}/${topicFilter}` : topicFilter;
  if (parseTopicFilter(key, maxTopicLevels) === undefined) return undefined;
  return { key, topicFilter, isShared };
}

/** The Reason Code of a refusal in SUBACK: 3.1.1 has only one code, and 3.1 has none that its clients know. */
export function failure(connection: Connection, reasonCode: number): number {
  return connection.protocolVersion === 5 ? reasonCode : 0x80;
}

/**
 * Refuses an invalid filter in SUBACK or UNSUBACK. Before 5.0 a client that sends a filter which is invalid anywhere is disconnected
 * [v3 MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]; a client cannot know mount point and limits, so only the filter is refused if it is invalid because
 * of them. Nor does it know of shared subscriptions, which only 5.0 has: `$share/a`, which is none, is refused alone as well.
 */
export function refusal(connection: Connection, asked: string, message: string): number {
  // No client means an empty filter, which is malformed rather than invalid. [MQTT-4.7.3-1]
  if (asked === "") throw new MqttError(ReasonCode.MalformedPacket, message);
  const letters = isSharedFilter(asked) ? asked.slice(1) : asked;
  const isFilter = parseTopicFilter(letters) !== undefined;
  if (connection.protocolVersion === 5 || isFilter) {
    return failure(connection, ReasonCode.TopicFilterInvalid);
  }
  throw new MqttError(ReasonCode.TopicFilterInvalid, message);
}

/** Whether the answer waits for the commit of the changes. */
export function leaveOfChange(
  { store }: Core,
  { client, outbox }: Connection,
  packet: "suback" | "unsuback",
  hasWritten: boolean,
): Leave {
  return leaveOf(packet, {
    isStoreFailing: store?.isFailing === true,
    isPersistent: client!.session.isPersistent,
    hasWritten,
    hasHeld: outbox.hasHeld,
    isRepeat: false,
    canRefuse: true,
  });
}

/** Handles a packet with many filters: what the first part leaves is handled in later turns, by `receive`. */
export function handleInParts(
  core: Core,
  connection: Connection,
  sizeBytes: number,
  handlePart: () => boolean,
): void {
  if (handlePart()) return;
  const packet = { sizeBytes, handlePart };
  connection.unfinished = packet;
  core.longPackets.begin(packet);
}
