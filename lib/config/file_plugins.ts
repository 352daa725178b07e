import type { Draft, Setting, StandIn } from "./draft.ts";

const STAND_INS: readonly (readonly [plugin: RegExp, option: StandIn["option"]])[] = [
  [/(?:^|[/\\])(?:lib)?mosquitto_password_file\.(?:so|dll|dylib)$/, "password_file"],
  [/(?:^|[/\\])(?:lib)?mosquitto_acl_file\.(?:so|dll|dylib)$/, "acl_file"],
  [/(?:^|[/\\])(?:lib)?mosquitto_persist_sqlite\.(?:so|dll|dylib)$/, "persistence"],
];
const OPTION_PREFIX = "plugin_opt_";

/**
 * Opens such a plugin; `undefined`: the line names another one. With `per_listener_settings` a plugin of all listeners cannot be said
 * in one line here, so it is left to be refused.
 */
export function openStandIn(
  draft: Draft,
  name: string,
  path: string,
  origin: string,
): StandIn | undefined {
  if (name !== "plugin" && name !== "global_plugin") return undefined;
  const option = STAND_INS.find(([plugin]) => plugin.test(path))?.[1];
  if (option === undefined) return undefined;
  const isStore = option === "persistence";
  if (!isStore && name === "global_plugin" && draft.perListener) return undefined;
  const standIn: StandIn = { option, origin, name, isNamed: isStore };
  draft.standIns.push(standIn);
  return standIn;
}

/** The settings that the plugin's own line makes: the store is SQLite's anyway. */
export function readStandIn(draft: Draft, { option, origin, name }: StandIn): readonly Setting[] {
  if (option !== "persistence") return [];
  draft.noteMeans(origin, name, "persistence true");
  return draft.read("persistence", "true", "file", origin);
}

/** The settings that an option below the plugin makes; `undefined`: it is none of the plugin's. */
export function readStandInOption(
  draft: Draft,
  standIn: StandIn,
  name: string,
  text: string,
  origin: string,
): readonly Setting[] | undefined {
  if (!name.startsWith(OPTION_PREFIX)) return undefined;
  if (standIn.option === "persistence") {
    draft.noteNoEffect(origin, name, "the store has settings of its own, such as `durability`");
    return [];
  }
  if (name !== OPTION_PREFIX + standIn.option) return undefined;
  standIn.isNamed = true;
  draft.noteMeans(origin, name, `${standIn.option} ${text}`.trimEnd());
  return draft.read(standIn.option, text, "file", origin);
}

/** Reports plugins whose file was not named. */
export function checkStandIns(draft: Draft): void {
  for (const { option, origin, name, isNamed } of draft.standIns) {
    if (!isNamed) {
      draft.problem(origin, name, `Needs a line ${OPTION_PREFIX}${option} FILE below it`);
    }
  }
}
