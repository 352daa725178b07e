import type { BrokerOptions, ListenerOptions } from "../broker/mod.ts";
import type { AccessConfig } from "./access_config.ts";
import type { Note } from "./draft.ts";
import type { Option } from "./option.ts";
import type { LogConfig } from "./process_options.ts";

/** Paths of PEM files, and what is asked of clients. */
export interface TlsConfig {
  /** The server's certificate. */
  readonly certfile: string;
  /** Its key. */
  readonly keyfile: string;
  /** Who may have signed clients' certificates. */
  readonly cafile?: string;
  /** The same, a directory. */
  readonly capath?: string;
  /** What these have revoked. */
  readonly crlfile?: string;
  /** Whether clients must show a certificate. */
  readonly requireCertificate: boolean;
  /** The oldest version of TLS. */
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/** What a proxy before the listener says. */
export interface ProxyConfig {
  /** Of the PROXY protocol. */
  readonly version: 1 | 2;
  /** Whether a client must have come to the proxy with TLS. */
  readonly requireTls: boolean;
  /** Whether it must have shown the proxy a valid certificate. */
  readonly requireCertificate: boolean;
}

/** Who comes in at a listener for HTTP; nobody named: everybody on this machine. */
export interface HttpConfig {
  /** Host names that requests may be for, beside those of this machine alone. */
  readonly hosts: readonly string[];
  /** Users who may change something. */
  readonly admins: readonly string[];
  /** Users who may look. */
  readonly viewers: readonly string[];
  /** Tokens for programs; `""`: none. */
  readonly tokenFile: string;
}

/** One place where clients connect. */
export interface ListenerConfig {
  /** 0: any free one. */
  readonly port: number;
  /** An address or a host name; `""`: every address of the machine, IPv4 and IPv6. */
  readonly address: string;
  /** The path of a Unix socket, in the place of both; `""`: none. */
  readonly path: string;
  /** What clients speak there. */
  readonly protocol: "mqtt" | "websockets" | "http_api";
  /** Values of `Origin` that may open a WebSocket; empty: all. */
  readonly websocketsOrigins: readonly string[];
  /** Absent: connections are not encrypted. */
  readonly tls?: TlsConfig;
  /** Absent: clients connect themselves. */
  readonly proxy?: ProxyConfig;
  /** Present where it speaks HTTP. */
  readonly http?: HttpConfig;
  /** What of a client's certificate is its user name. */
  readonly certificateUserName: "none" | "common_name" | "subject";
  /** `FILE:LINE`, `MQTT_… (environment)`, `--flag` or `default`. */
  readonly origin: string;
  /** What the core needs to know of it. */
  readonly options: ListenerOptions;
  /** Who may come in there. */
  readonly access: AccessConfig;
}

/** One value of the result and where it came from: what `check` prints. */
export interface ResolvedSetting {
  /** The row that was decided. */
  readonly option: Option;
  /** The listener's name; `""` for what holds for the whole broker. */
  readonly listener: string;
  /** As it would stand in a file. */
  readonly text: string;
  /** `default`, `FILE:LINE`, `MQTT_… (environment)` or `--flag`. */
  readonly origin: string;
}

/** Everything that was configured, validated once; nobody reads a file or a variable after this. */
export interface Config {
  /** At least one. */
  readonly listeners: readonly ListenerConfig[];
  /** The page that nobody asked for: the broker goes on where its port is taken. Absent: there is none. */
  readonly dashboard?: ListenerConfig;
  /** For the core. */
  readonly broker: BrokerOptions;
  /** For the log. */
  readonly log: LogConfig;
  /** Whether there is a durable store: `persistence` is true and `durability` is not `none`. */
  readonly persistence: boolean;
  /** The directory of that store. */
  readonly persistenceLocation: string;
  /** What an acknowledgement promises where there is a store. */
  readonly durability: "always" | "interval";
  /** Bytes of the store's file; 0: no limit. */
  readonly maxStoreBytes: number;
  /** Whether small packets leave at once. */
  readonly setTcpNodelay: boolean;
  /** Bytes of the request that opens a WebSocket. */
  readonly websocketsHeadersSize: number;
  /** 0: the `$SYS` topics are not published. */
  readonly sysIntervalSeconds: number;
  /** Seconds that an attempt waits at most after others of its address have failed; 0: it does not wait. */
  readonly maxFailureDelaySeconds: number;
  /** `""`: none. */
  readonly pidFile: string;
  /** To be said at the start, who can connect from where among it. */
  readonly notes: readonly Note[];
  /** Every option, listeners first. */
  readonly settings: readonly ResolvedSetting[];
}

/** A configuration, or everything that is wrong with it: one line each, `FILE:LINE: option: message`. */
export type LoadResult =
  | { readonly isValid: true; readonly config: Config }
  | { readonly isValid: false; readonly problems: readonly string[] };
