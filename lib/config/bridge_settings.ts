import type { BridgeOptions, BridgeTls } from "../bridge/mod.ts";

/** The values of a `connection` block's lines, one field for each option. `resolveBridges` makes `BridgeOptions` of them. */
export interface BridgeSettings extends
  Omit<
    BridgeOptions,
    // Lines have these in another form.
    | "nodes"
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
  /** The oldest version of TLS that is spoken. */
  readonly tlsVersion: BridgeTls["version"];
  /** Values of `address` lines; each may name several addresses. */
  readonly addresses: readonly string[];
  /** The nodes of a cluster that may have the bridge, with spaces; `""`: any may. */
  readonly node: string;
  /** Values of `topic` lines. */
  readonly topics: readonly string[];
  /** `SECONDS`, `BASE CAP`, or `BASE CAP STABLE`. */
  readonly restartTimeout: string;
  /** `""`: the same as `cleanSession`. */
  readonly localCleanSession: "" | "true" | "false";
  /** `auto`: 5.0, or 3.1.1 if the remote broker does not speak 5.0. */
  readonly protocolVersion: "auto" | "mqttv50" | "mqttv311" | "mqttv31";
  /** Seconds; 4294967295: for ever. */
  readonly sessionExpirySeconds: number;
  /** The cloud whose rules hold; `none`: no cloud. */
  readonly preset: "none" | "aws-iot-core" | "azure-event-grid" | "azure-iot-hub" | "hivemq-cloud";
}

/** The defaults of the lines, copied from the room `bridge`, so that a broker without bridges does not load it. */
export const DEFAULT_BRIDGE_SETTINGS: BridgeSettings = {
  name: "",
  addresses: [],
  topics: [],
  node: "",
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
