import type { BrokerOptions, ListenerOptions } from "../broker/mod.ts";
import type { AccessConfig } from "./access_config.ts";
import type { ProcessOptions } from "./process_options.ts";
import type { TransportOptions } from "./transport_options.ts";

/** The headings under which options are listed. */
export type Theme =
  | "Listeners"
  | "TLS, WebSockets and proxies"
  | "Who may connect"
  | "Dashboard and API"
  | "Messages and queues"
  | "Retained messages"
  | "Clients and sessions"
  | "Log"
  | "The process";

/** What the text of an option may be. Seconds, bytes and counts are whole numbers; the unit stands in the option. */
export type OptionType =
  | { readonly kind: "boolean" }
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  | { readonly kind: "choice"; readonly choices: readonly string[] }
  /** Free text to the end of the line. */
  | { readonly kind: "text"; readonly maxLength: number }
  | { readonly kind: "path" }
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

/** An option's text, understood. */
export type OptionValue = boolean | number | string | readonly number[] | readonly string[];

/** Where a value goes: which of the records, under which name. `none`: the loader itself acts on it. */
export type OptionTarget =
  | { readonly record: "broker"; readonly key: keyof BrokerOptions }
  | { readonly record: "listener"; readonly key: keyof ListenerOptions }
  | { readonly record: "transport"; readonly key: keyof TransportOptions }
  | { readonly record: "process"; readonly key: keyof ProcessOptions }
  | { readonly record: "access"; readonly key: keyof AccessConfig }
  | { readonly record: "none" };

/** One row of the table from which parsing, validation, help and documentation come. */
export interface Option {
  /** mosquitto's name where mosquitto has it. */
  readonly name: string;
  /** The heading that it is listed under. */
  readonly theme: Theme;
  /** `listener`: belongs to the `listener` line above it. */
  readonly scope: "global" | "listener";
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
  /** Values that mosquitto knows and this version does not, and what to do instead. */
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
