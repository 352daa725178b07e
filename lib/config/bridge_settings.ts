/** What the lines of a `connection` block say, each by itself; `resolveBridges` puts them together. */
export interface BridgeSettings {
  /** Its name. */
  readonly name: string;
  /** Places, several in a line. */
  readonly addresses: readonly string[];
  /** `topic` lines. */
  readonly topics: readonly string[];
  /** As `BridgeOptions` has it. */
  readonly roundRobin: boolean;
  /** As `BridgeOptions` has it. */
  readonly startType: "automatic" | "lazy" | "once";
  /** As `BridgeOptions` has it. */
  readonly threshold: number;
  /** As `BridgeOptions` has it. */
  readonly idleTimeoutSeconds: number;
  /** `SECONDS`, or `BASE CAP`. */
  readonly restartTimeout: string;
  /** As `BridgeOptions` has it. */
  readonly keepAliveSeconds: number;
  /** As `BridgeOptions` has it. */
  readonly cleanSession: boolean;
  /** `""`: as `cleanSession`. */
  readonly localCleanSession: "" | "true" | "false";
  /** As `BridgeOptions` has it. */
  readonly remoteClientId: string;
  /** As `BridgeOptions` has it. */
  readonly localClientId: string;
  /** As `BridgeOptions` has it. */
  readonly remoteUserName: string;
  /** As `BridgeOptions` has it. */
  readonly remotePassword: string;
  /** As `BridgeOptions` has it. */
  readonly remotePasswordFile: string;
  /** As `BridgeOptions` has it. */
  readonly localUserName: string;
  /** As `BridgeOptions` has it. */
  readonly notifications: boolean;
  /** As `BridgeOptions` has it. */
  readonly notificationsLocalOnly: boolean;
  /** As `BridgeOptions` has it. */
  readonly notificationTopic: string;
  /** As `BridgeOptions` has it. */
  readonly tryPrivate: boolean;
  /** As `BridgeOptions` has it. */
  readonly attemptUnsubscribe: boolean;
  /** As `BridgeOptions` has it. */
  readonly outgoingRetain: boolean;
  /** `auto`: 5.0, else 3.1.1. */
  readonly protocolVersion: "auto" | "mqttv50" | "mqttv311" | "mqttv31";
  /** As `BridgeOptions` has it. */
  readonly maxPacketSizeBytes: number;
  /** As `BridgeOptions` has it. */
  readonly maxTopicAlias: number;
  /** As `BridgeOptions` has it. */
  readonly receiveMaximum: number;
  /** Seconds; 4294967295: for ever. */
  readonly sessionExpirySeconds: number;
  /** Paths and switches of TLS. */
  readonly cafile: string;
  /** As `BridgeTls` has it. */
  readonly capath: string;
  /** As `BridgeTls` has it. */
  readonly certfile: string;
  /** As `BridgeTls` has it. */
  readonly keyfile: string;
  /** As `BridgeTls` has it. */
  readonly insecure: boolean;
  /** As `BridgeTls` has it. */
  readonly alpn: string;
  /** As `BridgeTls` has it. */
  readonly usesOsCerts: boolean;
  /** As `BridgeOptions` has it. */
  readonly maxRate: number;
  /** As `BridgeOptions` has it. */
  readonly queueBytes: number;
  /** As `BridgeOptions` has it. */
  readonly queueFullPolicy: "refuse" | "drop_new" | "drop_oldest";
  /** As `BridgeOptions` has it. */
  readonly maxHops: number;
  /** A cloud; `none`: none. */
  readonly preset: "none" | "aws-iot-core" | "azure-event-grid" | "azure-iot-hub" | "hivemq-cloud";
}

/** The defaults of the lines: those of `bridge`, which is not loaded only to be asked for this. */
export const DEFAULT_BRIDGE_SETTINGS: BridgeSettings = {
  name: "",
  addresses: [],
  topics: [],
  roundRobin: false,
  startType: "automatic",
  threshold: 10,
  idleTimeoutSeconds: 60,
  restartTimeout: "5 30",
  keepAliveSeconds: 60,
  cleanSession: false,
  localCleanSession: "",
  remoteClientId: "",
  localClientId: "",
  remoteUserName: "",
  remotePassword: "",
  remotePasswordFile: "",
  localUserName: "",
  notifications: true,
  notificationsLocalOnly: false,
  notificationTopic: "",
  tryPrivate: true,
  attemptUnsubscribe: true,
  outgoingRetain: true,
  protocolVersion: "auto",
  maxPacketSizeBytes: 0,
  maxTopicAlias: 10,
  receiveMaximum: 500,
  sessionExpirySeconds: 0xffff_ffff,
  cafile: "",
  capath: "",
  certfile: "",
  keyfile: "",
  insecure: false,
  alpn: "",
  usesOsCerts: false,
  maxRate: 0,
  queueBytes: 100 * 1024 * 1024,
  queueFullPolicy: "refuse",
  maxHops: 8,
  preset: "none",
};
