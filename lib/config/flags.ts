import { GENERAL_FLAGS, type GeneralFlag } from "./general_flags.ts";
import { findForeign, findOption, findRefused, flagOf, suggestion } from "./options.ts";

/** An option that a flag sets. Its text is parsed later, together with that of the other sources. */
export interface FlagSetting {
  /** The option's name. */
  readonly name: string;
  /** Its value, not yet parsed. */
  readonly text: string;
  /** The flag as it was written, without its value: `--max-qos`. */
  readonly flag: string;
}

/** A parsed command line. */
export interface Arguments {
  /** The first word that is no flag; `""`: none. */
  readonly command: string;
  /** Words after the command. */
  readonly operands: readonly string[];
  /** The file of `-c`; `""`: none. */
  readonly file: string;
  /** `-h` or `--help` was there. */
  readonly wantsHelp: boolean;
  /** `--version` was there. */
  readonly wantsVersion: boolean;
  /** Options set by flags, in their order. */
  readonly flags: readonly FlagSetting[];
  /** What is wrong with the command line: one line each. */
  readonly problems: readonly string[];
}

const FOREGROUND =
  "The broker stays in the foreground; let systemd, a container or the shell's & run it";

/** Flags of mosquitto that do not exist here, and what to do instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "-d": FOREGROUND,
  "--daemon": FOREGROUND,
  "--test-config": "Use the command `check`",
  "--tls-keylog": "The keys of TLS connections cannot be written to a file",
};

/** The general flags by their spellings: `-c`, `--config-file`. */
const GENERAL: ReadonlyMap<string, readonly [name: keyof typeof GENERAL_FLAGS, flag: GeneralFlag]> =
  new Map(
    Object.entries(GENERAL_FLAGS).flatMap(([name, flag]: [string, GeneralFlag]) => {
      const entry = [name as keyof typeof GENERAL_FLAGS, flag] as const;
      const long = [`--${name}`, entry] as const;
      return flag.short === undefined ? [long] : [long, [`-${flag.short}`, entry] as const];
    }),
  );

/** Parses a command line with the option table: `--max-qos 1`, `--max-qos=1`, `--retain-available`, `--no-retain-available`. */
export function parseArguments(args: readonly string[]): Arguments {
  const line = new CommandLine(args);
  while (line.hasMore) line.readNext();
  const [command = "", ...operands] = line.words;
  const { file, wantsHelp, wantsVersion, flags, problems } = line;
  return { command, operands, file, wantsHelp, wantsVersion, flags, problems };
}

/** Reads a command line word by word. */
class CommandLine {
  readonly words: string[] = [];
  readonly flags: FlagSetting[] = [];
  readonly problems: string[] = [];
  file = "";
  wantsHelp = false;
  wantsVersion = false;
  readonly #args: readonly string[];
  #index = 0;
  /** The text after `=` in the current flag. */
  #attached: string | undefined;

  constructor(args: readonly string[]) {
    this.#args = args;
  }

  get hasMore(): boolean {
    return this.#index < this.#args.length;
  }

  readNext(): void {
    const arg = this.#args[this.#index++]!;
    if (!arg.startsWith("-") || arg === "-") {
      this.words.push(arg);
      return;
    }
    const equals = arg.startsWith("--") ? arg.indexOf("=") : -1;
    this.#attached = equals < 0 ? undefined : arg.slice(equals + 1);
    this.#readFlag(equals < 0 ? arg : arg.slice(0, equals));
  }

  #readFlag(flag: string): void {
    const general = GENERAL.get(flag);
    if (general !== undefined) return this.#readGeneral(flag, ...general);
    const name = flag.startsWith("--") ? flag.slice(2).replaceAll("-", "_") : "";
    const option = findOption(name) ?? findForeign(name);
    if (option !== undefined) {
      const text = option.type.kind === "boolean" ? this.#takeWord() : this.#takeValue(flag);
      return this.#push(name, text, flag);
    }
    const negated = name.startsWith("no_") ? findOption(name.slice("no_".length)) : undefined;
    if (negated?.type.kind !== "boolean") {
      this.problems.push(`${flag}: ${ELSEWHERE[flag] ?? explainUnknown(name)}`);
    } else if (this.#attached !== undefined) {
      this.problems.push(`${flag}: Takes no value; use ${flagOf(negated)}=true or =false`);
    } else this.#push(negated.name, "false", flag);
  }

  #readGeneral(flag: string, name: keyof typeof GENERAL_FLAGS, { sets }: GeneralFlag): void {
    if (sets !== undefined) {
      return this.#push(sets.option, sets.to ?? this.#takeValue(flag), flag);
    }
    switch (name) {
      case "config-file":
        this.file = this.#takeValue(flag) ?? this.file;
        return;
      case "help":
        this.wantsHelp = true;
        return;
      case "version":
        this.wantsVersion = true;
    }
  }

  #push(name: string, text: string | undefined, flag: string): void {
    if (text !== undefined) this.flags.push({ name, text, flag });
  }

  #takeValue(flag: string): string | undefined {
    if (this.#attached !== undefined) return this.#attached;
    const next = this.#args[this.#index];
    if (next === undefined || next.startsWith("--")) {
      this.problems.push(`${flag}: Needs a value`);
      return undefined;
    }
    this.#index++;
    return next;
  }

  /** `true` or `false` may follow a boolean flag; alone it means true. */
  #takeWord(): string {
    const next = this.#args[this.#index];
    if (this.#attached !== undefined || (next !== "true" && next !== "false")) {
      return this.#attached ?? "true";
    }
    this.#index++;
    return next;
  }
}

function explainUnknown(name: string): string {
  const refused = findRefused(name) ?? findRefused(name.replace(/^no_/, ""));
  if (refused !== undefined) return `Is not supported. ${refused.refused}`;
  const show = (name: string) => `--${name.replaceAll("_", "-")}`;
  return `Is not a flag${name === "" ? "" : suggestion(name, show)}`;
}
