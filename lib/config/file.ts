import type { Block, BridgeBlock, Draft, OpenPlugin, Setting, Settings, StandIn } from "./draft.ts";
import { actOf, findForeign, findOption } from "./options.ts";
import { DYNAMIC_SECURITY_FILE } from "./options_plugin.ts";
import { openStandIn, readStandIn, readStandInOption } from "./file_plugins.ts";
import { openPlugin, placeInPlugin, usePlugin } from "./plugins.ts";
import { cutComment, withoutComment } from "./value.ts";

/** Access to files; in tests they are in memory. */
export interface FileReader {
  /** The text of a file; throws if there is none. */
  readFile(path: string): string;
  /** The names in a directory; throws if there is none. */
  listDirectory(path: string): readonly string[];
}

/** The state of reading one file. An included file has its own: its first lines belong to no listener. */
interface Cursor {
  readonly path: string;
  readonly isMain: boolean;
  block: Block | undefined;
  bridge: BridgeBlock | undefined;
  /** The plugin that the last line with a plugin named. */
  plugin: OpenPlugin | undefined;
  /** The plugin that the last such line named, if it does what an option does. */
  standIn: StandIn | undefined;
  /** The last `listener` line is invalid: the lines below it belong to that listener, and are checked but not kept. */
  isLost: boolean;
  /** Options of one listener that stand before all of them, in this file or another: they are the default listener's, if there is one. */
  readonly early: Setting[];
}

/** Reads a file in mosquitto's syntax, and the files that it includes, into the draft. */
export function readConfigFile(draft: Draft, reader: FileReader, path: string): void {
  const early: Setting[] = [];
  readOneFile(draft, reader, path, early);
  if (early.length === 0) return;
  if (draft.blocks.length === 0) draft.openDefault(early[0]!.origin);
  settleEarly(draft, early);
}

function readOneFile(
  draft: Draft,
  reader: FileReader,
  path: string,
  early: Setting[],
  isMain = true,
): void {
  let text: string;
  try {
    text = reader.readFile(path);
  } catch (error) {
    draft.problem(path, "", `Cannot read the file: ${reason(error)}`);
    return;
  }
  const cursor: Cursor = {
    path,
    isMain,
    block: undefined,
    bridge: undefined,
    plugin: undefined,
    standIn: undefined,
    isLost: false,
    early,
  };
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    readLine(draft, reader, cursor, line, `${path}:${index + 1}`);
  }
}

function readLine(
  draft: Draft,
  reader: FileReader,
  cursor: Cursor,
  line: string,
  origin: string,
): void {
  const [, name = "", rest = ""] = /^\s*(\S*)\s*(.*?)\s*$/u.exec(line) ?? [];
  if (name === "" || name.startsWith("#")) return;
  const { type } = findOption(name) ?? findForeign(name) ?? {};
  // The name of a bridge is text, but mosquitto takes its first word alone.
  const value = name === "connection" ? cutComment(rest) : withoutComment(type, rest);
  const settings = readPlugin(draft, cursor, name, rest, origin) ??
    draft.read(name, value, "file", origin);
  if (settings.length === 0 && name === "listener") loseListener(cursor);
  for (const setting of settings) place(draft, reader, cursor, setting);
}

/** What a line about a plugin means that does what an option does; `undefined`: it is about no such plugin. */
function readPlugin(
  draft: Draft,
  cursor: Cursor,
  name: string,
  text: string,
  origin: string,
): readonly Setting[] | undefined {
  if (cursor.standIn !== undefined) {
    const settings = readStandInOption(draft, cursor.standIn, name, text, origin);
    if (settings !== undefined) return settings;
  }
  if (!/^(plugin|global_plugin|plugin_load)$/.test(name)) return undefined;
  cursor.standIn = openStandIn(draft, name, text, origin);
  return cursor.standIn === undefined ? undefined : readStandIn(draft, cursor.standIn);
}

function place(draft: Draft, reader: FileReader, cursor: Cursor, setting: Setting): void {
  const { option, origin } = setting;
  if (option.scope === "bridge") return placeInBridge(draft, cursor, setting);
  switch (actOf(option)) {
    case "include":
      return include(draft, reader, cursor, setting);
    case "listen":
      cursor.block = draft.openListener(setting);
      cursor.isLost = false;
      return;
    case "place":
      cursor.block = draft.openDefault(origin);
      settleEarly(draft, cursor.early);
      return draft.set(cursor.block.settings, setting);
    case "per_listener":
      return setPerListener(draft, setting);
  }
  if (option.name === DYNAMIC_SECURITY_FILE) return placeInPlugin(draft, cursor.plugin, setting);
  const settings = settingsFor(draft, cursor, setting);
  if (settings === undefined) return;
  if (actOf(option) !== "plugin") draft.set(settings, setting);
  else if (option.name === "plugin_use") usePlugin(draft, setting, settings);
  else cursor.plugin = openPlugin(draft, setting, settings);
}

/** The settings that a line belongs to: those of the listener above it, or the global ones. `undefined`: its listener is missing or invalid. */
function settingsFor(
  draft: Draft,
  cursor: Cursor,
  setting: Setting,
): Settings | undefined {
  const { option, origin, ofListener } = setting;
  const isPerListener = ofListener || (option.perListener === true && draft.perListener);
  if (option.scope === "global" && !isPerListener) return draft.globals;
  if (cursor.isLost) return undefined;
  if (cursor.block === undefined && (option.needsListener || isPerListener)) {
    if (option.needsListener || ofListener || actOf(option) === "plugin") {
      mustFollow(draft, setting);
    } else cursor.early.push(setting);
    return undefined;
  }
  cursor.block ??= draft.openDefault(origin);
  return cursor.block.settings;
}

/** As in mosquitto, the default listener gets what stands before all listeners; where there are others alone, nobody knows whose it is. */
function settleEarly(draft: Draft, early: Setting[]): void {
  for (const setting of early.splice(0)) {
    if (draft.defaultBlock === undefined) mustFollow(draft, setting);
    else draft.set(draft.defaultBlock.settings, setting);
  }
}

function mustFollow(draft: Draft, { option, origin }: Setting): void {
  draft.problem(origin, option.name, "Must follow the `listener` line that it belongs to");
}

/** As in mosquitto, a `listener` line does not end a `connection` block. */
function placeInBridge(draft: Draft, cursor: Cursor, setting: Setting): void {
  const { option: { name }, origin } = setting;
  if (name === "connection") {
    cursor.bridge = draft.openBridge(setting);
  } else if (cursor.bridge === undefined) {
    draft.problem(origin, name, "Must follow the `connection` line that it belongs to");
  } else draft.set(cursor.bridge.settings, setting);
}

/** As in mosquitto, `per_listener_settings` cannot become false again, and must come before the options that it governs. */
function setPerListener(draft: Draft, setting: Setting): void {
  if (draft.perListener) return;
  const early = [...draft.globals.values()].flat().find((earlier) => earlier.option.perListener);
  if (setting.value === true && early !== undefined) {
    const message = `Must come before ${early.option.name}, which stands at ${early.origin}`;
    return draft.problem(setting.origin, setting.option.name, message);
  }
  draft.set(draft.globals, setting);
}

function include(draft: Draft, reader: FileReader, cursor: Cursor, setting: Setting): void {
  const { option, origin } = setting;
  if (!cursor.isMain) {
    return draft.problem(
      origin,
      option.name,
      "Must stand in the main file, not in an included one",
    );
  }
  const directory = String(setting.value);
  let names: readonly string[];
  try {
    names = reader.listDirectory(directory);
  } catch (error) {
    // mosquitto 2.0 does not start; but some installations name a directory that only its first file makes.
    if (error instanceof Error && error.name === "NotFound") {
      return draft.noteNoEffect(origin, option.name, `there is no directory ${directory}`);
    }
    return draft.problem(origin, option.name, `Cannot list ${directory}: ${reason(error)}`);
  }
  draft.set(draft.globals, setting);
  const separator = directory.endsWith("/") ? "" : "/";
  for (const name of names.filter((name) => name.endsWith(".conf")).sort(byName)) {
    readOneFile(draft, reader, directory + separator + name, cursor.early, false);
  }
}

/** mosquitto's order of included files: without regard to case, and A before a if that decides nothing. */
function byName(a: string, b: string): number {
  return compare(a.toLowerCase(), b.toLowerCase()) || compare(a, b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function loseListener(cursor: Cursor): void {
  cursor.block = undefined;
  cursor.isLost = true;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
