import type { HttpAccessOptions, JwtOptions, ListenerAccess } from "../auth/mod.ts";
import type { BridgeOptions } from "../bridge/mod.ts";
import type { BrokerOptions, ListenerOptions } from "../broker/mod.ts";
import type { ProxyOptions, TlsInit } from "../net/mod.ts";
import type { LogOptions } from "../observe/mod.ts";
import type { NatsPlace } from "../cluster/mod.ts";
import type { ClusterSettings } from "./cluster_settings.ts";
import type { Note } from "./draft.ts";
import type { HttpConfig } from "./http_config.ts";
import type { Option } from "./option.ts";
import type { ProcessOptions } from "./process_options.ts";

/** One listener. */
export interface ListenerConfig {
  /** 0: any free port. */
  readonly port: number;
  /** An address or a host name; `""`: every address of the machine, IPv4 and IPv6. */
  readonly address: string;
  /** The path of a Unix socket, which has no port and no address; `""`: it is none. */
  readonly path: string;
  /** The protocol that clients speak. */
  readonly protocol: "mqtt" | "websockets" | "http_api";
  /** Values of `Origin` that may open a WebSocket; empty: all. */
  readonly websocketsOrigins: readonly string[];
  /** Absent: connections are not encrypted. */
  readonly tls?: TlsInit;
  /** Absent: there is no proxy. */
  readonly proxy?: ProxyOptions;
  /** Present if the protocol is `http_api`. */
  readonly http?: HttpConfig;
  /** Where it comes from: `FILE:LINE`, `MQTT_... (environment)`, `--flag` or `default`. */
  readonly origin: string;
  /** Its options for the core. */
  readonly options: ListenerOptions;
  /** Who may connect there, by files. */
  readonly access: ListenerAccess;
  /** How tokens are checked there. */
  readonly jwt: JwtOptions;
  /** The service that decides who may connect there and what they may do. */
  readonly service: HttpAccessOptions;
}

/** What decides who may connect at a listener. */
export type ListenerEntry = Pick<ListenerConfig, "access" | "jwt" | "service">;

/** The value of one option and where it comes from, as `check` prints them. */
export interface ResolvedSetting {
  /** The option. */
  readonly option: Option;
  /** The listener's name; `""` for an option of the whole broker. */
  readonly listener: string;
  /** The value, as a file would have it. */
  readonly text: string;
  /** Where it comes from: `default`, `FILE:LINE`, `MQTT_... (environment)` or `--flag`. */
  readonly origin: string;
}

/** One `connection` block. */
export interface BridgeConfig {
  /** Its options for the room `bridge`. */
  readonly options: BridgeOptions;
  /** `FILE:LINE` of its `connection` line. */
  readonly origin: string;
  /** The values of its lines. */
  readonly settings: readonly ResolvedSetting[];
}

/** The cluster that the broker is a node of. */
export interface ClusterConfig extends ClusterSettings {
  /** The NATS servers. */
  readonly places: readonly NatsPlace[];
}

/** The whole configuration, validated. No file or variable is read for it after this. */
export interface Config extends Omit<ProcessOptions, "logType" | "logDest" | "logFacility"> {
  /** At least one. */
  readonly listeners: readonly ListenerConfig[];
  /** The dashboard without a `listener` line. If its port is taken, the broker runs without it. Absent: there is none. */
  readonly dashboard?: ListenerConfig;
  /** Connections to other brokers. */
  readonly bridges: readonly BridgeConfig[];
  /** Those that other nodes of the cluster have, by the same file. */
  readonly otherBridges: readonly BridgeConfig[];
  /** Absent: the broker is the only one. */
  readonly cluster?: ClusterConfig;
  /** Options of the core. */
  readonly broker: BrokerOptions;
  /** Options of the log. */
  readonly log: LogOptions;
  /** Messages to log at the start, such as who can connect from where. */
  readonly notes: readonly Note[];
  /** The value of every option, listeners first. */
  readonly settings: readonly ResolvedSetting[];
}

/** A configuration, or every problem found: one line each, `FILE:LINE: option: message`. */
export type LoadResult =
  | { readonly isValid: true; readonly config: Config }
  | { readonly isValid: false; readonly problems: readonly string[] };
