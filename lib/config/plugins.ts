import type { Draft, OpenPlugin, Setting, Settings } from "./draft.ts";
import { checkStandIns } from "./file_plugins.ts";
import { DYNAMIC_SECURITY_FILE } from "./options_plugin.ts";

/** The file name of mosquitto's plugin that is built in here. */
const DYNAMIC_SECURITY = /(?:^|[/\\])(?:lib)?mosquitto_dynamic_security\.(?:so|dll|dylib)$/;

/** What to do instead of loading another plugin of mosquitto's. */
const INSTEAD: readonly (readonly [plugin: RegExp, hint: string])[] = [
  [/acl_file\.\w+$/, "use `acl_file FILE` instead of this one"],
  [/password_file\.\w+$/, "use `password_file FILE` instead of this one"],
];
const OTHER_WAYS =
  "tokens (`jwt_public_key_file`) and services over HTTP (`auth_http_url`) need no plugin, and a program that embeds the broker can " +
  "decide for itself who connects";

/** Handles a line that names a plugin. The result says where the options below it go; `undefined` after a problem. */
export function openPlugin(
  draft: Draft,
  setting: Setting,
  settings: Settings,
): OpenPlugin | undefined {
  const { option: { name }, origin } = setting;
  const text = String(setting.value);
  const [, alias = "", path = text] = name === "plugin_load"
    ? /^(\S+)\s+(.+)$/.exec(text) ?? []
    : [];
  if (name === "plugin_load" && alias === "") {
    draft.problem(origin, name, `Must be NAME PATH, is "${text}"`);
    return undefined;
  }
  if (!DYNAMIC_SECURITY.test(path)) {
    const hint = INSTEAD.find(([plugin]) => plugin.test(path))?.[1] ?? OTHER_WAYS;
    draft.problem(
      origin,
      name,
      `Cannot load ${path}: of mosquitto's plugins mosquitto_dynamic_security.so is built in, and no other can be loaded; ${hint}`,
    );
    return undefined;
  }
  if (name !== "plugin_load") {
    draft.set(settings, setting);
    return { settings, setting };
  }
  const loaded: OpenPlugin = { settings: new Map(), setting };
  draft.loaded.set(alias, loaded);
  return loaded;
}

/** Handles a line `plugin_use NAME`: the listener gets the options of that plugin. */
export function usePlugin(draft: Draft, setting: Setting, settings: Settings): void {
  const { option: { name }, origin, value } = setting;
  const loaded = draft.loaded.get(String(value));
  if (loaded === undefined) {
    return draft.problem(origin, name, `Needs a line above it: plugin_load ${value} \u2026`);
  }
  draft.set(settings, setting);
  for (const [name, found] of loaded.settings) settings.set(name, found);
  draft.used.add(String(value));
}

/** Handles a line that belongs to the plugin above it. */
export function placeInPlugin(
  draft: Draft,
  plugin: OpenPlugin | undefined,
  setting: Setting,
): void {
  if (plugin !== undefined) return draft.set(plugin.settings, setting);
  const message = "Must follow the line of its plugin: plugin \u2026/mosquitto_dynamic_security.so";
  draft.problem(setting.origin, setting.option.name, message);
}

/** Reports plugins without their file, listeners with different files, and plugins that no listener uses. */
export function checkPlugins(draft: Draft): void {
  checkStandIns(draft);
  const places = [draft.globals, ...draft.blocks.map(({ settings }) => settings)];
  const files: Setting[] = [];
  for (const settings of places) {
    const file = settings.get(DYNAMIC_SECURITY_FILE)?.at(-1);
    if (file !== undefined) files.push(file);
    const line = ["plugin", "global_plugin", "plugin_use"].map((name) => settings.get(name)?.at(-1))
      .find((setting) => setting !== undefined);
    if (line === undefined || (file !== undefined && file.value !== "")) continue;
    draft.problem(
      line.origin,
      line.option.name,
      `Needs a line ${DYNAMIC_SECURITY_FILE} FILE below it; \`mosquitto_ctrl dynsec init FILE USER\` makes such a file`,
    );
  }
  const [first, ...others] = files;
  for (const other of others) {
    if (other.value === first!.value) continue;
    const message = `There can be only one such file, and ${first!.value} is named at ${
      first!.origin
    }`;
    draft.problem(other.origin, DYNAMIC_SECURITY_FILE, message);
  }
  for (const [name, { setting }] of draft.loaded) {
    if (draft.used.has(name)) continue;
    draft.noteNoEffect(setting.origin, "plugin_load", `no listener has plugin_use ${name}`);
  }
}
