import { MqttError, type Properties, ReasonCode } from "../../codec/mod.ts";
import { isTopicName } from "../../topic/mod.ts";

/** The broker's own tree: what clients publish there would pass for the broker's word. */
export function isReserved(topicName: string): boolean {
  return topicName.charCodeAt(0) === 0x24 && topicName.startsWith("$SYS/");
}

const BRIDGES = "$SYS/broker/connection/";
const STATE = "/state";

/** Where bridges of mosquitto say whether they are connected: the one place in the broker's tree that is theirs. */
export function isBridgeState(topicName: string): boolean {
  if (!topicName.startsWith(BRIDGES) || !topicName.endsWith(STATE)) return false;
  const name = topicName.slice(BRIDGES.length, -STATE.length);
  return name !== "" && !name.includes("/");
}

/** Where the bridge with this Client Identifier says it. */
export function bridgeStateOf(clientId: string): string {
  return BRIDGES + clientId + STATE;
}

/** When a message expires that is published at `nowMs`. */
export function expiry(nowMs: number, intervalSeconds: number | undefined): number {
  return intervalSeconds === undefined ? Infinity : nowMs + intervalSeconds * 1000;
}

/** The properties of a PUBLISH, or of a will, that its receivers get; the rest is for the broker. */
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

/** Characters of a Topic Name that a message of an error holds. */
const QUOTED_LENGTH = 120;

/** A Topic Name for the message of an error: in quotes, and not longer than somebody reads. */
export function quoted(topicName: string): string {
  if (topicName.length <= QUOTED_LENGTH) return JSON.stringify(topicName);
  return `${JSON.stringify(topicName.slice(0, QUOTED_LENGTH))}…`;
}
