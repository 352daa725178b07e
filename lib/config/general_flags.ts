/** A flag of `serve` and `check` that is not named after an option. */
export interface GeneralFlag {
  /** Whether it takes a value. */
  readonly type: "string" | "boolean";
  /** Its one-letter form. */
  readonly short?: string;
  /** The placeholder for its value; shells complete `FILE` as a path. */
  readonly value?: string;
  /** Its description, one sentence. */
  readonly text: string;
  /** The option that it sets, to `to` if present, or else to the flag's value. */
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
  help: { type: "boolean", short: "h", text: "Prints this help." },
  version: { type: "boolean", text: "Prints the version." },
} as const satisfies Readonly<Record<string, GeneralFlag>>;
