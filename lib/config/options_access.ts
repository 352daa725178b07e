import type { Option } from "./option.ts";
import { DEFAULT_PORT } from "./process_options.ts";
import {
  accessRow,
  BOOLEAN,
  brokerRows,
  choice,
  COUNT_OR_MINUS_ONE,
  integer,
  listenerRow,
  loaderRow,
  PATH,
  processRows,
  TEXT,
} from "./rows.ts";

const brokerRow = brokerRows("Who may connect");
const processRow = processRows("Who may connect");

/** The options besides `allow_anonymous` that belong to one listener if `per_listener_settings` is true. */
const PER_LISTENER_OPTIONS: readonly Option[] = [
  accessRow(
    "password_file",
    "passwordFile",
    PATH,
    "A file of user names and password hashes, as `flux-mqtt passwd` and mosquitto_passwd write it; read again when it changes.",
    { defaultText: "none: user names are accepted without a check" },
  ),
  accessRow(
    "scram_file",
    "scramFile",
    PATH,
    "A file of user names and credentials for SCRAM-SHA-256, an Authentication Method of 5.0, as `flux-mqtt passwd --scram` writes it; read again when it changes.",
  ),
  accessRow(
    "acl_file",
    "aclFile",
    PATH,
    "A file that says who may read and write which topics; read again when it changes.",
    { defaultText: "none: everybody may do everything" },
  ),
  accessRow(
    "acl_subscribe",
    "aclSubscribe",
    choice("strict", "mosquitto"),
    "What happens to a subscription of which the `acl_file` lets the client read nothing: `strict` refuses it, `mosquitto` grants it, but no message comes.",
    { differs: "mosquitto: a silent refusal is hard to find" },
  ),
  accessRow(
    "clientid_prefixes",
    "clientIdPrefixes",
    TEXT,
    "A prefix that every Client Identifier must have.",
    { defaultText: "anything" },
  ),
  brokerRow(
    "allow_zero_length_clientid",
    "allowZeroLengthClientId",
    BOOLEAN,
    "Whether clients may connect with an empty Client Identifier; the broker gives them one.",
    { perListener: true },
  ),
  brokerRow(
    "auto_id_prefix",
    "autoIdPrefix",
    { kind: "text", maxLength: 50 },
    "The prefix of Client Identifiers that the broker gives.",
    { perListener: true },
  ),
];

const PER_LISTENER_NAMES = ["allow_anonymous", ...PER_LISTENER_OPTIONS.map(({ name }) => name)];

/** Where clients connect, and who may. */
export const ACCESS_OPTIONS: readonly Option[] = [
  loaderRow(
    "listener",
    "listen",
    { kind: "listener" },
    [],
    "Opens a listener on a port, at one address or at all, or (`0 PATH`) on a Unix socket; the listener options below it belong to it.",
    { theme: "Listeners", repeatable: true, defaultText: "none: this machine only, port 1883" },
  ),
  loaderRow(
    "port",
    "place",
    integer(0, 65_535),
    DEFAULT_PORT,
    "The port of the default listener; 0 takes any free one, which the log names.",
    { theme: "Listeners" },
  ),
  loaderRow(
    "bind_address",
    "place",
    TEXT,
    "",
    "The address or host name of the default listener.",
    {
      theme: "Listeners",
      defaultText: "127.0.0.1; all addresses where a file sets `port`",
    },
  ),
  loaderRow(
    "bind_interface",
    "address",
    { kind: "text", maxLength: 15 },
    "",
    "The interface on whose addresses the listener listens; they are looked up at the start. Needs the permission " +
      "`--allow-sys=networkInterfaces`, which the executable does not have: name the address instead.",
    { theme: "Listeners", scope: "listener" },
  ),
  loaderRow(
    "socket_domain",
    "address",
    choice("any", "ipv4", "ipv6"),
    "any",
    "Whether the listener listens only on addresses of IPv4 or IPv6.",
    { theme: "Listeners", scope: "listener" },
  ),
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
  ),
  listenerRow(
    "max_topic_alias",
    "maxTopicAlias",
    integer(0, 65_535),
    "The most Topic Aliases that a 5.0 client may set; 0: none.",
    { unit: "aliases", needsListener: true },
  ),
  listenerRow(
    "max_topic_alias_broker",
    "maxTopicAliasBroker",
    integer(0, 65_535),
    "The most Topic Aliases that the broker sets for a 5.0 client that allows them; 0: none.",
    { unit: "aliases", needsListener: true },
  ),
  listenerRow(
    "mount_point",
    "mountPoint",
    { kind: "topic" },
    "A prefix that is added to every topic of the listener's clients, and removed from the topics that they receive.",
    { needsListener: true },
  ),
  listenerRow(
    "use_username_as_clientid",
    "useUserNameAsClientId",
    BOOLEAN,
    "Whether a client's user name replaces the Client Identifier that it sends; clients without a user name are refused.",
    { needsListener: true },
  ),
  listenerRow(
    "accept_protocol_versions",
    "acceptProtocolVersions",
    { kind: "versions" },
    "The versions of MQTT that may connect: 3 (3.1), 4 (3.1.1) and 5 (5.0), separated by commas.",
    { needsListener: true },
  ),
  loaderRow(
    "allow_anonymous",
    "anonymous",
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
    "anonymous",
    BOOLEAN,
    false,
    "The same for one listener; overrides `allow_anonymous`.",
    {
      theme: "Who may connect",
      scope: "listener",
      needsListener: true,
      defaultText: "as `allow_anonymous`",
    },
  ),
  loaderRow(
    "per_listener_settings",
    "per_listener",
    BOOLEAN,
    false,
    `Whether ${
      PER_LISTENER_NAMES.map((name) => `\`${name}\``).join(", ")
    }, and all options of tokens and services (\`jwt_\u2026\`, \`auth_http_\u2026\`, \`acl_http_url\`) belong to the listener ` +
      "above them; must come before these options.",
    { theme: "Who may connect", fileOnly: true },
  ),
  ...PER_LISTENER_OPTIONS,
  processRow(
    "max_failure_delay",
    "maxFailureDelaySeconds",
    integer(0, 5),
    "The longest delay of a login after two failed ones with its user name from its address, or fifty from its address; logins that would wait longer are refused unchecked; 0: no delay.",
    { unit: "seconds" },
  ),
];
