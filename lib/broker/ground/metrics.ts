/** Why a message was not delivered or stored. Each is a counter; none is silent. */
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
  | "not_a_topic_name";

/** Counters since the start, and levels. Plain numbers: the hot path adds to them. */
export class Metrics {
  /** Bytes of packets handled. */
  bytesReceived = 0;
  /** Bytes written to connections. */
  bytesSent = 0;
  /** Packets of any type. */
  packetsReceived = 0;
  /** Packets of any type, as they were put into an outbox. */
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
  /** CONNECT packets refused by access control or for want of room. */
  connectsRefused = 0;
  /** The most clients that were connected at once. */
  clientsConnectedMax = 0;
  /** Connections closed for a fault of the peer. */
  protocolErrors = 0;
  /** Packets that could not be handled for a fault of the broker's own. */
  internalErrors = 0;
  /** Clients disconnected because they took nothing for too long. */
  slowClientsEvicted = 0;
  /** Sessions that ended by their expiry. */
  sessionsExpired = 0;
  /** Sessions that ended because somebody else came with their Client Identifier. */
  sessionsReplaced = 0;
  /** Connections closed because their client connected anew. */
  sessionsTakenOver = 0;
  /** Functions of the program (listeners, hooks) that threw, took too long, or answered nonsense. */
  programErrors = 0;
  /** Events that listeners were not told of, because too many came in one turn. */
  eventsLost = 0;
  /** Messages not delivered or not stored, by reason. */
  readonly dropped: Map<DropReason, number> = new Map();

  /** Counts one message, or more of the same kind. */
  countDrop(reason: DropReason, messages = 1): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + messages);
  }

  /** All drops together. */
  get droppedTotal(): number {
    let total = 0;
    for (const count of this.dropped.values()) total += count;
    return total;
  }
}
