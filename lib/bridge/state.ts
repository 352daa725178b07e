/** Where a bridge stands. */
export type BridgeState =
  /** It opens a connection, or waits for the CONNACK. */
  | "connecting"
  | "connected"
  /** It has failed, and tries again at a time that it knows. */
  | "waiting"
  /** A lazy bridge without enough to send. */
  | "idle"
  /** A bridge of `start_type once` whose connection is over. */
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
  | "internal"
  | "idle";

/** What ends a connection to the remote broker, or keeps it from beginning. */
export class BridgeFault extends Error {
  /** For logs. */
  override readonly name = "BridgeFault";

  /** `reason` is for programs, `message` for people. */
  constructor(readonly reason: BridgeReason, message: string) {
    super(message);
  }
}

/** What a bridge has done since it began. */
export class BridgeCounters {
  /** Messages given to the remote broker. */
  messagesOut = 0;
  /** Messages taken from it. */
  messagesIn = 0;
  /** Bytes written to it. */
  bytesOut = 0;
  /** Bytes read from it. */
  bytesIn = 0;
  /** Messages that it has acknowledged. */
  acknowledged = 0;
  /** Connections that got past CONNACK. */
  connects = 0;
  /** Attempts that did not, and connections that ended. */
  failures = 0;
  /** Messages that did not cross, by reason. */
  readonly dropped: Map<string, number> = new Map();

  /** One message less crosses, or so many. */
  drop(reason: string, count = 1): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + count);
  }
}

/** A bridge as a list shows it. */
export interface BridgeStatus {
  /** As the `connection` line says it. */
  readonly name: string;
  /** Where it stands. */
  readonly state: BridgeState;
  /** Why it is not connected; `""`: it is. */
  readonly reason: BridgeReason;
  /** The same for people. */
  readonly message: string;
  /** Of the remote broker: the one that is connected, or was tried last. */
  readonly address: string;
  /** MQTT's version there; 0: not connected. */
  readonly protocolVersion: number;
  /** Since when it is in this state, in the clock's milliseconds. */
  readonly sinceMs: number;
  /** When it connects again, in the clock's milliseconds; `Infinity`: it does not, or is. */
  readonly retryAtMs: number;
  /** Its session in this broker. */
  readonly localClientId: string;
  /** What it has done. */
  readonly counters: BridgeCounters;
}
