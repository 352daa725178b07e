/** Settings that are neither the core's nor one listener's. */
export interface ProcessOptions {
  /** What carries plain connections. */
  readonly transport: "auto" | "deno" | "epoll";
  /** Whether small packets leave at once. */
  readonly setTcpNodelay: boolean;
  /** Bytes of the request that opens a WebSocket. */
  readonly websocketsHeadersSize: number;
  /** Bytes of unfinished packets of clients that are connected; 0: no limit. */
  readonly maxUnfinishedBytes: number;
  /** Bytes of unfinished packets and waiting CONNECTs of clients that are not; 0: no limit. */
  readonly maxConnectingBytes: number;
  /** Seconds from the first byte of a packet to its last; 0: no limit. */
  readonly packetTimeoutSeconds: number;
  /** Seconds between updates of the `$SYS` topics; 0: none. */
  readonly sysIntervalSeconds: number;
  /** Where the process id is written; `""`: nowhere. */
  readonly pidFile: string;
  /** Whether there is a durable store; in a `Config` only where `durability` is not `none` as well. */
  readonly persistence: boolean;
  /** Its directory. */
  readonly persistenceLocation: string;
  /** What an acknowledgement promises; in a `Config` `none` where there is no durable store. */
  readonly durability: "always" | "interval" | "none";
  /** Bytes of its file; 0: no limit; {@linkcode LEAVE_DISK_FREE}: what the file system allows. */
  readonly maxStoreBytes: number;
  /** The longest that an attempt waits after others of its address have failed; 0: it does not wait. */
  readonly maxFailureDelaySeconds: number;
  /** Prefixes of topics that have metrics of their own. */
  readonly metricsTopicPrefix: readonly string[];
  /** Under which other names the metrics are to be found as well. */
  readonly metricsCompat: "none" | "mosquitto_exporter";
  /** `log_type` words, in their order. */
  readonly logType: readonly string[];
  /** `log_dest` values, in their order. */
  readonly logDest: readonly string[];
  /** Which of syslog's facilities `local0` to `local7`; `""`: `daemon`. */
  readonly logFacility: "" | "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7";
}

/** `max_store_bytes` where nobody sets it: a tenth of the file system stays free. */
export const LEAVE_DISK_FREE: number = -1;

/** The defaults of what is not the core's. */
export const DEFAULT_PROCESS_OPTIONS: ProcessOptions = {
  transport: "auto",
  setTcpNodelay: true,
  websocketsHeadersSize: 8192,
  maxUnfinishedBytes: 64 * 1024 * 1024,
  maxConnectingBytes: 8 * 1024 * 1024,
  packetTimeoutSeconds: 300,
  sysIntervalSeconds: 10,
  pidFile: "",
  persistence: true,
  persistenceLocation: "data",
  durability: "always",
  maxStoreBytes: LEAVE_DISK_FREE,
  maxFailureDelaySeconds: 5,
  metricsTopicPrefix: [],
  metricsCompat: "none",
  logType: ["error", "warning", "notice", "information"],
  logDest: ["stderr"],
  logFacility: "",
};

/** The port of the default listener. */
export const DEFAULT_PORT = 1883;
