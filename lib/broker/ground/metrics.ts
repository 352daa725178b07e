import type { Packet, ReasonCode } from "../../codec/mod.ts";

/** Why a message was not delivered or not stored. Each reason has a counter; no message is dropped without being counted. */
export type DropReason =
  | "queue_full"
  | "offline_qos0"
  | "slow_client"
  | "packet_too_large"
  | "expired"
  | "not_authorized"
  | "message_size_limit"
  | "retained_limit"
  | "retain_not_available"
  | "reserved_topic"
  | "no_share_member"
  | "store_failing"
  | "bridge_full"
  | "session_ended"
  | "encoding_failed"
  | "refused_by_client"
  | "refused_by_hook"
  | "not_a_topic_name";

/** The types of MQTT Control Packets; the index is the number of the type in the first byte (section 2.1.2). */
export const PACKET_TYPES: readonly (Packet["type"] | "")[] = [
  ...["", "connect", "connack", "publish", "puback", "pubrec", "pubrel", "pubcomp"] as const,
  ...["subscribe", "suback", "unsubscribe", "unsuback", "pingreq", "pingresp"] as const,
  ...["disconnect", "auth"] as const,
];

/** Counters since the start, and levels. They are plain numbers, so that counting is cheap for each packet. */
export class Metrics {
  /** Bytes of packets handled. */
  bytesReceived = 0;
  /** Bytes written to connections. */
  bytesSent = 0;
  /** Packets of any type. */
  packetsReceived = 0;
  /** Packets of any type, counted when they are put into an outbox. */
  packetsSent = 0;
  /** PUBLISH packets, repeats included. */
  publishReceived = 0;
  /** PUBLISH packets, repeats included. */
  publishSent = 0;
  /** Payload bytes of PUBLISH packets. */
  payloadBytesReceived = 0;
  /** Payload bytes of PUBLISH packets. */
  payloadBytesSent = 0;
  /** Network Connections. */
  connectionsAccepted = 0;
  /** CONNECT packets answered with Success. */
  connectsAccepted = 0;
  /** CONNECT packets refused by access control or because a limit was reached. */
  connectsRefused = 0;
  /** The most clients that were connected at once. */
  clientsConnectedMax = 0;
  /** Connections closed for a fault of the peer. */
  protocolErrors = 0;
  /** Packets that could not be handled because of a fault in the broker. */
  internalErrors = 0;
  /** Clients disconnected because they did not read for too long. */
  slowClientsEvicted = 0;
  /** Sessions that ended by their expiry. */
  sessionsExpired = 0;
  /** Sessions that ended because another user connected with their Client Identifier. */
  sessionsReplaced = 0;
  /** Connections closed because their client connected again. */
  sessionsTakenOver = 0;
  /** Received packets except PUBLISH, by the index of their type in {@linkcode PACKET_TYPES}. */
  readonly receivedByType: number[] = PACKET_TYPES.map(() => 0);
  /**
   * Sent packets except PUBLISH, counted when they are put into an outbox, by the index of their type in {@linkcode PACKET_TYPES}.
   */
  readonly sentByType: number[] = PACKET_TYPES.map(() => 0);
  /** Received PUBLISH packets of QoS 1 and 2, by QoS. Those of QoS 0 are the difference to all PUBLISH packets. */
  readonly publishReceivedByQos: number[] = [0, 0, 0];
  /** Sent PUBLISH packets of QoS 1 and 2, by QoS. */
  readonly publishSentByQos: number[] = [0, 0, 0];
  /** Connections that were refused before their client was accepted, by Reason Code. */
  readonly refused: Map<ReasonCode, number> = new Map();
  /** Clients that disconnected, by the Reason Code that the broker sent, or by how the connection ended. */
  readonly disconnected: Map<ReasonCode | "normal" | "connection_lost", number> = new Map();
  /** Functions of the program (listeners, hooks) that threw, took too long, or returned an invalid answer. */
  programErrors = 0;
  /** Events that listeners were not told of, because too many came in one turn. */
  eventsLost = 0;
  /** Messages not delivered or not stored, by reason. */
  readonly dropped: Map<DropReason, number> = new Map();

  /** Counts one message, or more of the same kind. */
  countDrop(reason: DropReason, messages = 1): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + messages);
  }

  /** Counts one client that disconnected. */
  countDisconnect(reason: ReasonCode | "normal" | "connection_lost"): void {
    this.disconnected.set(reason, (this.disconnected.get(reason) ?? 0) + 1);
  }

  /** Counts one connection that was refused. */
  countRefusal(reasonCode: ReasonCode): void {
    this.refused.set(reasonCode, (this.refused.get(reasonCode) ?? 0) + 1);
  }

  /** The number of all dropped messages. */
  get droppedTotal(): number {
    let total = 0;
    for (const count of this.dropped.values()) total += count;
    return total;
  }
}
