import type { BridgeAddress } from "./options.ts";
import type { BridgeStatus } from "./state.ts";

/** What this broker knows of a bridge's session. */
export interface LocalSession {
  /** Its Topic Filters. */
  readonly topicFilters: readonly string[];
  /** Messages that wait in it, or are under way. */
  readonly waiting: number;
}

/** All that the machine of a bridge needs of the world. Every call returns at once. */
export interface BridgePorts {
  /** Opens a stream; `opened`, `failed`, `remoteBytes` and `remoteEnded` of the machine name it by `id`. */
  openRemote(id: number, address: BridgeAddress): void;
  /** Writes what waits, then closes. Nothing more comes of it. */
  closeRemote(id: number): void;
  /** Opens a connection to this broker, for the session of that name; what was opened before is closed. */
  openLocal(id: number, init: { readonly forgetsReceived: boolean }): void;
  /** As `closeRemote`. */
  closeLocal(id: number): void;
  /** The remote password, as it is now; throws where it cannot be read. */
  password(): string;
  /** `undefined`: there is none yet. */
  localSession(): LocalSession | undefined;
  /** Publishes the state of the bridge in this broker. */
  notify(payload: "0" | "1"): void;
  /** It stands somewhere else than before. */
  changed(status: BridgeStatus): void;
  /** What somebody should look at. */
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  /** From 0 to 1. */
  random(): number;
}
