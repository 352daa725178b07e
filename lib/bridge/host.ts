import type { ListenerOptions, LogPort } from "../broker/mod.ts";
import type { LocalSession } from "./ports.ts";
import type { BridgeStatus } from "./state.ts";

/** A byte stream as the broker's network takes it in. */
export interface LocalByteStream {
  /** Fills some of the buffer; `null`: the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends one direction. */
  closeWrite(): Promise<void>;
  /** Ends both. */
  close(): void;
}

/** The broker that bridges belong to, as they see it. */
export interface BridgeHost {
  /** Takes in a bridge's connection; `false`: it does not. */
  adopt(stream: LocalByteStream, options: ListenerOptions): boolean;
  /** A session of this broker; `undefined`: there is none. */
  session(clientId: string): LocalSession | undefined;
  /** The Client Identifiers of all sessions that begin so. */
  sessionsOf(prefix: string): readonly string[];
  /** Publishes for the broker itself, retained. */
  publish(topicName: string, payload: string): void;
  /** Milliseconds since 1970 that never go back. */
  nowMs(): number;
  /** A name of this broker that others do not have, and that stays from start to start. */
  readonly brokerId: string;
  /** Bytes of a packet that it takes. */
  readonly maxPacketSizeBytes: () => number;
  /** Messages under way to one client. */
  readonly maxInflightMessages: () => number;
  /** Where is said what happens. */
  readonly log: LogPort;
  /** A bridge stands somewhere else than before. */
  readonly changed?: (status: BridgeStatus) => void;
}
