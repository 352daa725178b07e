import { MqttError, type Properties, ReasonCode } from "../../codec/mod.ts";
import { isTopicName } from "../../topic/mod.ts";

/**
 * Whether the topic is in the broker's own tree, where subscribers would take what a client publishes for a statement of the
 * broker.
 */
export function isReserved(topicName: string): boolean {
  return topicName.charCodeAt(0) === 0x24 && topicName.startsWith("$SYS/");
}

/**
 * Whether messages of this topic, or all that match the filter, stay on their node of a cluster: what it says of itself, and the commands that
 * it was given, with the answers. Passwords are in these, and an answer is for who has asked.
 */
export function staysOnNode(topic: string): boolean {
  return topic.charCodeAt(0) === 0x24 &&
    (topic.startsWith("$SYS/") || topic.startsWith("$CONTROL/"));
}

const BRIDGES = "$SYS/broker/connection/";
const STATE = "/state";

/**
 * Whether the topic is one where a bridge of mosquitto publishes its connection state: the only topics under `$SYS/` open to
 * clients.
 */
export function isBridgeState(topicName: string): boolean {
  if (!topicName.startsWith(BRIDGES) || !topicName.endsWith(STATE)) return false;
  const name = topicName.slice(BRIDGES.length, -STATE.length);
  return name !== "" && !name.includes("/");
}

/** The topic where the bridge with this Client Identifier publishes its connection state. */
export function bridgeStateOf(clientId: string): string {
  return BRIDGES + clientId + STATE;
}

/** The time at which a message expires that is published at `nowMs`. */
export function expiry(nowMs: number, intervalSeconds: number | undefined): number {
  return intervalSeconds === undefined ? Infinity : nowMs + intervalSeconds * 1000;
}

/** The properties of a PUBLISH, or of a will, that are forwarded to its receivers; the broker uses up the others. */
export function travelling(properties: Properties): Properties | undefined {
  const {
    topicAlias: _alias,
    messageExpiryInterval: _expiry,
    willDelayInterval: _delay,
    subscriptionIdentifiers: _identifiers,
    ...rest
  } = properties;
  for (const _ in rest) return rest;
  return undefined;
}

/** A Response Topic is a Topic Name: answers are published to it. [MQTT-3.3.2-14] */
export function checkResponseTopic({ responseTopic }: Properties): void {
  if (responseTopic !== undefined && !isTopicName(responseTopic)) {
    throw new MqttError(ReasonCode.ProtocolError, "Response Topic has wildcards");
  }
}

/** The most characters of a Topic Name that an error message quotes. */
const QUOTED_LENGTH = 120;

/** A Topic Name for an error message: in quotes, and cut to a readable length. */
export function quoted(topicName: string): string {
  if (topicName.length <= QUOTED_LENGTH) return JSON.stringify(topicName);
  return `${JSON.stringify(topicName.slice(0, QUOTED_LENGTH))}\u2026`;
}
