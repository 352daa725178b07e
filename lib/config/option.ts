import type { HttpAccessOptions, JwtOptions, ListenerAccess } from "../auth/mod.ts";
import type { BrokerOptions, ListenerOptions } from "../broker/mod.ts";
import type { BridgeSettings } from "./bridge_settings.ts";
import type { ClusterSettings } from "./cluster_settings.ts";
import type { HttpConfig } from "./http_config.ts";
import type { LogOptions } from "../observe/mod.ts";
import type { ProcessOptions } from "./process_options.ts";
import type { TransportOptions } from "./transport_options.ts";

/** The headings under which options are listed. */
export type Theme =
  | "Listeners"
  | "TLS, WebSockets and proxies"
  | "Who may connect"
  | "Tokens and services"
  | "Dashboard and API"
  | "Messages and queues"
  | "Retained messages"
  | "Clients and sessions"
  | "Log"
  | "The process"
  | "Bridges"
  | "Cluster";

/** The type of an option's value. Seconds, bytes and counts are whole numbers; the option names the unit. */
export type OptionType =
  | { readonly kind: "boolean" }
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  | { readonly kind: "choice"; readonly choices: readonly string[] }
  /** Free text to the end of the line. */
  | { readonly kind: "text"; readonly maxLength: number }
  | { readonly kind: "path" }
  /** An `http://` or `https://` URL. */
  | { readonly kind: "url" }
  /** Part of a Topic Name: no wildcards. */
  | { readonly kind: "topic" }
  /** Such as `14d`; the value is in seconds, and `never` is 0. */
  | { readonly kind: "duration" }
  /** Protocol versions, such as `3, 4, 5`. */
  | { readonly kind: "versions" }
  /** `PORT [ADDRESS]`, or `0 PATH` for a Unix socket. */
  | { readonly kind: "listener" }
  /** `stderr`, `stdout`, `syslog`, `topic`, `none` or `file PATH`. */
  | { readonly kind: "log_dest" };

/** The option types of one kind. */
export type OfKind<K extends OptionType["kind"]> = Extract<OptionType, { readonly kind: K }>;

/** The option types whose values fit a setting of type `T`. A list takes the values of several lines. */
export type TypeFor<T> = [T] extends [boolean] ? OfKind<"boolean">
  : [T] extends [number] ? OfKind<"integer" | "duration">
  : [T] extends [readonly number[]] ? OfKind<"versions">
  : [T] extends [readonly (infer Item)[]] ? TypeFor<Item>
  : string extends T ? OfKind<"choice" | "text" | "path" | "url" | "topic" | "log_dest">
  : { readonly kind: "choice"; readonly choices: readonly T[] };

/** The value of an option. */
export type OptionValue = boolean | number | string | readonly number[] | readonly string[];

/** The records that the options' values go into. */
export interface OptionRecords {
  /** The core. */
  readonly broker: BrokerOptions;
  /** What the core needs of one listener. */
  readonly listener: ListenerOptions;
  /** What lies between a listener's socket and MQTT. */
  readonly transport: TransportOptions;
  /** Who may use an HTTP listener. */
  readonly http: HttpConfig;
  /** Who may connect to a listener, and what they may do. */
  readonly access: ListenerAccess;
  /** Tokens. */
  readonly jwt: JwtOptions;
  /** The service that decides who may connect and what they may do. */
  readonly service: HttpAccessOptions;
  /** The log. */
  readonly log: LogOptions;
  /** The rest of the process. */
  readonly process: ProcessOptions;
  /** One `connection` block. */
  readonly bridge: BridgeSettings;
  /** The cluster that the broker is a node of. */
  readonly cluster: ClusterSettings;
}

/**
 * What the loader itself does with an option, in the order of the names: opens a listener, places the default one, chooses a listener's
 * addresses, decides whether anonymous clients may connect, decides which options belong to one listener, reads more files, decides
 * whether there is a dashboard, names a plugin, or checks who runs the process.
 */
export type LoaderAct =
  | "listen"
  | "place"
  | "address"
  | "anonymous"
  | "per_listener"
  | "include"
  | "dashboard"
  | "plugin"
  | "user";

/** Where a value goes: to a record, under a key; or to the loader, which acts on it. */
export type OptionTarget =
  | { readonly record: keyof OptionRecords; readonly key: string }
  | { readonly record: "loader"; readonly act: LoaderAct };

/** One row of the table that drives parsing, validation, help and documentation. */
export interface Option {
  /** Its name; mosquitto's name if mosquitto has the option. */
  readonly name: string;
  /** The heading that it is listed under. */
  readonly theme: Theme;
  /** `listener`: belongs to the `listener` line above it; `bridge`: to the `connection` line. */
  readonly scope: "global" | "listener" | "bridge";
  /** The type of its value. */
  readonly type: OptionType;
  /** What a number counts: `seconds`, `bytes`, `messages`; `""` where there is nothing to count. */
  readonly unit: string;
  /** Its default. */
  readonly default: OptionValue;
  /** The default in words, if the value alone does not explain it. */
  readonly defaultText?: string;
  /** `DEFAULT: reason`: mosquitto's default, and why ours differs. */
  readonly differs?: string;
  /** What it does, in one sentence. */
  readonly description: string;
  /** Whether SIGHUP changes it in a running broker. */
  readonly reloadable: boolean;
  /** Where its value goes. */
  readonly target: OptionTarget;
  /** Each line adds a value, as with `listener`. */
  readonly repeatable?: true;
  /** Belongs to one listener if `per_listener_settings` is true. */
  readonly perListener?: true;
  /** Must follow a `listener` line in a file, as in mosquitto. */
  readonly needsListener?: true;
  /** It is an option of files only, not a flag or variable. */
  readonly fileOnly?: true;
  /** Not read from the environment: clients use a variable of that name. */
  readonly notFromEnvironment?: true;
  /** It has no effect without a durable store. */
  readonly needsStore?: true;
  /** Values that mosquitto accepts and this broker refuses, and what to do instead. */
  readonly refusedValues?: Readonly<Record<string, string>>;
}

/** An option of mosquitto that has no effect here, or another name. */
export interface ForeignOption {
  /** mosquitto's name. */
  readonly name: string;
  /** The type of its value: an invalid value is an error, even if the option has no effect. */
  readonly type: OptionType;
  /** Why it has no effect; absent if `means` is present. */
  readonly noEffect?: string;
  /** The options of this broker that replace it, with their values. */
  readonly means?: (value: OptionValue) => readonly (readonly [name: string, text: string])[];
  /** What replaces it, in words for the documentation; present if `means` is. */
  readonly isHere?: string;
  /** It is only another name. No note is logged for it, because its value may be a password. */
  readonly isAlias?: true;
  /** It belongs to the `listener` line above it, even if what replaces it is global. */
  readonly ofListener?: true;
  /** Values that would mean something else here, and what to do instead. */
  readonly refusedValues?: Readonly<Record<string, string>>;
}

/** An option of mosquitto that this broker refuses. */
export interface RefusedOption {
  /** mosquitto's name. */
  readonly name: string;
  /** What to do instead. */
  readonly refused: string;
  /** It belongs into a `connection` block. */
  readonly inBridge?: true;
}
