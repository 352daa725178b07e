import type { Publish } from "../../codec/mod.ts";
import type { OutgoingAliases } from "../../session/mod.ts";

/** Bytes that a Topic Alias adds to a PUBLISH. */
const TOPIC_ALIAS_BYTES = 4;
/** A longer Topic Name gets no alias: the names of aliases stay in memory as long as the connection lasts. */
const MAX_ALIASED_LENGTH = 1024;

/**
 * Adds a Topic Alias to a PUBLISH of `sizeBytes`, if it then is within `maxSizeBytes`. This is only for packets that are sent at once: a
 * packet that waits for a commit could be overtaken by one that uses the alias before it is defined.
 */
export function withAlias(
  packet: Publish,
  aliases: OutgoingAliases,
  sizeBytes: number,
  maxSizeBytes: number,
): Publish {
  if (sizeBytes + TOPIC_ALIAS_BYTES > maxSizeBytes) return packet;
  if (packet.topicName.length > MAX_ALIASED_LENGTH) return packet;
  // If no alias is free the oldest is reused, so every topic gets one: a repeated topic costs three bytes.
  const { alias, isNew } = aliases.use(packet.topicName);
  return {
    ...packet,
    topicName: isNew ? packet.topicName : "",
    properties: { ...packet.properties, topicAlias: alias },
  };
}
