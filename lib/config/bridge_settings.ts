import type { BridgeOptions, BridgeTls } from "../bridge/mod.ts";

/** What the lines of a `connection` block say, each by itself; `resolveBridges` puts them together. */
export interface BridgeSettings extends
  Omit<
    BridgeOptions,
    // Lines say these in another form.
    | "addresses"
    | "topics"
    | "restartBaseSeconds"
    | "restartCapSeconds"
    | "stableSeconds"
    | "localCleanSession"
    | "protocolVersion"
    | "sessionExpirySeconds"
    | "tls"
  >,
  Omit<BridgeTls, "version"> {
  /** Of TLS, the oldest. */
  readonly tlsVersion: BridgeTls["version"];
  /** Places, several in a line. */
  readonly addresses: readonly string[];
  /** `topic` lines. */
  readonly topics: readonly string[];
  /** `SECONDS`, `BASE CAP`, or `BASE CAP STABLE`. */
  readonly restartTimeout: string;
  /** `""`: as `cleanSession`. */
  readonly localCleanSession: "" | "true" | "false";
  /** `auto`: 5.0, else 3.1.1. */
  readonly protocolVersion: "auto" | "mqttv50" | "mqttv311" | "mqttv31";
  /** Seconds; 4294967295: for ever. */
  readonly sessionExpirySeconds: number;
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
  bindAddress: "",
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
  tlsVersion: "tlsv1.2",
  maxRate: 0,
  queueBytes: 100 * 1024 * 1024,
  queueFullPolicy: "refuse",
  maxHops: 8,
  preset: "none",
};
