import { GENERAL_FLAGS, OPTIONS, type OptionType } from "../config/mod.ts";
import { BENCH_FLAGS } from "./bench.ts";
import { CLIENT_FLAGS, COMMON_FLAGS } from "./client_options.ts";
import { COMMAND_TEXTS, type CommandName, type Flags } from "./commands.ts";
import { EXPLAIN_ACL_FLAGS } from "./explain_acl.ts";
import { PASSWD_FLAGS } from "./passwd.ts";
import { PAGES } from "../guide/mod.ts";
import { CLUSTER_FLAGS } from "./cluster.ts";
import { SERVICE_ACTIONS, SERVICE_FLAGS } from "./service.ts";
import { SETUP_FLAGS } from "./setup.ts";
import { IMPORT_FLAGS } from "./import.ts";
import { STORE_ACTIONS, STORE_FLAGS } from "./store.ts";
import { TOP_FLAGS } from "./top.ts";
import { TRACE_FLAGS } from "./trace.ts";

/** The shells that completions are made for. */
export const SHELLS: readonly string[] = ["bash", "zsh", "fish"];

/** What follows a flag: nothing, a path, one of these words, or any text. */
export type FlagValue = "none" | "path" | "any" | readonly string[];

/** A flag as a shell completes it. */
export interface CompletedFlag {
  /** Its spellings: `-p`, `--port`. */
  readonly names: readonly string[];
  /** Its description, one sentence. */
  readonly text: string;
  /** What follows it. */
  readonly value: FlagValue;
  /** Whether it may be given more than once. */
  readonly repeatable: boolean;
}

/** A command as a shell completes it. */
export interface CompletedCommand {
  /** Its name. */
  readonly name: CommandName;
  /** Its description, one sentence. */
  readonly text: string;
  /** Its flags. */
  readonly flags: readonly CompletedFlag[];
  /** What may be given besides flags. */
  readonly operand: FlagValue;
}

/** The flags of commands that have flags of their own. */
export const COMMAND_FLAGS: Readonly<Partial<Record<CommandName, Flags>>> = {
  setup: SETUP_FLAGS,
  service: SERVICE_FLAGS,
  passwd: PASSWD_FLAGS,
  "explain-acl": EXPLAIN_ACL_FLAGS,
  pub: { ...CLIENT_FLAGS.pub, ...COMMON_FLAGS },
  sub: { ...CLIENT_FLAGS.sub, ...COMMON_FLAGS },
  rr: { ...CLIENT_FLAGS.rr, ...COMMON_FLAGS },
  bench: BENCH_FLAGS,
  trace: TRACE_FLAGS,
  cluster: CLUSTER_FLAGS,
  store: STORE_FLAGS,
  import: IMPORT_FLAGS,
  top: TOP_FLAGS,
  health: { ...CLIENT_FLAGS.health, ...COMMON_FLAGS },
};

/** All commands, from the tables that also parse their flags. */
export function completedCommands(): readonly CompletedCommand[] {
  const names = Object.keys(COMMAND_TEXTS) as CommandName[];
  return names.map((name) => ({
    name,
    text: COMMAND_TEXTS[name],
    flags: flagsOf(name),
    operand: operandOf(name),
  }));
}

function operandOf(name: CommandName): FlagValue {
  switch (name) {
    case "completions":
      return SHELLS;
    case "help":
      return PAGES.map(({ name }) => name);
    case "service":
      return Object.keys(SERVICE_ACTIONS);
    case "store":
      return Object.keys(STORE_ACTIONS);
    case "cluster":
      return ["status"];
    case "passwd":
    case "import":
      return "path";
    default:
      return "none";
  }
}

function flagsOf(name: CommandName): CompletedFlag[] {
  const own = COMMAND_FLAGS[name];
  if (own !== undefined) return ownFlags(own);
  if (name === "serve" || name === "check") return [...ownFlags(GENERAL_FLAGS), ...optionFlags()];
  return [];
}

function ownFlags(flags: Flags): CompletedFlag[] {
  return Object.entries(flags).map(([name, { type, short, value, choices, multiple, text }]) => ({
    names: [...short === undefined ? [] : [`-${short}`], `--${name}`],
    text,
    value: type === "boolean" ? "none" : choices ?? (value === "FILE" ? "path" : "any"),
    repeatable: multiple === true,
  }));
}

/** The flags of the broker's options, without `--port`, which is a general flag. */
function optionFlags(): CompletedFlag[] {
  const options = OPTIONS.filter(({ fileOnly, name }) => !fileOnly && name !== "port");
  return options.flatMap(({ name, type, description, repeatable = false }) => {
    const flag = name.replaceAll("_", "-");
    const text = description.replaceAll("`", "");
    if (type.kind !== "boolean") {
      return [{ names: [`--${flag}`], text, value: valueOf(type), repeatable }];
    }
    const value = "none" as const;
    return [{ names: [`--${flag}`], text, value, repeatable }, {
      names: [`--no-${flag}`],
      text,
      value,
      repeatable,
    }];
  });
}

function valueOf(type: OptionType): FlagValue {
  switch (type.kind) {
    case "choice":
      return type.choices;
    case "path":
      return "path";
    case "log_dest":
      return ["stderr", "stdout", "syslog", "topic", "none"];
    case "integer":
      return type.max - type.min < 5
        ? Array.from({ length: type.max - type.min + 1 }, (_, i) => String(type.min + i))
        : "any";
    default:
      return "any";
  }
}
