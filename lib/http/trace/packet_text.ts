import {
  type Connect,
  type Packet,
  type ProtocolVersion,
  type Publish,
  reasonCodeName,
} from "../../codec/mod.ts";

/** Filters of one packet that are shown. */
const MAX_FILTERS = 20;

/** Writes a packet for people: its name and its important fields. A PUBLISH is shown without its payload. */
export function packetText(packet: Packet): string {
  const name = packet.type.toUpperCase();
  switch (packet.type) {
    case "connect":
      return `${name} ${listed(connectParts(packet))}`;
    case "connack":
      return `${name} ${
        listed([answer(packet.reasonCode), packet.sessionPresent && "session present"])
      }`;
    case "publish":
      return publishText(packet, packet.topicName);
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return `${name} id ${packet.packetId}${
        packet.reasonCode === 0 ? "" : `, ${answer(packet.reasonCode)}`
      }`;
    case "subscribe":
      return `${name} id ${packet.packetId}: ${
        shortened(packet.subscriptions.map(({ topicFilter, qos }) => `${topicFilter} QoS ${qos}`))
      }`;
    case "unsubscribe":
      return `${name} id ${packet.packetId}: ${shortened(packet.topicFilters)}`;
    case "suback":
      return `${name} id ${packet.packetId}: ${shortened(packet.reasonCodes.map(granted))}`;
    case "unsuback":
      return packet.reasonCodes.length === 0
        ? `${name} id ${packet.packetId}`
        : `${name} id ${packet.packetId}: ${shortened(packet.reasonCodes.map(answer))}`;
    case "disconnect":
    case "auth":
      return `${name} ${listed([answer(packet.reasonCode), packet.properties?.reasonString])}`;
    case "pingreq":
    case "pingresp":
      return name;
  }
}

/** Writes a PUBLISH, with the topic that its Topic Alias means. */
export function publishText(
  packet: Pick<Publish, "qos" | "packetId" | "retain" | "dup" | "payload">,
  topicName: string,
): string {
  const { qos, packetId, retain, dup, payload } = packet;
  const parts = [
    `QoS ${qos}`,
    packetId > 0 && `id ${packetId}`,
    retain && "retain",
    dup && "dup",
    payload.length === 1 ? "1 byte" : `${payload.length} bytes`,
  ];
  return `PUBLISH ${topicName}: ${listed(parts)}`;
}

/** Writes a protocol version: `3.1.1` for 4. */
export function versionText(version: ProtocolVersion): string {
  return version === 5 ? "5.0" : version === 4 ? "3.1.1" : "3.1";
}

/** The parts of a CONNECT, never with the password. */
function connectParts(packet: Connect): (string | false)[] {
  const { protocolVersion, clientId, userName, cleanStart, keepAliveSeconds, will } = packet;
  return [
    clientId === "" ? "without Client Identifier" : clientId,
    `MQTT ${versionText(protocolVersion)}`,
    userName !== undefined && `user ${userName}`,
    cleanStart && "Clean Start",
    `Keep Alive ${keepAliveSeconds} s`,
    will !== undefined && `will on ${will.topicName}`,
  ];
}

function answer(reasonCode: number): string {
  return reasonCode === 0 ? "Success" : reasonCodeName(reasonCode);
}

function granted(reasonCode: number): string {
  return reasonCode <= 2 ? `granted QoS ${reasonCode}` : reasonCodeName(reasonCode);
}

function listed(parts: readonly (string | false | undefined)[]): string {
  return parts.filter((part) => part !== false && part !== undefined).join(", ");
}

function shortened(parts: readonly string[]): string {
  const left = parts.length - MAX_FILTERS;
  const shown = parts.slice(0, MAX_FILTERS).join(", ");
  return left > 0 ? `${shown} and ${left} more` : shown;
}
