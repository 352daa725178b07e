import type { HttpAccessOptions, JwtOptions, ListenerAccess } from "../auth/mod.ts";
import type { BrokerOptions, ListenerOptions } from "../broker/mod.ts";
import type { BridgeSettings } from "./bridge_settings.ts";
import type { ClusterSettings } from "./cluster_settings.ts";
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

/** What the text of an option may be. Seconds, bytes and counts are whole numbers; the unit stands in the option. */
export type OptionType =
  | { readonly kind: "boolean" }
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  | { readonly kind: "choice"; readonly choices: readonly string[] }
  /** Free text to the end of the line. */
  | { readonly kind: "text"; readonly maxLength: number }
  | { readonly kind: "path" }
  /** Of HTTP, with or without TLS. */
  | { readonly kind: "url" }
  /** Part of a Topic Name: no wildcards. */
  | { readonly kind: "topic" }
  /** `14d`, in seconds; `never` is 0. */
  | { readonly kind: "duration" }
  /** `3, 4, 5`. */
  | { readonly kind: "versions" }
  /** `PORT [ADDRESS]`, or `0 PATH` for a Unix socket. */
  | { readonly kind: "listener" }
  /** `stderr`, `stdout`, `none` or `file PATH`. */
  | { readonly kind: "log_dest" };

/** The types of that kind. */
export type OfKind<K extends OptionType["kind"]> = Extract<OptionType, { readonly kind: K }>;

/** What an option may be whose value goes into a setting of type `T`; a list takes the values of several lines. */
export type TypeFor<T> = [T] extends [boolean] ? OfKind<"boolean">
  : [T] extends [number] ? OfKind<"integer" | "duration">
  : [T] extends [readonly number[]] ? OfKind<"versions">
  : [T] extends [readonly (infer Item)[]] ? TypeFor<Item>
  : string extends T ? OfKind<"choice" | "text" | "path" | "url" | "topic" | "log_dest">
  : { readonly kind: "choice"; readonly choices: readonly T[] };

/** An option's text, understood. */
export type OptionValue = boolean | number | string | readonly number[] | readonly string[];

/** The records that rows fill. */
export interface OptionRecords {
  /** For the core. */
  readonly broker: BrokerOptions;
  /** For the core, of one listener. */
  readonly listener: ListenerOptions;
  /** What lies between a listener's socket and MQTT. */
  readonly transport: TransportOptions;
  /** Who may come in at a listener, and do what. */
  readonly access: ListenerAccess;
  /** Tokens. */
  readonly jwt: JwtOptions;
  /** A service that says who may come in and do what. */
  readonly service: HttpAccessOptions;
  /** The log. */
  readonly log: LogOptions;
  /** The rest. */
  readonly process: ProcessOptions;
  /** One `connection` block. */
  readonly bridge: BridgeSettings;
  /** The cluster that the broker is a node of. */
  readonly cluster: ClusterSettings;
}

/**
 * What the loader itself does with an option: begins a listener, places the default one, chooses addresses, decides whom a listener lets in without a name, tells
 * where options belong, reads more files, decides whether there is a page, knows a plugin, or looks who runs the process.
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

/** Where a value goes: which of the records, under which name; or what the loader does with it. */
export type OptionTarget =
  | { readonly record: keyof OptionRecords; readonly key: string }
  | { readonly record: "loader"; readonly act: LoaderAct };

/** One row of the table from which parsing, validation, help and documentation come. */
export interface Option {
  /** mosquitto's name where mosquitto has it. */
  readonly name: string;
  /** The heading that it is listed under. */
  readonly theme: Theme;
  /** `listener`: belongs to the `listener` line above it; `bridge`: to the `connection` line. */
  readonly scope: "global" | "listener" | "bridge";
  /** What its text may be. */
  readonly type: OptionType;
  /** What a number counts: `seconds`, `bytes`, `messages`; `""` where there is nothing to count. */
  readonly unit: string;
  /** What holds where nobody sets it. */
  readonly default: OptionValue;
  /** The default in words, where its value does not say it. */
  readonly defaultText?: string;
  /** mosquitto's default, and why ours is another. */
  readonly differs?: string;
  /** One sentence. */
  readonly description: string;
  /** Whether SIGHUP changes it in a running broker. */
  readonly reloadable: boolean;
  /** Where its value goes. */
  readonly target: OptionTarget;
  /** Several lines add up, as with `listener`. */
  readonly repeatable?: true;
  /** Belongs to one listener if `per_listener_settings` is true. */
  readonly perListener?: true;
  /** Must follow a `listener` line in a file, as in mosquitto. */
  readonly needsListener?: true;
  /** Makes sense in a file only: neither a flag nor a variable. */
  readonly fileOnly?: true;
  /** Not read from the environment: clients use a variable of that name. */
  readonly notFromEnvironment?: true;
  /** Without effect where nothing is stored. */
  readonly needsStore?: true;
  /** Values that mosquitto knows and this version does not, and what to do instead. */
  readonly refusedValues?: Readonly<Record<string, string>>;
}

/** An option that mosquitto knows, and that does nothing here or has another name. */
export interface ForeignOption {
  /** mosquitto's name. */
  readonly name: string;
  /** What its text may be: a slip of the hand is an error here as well. */
  readonly type: OptionType;
  /** Why it does nothing; absent: it `means` something. */
  readonly noEffect?: string;
  /** Our options that say the same, with the texts that they get. */
  readonly means?: (value: OptionValue) => readonly (readonly [name: string, text: string])[];
  /** What it is here, in words for the documentation, where it `means` something. */
  readonly isHere?: string;
  /** It is another name and nothing else, not worth a word at the start: it may be a password. */
  readonly isAlias?: true;
  /** Belongs to the `listener` line above it, though what it means need not. */
  readonly ofListener?: true;
  /** Values that would mean something else here, and what to do instead. */
  readonly refusedValues?: Readonly<Record<string, string>>;
}

/** An option that mosquitto knows and this version refuses. */
export interface RefusedOption {
  /** mosquitto's name. */
  readonly name: string;
  /** What to do instead. */
  readonly refused: string;
  /** Stands inside a bridge's `connection` block only. */
  readonly inBridge?: true;
}
