import type { BridgeAddress } from "./options.ts";
import type { BridgeStatus } from "./state.ts";

/** What this broker knows about a bridge's session. */
export interface LocalSession {
  /** Its Topic Filters. */
  readonly topicFilters: readonly string[];
  /** Messages that wait in it or are in flight. */
  readonly waiting: number;
}

/** Everything that the machine of a bridge needs from outside. Every call returns at once. */
export interface BridgePorts {
  /** Opens a stream; `opened`, `failed`, `remoteBytes` and `remoteEnded` of the machine refer to it by `id`. */
  openRemote(id: number, address: BridgeAddress): void;
  /** Writes the waiting bytes, then closes. The machine gets no more events of this stream. */
  closeRemote(id: number): void;
  /** Opens a connection to this broker for the bridge's session; an earlier one is closed. */
  openLocal(id: number, init: { readonly forgetsReceived: boolean }): void;
  /** Like `closeRemote`. */
  closeLocal(id: number): void;
  /** The present remote password; throws if it cannot be read. */
  password(): string;
  /** The bridge's session; `undefined` if there is none yet. */
  localSession(): LocalSession | undefined;
  /** Publishes the state of the bridge in this broker. */
  notify(payload: "0" | "1"): void;
  /** Called when the state of the bridge has changed. */
  changed(status: BridgeStatus): void;
  /** Logs a warning. */
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  /** A random number from 0 to 1. */
  random(): number;
}
