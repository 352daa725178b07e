import type { ListenerConfig, ListenerEntry, ResolvedSetting } from "./config.ts";
import { DEFAULTS } from "./defaults.ts";
import type { Block, Draft, Setting } from "./draft.ts";
import { httpProblems, isOpenHttp } from "./http.ts";
import { placeOf } from "./listeners.ts";
import type { Option, OptionRecords, OptionValue } from "./option.ts";
import { actOf, optionNamed, OPTIONS } from "./options.ts";
import { DYNAMIC_SECURITY_FILE } from "./options_plugin.ts";
import { certificateUserName, resolveTransport } from "./transport.ts";
import { showValue } from "./value.ts";

/** The value of every option. */
export interface Resolved extends Pick<OptionRecords, "broker" | "log" | "process" | "cluster"> {
  readonly listeners: readonly ListenerConfig[];
  /** The access control of all listeners; with `per_listener_settings` the defaults. */
  readonly entry: ListenerEntry;
  readonly settings: readonly ResolvedSetting[];
}

/** Finds what was set for an option; `undefined`: nothing. */
export type Find = (option: Option) => readonly Setting[] | undefined;

/** Decides the value of every option: what was set, or else the default. */
export function resolve(draft: Draft, blocks: readonly Block[], isOpen: boolean): Resolved {
  const settings: ResolvedSetting[] = [];
  const isListeners = (option: Option) => isListenersOwn(option, draft.perListener);
  const listeners = blocks.map((block) => resolveListener(draft, block, isOpen, settings));
  const ofAll: Find = ({ name }) => draft.globals.get(name);
  const ofBroker = OPTIONS.filter((option) => !isPlaces(option) && !isListeners(option));
  const { access, jwt, service, broker, log, process, cluster } = decideAll(
    ofBroker,
    ofAll,
    "",
    settings,
  );
  const whole = draft.perListener ? listeners : listeners.map((listener) => {
    const { certificateUserName, dynamicSecurityFile } = listener.access;
    return {
      ...listener,
      access: { ...access, certificateUserName, dynamicSecurityFile },
      jwt,
      service,
    };
  });
  for (const [index, listener] of whole.entries()) {
    for (const [option, message] of httpProblems(listener)) {
      const set = ownOrOverride(draft, blocks[index]!, option)?.at(-1);
      draft.problem(set?.origin ?? listener.origin, option, message);
    }
  }
  return {
    listeners: whole,
    entry: { access: { ...access, dynamicSecurityFile: fileOf(whole) }, jwt, service },
    broker,
    log,
    process,
    cluster,
    settings,
  };
}

/** The file of dynamic security, the same for all listeners that have it; `""`: no listener has it. */
function fileOf(listeners: readonly ListenerConfig[]): string {
  return listeners.map(({ access }) => access.dynamicSecurityFile).find((path) => path !== "") ??
    "";
}

/** The records that belong to one listener with `per_listener_settings`. */
const ENTRY_RECORDS: readonly string[] = [
  "access",
  "jwt",
  "service",
] satisfies (keyof ListenerEntry)[];

/** Whether each listener has a value of its own. */
function isListenersOwn({ scope, target }: Option, perListener: boolean): boolean {
  return scope === "listener" || (perListener && ENTRY_RECORDS.includes(target.record));
}

/** Whether an option is decided elsewhere: with the listeners themselves, or with the plugins. */
function isPlaces(option: Option): boolean {
  return ["listen", "place", "anonymous", "plugin"].includes(actOf(option) ?? "");
}

function resolveListener(
  draft: Draft,
  block: Block,
  isOpen: boolean,
  settings: ResolvedSetting[],
): ListenerConfig {
  const { port, address, path, origin, name } = placeOf(block, draft.overrides);
  settings.push({
    option: optionNamed("listener"),
    listener: name,
    text: `${port} ${path === "" ? address : path}`.trim(),
    origin,
  });
  const own = OPTIONS.filter((option) =>
    !isPlaces(option) && isListenersOwn(option, draft.perListener)
  );
  const find: Find = (option) =>
    ownOrOverride(draft, block, option.name) ??
      (option.name === DYNAMIC_SECURITY_FILE ? draft.globals.get(option.name) : undefined);
  const { transport, http, listener, access, jwt, service } = decideAll(own, find, name, settings);
  const originOf = (option: string) =>
    ownOrOverride(draft, block, option)?.at(-1)?.origin ?? origin;
  const layers = resolveTransport(draft, transport, http, originOf);
  // At an HTTP listener that everybody may use, refusing anonymous clients protects nothing.
  const isClosed = isOpen && !(layers.http !== undefined && isOpenHttp(layers.http));
  const allowAnonymous = decideAnonymous(draft, block, isClosed, name, settings);
  return {
    port,
    address,
    path,
    origin,
    ...layers,
    options: { ...listener, ...decideOwn(draft, block, name, settings), name, allowAnonymous },
    access: { ...access, certificateUserName: certificateUserName(transport) },
    jwt,
    service,
  };
}

/** `listener_allow_anonymous` decides first, then `allow_anonymous`. If neither is set, a broker allows it unless it is open to the network. */
function decideAnonymous(
  draft: Draft,
  block: Block,
  isOpen: boolean,
  name: string,
  settings: ResolvedSetting[],
): boolean {
  const option = optionNamed("allow_anonymous");
  const found = ownOrOverride(draft, block, "listener_allow_anonymous") ??
    (draft.perListener ? ownOrOverride(draft, block, option.name) : draft.globals.get(option.name));
  const setting = found?.at(-1);
  const value = setting === undefined ? !isOpen : setting.value === true;
  settings.push({
    option: setting?.option ?? option,
    listener: name,
    text: String(value),
    origin: setting?.origin ?? "default",
  });
  return value;
}

function ownOrOverride(draft: Draft, block: Block, name: string): readonly Setting[] | undefined {
  return draft.overrides.get(name) ?? block.settings.get(name);
}

/** The values that a listener sets for options of the whole broker, which hold for it alone. */
function decideOwn(
  draft: Draft,
  block: Block,
  name: string,
  settings: ResolvedSetting[],
): Readonly<Record<string, OptionValue>> {
  const values: Record<string, OptionValue> = {};
  for (const option of OPTIONS) {
    const { target } = option;
    if (!option.perListener || target.record !== "broker") continue;
    const own = draft.overrides.has(option.name) ? undefined : block.settings.get(option.name);
    if (own !== undefined) values[target.key] = decide(option, own, name, settings);
  }
  return values;
}

/** Decides the values of some options: what was set, or else the default. Adds them to `settings`. All others have their defaults. */
export function decideAll(
  options: readonly Option[],
  find: Find,
  listener: string,
  settings: ResolvedSetting[],
): OptionRecords {
  const values = structuredClone(DEFAULTS);
  for (const option of options) {
    const value = decide(option, find(option), listener, settings);
    const { target } = option;
    // The types of the rows guarantee that the value fits its record.
    if (target.record !== "loader") Object.assign(values[target.record], { [target.key]: value });
  }
  return values;
}

function decide(
  option: Option,
  found: readonly Setting[] | undefined,
  listener: string,
  settings: ResolvedSetting[],
): OptionValue {
  const last = found?.at(-1);
  if (found === undefined || last === undefined) {
    const text = showValue(option, option.default);
    settings.push({ option, listener, text, origin: "default" });
    return option.default;
  }
  const value = option.repeatable ? found.map((setting) => String(setting.value)) : last.value;
  const origin = [...new Set(found.map((setting) => setting.origin))].join(", ");
  settings.push({ option, listener, text: showValue(option, value), origin });
  return value;
}
