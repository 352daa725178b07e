import type { HttpAccessOptions, JwtOptions, ListenerAccess } from "../auth/mod.ts";
import type { BridgeOptions } from "../bridge/mod.ts";
import type { BrokerOptions, ListenerOptions } from "../broker/mod.ts";
import type { ProxyOptions, TlsInit } from "../net/mod.ts";
import type { LogOptions } from "../observe/mod.ts";
import type { NatsPlace } from "../cluster/mod.ts";
import type { ClusterSettings } from "./cluster_settings.ts";
import type { Note } from "./draft.ts";
import type { Option } from "./option.ts";
import type { ProcessOptions } from "./process_options.ts";

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
  readonly tls?: TlsInit;
  /** Absent: clients connect themselves. */
  readonly proxy?: ProxyOptions;
  /** Present where it speaks HTTP. */
  readonly http?: HttpConfig;
  /** `FILE:LINE`, `MQTT_… (environment)`, `--flag` or `default`. */
  readonly origin: string;
  /** What the core needs to know of it. */
  readonly options: ListenerOptions;
  /** Who may come in there, by files. */
  readonly access: ListenerAccess;
  /** The same by tokens. */
  readonly jwt: JwtOptions;
  /** The same by a service that says who may come in and do what. */
  readonly service: HttpAccessOptions;
}

/** What decides who may come in at a listener. */
export type ListenerEntry = Pick<ListenerConfig, "access" | "jwt" | "service">;

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

/** One `connection` block. */
export interface BridgeConfig {
  /** For the bridge. */
  readonly options: BridgeOptions;
  /** `FILE:LINE` of its `connection` line. */
  readonly origin: string;
  /** What its lines say. */
  readonly settings: readonly ResolvedSetting[];
}

/** The cluster that the broker is a node of. */
export interface ClusterConfig extends ClusterSettings {
  /** Servers of NATS. */
  readonly places: readonly NatsPlace[];
}

/** Everything that was configured, validated once; nobody reads a file or a variable after this. */
export interface Config extends Omit<ProcessOptions, "logType" | "logDest" | "logFacility"> {
  /** At least one. */
  readonly listeners: readonly ListenerConfig[];
  /** The page that nobody asked for: the broker goes on where its port is taken. Absent: there is none. */
  readonly dashboard?: ListenerConfig;
  /** Connections to other brokers. */
  readonly bridges: readonly BridgeConfig[];
  /** Absent: the broker is the only one. */
  readonly cluster?: ClusterConfig;
  /** For the core. */
  readonly broker: BrokerOptions;
  /** For the log. */
  readonly log: LogOptions;
  /** To be said at the start, who can connect from where among it. */
  readonly notes: readonly Note[];
  /** Every option, listeners first. */
  readonly settings: readonly ResolvedSetting[];
}

/** A configuration, or everything that is wrong with it: one line each, `FILE:LINE: option: message`. */
export type LoadResult =
  | { readonly isValid: true; readonly config: Config }
  | { readonly isValid: false; readonly problems: readonly string[] };
