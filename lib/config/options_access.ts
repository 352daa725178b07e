import type { Option } from "./option.ts";
import { DEFAULT_PORT } from "./process_options.ts";
import {
  BOOLEAN,
  brokerRow,
  choice,
  COUNT_OR_MINUS_ONE,
  integer,
  listenerRow,
  loaderRow,
} from "./rows.ts";

/** Where clients connect to, and which of them may. */
export const ACCESS_OPTIONS: readonly Option[] = [
  loaderRow(
    "listener",
    { kind: "listener" },
    [],
    "Listens on a port, at one address or at all; the listener options below it belong to it.",
    { theme: "Listeners", repeatable: true, defaultText: "none: this machine only, port 1883" },
  ),
  loaderRow(
    "port",
    integer(0, 65_535),
    DEFAULT_PORT,
    "The port of the default listener; 0 takes any free one, which the log names.",
    { theme: "Listeners" },
  ),
  loaderRow(
    "bind_address",
    { kind: "text", maxLength: 255 },
    "",
    "The address or host name of the default listener.",
    {
      theme: "Listeners",
      defaultText: "127.0.0.1; all addresses where a file sets `port`",
    },
  ),
  {
    ...loaderRow(
      "protocol",
      choice("mqtt", "websockets", "http_api"),
      "mqtt",
      "What the listener's clients speak.",
      {
        theme: "Listeners",
        scope: "listener",
        refusedValues: {
          websockets: "WebSockets are not in this version; use `protocol mqtt`",
          http_api: "There is no HTTP interface in this version; use `protocol mqtt`",
        },
      },
    ),
    target: { record: "listener", key: "protocol" },
  },
  listenerRow(
    "max_connections",
    "maxConnections",
    COUNT_OR_MINUS_ONE,
    "Clients that may be connected to the listener at once; -1: no limit.",
    { unit: "connections" },
  ),
  listenerRow(
    "max_qos",
    "maxQos",
    integer(0, 2),
    "The highest QoS that the listener's clients may use.",
    {},
  ),
  listenerRow(
    "max_topic_alias",
    "maxTopicAlias",
    integer(0, 65_535),
    "Topic Aliases that a 5.0 client may set; 0: none.",
    { unit: "aliases", needsListener: true },
  ),
  listenerRow(
    "max_topic_alias_broker",
    "maxTopicAliasBroker",
    integer(0, 65_535),
    "Topic Aliases that the broker sets toward a 5.0 client which allows them; 0: none.",
    { unit: "aliases", needsListener: true },
  ),
  listenerRow(
    "mount_point",
    "mountPoint",
    { kind: "topic" },
    "Put before every topic of the listener's clients and taken off what they receive.",
    { defaultText: "none", needsListener: true },
  ),
  listenerRow(
    "accept_protocol_versions",
    "acceptProtocolVersions",
    { kind: "versions" },
    "The versions of MQTT that may connect: 3 (3.1), 4 (3.1.1) and 5 (5.0), with commas between.",
    { needsListener: true },
  ),
  loaderRow(
    "allow_anonymous",
    BOOLEAN,
    false,
    "Whether clients may connect without a user name.",
    {
      theme: "Who may connect",
      perListener: true,
      defaultText: "false; true while nothing opens the broker to the network",
    },
  ),
  loaderRow(
    "listener_allow_anonymous",
    BOOLEAN,
    false,
    "The same for one listener, before `allow_anonymous`.",
    {
      theme: "Who may connect",
      scope: "listener",
      needsListener: true,
      defaultText: "as `allow_anonymous`",
    },
  ),
  loaderRow(
    "per_listener_settings",
    BOOLEAN,
    false,
    "Whether `allow_anonymous`, `allow_zero_length_clientid` and `auto_id_prefix` belong to the listener " +
      "above them; must come before them.",
    { theme: "Who may connect", fileOnly: true },
  ),
  brokerRow(
    "allow_zero_length_clientid",
    "allowZeroLengthClientId",
    BOOLEAN,
    "Whether clients may connect with an empty Client Identifier and be given one.",
    { theme: "Who may connect", perListener: true },
  ),
  brokerRow(
    "auto_id_prefix",
    "autoIdPrefix",
    { kind: "text", maxLength: 50 },
    "What a Client Identifier that the broker gives begins with.",
    { theme: "Who may connect", perListener: true },
  ),
];
