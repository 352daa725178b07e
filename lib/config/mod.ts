/**
 * From a file, the environment and flags to one readonly `Config`, validated once.
 *
 * One table of options (`options.ts`) drives everything: parsing and validation, `--help`, the tables in the guide, and what SIGHUP
 * may change. Its defaults are the core's own where the core has them. The file has mosquitto's syntax: `option value`, `#` comments,
 * and `listener`, which opens a block. The environment (`MQTT_MAX_QOS=1`) overrides the file, and flags (`--max-qos 1`) override both.
 * An empty variable counts as not set.
 *
 * Nothing is ignored silently. All problems are reported at once, with file, line and what would be right. An option of mosquitto that
 * would change the meaning of the file is an error that says what to do (`refused.ts`); one that has no effect here, or another name,
 * becomes a note in the log (`foreign.ts`). An unknown variable is reported by its name alone, since its value may be a secret.
 *
 * This room does no input or output: files and variables are handed in. A record for another room has that room's own type, and a row
 * of the table compiles only if it fits the setting that it fills.
 *
 * ```ts
 * import { loadConfig } from "./mod.ts";
 *
 * const result = loadConfig({
 *   file: "mosquitto.conf",
 *   readFile: () => "listener 1883\nallow_anonymous true\nmax_qos 1\n",
 *   listDirectory: () => [],
 *   environment: { MQTT_MAX_QUEUED_MESSAGES: "100" },
 *   flags: [],
 *   user: { name: "", isRoot: false },
 * });
 * if (!result.isValid) throw new Error(result.problems.join("\n"));
 * ```
 *
 * @module
 */
export type { BrokerOptions, ListenerOptions } from "../broker/mod.ts";
export { compareConfigs, type ConfigChange, keepLog, keepUntilRestart } from "./changes.ts";
export { type BridgeBlockData, bridgesOf, type BridgesResult } from "./bridge_inits.ts";
export { BRIDGE_OPTIONS } from "./options_bridge.ts";
export { type BridgeSettings, DEFAULT_BRIDGE_SETTINGS } from "./bridge_settings.ts";
export type {
  BridgeConfig,
  ClusterConfig,
  Config,
  ListenerConfig,
  LoadResult,
  ResolvedSetting,
} from "./config.ts";
export {
  defaultText,
  differencesMarkdown,
  flagUse,
  foreignMarkdown,
  helpLines,
  OPTION_PAGES,
  type OptionPage,
  optionsByTheme,
  optionsHelp,
  optionsMarkdown,
  optionText,
  valueText,
} from "./document.ts";
export { exampleConfig } from "./example.ts";
export { type Note, problemAt } from "./draft.ts";
export type { FileReader } from "./file.ts";
export type { AddressesOf } from "./interfaces.ts";
export { type Arguments, type FlagSetting, parseArguments } from "./flags.ts";
export { GENERAL_FLAGS, type GeneralFlag } from "./general_flags.ts";
export { type ConfigSources, loadConfig, type ProcessUser } from "./load.ts";
export { FOREIGN_BRIDGE_OPTIONS, FOREIGN_OPTIONS } from "./foreign.ts";
export type {
  ForeignOption,
  LoaderAct,
  Option,
  OptionRecords,
  OptionTarget,
  OptionType,
  OptionValue,
  RefusedOption,
  Theme,
} from "./option.ts";
export type { HttpConfig } from "./http_config.ts";
export { findOption, OPTIONS } from "./options.ts";
export { type ClusterSettings, DEFAULT_CLUSTER_SETTINGS } from "./cluster_settings.ts";
export { isClusterName, parseNatsPlaces } from "./cluster_address.ts";
export { LEAVE_DISK_FREE, type ProcessOptions } from "./process_options.ts";
export type { TransportOptions } from "./transport_options.ts";
export { REFUSED_OPTIONS } from "./refused.ts";
export { didYouMean } from "./suggest.ts";
