import type { ForeignOption, Option, OptionValue } from "./option.ts";
import { DEFAULT_PORT } from "./process_options.ts";
import { findForeign, findOption, findRefused, suggestion } from "./options.ts";
import {
  type BooleanWords,
  type ListenerValue,
  needsValue,
  parseListener,
  parseValue,
} from "./value.ts";

/** The three sources of settings. Each overrides those before it. */
export type SourceKind = "file" | "environment" | "flag";

/** The value of an option in one source. */
export interface Setting {
  readonly option: Option;
  readonly value: OptionValue;
  readonly source: SourceKind;
  /** `FILE:LINE`, `MQTT_... (environment)` or `--flag`. */
  readonly origin: string;
  /** It belongs to the listener above it, even if its option is global. */
  readonly ofListener?: boolean;
}

/** Settings by option name. Only a repeatable option has more than one. */
export type Settings = Map<string, readonly Setting[]>;

/** A listener while sources are read. */
export interface Block {
  /**
   * `line`: made by a `listener` line. `default`: the default listener, which `port` and `bind_address` place. `tls`: added by
   * `MQTT_TLS_ENABLED`, at the address of the default listener.
   */
  readonly kind: "line" | "default" | "tls";
  readonly where: ListenerValue;
  /** Replaces the address in `where`: one address of the listener's interface. */
  readonly address?: string;
  readonly origin: string;
  readonly settings: Settings;
}

/** A `connection` block while the file is read. */
export interface BridgeBlock {
  readonly name: string;
  readonly origin: string;
  readonly settings: Settings;
}

/** A plugin of mosquitto 2.1 that does what an option does. */
export interface StandIn {
  /** The option. */
  readonly option: "password_file" | "acl_file" | "persistence";
  /** `FILE:LINE` of the plugin's line, and its name. */
  readonly origin: string;
  readonly name: string;
  /** Whether its file was named. */
  isNamed: boolean;
}

/** The plugin that the lines below its own belong to, while a file is read. */
export interface OpenPlugin {
  /** The settings that its options are added to. */
  readonly settings: Settings;
  /** The line that names it. */
  readonly setting: Setting;
}

/** A message for the log at the start that is not an error. */
export interface Note {
  /** The level that it is logged at. */
  readonly level: "info" | "warning";
  /** One line. */
  readonly text: string;
}

/** Formats a problem as `FILE:LINE: option: message`. The origin of a flag or variable already names the option. */
export function problemAt(origin: string, name: string, message: string): string {
  const namesOption = origin.startsWith("-") || origin.startsWith("MQTT_");
  return `${origin}: ${namesOption || name === "" ? "" : `${name}: `}${message}`;
}

/** What has been read so far, with all problems found: the user gets them all at once. */
export class Draft {
  readonly problems: string[] = [];
  readonly notes: Note[] = [];
  readonly globals: Settings = new Map();
  readonly blocks: Block[] = [];
  /** Listener options of environment and flags, which apply to every listener. */
  readonly overrides: Settings = new Map();
  readonly bridges: BridgeBlock[] = [];
  /** The plugins of `plugin_load` lines, by name. */
  readonly loaded = new Map<string, OpenPlugin>();
  /** The names of those that `plugin_use` lines name. */
  readonly used = new Set<string>();
  /** Plugins that do what options do. */
  readonly standIns: StandIn[] = [];
  defaultBlock: Block | undefined;
  /** The listener of `MQTT_TLS_ENABLED`. */
  tlsBlock: Block | undefined;

  /** Adds a problem: see {@linkcode problemAt}. */
  problem(origin: string, name: string, message: string): void {
    this.problems.push(problemAt(origin, name, message));
  }

  /** Adds a problem with the option `name`, at the line that sets it among `settings`, or else at `fallback`. */
  problemOf(settings: Settings, name: string, message: string, fallback = "default"): void {
    this.problem(settings.get(name)?.at(-1)?.origin ?? fallback, name, message);
  }

  /** Adds a note that a setting has no effect. */
  noteNoEffect(origin: string, name: string, reason: string): void {
    this.notes.push({ level: "info", text: problemAt(origin, name, `Has no effect: ${reason}`) });
  }

  /** Adds a note of what a line of mosquitto's is here. */
  noteMeans(origin: string, name: string, here: string): void {
    this.notes.push({ level: "info", text: problemAt(origin, name, `Means here: ${here}`) });
  }

  /** Whether `per_listener_settings` has been set to true so far. */
  get perListener(): boolean {
    return this.globals.get("per_listener_settings")?.[0]?.value === true;
  }

  /**
   * Finds the option and parses its text. The result is empty after a problem, and for an option of mosquitto that has no effect here;
   * one of mosquitto's options may become several settings.
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
      this.noteMeans(origin, name, here === "" ? "no limit" : here);
    }
    const settings = meant.flatMap(([name, text]) => this.read(name, text, source, origin));
    return settings.map((setting) => ({ ...setting, ofListener }));
  }

  /** Parses an option's text; `undefined` after a problem. */
  #understand(
    option: Option | ForeignOption,
    text: string,
    source: SourceKind,
    origin: string,
  ): OptionValue | undefined {
    const { name, type, refusedValues } = option;
    // A flag may take back what a file sets; in a file, as in mosquitto's, the value was forgotten.
    if (text === "" && source === "file" && isEmptyByDefault(option)) {
      this.problem(origin, name, needsValue(type));
      return undefined;
    }
    const words: BooleanWords = source === "file" ? "file" : "any";
    const parsed = parseValue(type, text, words);
    const word = parsed.isValid ? String(parsed.value) : text;
    const refusal = refusedValues?.[word];
    if (refusal !== undefined) this.problem(origin, name, `Cannot be ${word}. ${refusal}`);
    else if (!parsed.isValid) this.problem(origin, name, parsed.problem);
    return parsed.isValid && refusal === undefined ? parsed.value : undefined;
  }

  /** Adds a setting. It joins those of the same source if the option is repeatable, and replaces all others. */
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

  /** Adds the listener of a `listener` line. */
  openListener(setting: Setting): Block | undefined {
    const where = parseListener(String(setting.value));
    if (where === undefined) return undefined;
    const block: Block = { kind: "line", where, origin: setting.origin, settings: new Map() };
    this.blocks.push(block);
    return block;
  }

  /** Adds the bridge of a `connection` line. */
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

  /** The default listener, which is added when it is first asked for. */
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

/** Whether an empty text would only say what holds without the line. A bridge without a name is a bridge still: see `openBridge`. */
function isEmptyByDefault(option: Option | ForeignOption): boolean {
  if (option.name === "connection") return false;
  return !("default" in option) || String(option.default) === "";
}
