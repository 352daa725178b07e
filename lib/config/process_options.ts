/** What is logged, how and where to; the log takes it as it is. */
export interface LogConfig {
  /** The least grave lines that are written. */
  readonly level: "debug" | "info" | "warning" | "error" | "none";
  /** How a line looks. */
  readonly format: "text" | "json";
  /** Whether a line has the time. */
  readonly timestamp: boolean;
  /** Directives of strftime; `""`: ISO 8601 in UTC. */
  readonly timestampFormat: string;
  /** Where lines go; empty: nowhere. */
  readonly destinations: readonly LogDestinationConfig[];
}

/** Where the log goes. */
export type LogDestinationConfig =
  | { readonly type: "stderr" }
  | { readonly type: "stdout" }
  | { readonly type: "file"; readonly path: string };

/** Settings that are neither the core's nor one listener's, as the table's rows name them. */
export interface ProcessOptions {
  /** What carries plain connections. */
  readonly transport: "auto" | "deno" | "epoll";
  /** Whether small packets leave at once. */
  readonly setTcpNodelay: boolean;
  /** Bytes of the request that opens a WebSocket. */
  readonly websocketsHeadersSize: number;
  /** Seconds between updates of the `$SYS` topics; 0: none. */
  readonly sysIntervalSeconds: number;
  /** Where the process id is written; `""`: nowhere. */
  readonly pidFile: string;
  /** Whether there is a durable store. */
  readonly persistence: boolean;
  /** Its directory. */
  readonly persistenceLocation: string;
  /** What an acknowledgement promises. */
  readonly durability: "always" | "interval" | "none";
  /** Bytes of its file; 0: no limit. */
  readonly maxStoreBytes: number;
  /** The longest that an attempt waits after others of its address have failed; 0: it does not wait. */
  readonly maxFailureDelaySeconds: number;
  /** `log_type` words, in their order. */
  readonly logType: readonly string[];
  /** `log_dest` values, in their order. */
  readonly logDest: readonly string[];
  /** Whether a line of the log has the time. */
  readonly logTimestamp: boolean;
  /** Directives of strftime; `""`: ISO 8601 in UTC. */
  readonly logTimestampFormat: string;
  /** `text` or `json`. */
  readonly logFormat: string;
}

/** The defaults of what is not the core's. */
export const DEFAULT_PROCESS_OPTIONS: ProcessOptions = {
  transport: "auto",
  setTcpNodelay: true,
  websocketsHeadersSize: 8192,
  sysIntervalSeconds: 10,
  pidFile: "",
  persistence: true,
  persistenceLocation: "data",
  durability: "always",
  maxStoreBytes: 0,
  maxFailureDelaySeconds: 5,
  logType: ["error", "warning", "notice", "information"],
  logDest: ["stderr"],
  logTimestamp: true,
  logTimestampFormat: "",
  logFormat: "text",
};

/** The default listener: this machine only, until a configuration says otherwise. */
export const DEFAULT_PORT = 1883;
/** The address of the default listener. */
export const LOOPBACK = "127.0.0.1";
