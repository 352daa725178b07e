/** The state of a bridge. */
export type BridgeState =
  /** It opens a connection, or waits for CONNACK. */
  | "connecting"
  | "connected"
  /** It has failed, and tries again at a known time. */
  | "waiting"
  /** A lazy bridge without enough messages to send. */
  | "idle"
  /** A bridge with `start_type once` whose connection has ended, or a bridge that was stopped. */
  | "ended";

/** Why a bridge is not connected. */
export type BridgeReason =
  | ""
  | "starting"
  | "unknown_host"
  | "unreachable"
  | "timeout"
  | "certificate"
  | "websocket"
  | "password_file"
  | "credentials"
  | "client_id"
  | "version"
  | "quota"
  | "unavailable"
  | "refused"
  | "closed"
  | "protocol_error"
  | "keep_alive"
  | "taken_over"
  | "local_refused"
  | "local_closed"
  | "no_cluster"
  | "internal"
  | "idle";

/** An error that ends a connection to the remote broker, or keeps it from beginning. */
export class BridgeFault extends Error {
  /** The name in logs. */
  override readonly name = "BridgeFault";

  /** `reason` is for programs, `message` for people. */
  constructor(readonly reason: BridgeReason, message: string) {
    super(message);
  }
}

/** The counters of a bridge since it began. */
export class BridgeCounters {
  /** Messages sent to the remote broker. */
  messagesOut = 0;
  /** Messages received from it. */
  messagesIn = 0;
  /** Bytes written to it. */
  bytesOut = 0;
  /** Bytes read from it. */
  bytesIn = 0;
  /** Messages that the remote broker has acknowledged. */
  acknowledged = 0;
  /** Connections that the remote broker accepted. */
  connects = 0;
  /** Attempts that failed, and connections that ended. */
  failures = 0;
  /** Messages that did not cross, by reason. */
  readonly dropped: Map<string, number> = new Map();

  /** Counts messages that do not cross. */
  drop(reason: string, count = 1): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + count);
  }
}

/** The status of a bridge, for lists. */
export interface BridgeStatus {
  /** The name in the `connection` line. */
  readonly name: string;
  /** Its state; `elsewhere`: another node of the cluster has it, or none has at present. */
  readonly state: BridgeState | "elsewhere";
  /** The node of the cluster that has it; `""`: none has, or the broker is in no cluster. */
  readonly node: string;
  /** Why it is not connected; `""` while it is connected. */
  readonly reason: BridgeReason;
  /** The same as text for people. */
  readonly message: string;
  /** The address of the remote broker that is connected, or was tried last. */
  readonly address: string;
  /** The MQTT version of the connection; 0 while there is none. */
  readonly protocolVersion: number;
  /** When this state began, in the clock's milliseconds. */
  readonly sinceMs: number;
  /** When it connects again, in the clock's milliseconds; `Infinity` if it is connected or does not try again. */
  readonly retryAtMs: number;
  /** The Client Identifier of its session in this broker. */
  readonly localClientId: string;
  /** Its counters. */
  readonly counters: BridgeCounters;
}
