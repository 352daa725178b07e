import type { Option } from "./option.ts";
import { BOOLEAN, choice, httpRow, loaderRow, PATH, processRows, TEXT } from "./rows.ts";

const processRow = processRows("Dashboard and API");

/** The dashboard, its API and the metrics: where they are, and who may use them. */
export const HTTP_OPTIONS: readonly Option[] = [
  loaderRow(
    "dashboard",
    "dashboard",
    BOOLEAN,
    true,
    "Whether the dashboard is at http://127.0.0.1:9883 without a `listener` of `protocol http_api`: for this machine only.",
    {
      theme: "Dashboard and API",
      defaultText: "true if there is no file, listener, password_file or acl_file; otherwise false",
    },
  ),
  processRow(
    "metrics_topic_prefix",
    "metricsTopicPrefix",
    TEXT,
    "Counts messages on topics with this prefix, whole levels such as `home` or `plant/hall-2`, in a series of its own at /metrics; may be " +
      "repeated, 100 times at most. Counting costs some processor time for each message.",
    { repeatable: true },
  ),
  processRow(
    "metrics_compat",
    "metricsCompat",
    choice("none", "mosquitto_exporter"),
    "Whether /metrics also has the names of mosquitto-exporter (`broker_clients_connected` and so on), for Grafana dashboards made for it.",
  ),
  httpRow(
    "http_host",
    "hosts",
    TEXT,
    "A host name or address, without port, under which browsers open the dashboard of an `http_api` listener; may be repeated.",
    {
      repeatable: true,
      defaultText: "localhost, 127.0.0.1, ::1 and the listener's address",
    },
  ),
  httpRow(
    "http_admin",
    "admins",
    TEXT,
    "A user of the `password_file` who may log in at the dashboard and make changes; may be repeated.",
    { repeatable: true, defaultText: "none: everybody on this machine may" },
  ),
  httpRow(
    "http_viewer",
    "viewers",
    TEXT,
    "A user of the `password_file` who may log in at the dashboard but change nothing; may be repeated.",
    { repeatable: true },
  ),
  httpRow(
    "http_token_file",
    "tokenFile",
    PATH,
    "A file of tokens for programs (`Authorization: Bearer TOKEN`): lines of `admin TOKEN` or `viewer TOKEN`, with tokens of at least 16 characters.",
  ),
];
