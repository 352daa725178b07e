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
  | "session_ended";

/** Counters since the start, and levels. Plain numbers: the hot path adds to them. */
export class Metrics {
  bytesReceived = 0;
  bytesSent = 0;
  packetsReceived = 0;
  packetsSent = 0;
  publishReceived = 0;
  publishSent = 0;
  payloadBytesReceived = 0;
  payloadBytesSent = 0;
  connectionsAccepted = 0;
  connectsAccepted = 0;
  connectsRefused = 0;
  clientsConnectedMax = 0;
  protocolErrors = 0;
  /** Clients disconnected because they took nothing for too long. */
  slowClientsEvicted = 0;
  sessionsExpired = 0;
  sessionsTakenOver = 0;
  /** Messages not delivered or not stored, by reason. */
  readonly dropped = new Map<DropReason, number>();

  drop(reason: DropReason): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1);
  }

  /** All drops together. */
  get droppedTotal(): number {
    let total = 0;
    for (const count of this.dropped.values()) total += count;
    return total;
  }
}
