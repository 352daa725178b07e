import type { Option } from "./option.ts";
import { BOOLEAN, choice, loaderRow, PATH, processRow, transportRow } from "./rows.ts";

const THEME = { theme: "Dashboard and API", needsListener: true, fileOnly: true } as const;

/** The page, its API and the metrics: where they are, and who comes in. */
export const HTTP_OPTIONS: readonly Option[] = [
  loaderRow(
    "dashboard",
    "dashboard",
    BOOLEAN,
    true,
    "Whether the page is at http://127.0.0.1:9883 without a `listener` of `protocol http_api`: for this machine only.",
    {
      theme: "Dashboard and API",
      defaultText:
        "true without a file, a listener of your own, a password_file and an acl_file; else false",
    },
  ),
  processRow(
    "metrics_topic_prefix",
    "metricsTopicPrefix",
    { kind: "text", maxLength: 255 },
    "Counts messages on the topics of this prefix, whole levels as `home` or `plant/hall-2`, in a series of its own at /metrics; several lines " +
      "are several, 100 at most. Counting costs some processor for each message.",
    { theme: "Dashboard and API", repeatable: true, defaultText: "none" },
  ),
  processRow(
    "metrics_compat",
    "metricsCompat",
    choice("none", "mosquitto_exporter"),
    "Whether /metrics also has the names of mosquitto-exporter (`broker_clients_connected` and so on), for Grafana dashboards that are made for it.",
    { theme: "Dashboard and API" },
  ),
  transportRow(
    "http_host",
    "httpHosts",
    { kind: "text", maxLength: 255 },
    "A name or address, without its port, under which browsers call the page of an `http_api` listener; several lines are several.",
    {
      ...THEME,
      repeatable: true,
      defaultText: "localhost, 127.0.0.1, ::1 and the listener's address",
    },
  ),
  transportRow(
    "http_admin",
    "httpAdmins",
    { kind: "text", maxLength: 255 },
    "A user of the `password_file` who may log in at the page and change something; several lines are several.",
    { ...THEME, repeatable: true, defaultText: "none: on this machine everybody may" },
  ),
  transportRow(
    "http_viewer",
    "httpViewers",
    { kind: "text", maxLength: 255 },
    "A user of the `password_file` who may log in at the page and look, but change nothing; several lines are several.",
    { ...THEME, repeatable: true, defaultText: "none" },
  ),
  transportRow(
    "http_token_file",
    "httpTokenFile",
    PATH,
    "Tokens for programs (`Authorization: Bearer TOKEN`): lines of `admin TOKEN` or `viewer TOKEN`, 16 characters at least.",
    { ...THEME, defaultText: "none" },
  ),
];
