import type { Option } from "./option.ts";
import { accessRow, loaderRow, PATH, TEXT } from "./rows.ts";

/** The option that names the file of dynamic security. */
export const DYNAMIC_SECURITY_FILE = "plugin_opt_config_file";

/** mosquitto's ways to name its dynamic security plugin, which is built in here, and its file. */
export const PLUGIN_OPTIONS: readonly Option[] = [
  loaderRow(
    "plugin",
    "plugin",
    PATH,
    "",
    "Dynamic security, by the name of mosquitto's `…/mosquitto_dynamic_security.so`, which need not be there: clients, groups and roles in a file " +
      "that `mosquitto_ctrl dynsec` changes while the broker runs. Other plugins are refused.",
    { theme: "Who may connect", perListener: true, fileOnly: true, defaultText: "none" },
  ),
  loaderRow(
    "global_plugin",
    "plugin",
    PATH,
    "",
    "The same for all listeners, also where `per_listener_settings` is true.",
    { theme: "Who may connect", fileOnly: true, defaultText: "none" },
  ),
  loaderRow(
    "plugin_load",
    "plugin",
    TEXT,
    "",
    "The same under a name, `NAME …/mosquitto_dynamic_security.so`, for the listeners that name it in `plugin_use`.",
    { theme: "Who may connect", fileOnly: true, defaultText: "none" },
  ),
  loaderRow(
    "plugin_use",
    "plugin",
    TEXT,
    "",
    "The name of a `plugin_load` line above, which is then for this listener.",
    {
      theme: "Who may connect",
      scope: "listener",
      needsListener: true,
      fileOnly: true,
      defaultText: "none",
    },
  ),
  accessRow(
    DYNAMIC_SECURITY_FILE,
    "dynamicSecurityFile",
    PATH,
    "The file of dynamic security, below the line of the plugin: as `mosquitto_ctrl dynsec init` writes it; read again when it changes, and written by its commands.",
    { scope: "listener", fileOnly: true, defaultText: "none" },
  ),
];
