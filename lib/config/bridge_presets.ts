import type { BridgeOptions, BridgeTopic } from "../bridge/mod.ts";
import type { BridgeSettings } from "./bridge_settings.ts";

/** The clouds whose rules are known. */
type Preset = BridgeSettings["preset"];

/** A cloud's rules: what is set where the block says nothing, and what is checked. */
interface CloudRules {
  /** Its name, for people. */
  readonly cloud: string;
  /** By option: what holds in the place of the default. */
  readonly defaults: readonly (readonly [option: string, setting: Partial<BridgeSettings>])[];
  /** The highest QoS. */
  readonly maxQos: 0 | 1 | 2;
  /** Bytes of a Topic Name or Topic Filter. */
  readonly maxTopicBytes: number;
  /** Levels of a topic. */
  readonly maxTopicLevels: number;
  /** Bytes of a Client Identifier. */
  readonly maxClientIdBytes: number;
  /** Topics that there are; absent: any that do not begin with `$`. */
  readonly topics?: { readonly out: RegExp; readonly in: RegExp; readonly words: string };
  /** Whether a client shows a certificate. */
  readonly needsCertificate?: true;
  /** Whether a client has a name and a password. */
  readonly needsPassword?: true;
  /** MQTT's only version there. */
  readonly onlyVersion?: 4;
  /** Seconds. */
  readonly maxKeepAliveSeconds: number;
}

/** What all of them have in common: nobody may publish under `$SYS/` there. */
const QUIET = [["notifications_local_only", { notificationsLocalOnly: true }]] as const;
const OS_CERTS = [["bridge_tls_use_os_certs", { usesOsCerts: true }]] as const;

const RULES: Readonly<Record<Exclude<Preset, "none">, CloudRules>> = {
  "aws-iot-core": {
    cloud: "AWS IoT Core",
    defaults: [
      ...QUIET,
      ...OS_CERTS,
      ["bridge_max_packet_size", { maxPacketSizeBytes: 131_072 }],
      ["bridge_max_rate", { maxRate: 100 }],
      ["bridge_max_topic_alias", { maxTopicAlias: 8 }],
    ],
    maxQos: 1,
    maxTopicBytes: 256,
    maxTopicLevels: 8,
    maxClientIdBytes: 128,
    needsCertificate: true,
    maxKeepAliveSeconds: 1200,
  },
  "azure-event-grid": {
    cloud: "Azure Event Grid",
    defaults: [
      ...QUIET,
      ...OS_CERTS,
      ["bridge_max_packet_size", { maxPacketSizeBytes: 524_288 }],
      ["bridge_session_expiry_interval", { sessionExpirySeconds: 28_800 }],
    ],
    maxQos: 1,
    maxTopicBytes: 256,
    maxTopicLevels: 10,
    maxClientIdBytes: 128,
    maxKeepAliveSeconds: 1160,
  },
  "azure-iot-hub": {
    cloud: "Azure IoT Hub",
    defaults: [
      ...QUIET,
      ...OS_CERTS,
      ["bridge_protocol_version", { protocolVersion: "mqttv311" }],
      ["bridge_outgoing_retain", { outgoingRetain: false }],
      ["try_private", { tryPrivate: false }],
      ["bridge_attempt_unsubscribe", { attemptUnsubscribe: false }],
      ["bridge_max_packet_size", { maxPacketSizeBytes: 262_144 }],
    ],
    maxQos: 1,
    maxTopicBytes: 65_535,
    maxTopicLevels: 100,
    maxClientIdBytes: 128,
    topics: {
      out: /^(devices\/[^/]+\/messages\/events\/|\$iothub\/)/,
      in: /^(devices\/[^/]+\/messages\/devicebound\/#$|\$iothub\/)/,
      words:
        "devices/DEVICE/messages/events/ (out), devices/DEVICE/messages/devicebound/# (in) or $iothub/…",
    },
    onlyVersion: 4,
    maxKeepAliveSeconds: 1767,
  },
  "hivemq-cloud": {
    cloud: "HiveMQ Cloud",
    defaults: [...QUIET, ...OS_CERTS],
    maxQos: 2,
    maxTopicBytes: 65_535,
    maxTopicLevels: 1000,
    maxClientIdBytes: 65_535,
    needsPassword: true,
    maxKeepAliveSeconds: 65_535,
  },
};

/** The settings with what the cloud wants, where the block says nothing. */
export function withPreset(
  settings: BridgeSettings,
  isSet: (option: string) => boolean,
): BridgeSettings {
  if (settings.preset === "none") return settings;
  const { defaults } = RULES[settings.preset];
  // Authorities of its own are meant instead of the system's.
  const hasAuthorities = isSet("bridge_cafile") || isSet("bridge_capath");
  return defaults
    .filter(([option]) => !isSet(option))
    .filter(([option]) => option !== "bridge_tls_use_os_certs" || !hasAuthorities)
    .reduce<BridgeSettings>((all, [, setting]) => ({ ...all, ...setting }), settings);
}

/** Which rules of the cloud a block breaks, and by what. */
export function* presetProblems(
  options: BridgeOptions,
  preset: Preset,
): Generator<readonly [option: string, message: string]> {
  if (preset === "none") return;
  const rules = RULES[preset];
  const { cloud, maxClientIdBytes, maxKeepAliveSeconds, onlyVersion } = rules;
  for (const topic of options.topics) {
    for (const message of topicProblems(topic, rules)) yield ["topic", message];
  }
  const { remoteClientId, keepAliveSeconds, tls, addresses, protocolVersion } = options;
  if (sizeOf(remoteClientId) > maxClientIdBytes) {
    yield ["remote_clientid", `${cloud} takes ${maxClientIdBytes} bytes of it at most`];
  }
  if (keepAliveSeconds > maxKeepAliveSeconds) {
    yield ["keepalive_interval", `${cloud} takes ${maxKeepAliveSeconds} seconds at most`];
  }
  if (rules.needsCertificate && tls?.certfile === "" && options.remoteUserName === "") {
    yield ["bridge_preset", `${cloud} needs \`bridge_certfile\` and \`bridge_keyfile\``];
  }
  const hasPassword = options.remotePassword !== "" || options.remotePasswordFile !== "";
  if (rules.needsPassword && !hasPassword) {
    yield ["bridge_preset", `${cloud} needs \`remote_username\` and a password`];
  }
  if (onlyVersion !== undefined && protocolVersion !== onlyVersion) {
    yield ["bridge_protocol_version", `${cloud} speaks 3.1.1 only: use mqttv311`];
  }
  if (addresses.some(({ scheme }) => scheme === "ws")) {
    yield ["address", `${cloud} takes encrypted connections only: use mqtts:// or wss://`];
  }
  if (tls?.insecure) yield ["bridge_insecure", `The certificate of ${cloud} has its name`];
}

function* topicProblems(topic: BridgeTopic, rules: CloudRules): Generator<string> {
  const { cloud, maxQos, maxTopicBytes, maxTopicLevels, topics } = rules;
  const filter = topic.remotePrefix + topic.pattern;
  const broken = (rule: string) => `"${filter}" breaks a rule of ${cloud}: ${rule}`;
  if (topic.qos > maxQos) yield broken(`QoS ${maxQos} is its highest`);
  if (sizeOf(filter) > maxTopicBytes) yield broken(`a topic has ${maxTopicBytes} bytes at most`);
  if (filter.split("/").length > maxTopicLevels) {
    yield broken(`a topic has ${maxTopicLevels} levels at most`);
  }
  if (topics === undefined) return;
  for (const way of ["in", "out"] as const) {
    if (topic.direction !== way && topic.direction !== "both") continue;
    if (!topics[way].test(filter)) yield broken(`its topics are ${topics.words}`);
  }
}

function sizeOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
