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
    "Turns on dynamic security by the path of mosquitto's plugin, `\u2026/mosquitto_dynamic_security.so`, which need not exist: clients, groups and roles in a file " +
      "that `mosquitto_ctrl dynsec` changes while the broker runs. `mosquitto_password_file.so` and `mosquitto_acl_file.so` of 2.1 mean " +
      "`password_file` and `acl_file`, `mosquitto_persist_sqlite.so` means `persistence true`; other plugins are refused.",
    { theme: "Who may connect", perListener: true, fileOnly: true },
  ),
  loaderRow(
    "global_plugin",
    "plugin",
    PATH,
    "",
    "The same for all listeners, even if `per_listener_settings` is true.",
    { theme: "Who may connect", fileOnly: true },
  ),
  loaderRow(
    "plugin_load",
    "plugin",
    TEXT,
    "",
    "The same under a name, `NAME \u2026/mosquitto_dynamic_security.so`, for listeners with `plugin_use NAME`.",
    { theme: "Who may connect", fileOnly: true },
  ),
  loaderRow(
    "plugin_use",
    "plugin",
    TEXT,
    "",
    "The name of a `plugin_load` line above, whose plugin this listener uses.",
    {
      theme: "Who may connect",
      scope: "listener",
      needsListener: true,
      fileOnly: true,
    },
  ),
  accessRow(
    DYNAMIC_SECURITY_FILE,
    "dynamicSecurityFile",
    PATH,
    "The file of dynamic security, named below the line of the plugin, as `mosquitto_ctrl dynsec init` writes it; read again when it changes, and changed by commands of `mosquitto_ctrl`.",
    { scope: "listener", fileOnly: true },
  ),
];
