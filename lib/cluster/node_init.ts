import type { ClusterChangedEvent, FromCluster, LogPort, Store } from "../broker/mod.ts";
import type { Engine, EngineEvents, Timers } from "./engine.ts";
import type { LogView } from "./log_watch.ts";
import type { Beat } from "./members.ts";
import type { ClusterOptions } from "./options.ts";
import type { SessionHost } from "./session_ports.ts";
import type { ShareHost } from "./share_here.ts";

/** The broker, for its node. */
export interface ClusterHost extends SessionHost, ShareHost {
  /** The way into the broker, in the turn that is open or in a new one. */
  turn(): FromCluster;
  /** {@linkcode FromCluster.changed} */
  clusterChanged?(event: ClusterChangedEvent): void;
  /** Clients that are connected, and sessions, for those who look. */
  readonly counts: { readonly clients: number; readonly sessions: number };
}

/** What a node is made of. */
export interface ClusterInit {
  /** What it is told. */
  readonly options: ClusterOptions;
  /** For what an operator should know. */
  readonly log: LogPort;
  /** The node's own store. Absent: what is not in the log ends with the process. */
  readonly store?: Store | undefined;
  /** What that store knows of the log. */
  readonly position?: string | undefined;
  /** The broker's clock, milliseconds since 1970. */
  readonly nowMs: () => number;
  /** A node that is not heard for so long is dead; default: 10,000. */
  readonly deadAfterMs?: number;
  /** How long a log is waited for that has less than this node has applied; default: 15,000. */
  readonly wholeLogWaitMs?: number;
  /**
   * The log does not reach back any more to what this node has applied, because it was away for too long, or the log was shortened while it
   * joined: nothing is applied from here on, and it has to start anew from a snapshot. Absent: it goes on without what it has missed. The same
   * where the log has lost what this node had applied; absent: the node takes no part any more.
   */
  readonly fellBehind?: () => void;
  /** {@linkcode ClusterLevel.losses} of the node that this one continues; absent: none. */
  readonly losses?: number;
  /**
   * What the nodes share; default: NATS.
   * @internal
   */
  readonly newEngine?: (events: EngineEvents) => Engine;
  /**
   * Default: those of the process.
   * @internal
   */
  readonly timers?: Timers;
}

/** Where a node stands. */
export interface ClusterLevel {
  /** The cluster's name. */
  readonly name: string;
  /** The node's. */
  readonly node: string;
  /** Whether a NATS server has let it in. */
  readonly isConnected: boolean;
  /** That server; `""`: none has. */
  readonly server: string;
  /** The log as the servers describe it; absent: that is not known. */
  readonly log?: LogView;
  /** The last record that is applied. */
  readonly sequence: number;
  /** Whether the node takes part. */
  readonly isReady: boolean;
  /** How many records fewer than the node that has most. */
  readonly behind: number;
  /** Messages of the log that were applied since the start. */
  readonly messages: number;
  /** Bytes of the records that have come since the start. */
  readonly bytes: number;
  /** Records of this node on their way. */
  readonly waiting: number;
  /** How often the log has had less than this node had applied. */
  readonly losses: number;
  /** Nodes that are heard, this one included. */
  readonly nodes: readonly Beat[];
}
