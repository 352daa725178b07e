import type { Option } from "./option.ts";
import {
  BOOLEAN,
  bridgeRow,
  BYTES,
  choice,
  COUNT,
  integer,
  MAX_PACKET_BYTES,
  PATH,
} from "./rows.ts";

/** Free text of any sensible length. */
const TEXT = { kind: "text", maxLength: 65_535 } as const;

/** The lines of a `connection` block: a connection of this broker to another one. */
export const BRIDGE_OPTIONS: readonly Option[] = [
  bridgeRow(
    "connection",
    "name",
    TEXT,
    "Begins the block of a bridge, and names it: its session here is `$bridge/NAME`.",
    {
      defaultText: "none",
    },
  ),
  bridgeRow(
    "address",
    "addresses",
    TEXT,
    "Where the remote broker is: `HOST[:PORT]`, `mqtt://`, `mqtts://`, `ws://` or `wss://`; the first of several is the primary.",
    { repeatable: true, defaultText: "none" },
  ),
  bridgeRow(
    "topic",
    "topics",
    TEXT,
    'Which messages cross the bridge: `PATTERN [out|in|both [QOS [LOCAL-PREFIX [REMOTE-PREFIX]]]]`, where `""` is an empty word; a pattern alone means `out 0`.',
    { repeatable: true, defaultText: "none" },
  ),
  bridgeRow(
    "bridge_preset",
    "preset",
    choice("none", "aws-iot-core", "azure-event-grid", "azure-iot-hub", "hivemq-cloud"),
    "The cloud that the remote broker belongs to: sets defaults for what the block leaves open, and checks the rules of the cloud.",
    {},
  ),
  bridgeRow(
    "round_robin",
    "roundRobin",
    BOOLEAN,
    "Whether all addresses are equal; if not, the bridge returns to the primary once that accepts connections again.",
    {},
  ),
  bridgeRow(
    "start_type",
    "startType",
    choice("automatic", "lazy", "once"),
    "When it connects: always, while `threshold` messages wait, or once.",
    {},
  ),
  bridgeRow(
    "threshold",
    "threshold",
    integer(1, 2_147_483_647),
    "How many waiting messages make a lazy bridge connect.",
    {
      unit: "messages",
    },
  ),
  bridgeRow(
    "idle_timeout",
    "idleTimeoutSeconds",
    integer(1, 2_147_483_647),
    "How long without a message until a lazy bridge disconnects.",
    { unit: "seconds" },
  ),
  bridgeRow(
    "restart_timeout",
    "restartTimeout",
    TEXT,
    "Seconds before the bridge connects again: a fixed number, or `BASE CAP` for random times between the two.",
    {},
  ),
  bridgeRow(
    "keepalive_interval",
    "keepAliveSeconds",
    integer(5, 65_535),
    "The Keep Alive: after one and a half of it without an answer to a ping, the remote broker counts as gone.",
    { unit: "seconds" },
  ),
  bridgeRow(
    "cleansession",
    "cleanSession",
    BOOLEAN,
    "Whether the remote session ends with its connection; messages that reach the remote broker meanwhile are lost then.",
    {},
  ),
  bridgeRow(
    "local_cleansession",
    "localCleanSession",
    choice("true", "false"),
    "The same for the session here, in which messages wait.",
    { default: "", defaultText: "as `cleansession`" },
  ),
  bridgeRow(
    "remote_clientid",
    "remoteClientId",
    TEXT,
    "The Client Identifier at the remote broker.",
    {
      defaultText: "`NAME.HOSTNAME`",
    },
  ),
  bridgeRow(
    "local_clientid",
    "localClientId",
    TEXT,
    "The name of the session here, after `$bridge/`.",
    {
      defaultText: "the bridge's name",
      differs: "`local.` and the remote Client Identifier: there a bridge is a client like others",
    },
  ),
  bridgeRow("remote_username", "remoteUserName", TEXT, "The user name at the remote broker.", {
    defaultText: "none",
  }),
  bridgeRow("remote_password", "remotePassword", TEXT, "The password at the remote broker.", {
    defaultText: "none",
  }),
  bridgeRow(
    "remote_password_file",
    "remotePasswordFile",
    PATH,
    "A file that contains only the password, read at each connect: for tokens that expire.",
    { defaultText: "none" },
  ),
  bridgeRow(
    "local_username",
    "localUserName",
    TEXT,
    "The user name of the session here, which only appears in lists: a bridge may do everything.",
    {
      defaultText: "none",
    },
  ),
  bridgeRow(
    "notifications",
    "notifications",
    BOOLEAN,
    "Whether a retained message tells both brokers that the bridge is connected (`1`) or not (`0`).",
    {},
  ),
  bridgeRow(
    "notifications_local_only",
    "notificationsLocalOnly",
    BOOLEAN,
    "Whether only this broker gets that message.",
    {},
  ),
  bridgeRow("notification_topic", "notificationTopic", TEXT, "The topic of that message.", {
    defaultText: "`$SYS/broker/connection/REMOTE-CLIENT-ID/state`",
  }),
  bridgeRow(
    "try_private",
    "tryPrivate",
    BOOLEAN,
    "Whether the protocol level tells a broker before 5.0 that this is a bridge, so that it sends no message back; mosquitto understands this.",
    {},
  ),
  bridgeRow(
    "bridge_attempt_unsubscribe",
    "attemptUnsubscribe",
    BOOLEAN,
    "Whether topics that only go out are unsubscribed at the remote broker.",
    {},
  ),
  bridgeRow(
    "bridge_outgoing_retain",
    "outgoingRetain",
    BOOLEAN,
    "Whether retained messages stay retained when they go out.",
    {},
  ),
  bridgeRow(
    "bridge_bind_address",
    "bindAddress",
    TEXT,
    "The address of this machine from which it connects, without TLS.",
    { defaultText: "the system's choice" },
  ),
  bridgeRow(
    "bridge_protocol_version",
    "protocolVersion",
    choice("auto", "mqttv50", "mqttv311", "mqttv31"),
    "The version of MQTT at the remote broker; `auto` tries 5.0, and then 3.1.1.",
    { differs: "mqttv311: 5.0 gives reasons, and can send no message back" },
  ),
  bridgeRow(
    "bridge_max_packet_size",
    "maxPacketSizeBytes",
    integer(0, MAX_PACKET_BYTES),
    "The largest packet in both directions; 0: what each broker accepts.",
    { unit: "bytes" },
  ),
  bridgeRow(
    "bridge_max_topic_alias",
    "maxTopicAlias",
    integer(0, 65_535),
    "The most Topic Aliases that the bridge uses, as far as the remote broker allows.",
    {},
  ),
  bridgeRow(
    "bridge_receive_maximum",
    "receiveMaximum",
    integer(1, 65_535),
    "How many messages of QoS 1 and 2 the remote broker may have in flight to the bridge; in the other direction the remote broker decides.",
    { unit: "messages", differs: "20: on a slow connection a small window limits the speed" },
  ),
  bridgeRow(
    "bridge_session_expiry_interval",
    "sessionExpirySeconds",
    integer(0, 0xffff_ffff),
    "How long the remote session outlives its connection, in 5.0.",
    { unit: "seconds", defaultText: "for ever" },
  ),
  bridgeRow(
    "bridge_max_rate",
    "maxRate",
    COUNT,
    "The most messages that go out in a second; 0: no limit.",
    {
      unit: "messages",
    },
  ),
  bridgeRow(
    "bridge_queue_bytes",
    "queueBytes",
    BYTES,
    "How much may wait for the bridge; replaces `max_queued_messages` and `max_queued_bytes`; 0: only the limit of all queues together.",
    { unit: "bytes" },
  ),
  bridgeRow(
    "bridge_queue_full_policy",
    "queueFullPolicy",
    choice("refuse", "drop_new", "drop_oldest"),
    "What happens to a message beyond that: `refuse` answers a publisher of QoS 1 or 2 with 0x97, or before 5.0 closes its connection, and it keeps the " +
      "message; the others lose a message, which is counted.",
    {},
  ),
  bridgeRow(
    "bridge_max_hops",
    "maxHops",
    integer(0, 100),
    "How many brokers a message may pass by bridges of 5.0, which count them in a User Property; 0: they do not, and messages may go round in rings.",
    {},
  ),
  bridgeRow(
    "bridge_cafile",
    "cafile",
    PATH,
    "A PEM file of the authorities that sign the remote certificate; turns on TLS.",
    {
      defaultText: "none",
    },
  ),
  bridgeRow(
    "bridge_capath",
    "capath",
    PATH,
    "The same as a directory, in which every file with a certificate counts.",
    {
      defaultText: "none",
    },
  ),
  bridgeRow(
    "bridge_certfile",
    "certfile",
    PATH,
    "The PEM file of our certificate, if the remote broker asks for one; turns on TLS.",
    {
      defaultText: "none",
    },
  ),
  bridgeRow("bridge_keyfile", "keyfile", PATH, "The PEM file of its key.", { defaultText: "none" }),
  bridgeRow(
    "bridge_insecure",
    "insecure",
    BOOLEAN,
    "Whether the name in the remote certificate is not checked: anybody with a certificate can then pose as the remote broker.",
    {},
  ),
  bridgeRow("bridge_alpn", "alpn", TEXT, "The protocol that is offered by ALPN.", {
    defaultText: "none",
  }),
  bridgeRow(
    "bridge_tls_use_os_certs",
    "usesOsCerts",
    BOOLEAN,
    "Whether the authorities of the operating system are trusted; turns on TLS.",
    {},
  ),
];
