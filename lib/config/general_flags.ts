/** A flag of `serve` and `check` that is no option, or stands for one. */
export interface GeneralFlag {
  /** Whether a value follows. */
  readonly type: "string" | "boolean";
  /** Its letter. */
  readonly short?: string;
  /** What its value is called; `FILE` is completed as a path. */
  readonly value?: string;
  /** One sentence. */
  readonly text: string;
  /** The option that it sets: to its value, or where it has none to `to`. */
  readonly sets?: { readonly option: string; readonly to?: string };
}

/** These flags by their long names, in the order of the help. */
export const GENERAL_FLAGS = {
  "config-file": {
    type: "string",
    short: "c",
    value: "FILE",
    text: "Reads a configuration in mosquitto's syntax.",
  },
  port: {
    type: "string",
    short: "p",
    value: "NUMBER",
    text: "The port of the default listener, where the file defines no listener.",
    sets: { option: "port" },
  },
  verbose: {
    type: "boolean",
    short: "v",
    text: "Logs everything: --log-type all.",
    sets: { option: "log_type", to: "all" },
  },
  quiet: {
    type: "boolean",
    short: "q",
    text: "Logs nothing: --log-type none.",
    sets: { option: "log_type", to: "none" },
  },
  help: { type: "boolean", short: "h", text: "Prints this." },
  version: { type: "boolean", text: "Prints the version." },
} as const satisfies Readonly<Record<string, GeneralFlag>>;
