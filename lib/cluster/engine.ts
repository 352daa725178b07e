import type { LogView } from "./log_watch.ts";
import type { OpenedLog } from "./open_log.ts";
import type { HeaderEntries } from "./nats/headers.ts";
import type { NatsMessage } from "./nats/message.ts";
import type { TailEvents } from "./nats/tail.ts";

/** Publishes and subscribes by subject. */
export interface Subjects {
  /** Whether a server has let us in, and is there as far as is known. */
  readonly isConnected: boolean;
  /** The most bytes of a message. */
  readonly maxPayloadBytes: number;
  /** A subject of this node alone, without its last tokens. */
  newInbox(): string;
  /** Sends a message; `false`: there is no server, and the message is lost. */
  publish(
    subject: string,
    payload: Uint8Array,
    options?: { readonly reply?: string; readonly headers?: HeaderEntries },
  ): boolean;
  /** Calls `handle` with each message; the returned function ends that. */
  subscribe(subject: string, handle: (message: NatsMessage) => void): () => void;
  /** Calls `done` when the server knows of all subscriptions that were made before, or is gone; absent: it knows at once. */
  settle?(done: () => void): void;
}

/** Reads the log, from a record on. */
export interface LogReader {
  /** No more is asked for; what was asked for still comes. */
  pause(): void;
  /** Goes on after `pause`. */
  resume(): void;
  /** Ends it. */
  close(): void;
}

/** Told how a node's connection stands. */
export interface EngineEvents {
  /** A server has let us in. */
  readonly onConnect: (server: string) => void;
  /** The connection is lost. */
  readonly onLost: (reason: string) => void;
  /** A server does not let this node use a subject. */
  readonly onDenied: (reason: string) => void;
}

/** What all nodes of a cluster share: NATS, or what a test has in its place. */
export interface Engine extends Subjects {
  /** Opens the log; resolves with `undefined` where the node leaves before. */
  openLog(init: OpenInit): Promise<OpenedLog | undefined>;
  /** Reads the log from this record on. */
  readLog(next: number, events: TailEvents): LogReader;
  /** Asks the server that leads the log where that ends; absent: it is known at once. Rejects where there is no answer. */
  endOfLog?(): Promise<LogEnd>;
  /** Whether a server is connected, and the log has not answered for long; absent: it always answers. */
  readonly isLogAway?: boolean;
  /** Where the log stands, for those who look; absent or `undefined`: that is not known. */
  readonly logView?: LogView | undefined;
  /** Leaves. */
  close(): Promise<void>;
}

/** How the log is opened. */
export interface OpenInit {
  /** What the node's store knows of the log. */
  readonly position: string | undefined;
  /** How long a log is waited for that has less than this node has applied; absent: 15,000. */
  readonly wholeLogWaitMs: number | undefined;
  /** Whether the node leaves: then nothing is waited for. */
  readonly isClosed: () => boolean;
}

/** Where the log ends. */
export interface LogEnd {
  /** The number of its last record. */
  readonly sequence: number;
  /** How long ago a majority of the servers was there: what others have said since may be missing. */
  readonly ageMs: number;
}

/** Calls functions later. */
export interface Timers {
  /** Calls `run` once after so many milliseconds; the returned function prevents it. */
  after(delayMs: number, run: () => void): () => void;
  /** Calls `run` each time so many milliseconds have passed; the returned function ends that. */
  every(periodMs: number, run: () => void): () => void;
}

/** The timers of the process. */
export const TIMERS: Timers = {
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  every: (periodMs, run) => {
    const timer = setInterval(run, periodMs);
    return () => clearInterval(timer);
  },
};
