import { FOREIGN_BRIDGE_OPTIONS, FOREIGN_OPTIONS } from "./foreign.ts";
import type { ForeignOption, LoaderAct, Option, RefusedOption } from "./option.ts";
import { ACCESS_OPTIONS } from "./options_access.ts";
import { JWT_OPTIONS } from "./options_jwt.ts";
import { SERVICE_OPTIONS } from "./options_service.ts";
import { BRIDGE_OPTIONS } from "./options_bridge.ts";
import { CLUSTER_OPTIONS } from "./options_cluster.ts";
import { CLIENT_OPTIONS } from "./options_clients.ts";
import { HTTP_OPTIONS } from "./options_http.ts";
import { MESSAGE_OPTIONS } from "./options_messages.ts";
import { PLUGIN_OPTIONS } from "./options_plugin.ts";
import { PROCESS_OPTIONS } from "./options_process.ts";
import { TRANSPORT_OPTIONS } from "./options_tls.ts";
import { PLUGIN_PREFIXES, PLUGINS, REFUSED_OPTIONS } from "./refused.ts";
import { didYouMean } from "./suggest.ts";

/** Every option outside `connection` blocks. Parsing, validation, `--help` and the documentation use this table. */
export const OPTIONS: readonly Option[] = [
  ...ACCESS_OPTIONS,
  ...PLUGIN_OPTIONS,
  ...JWT_OPTIONS,
  ...SERVICE_OPTIONS,
  ...TRANSPORT_OPTIONS,
  ...HTTP_OPTIONS,
  ...MESSAGE_OPTIONS,
  ...CLIENT_OPTIONS,
  ...PROCESS_OPTIONS,
  ...CLUSTER_OPTIONS,
];

const BY_NAME = byName([...OPTIONS, ...BRIDGE_OPTIONS]);
const REFUSED_BY_NAME = byName(REFUSED_OPTIONS);
const FOREIGN_BY_NAME = byName([...FOREIGN_OPTIONS, ...FOREIGN_BRIDGE_OPTIONS]);

function byName<T extends { readonly name: string }>(
  options: readonly T[],
): ReadonlyMap<string, T> {
  return new Map(options.map((option) => [option.name, option]));
}

/** The option of that name. */
export function findOption(name: string): Option | undefined {
  return BY_NAME.get(name);
}

/** The option of mosquitto of that name that is refused here. */
export function findRefused(name: string): RefusedOption | undefined {
  if (BY_NAME.has(name)) return undefined;
  const prefix = PLUGIN_PREFIXES.find((prefix) => name.startsWith(prefix));
  return REFUSED_BY_NAME.get(prefix === undefined ? name : PLUGINS);
}

/** The option of mosquitto of that name that has no effect here, or another name. */
export function findForeign(name: string): ForeignOption | undefined {
  return FOREIGN_BY_NAME.get(name);
}

/** The option of that name. Throws a `TypeError` if there is none, which is a mistake of the caller. */
export function optionNamed(name: string): Option {
  const option = BY_NAME.get(name);
  if (option === undefined) throw new TypeError(`No option is named ${name}`);
  return option;
}

/** Whether an option belongs into a `connection` block, be it supported here or only known to mosquitto. */
export function isBridgeOption(name: string): boolean {
  return BY_NAME.get(name)?.scope === "bridge" || REFUSED_BY_NAME.get(name)?.inBridge === true ||
    FOREIGN_BRIDGE_OPTIONS.some((option) => option.name === name);
}

/** What the loader itself does with an option; undefined: its value goes into a record. */
export function actOf({ target }: Option): LoaderAct | undefined {
  return target.record === "loader" ? target.act : undefined;
}

/** `max_qos` as a flag: `--max-qos`. */
export function flagOf(option: Option): string {
  return `--${option.name.replaceAll("_", "-")}`;
}

/** `; did you mean max_qos?` for the name of an option: {@linkcode didYouMean}. */
export function suggestion(name: string, show?: (name: string) => string): string {
  const names = [BY_NAME, REFUSED_BY_NAME, FOREIGN_BY_NAME].flatMap((map) => [...map.keys()]);
  return didYouMean(name.toLowerCase().replaceAll("-", "_"), names, show);
}
