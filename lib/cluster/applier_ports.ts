import type {
  LogPort,
  Message,
  SessionChange,
  ShareChange,
  SharedMessage,
  Store,
} from "../broker/mod.ts";
import type { Timers } from "./engine.ts";
import type { SavedFences } from "./fences.ts";
import type { RecordClaim, SharedAgain } from "./record.ts";

/** Who has written a record. */
export interface Origin {
  readonly node: string;
  /** It is this process. */
  readonly isOwn: boolean;
  /** The record's place in the log, and what its writer had applied: {@linkcode LogRecord.since}. */
  readonly sequence: number;
  readonly since: number;
}

/** What the applier needs of the world. */
export interface ApplierPorts {
  readonly node: string;
  readonly log: LogPort;
  /** For what has to come again. */
  readonly timers: Timers;
  /** The node's own store. */
  readonly store: Store;
  /** Routes a message in a turn; `false`: it has to come again. */
  apply(shared: SharedMessage, origin: Origin, isWill: boolean): boolean;
  /** A client has come to a node. */
  claimed(claim: RecordClaim, origin: Origin): void;
  /** A node says something of a session, in a turn; `false`: it has to come again. */
  changed(change: SessionChange, origin: Origin): boolean;
  /** A node is dead; `false`: it has to come again. */
  died(node: string, origin: Origin, place: number): boolean;
  /** A node says something of a shared subscription, at this place in the log; `false`: it has to come again. */
  shared(change: ShareChange, origin: Origin, place: number): boolean;
  /** A message comes again, for members of one shared subscription; `false`: it has to come again. */
  sharedAgain(message: Message, again: SharedAgain): boolean;
  /** Records are gone that were still to be applied: the next one is this. */
  missed(from: number): void;
  /** What is stored with the position, as JSON. */
  readonly shares: string;
  /** What is stored with it too; `undefined`: nothing. */
  readonly fences: SavedFences | undefined;
  /** A record of this process has been applied, or stands before an earlier one. */
  applied(number: number, sequence: number): void;
  early(number: number): void;
  /** There is more to apply than there is time for, or no more. */
  paused(isPaused: boolean): void;
  /** A record is of a later version: nothing is applied from here on. */
  outdated(sequence: number, version: number): void;
}
