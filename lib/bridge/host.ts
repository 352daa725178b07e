import type { BridgeAdmission, ListenerOptions, LogPort } from "../broker/mod.ts";
import type { BridgeHomes } from "./homes.ts";
import type { LocalSession } from "./ports.ts";
import type { BridgeStatus } from "./state.ts";

/** A byte stream that the broker's network accepts. */
export interface LocalByteStream {
  /** Fills some of the buffer; `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends the direction to the reader. */
  closeWrite(): Promise<void>;
  /** Ends both. */
  close(): void;
}

/** The broker that owns the bridges, as they use it. */
export interface BridgeHost {
  /** Accepts a bridge's connection; false if it does not. */
  adopt(stream: LocalByteStream, options: ListenerOptions): boolean;
  /** A session of this broker; `undefined` if there is none. */
  session(clientId: string): LocalSession | undefined;
  /** Sets the limits of a session that is there, while its bridge is not connected. */
  limit(clientId: string, admission: BridgeAdmission): void;
  /** The Client Identifiers of all sessions that begin with `prefix`. */
  sessionsOf(prefix: string): readonly string[];
  /** Publishes a retained message in the broker's own name. */
  publish(topicName: string, payload: string): void;
  /** Milliseconds since 1970 that never go back. */
  nowMs(): number;
  /** A unique name of this broker, the same at each start. */
  readonly brokerId: string;
  /** The most bytes of a packet that this broker accepts. */
  readonly maxPacketSizeBytes: () => number;
  /** The most messages in flight to one client. */
  readonly maxInflightMessages: () => number;
  /** Gets the log lines. */
  readonly log: LogPort;
  /** Where bridges are in the cluster; absent: the broker is in none. */
  readonly homes?: BridgeHomes;
  /** The sessions of bridges are those of the cluster; absent: they are this broker's own. */
  readonly isOfCluster?: true;
  /** Called when the state of a bridge has changed. */
  readonly changed?: (status: BridgeStatus) => void;
}
