/** The commands with their descriptions, in the order of `--help`. Help, man page and completions use this table. */
export const COMMAND_TEXTS = {
  serve: "Runs the broker, as it also does without a command.",
  setup: "Writes a safe configuration: listener, user, TLS; tries it, and tells how to connect.",
  service: "Installs the broker as a service of systemd, removes it, or shows its state.",
  check: "Validates the configuration and prints it, with where each value comes from.",
  passwd: "Makes, changes or deletes a user of a password_file or scram_file.",
  "explain-acl": "Says what a client may do with a topic, and which line of the acl_file decides.",
  pub: "Publishes a message; pub --help lists its flags, as with the next four.",
  sub: "Subscribes and prints messages as they come.",
  rr: "Sends a request and prints the response.",
  bench: "Measures a broker: deliveries per second, latencies, memory.",
  trace: "Shows what happens to a client or a topic, live, by the broker's API.",
  top: "Shows what a broker does, at intervals, by its API.",
  health: "Says by its exit status whether a broker answers.",
  store: "Looks after what is stored: size, list, inspect, verify, backup, restore, compact.",
  cluster: "Looks at a cluster: its nodes, and how far each has read the log.",
  import: "Imports what a mosquitto has stored: import mosquitto.db.",
  "example-config": "Prints a configuration file with every option in a comment.",
  man: "Prints the man page.",
  completions: "Prints a script with which bash, zsh or fish completes commands and flags.",
  help: "Prints this help; help TOPIC: a page of the guide, an option or a command.",
  version: "Prints the version.",
} as const;

/** The name of a command. */
export type CommandName = keyof typeof COMMAND_TEXTS;

/** A flag of a command: the fields that `parseArgs` takes, and the texts of help, man page and completions. */
export interface Flag {
  /** Whether it takes a value. */
  readonly type: "string" | "boolean";
  /** Its one-letter form. */
  readonly short?: string;
  /** It may be given more than once. */
  readonly multiple?: true;
  /** The placeholder for its value; shells complete `FILE` as a path. */
  readonly value?: string;
  /** The allowed values. */
  readonly choices?: readonly string[];
  /** Its description, one sentence. */
  readonly text: string;
}

/** A command's flags, by their long names. */
export type Flags = Readonly<Record<string, Flag>>;

/** `-p, --port NUMBER`. */
export function flagNames(name: string, { short, value }: Flag): string {
  const letter = short === undefined ? "" : `-${short}, `;
  return `${letter}--${name}${value === undefined ? "" : ` ${value}`}`;
}
