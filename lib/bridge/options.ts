import {
  BRIDGE_CLIENT_PREFIX,
  type BridgeAdmission,
  type BridgeQueuePolicy,
} from "../broker/mod.ts";
import type { ProtocolVersion, Qos } from "../codec/mod.ts";

/** The direction of a topic's messages. */
export type Direction = "in" | "out" | "both";

/** One `topic` line: maps topics of one broker to topics of the other. */
export interface BridgeTopic {
  /** A Topic Filter without prefixes; if `""`, each prefix is a whole Topic Name. */
  readonly pattern: string;
  /** `out` means from this broker to the remote one. */
  readonly direction: Direction;
  /** The highest QoS at which messages cross. */
  readonly qos: Qos;
  /** The prefix of the pattern in this broker. */
  readonly localPrefix: string;
  /** The prefix of the pattern in the remote broker. */
  readonly remotePrefix: string;
}

/** The transport to a remote broker. */
export type BridgeScheme = "mqtt" | "mqtts" | "ws" | "wss";

/** An address of the remote broker. */
export interface BridgeAddress {
  /** The transport. */
  readonly scheme: BridgeScheme;
  /** A host name or an IP address. */
  readonly hostname: string;
  /** The port. */
  readonly port: number;
  /** The path for WebSockets, such as `/mqtt`; else `""`. */
  readonly path: string;
}

/** TLS settings of a bridge. The files are read when it connects. */
export interface BridgeTls {
  /** A PEM file of trusted authorities; `""` for none. */
  readonly cafile: string;
  /** A directory of such files; `""` for none. */
  readonly capath: string;
  /** Our certificate; `""` for none. */
  readonly certfile: string;
  /** Its key; `""` for none. */
  readonly keyfile: string;
  /** Whether the remote certificate may name another host. */
  readonly insecure: boolean;
  /** The protocol for ALPN; `""` for none. */
  readonly alpn: string;
  /** Whether the authorities of the operating system are trusted. */
  readonly usesOsCerts: boolean;
  /** The oldest version that is spoken. */
  readonly version: "tlsv1.2" | "tlsv1.3";
}

/** Every setting of one bridge, with its unit. */
export interface BridgeOptions {
  /** The name in the `connection` line. */
  readonly name: string;
  /** The nodes of a cluster that may have it; empty: any may. Without a cluster it says nothing. */
  readonly nodes: readonly string[];
  /** At least one; the first is the primary. */
  readonly addresses: readonly BridgeAddress[];
  /** At least one. */
  readonly topics: readonly BridgeTopic[];
  /** Whether all addresses are equal; otherwise the bridge returns to the primary. */
  readonly roundRobin: boolean;
  /** When the bridge connects: always, when enough messages wait, or once. */
  readonly startType: "automatic" | "lazy" | "once";
  /** Waiting messages with which a lazy bridge connects. */
  readonly threshold: number;
  /** Seconds without a message after which a lazy bridge disconnects. */
  readonly idleTimeoutSeconds: number;
  /** The first wait before it connects again, seconds. */
  readonly restartBaseSeconds: number;
  /** The longest wait, seconds; if equal to the base there is no jitter. */
  readonly restartCapSeconds: number;
  /** A connection that lasted this long counts as good, and the next wait is short again, seconds. */
  readonly stableSeconds: number;
  /** Keep Alive at the remote broker, seconds. */
  readonly keepAliveSeconds: number;
  /** Whether the remote session ends with its connection. */
  readonly cleanSession: boolean;
  /** Whether the local session, with its waiting messages, ends with its connection. */
  readonly localCleanSession: boolean;
  /** The Client Identifier at the remote broker. */
  readonly remoteClientId: string;
  /** The local session is named `$bridge/` followed by this. */
  readonly localClientId: string;
  /** `""` for none. */
  readonly remoteUserName: string;
  /** `""` for none. */
  readonly remotePassword: string;
  /** A file with the password, read anew for each connection; `""` for none. */
  readonly remotePasswordFile: string;
  /** The user name of the local session, for lists; `""` for none. */
  readonly localUserName: string;
  /** Whether the state is published as a retained message, 1 or 0. */
  readonly notifications: boolean;
  /** Whether it is published in this broker only. */
  readonly notificationsLocalOnly: boolean;
  /** The topic of the state; `""` for `$SYS/broker/connection/REMOTE-CLIENT-ID/state`. */
  readonly notificationTopic: string;
  /** Whether a broker before 5.0 is told, by a bit of the protocol level, that this is a bridge. */
  readonly tryPrivate: boolean;
  /** Whether the topics of `out` rules are unsubscribed at the remote broker. */
  readonly attemptUnsubscribe: boolean;
  /** Whether RETAIN is kept on messages to the remote broker. */
  readonly outgoingRetain: boolean;
  /** `auto` means 5.0, and 3.1.1 if the remote broker does not support it. */
  readonly protocolVersion: "auto" | ProtocolVersion;
  /** The most bytes of a packet in either direction; 0 for no limit of our own. */
  readonly maxPacketSizeBytes: number;
  /** The most Topic Aliases used toward the remote broker, if it allows them; 0 for none. */
  readonly maxTopicAlias: number;
  /** The most QoS 1 and 2 messages in flight from the remote broker. */
  readonly receiveMaximum: number;
  /** Seconds that the remote session outlives its connection in 5.0; `Infinity` for no limit. */
  readonly sessionExpirySeconds: number;
  /** The local address from which it connects; `""` lets the system choose. */
  readonly bindAddress: string;
  /** Undefined for no TLS, except for addresses that require it. */
  readonly tls: BridgeTls | undefined;
  /** The most messages to the remote broker a second; 0 for no limit. */
  readonly maxRate: number;
  /** The most bytes that may wait for it; 0 for only the limit of all queues. */
  readonly queueBytes: number;
  /** What happens to messages beyond that limit. */
  readonly queueFullPolicy: BridgeQueuePolicy;
  /** The most brokers that a message may pass, in 5.0; 0 for no check. */
  readonly maxHops: number;
}

/** The Client Identifier of a bridge's session in this broker. */
export function localClientIdOf({ localClientId, name }: BridgeOptions): string {
  return BRIDGE_CLIENT_PREFIX + (localClientId === "" ? name : localClientId);
}

/** What this broker is told of a bridge that connects. */
export function admissionOf({ queueBytes, queueFullPolicy }: BridgeOptions): BridgeAdmission {
  return { maxQueuedBytes: queueBytes, queueFullPolicy, forgetsReceived: false };
}

/** The topic on which the state of a bridge is published. */
export function notificationTopicOf(
  { notificationTopic, remoteClientId }: BridgeOptions,
): string {
  return notificationTopic === ""
    ? `$SYS/broker/connection/${remoteClientId}/state`
    : notificationTopic;
}
