import { MqttError, type Publish, ReasonCode } from "../../codec/mod.ts";
import type { IncomingAliases } from "../../session/mod.ts";
import type { Core } from "../core/core.ts";
import { checkResponseTopic } from "../ground/message_rules.ts";
import type { Connection } from "../state/connection.ts";

/** The Topic Name of a PUBLISH that has properties: its own, or the one that its Topic Alias stands for. */
export function resolveAlias(core: Core, connection: Connection, packet: Publish): string {
  const { topicAlias, subscriptionIdentifiers } = packet.properties!;
  checkResponseTopic(packet.properties!);
  if (subscriptionIdentifiers !== undefined) {
    // [MQTT-3.3.4-6]
    throw new MqttError(ReasonCode.ProtocolError, "A client sent a Subscription Identifier");
  }
  if (topicAlias === undefined) return packet.topicName;
  const aliases = connection.incomingAliases;
  if (aliases === null || topicAlias > aliases.maximum) {
    // [MQTT-3.3.2-9]
    throw new MqttError(
      ReasonCode.TopicAliasInvalid,
      `Cannot use Topic Alias ${topicAlias}: ${aliases?.maximum ?? 0} is the maximum`,
    );
  }
  if (packet.topicName !== "") {
    keepAlias(core, aliases, topicAlias, packet.topicName);
    return packet.topicName;
  }
  const topicName = aliases.get(topicAlias);
  if (topicName === undefined) {
    throw new MqttError(ReasonCode.ProtocolError, `Topic Alias ${topicAlias} stands for no topic`);
  }
  return topicName;
}

/** Keeps the topic of an alias. CONNACK promised the number of aliases, but long topics may be refused where memory is short. */
function keepAlias(core: Core, aliases: IncomingAliases, alias: number, topicName: string): void {
  const { maxTotalQueuedBytes } = core.options;
  const roomBytes = maxTotalQueuedBytes === 0
    ? Infinity
    : maxTotalQueuedBytes - core.totalQueuedBytes;
  if (core.aliases.set(aliases, alias, topicName, roomBytes)) return;
  throw new MqttError(ReasonCode.QuotaExceeded, "No room for the topic of another Topic Alias");
}
