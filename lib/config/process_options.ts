/** Settings that belong neither to the core nor to one listener. */
export interface ProcessOptions {
  /** What implements connections without TLS and WebSocket. */
  readonly transport: "auto" | "deno" | "epoll";
  /** Whether small packets are sent at once. */
  readonly setTcpNodelay: boolean;
  /** The largest request that may open a WebSocket, in bytes. */
  readonly websocketsHeadersSize: number;
  /** The most bytes of unfinished packets of connected clients; 0: no limit. */
  readonly maxUnfinishedBytes: number;
  /** The most bytes of unfinished packets and waiting CONNECTs of clients that are not connected yet; 0: no limit. */
  readonly maxConnectingBytes: number;
  /** The longest time from the first byte of a packet to its last; 0: no limit. */
  readonly packetTimeoutSeconds: number;
  /** Seconds between updates of the `$SYS` topics; 0: none. */
  readonly sysIntervalSeconds: number;
  /** The file that the process id is written to; `""`: none. */
  readonly pidFile: string;
  /** Whether there is a durable store; in a `Config` it is false if `durability` is `none`. */
  readonly persistence: boolean;
  /** The store's directory. */
  readonly persistenceLocation: string;
  /** What an acknowledgement promises; in a `Config` it is `none` if `persistence` is false. */
  readonly durability: "always" | "interval" | "none";
  /** The largest size of the store's file; 0: no limit; {@linkcode LEAVE_DISK_FREE}: by the size of the file system. */
  readonly maxStoreBytes: number;
  /** The longest delay of a login after others from its address have failed; 0: none. */
  readonly maxFailureDelaySeconds: number;
  /** Prefixes of topics that have metrics of their own. */
  readonly metricsTopicPrefix: readonly string[];
  /** Another set of names under which the metrics are exported too. */
  readonly metricsCompat: "none" | "mosquitto_exporter";
  /** `log_type` words, in their order. */
  readonly logType: readonly string[];
  /** `log_dest` values, in their order. */
  readonly logDest: readonly string[];
  /** Syslog's facility, `local0` to `local7`; `""`: `daemon`. */
  readonly logFacility: "" | "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7";
}

/** The default of `max_store_bytes`: a tenth of the file system stays free. */
export const LEAVE_DISK_FREE: number = -1;

/** The defaults of {@linkcode ProcessOptions}. */
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
