import type { BridgeOptions, BridgeTopic } from "../bridge/mod.ts";
import type { BridgeSettings } from "./bridge_settings.ts";

/** The name of a cloud whose rules are known, or `none`. */
type Preset = BridgeSettings["preset"];

/** The rules of one cloud: defaults for its bridges, and limits that a block is checked against. */
interface CloudRules {
  /** Its name in messages. */
  readonly cloud: string;
  /** Defaults that replace those of the option table. */
  readonly defaults: readonly (readonly [option: string, setting: Partial<BridgeSettings>])[];
  /** The highest QoS that it accepts. */
  readonly maxQos: 0 | 1 | 2;
  /** The most bytes of a Topic Name or Topic Filter. */
  readonly maxTopicBytes: number;
  /** The most levels of a topic. */
  readonly maxTopicLevels: number;
  /** The most bytes of a Client Identifier. */
  readonly maxClientIdBytes: number;
  /** The topics that it accepts; absent: all. */
  readonly topics?: { readonly out: RegExp; readonly in: RegExp; readonly words: string };
  /** Whether clients must show a certificate. */
  readonly needsCertificate?: true;
  /** Whether clients must send a user name and a password. */
  readonly needsPassword?: true;
  /** The only version of MQTT that it speaks. */
  readonly onlyVersion?: 4;
  /** The longest Keep Alive. */
  readonly maxKeepAliveSeconds: number;
}

/** No cloud accepts messages to `$SYS/`, so notifications stay in this broker. */
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
        "devices/DEVICE/messages/events/ (out), devices/DEVICE/messages/devicebound/# (in) or $iothub/\u2026",
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

/** The settings, with the cloud's defaults for every option that the block does not set. */
export function withPreset(
  settings: BridgeSettings,
  isSet: (option: string) => boolean,
): BridgeSettings {
  if (settings.preset === "none") return settings;
  const { defaults } = RULES[settings.preset];
  // A block that names its own authorities does not want the system's.
  const hasAuthorities = isSet("bridge_cafile") || isSet("bridge_capath");
  return defaults
    .filter(([option]) => !isSet(option))
    .filter(([option]) => option !== "bridge_tls_use_os_certs" || !hasAuthorities)
    .reduce<BridgeSettings>((all, [, setting]) => ({ ...all, ...setting }), settings);
}

/** The rules of the cloud that a block breaks, each with the option that breaks it. */
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
    yield ["remote_clientid", `${cloud} accepts at most ${maxClientIdBytes} bytes`];
  }
  if (keepAliveSeconds > maxKeepAliveSeconds) {
    yield ["keepalive_interval", `${cloud} accepts at most ${maxKeepAliveSeconds} seconds`];
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
    yield ["address", `${cloud} accepts encrypted connections only: use mqtts:// or wss://`];
  }
  if (tls?.insecure) {
    yield ["bridge_insecure", `The certificate of ${cloud} is valid for its name; remove the line`];
  }
}

function* topicProblems(topic: BridgeTopic, rules: CloudRules): Generator<string> {
  const { cloud, maxQos, maxTopicBytes, maxTopicLevels, topics } = rules;
  const filter = topic.remotePrefix + topic.pattern;
  const broken = (rule: string) => `"${filter}" breaks a rule of ${cloud}: ${rule}`;
  if (topic.qos > maxQos) yield broken(`the highest QoS is ${maxQos}`);
  if (sizeOf(filter) > maxTopicBytes) {
    yield broken(`a topic may have ${maxTopicBytes} bytes at most`);
  }
  if (filter.split("/").length > maxTopicLevels) {
    yield broken(`a topic may have ${maxTopicLevels} levels at most`);
  }
  if (topics === undefined) return;
  for (const way of ["in", "out"] as const) {
    if (topic.direction !== way && topic.direction !== "both") continue;
    if (!topics[way].test(filter)) yield broken(`the topic must be ${topics.words}`);
  }
}

function sizeOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
