import type { ForeignOption, Option, OptionValue } from "./option.ts";
import { DEFAULT_PORT } from "./process_options.ts";
import { findForeign, findOption, findRefused, suggestion } from "./options.ts";
import { type BooleanWords, type ListenerValue, parseListener, parseValue } from "./value.ts";

/** The three places that settings come from, weakest first. */
export type SourceKind = "file" | "environment" | "flag";

/** A value that somebody set. */
export interface Setting {
  readonly option: Option;
  readonly value: OptionValue;
  readonly source: SourceKind;
  /** `FILE:LINE`, `MQTT_… (environment)` or `--flag`. */
  readonly origin: string;
  /** Belongs to the listener above it, though the option itself need not. */
  readonly ofListener?: boolean;
}

/** Settings by option name; more than one only where lines add up. */
export type Settings = Map<string, readonly Setting[]>;

/** A listener while sources are read. */
export interface Block {
  /**
   * `line`: a `listener` line. `default`: the default listener, whose port and address are settings of its own. `tls`: the one that
   * `MQTT_TLS_ENABLED` adds, where the default listener is.
   */
  readonly kind: "line" | "default" | "tls";
  readonly where: ListenerValue;
  /** One of the addresses of an interface, in the place of the address in `where`. */
  readonly address?: string;
  readonly origin: string;
  readonly settings: Settings;
}

/** A `connection` block while the file is read. */
export interface BridgeBlock {
  /** Its name. */
  readonly name: string;
  readonly origin: string;
  readonly settings: Settings;
}

/** The plugin of the last line that named one, while a file is read. */
export interface OpenPlugin {
  /** Where its options go. */
  readonly settings: Settings;
  /** The line that names it. */
  readonly setting: Setting;
}

/** Something to say at the start that is not an error. */
export interface Note {
  /** How grave it is, for the log. */
  readonly level: "info" | "warning";
  /** One line. */
  readonly text: string;
}

/** `FILE:LINE: option: What is wrong, with what would be right`; flags and variables say the option themselves. */
export function problemAt(origin: string, name: string, message: string): string {
  const namesOption = origin.startsWith("-") || origin.startsWith("MQTT_");
  return `${origin}: ${namesOption || name === "" ? "" : `${name}: `}${message}`;
}

/** What has been read so far, and everything that is wrong with it: all errors are told at once. */
export class Draft {
  readonly problems: string[] = [];
  readonly notes: Note[] = [];
  readonly globals: Settings = new Map();
  readonly blocks: Block[] = [];
  /** Listener options of environment and flags: they hold for every listener. */
  readonly overrides: Settings = new Map();
  readonly bridges: BridgeBlock[] = [];
  /** The plugins of `plugin_load` lines by their names, and the names that listeners use. */
  readonly loaded = new Map<string, OpenPlugin>();
  readonly used = new Set<string>();
  defaultBlock: Block | undefined;
  /** The listener of `MQTT_TLS_ENABLED`. */
  tlsBlock: Block | undefined;

  /** Something is wrong: {@linkcode problemAt}. */
  problem(origin: string, name: string, message: string): void {
    this.problems.push(problemAt(origin, name, message));
  }

  /** Something does nothing: said at the start, not an error. */
  noteNoEffect(origin: string, name: string, reason: string): void {
    this.notes.push({ level: "info", text: problemAt(origin, name, `Has no effect: ${reason}`) });
  }

  /** Whether `per_listener_settings` is true as far as it has been read. */
  get perListener(): boolean {
    return this.globals.get("per_listener_settings")?.[0]?.value === true;
  }

  /**
   * Finds the option and understands its text; what is wrong becomes a problem. Nothing comes of that, nor of an option that does nothing;
   * one of mosquitto's may be several of ours.
   */
  read(name: string, text: string, source: SourceKind, origin: string): readonly Setting[] {
    const refused = findRefused(name);
    if (refused !== undefined) {
      this.problem(origin, name, `Is not supported. ${refused.refused}`);
      return [];
    }
    const option = findOption(name);
    if (option !== undefined) {
      if (option.scope === "bridge" && source !== "file") {
        this.problem(origin, name, "Belongs into a `connection` block of a file");
        return [];
      }
      const value = this.#understand(option, text, source, origin);
      return value === undefined ? [] : [{ option, value, source, origin }];
    }
    const foreign = findForeign(name);
    if (foreign !== undefined) return this.#readForeign(foreign, text, source, origin);
    this.problem(origin, name, `Is not an option${suggestion(name)}`);
    return [];
  }

  #readForeign(
    foreign: ForeignOption,
    text: string,
    source: SourceKind,
    origin: string,
  ): readonly Setting[] {
    const { name, noEffect, means, ofListener = false } = foreign;
    const value = this.#understand(foreign, text, source, origin);
    if (value === undefined) return [];
    if (means === undefined) {
      this.noteNoEffect(origin, name, noEffect ?? "it is mosquitto's");
      return [];
    }
    const meant = means(value);
    const here = meant.map((words) => words.join(" ")).join(", ");
    if (!foreign.isAlias) {
      const text = problemAt(origin, name, `Means here: ${here === "" ? "no limit" : here}`);
      this.notes.push({ level: "info", text });
    }
    const settings = meant.flatMap(([name, text]) => this.read(name, text, source, origin));
    return settings.map((setting) => ({ ...setting, ofListener }));
  }

  /** What an option's text means; undefined after a problem. */
  #understand(
    { name, type, refusedValues }: Option | ForeignOption,
    text: string,
    source: SourceKind,
    origin: string,
  ): OptionValue | undefined {
    const words: BooleanWords = source === "file" ? "file" : "any";
    const parsed = parseValue(type, text, words);
    const word = parsed.isValid ? String(parsed.value) : text;
    const refusal = refusedValues?.[word];
    if (refusal !== undefined) this.problem(origin, name, `Cannot be ${word}. ${refusal}`);
    else if (!parsed.isValid) this.problem(origin, name, parsed.problem);
    return parsed.isValid && refusal === undefined ? parsed.value : undefined;
  }

  /** Puts a setting beside others of its kind, or in the place of weaker ones. */
  set(settings: Settings, setting: Setting): void {
    const { name, repeatable } = setting.option;
    const before = settings.get(name) ?? [];
    const [first] = before;
    if (repeatable && first?.source === setting.source) {
      settings.set(name, [...before, setting]);
      return;
    }
    if (first !== undefined && first.source === "file" && setting.source === "file") {
      this.notes.push({
        level: "warning",
        text: `${setting.origin}: ${name}: Replaces the value of ${first.origin}`,
      });
    }
    settings.set(name, [setting]);
  }

  /** Begins a listener. */
  openListener(setting: Setting): Block | undefined {
    const where = parseListener(String(setting.value));
    if (where === undefined) return undefined;
    const block: Block = { kind: "line", where, origin: setting.origin, settings: new Map() };
    this.blocks.push(block);
    return block;
  }

  /** Begins a bridge. */
  openBridge(setting: Setting): BridgeBlock {
    const { origin } = setting;
    const name = String(setting.value);
    const other = this.bridges.find((bridge) => bridge.name === name);
    if (other !== undefined) {
      this.problem(origin, "connection", `"${name}" is a bridge already, at ${other.origin}`);
    } else if (name === "") {
      this.problem(origin, "connection", "Needs a value: the name of the bridge");
    }
    const bridge: BridgeBlock = { name, origin, settings: new Map([["connection", [setting]]]) };
    this.bridges.push(bridge);
    return bridge;
  }

  /** The default listener, which begins to exist with the first setting that belongs to it. */
  openDefault(origin: string): Block {
    if (this.defaultBlock === undefined) {
      this.defaultBlock = {
        kind: "default",
        where: { port: DEFAULT_PORT, address: "" },
        origin,
        settings: new Map(),
      };
      this.blocks.push(this.defaultBlock);
    }
    return this.defaultBlock;
  }
}
