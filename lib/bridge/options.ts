import { BRIDGE_CLIENT_PREFIX, type BridgeQueuePolicy } from "../broker/mod.ts";
import type { ProtocolVersion, Qos } from "../codec/mod.ts";

/** Which way the messages of a topic go. */
export type Direction = "in" | "out" | "both";

/** One `topic` line: what of one broker's tree is what of the other's. */
export interface BridgeTopic {
  /** A Topic Filter without either prefix; `""`: the prefixes are one whole Topic Name each. */
  readonly pattern: string;
  /** `out` is from this broker to the remote one. */
  readonly direction: Direction;
  /** The highest QoS at which messages cross. */
  readonly qos: Qos;
  /** What stands before the pattern in this broker. */
  readonly localPrefix: string;
  /** What stands before it in the remote one. */
  readonly remotePrefix: string;
}

/** What carries the bytes to a remote broker. */
export type BridgeScheme = "mqtt" | "mqtts" | "ws" | "wss";

/** A place where the remote broker is. */
export interface BridgeAddress {
  /** What carries the bytes. */
  readonly scheme: BridgeScheme;
  /** A name or an address. */
  readonly hostname: string;
  /** Where it listens there. */
  readonly port: number;
  /** For WebSockets: `/mqtt`; else `""`. */
  readonly path: string;
}

/** Certificates of a bridge: paths, read when it connects. */
export interface BridgeTls {
  /** Trusted authorities in PEM; `""`: none of its own. */
  readonly cafile: string;
  /** The same, all files of a directory; `""`: none. */
  readonly capath: string;
  /** Our certificate; `""`: none. */
  readonly certfile: string;
  /** Its key; `""`: none. */
  readonly keyfile: string;
  /** Whether the name in the remote certificate need not be the one that was called. */
  readonly insecure: boolean;
  /** ALPN; `""`: none is offered. */
  readonly alpn: string;
  /** Whether the authorities of the operating system are trusted. */
  readonly usesOsCerts: boolean;
  /** The oldest version that is spoken. */
  readonly version: "tlsv1.2" | "tlsv1.3";
}

/** Every setting of one bridge, with its unit. */
export interface BridgeOptions {
  /** As the `connection` line says it. */
  readonly name: string;
  /** At least one; the first is the primary. */
  readonly addresses: readonly BridgeAddress[];
  /** At least one. */
  readonly topics: readonly BridgeTopic[];
  /** Whether all addresses are equal, so that none is gone back to. */
  readonly roundRobin: boolean;
  /** When it connects: always, when enough waits, or once. */
  readonly startType: "automatic" | "lazy" | "once";
  /** Messages that wait from which on a lazy bridge connects. */
  readonly threshold: number;
  /** Seconds without a message after which a lazy bridge disconnects. */
  readonly idleTimeoutSeconds: number;
  /** Seconds before it connects again, at first. */
  readonly restartBaseSeconds: number;
  /** The longest of these; the same as the base: no jitter. */
  readonly restartCapSeconds: number;
  /** Seconds after which a connection was a good one: the next wait is a short one again. */
  readonly stableSeconds: number;
  /** Seconds. */
  readonly keepAliveSeconds: number;
  /** Whether the remote session ends with its connection. */
  readonly cleanSession: boolean;
  /** Whether the local one does, and what waits in it. */
  readonly localCleanSession: boolean;
  /** Client Identifier at the remote broker. */
  readonly remoteClientId: string;
  /** The local session is `$bridge/` and this. */
  readonly localClientId: string;
  /** `""`: none. */
  readonly remoteUserName: string;
  /** `""`: none. */
  readonly remotePassword: string;
  /** A file with the password, read anew at each connect; `""`: none. */
  readonly remotePasswordFile: string;
  /** User name of the local session, for lists; `""`: none. */
  readonly localUserName: string;
  /** Whether the state is published, 1 or 0, retained. */
  readonly notifications: boolean;
  /** Whether it is published in this broker only. */
  readonly notificationsLocalOnly: boolean;
  /** Where; `""`: `$SYS/broker/connection/REMOTE-CLIENT-ID/state`. */
  readonly notificationTopic: string;
  /** Whether a broker before 5.0 is told, by a bit of the protocol level, that this is a bridge. */
  readonly tryPrivate: boolean;
  /** Whether what goes out only is unsubscribed at the remote broker. */
  readonly attemptUnsubscribe: boolean;
  /** Whether RETAIN goes out. */
  readonly outgoingRetain: boolean;
  /** `auto`: 5.0, and 3.1.1 where the remote broker does not speak it. */
  readonly protocolVersion: "auto" | ProtocolVersion;
  /** Bytes of a packet, both ways; 0: no limit of ours. */
  readonly maxPacketSizeBytes: number;
  /** Topic Aliases that we use, as far as the remote broker allows; 0: none. */
  readonly maxTopicAlias: number;
  /** QoS 1 and 2 messages that the remote broker may have under way to us. */
  readonly receiveMaximum: number;
  /** Seconds that the remote session outlives its connection, in 5.0; `Infinity`: for ever. */
  readonly sessionExpirySeconds: number;
  /** The address of this machine from which it connects; `""`: the system chooses. */
  readonly bindAddress: string;
  /** Absent: no encryption but where an address asks for it. */
  readonly tls: BridgeTls | undefined;
  /** Messages per second that go out; 0: no limit. */
  readonly maxRate: number;
  /** Bytes that may wait for it; 0: no limit but that of all queues. */
  readonly queueBytes: number;
  /** What happens beyond that. */
  readonly queueFullPolicy: BridgeQueuePolicy;
  /** Brokers that a message may pass, in 5.0; 0: nothing is counted. */
  readonly maxHops: number;
}

/** The Client Identifier of a bridge's session in this broker. */
export function localClientIdOf({ localClientId, name }: BridgeOptions): string {
  return BRIDGE_CLIENT_PREFIX + (localClientId === "" ? name : localClientId);
}

/** Where the state of a bridge is published. */
export function notificationTopicOf(
  { notificationTopic, remoteClientId }: BridgeOptions,
): string {
  return notificationTopic === ""
    ? `$SYS/broker/connection/${remoteClientId}/state`
    : notificationTopic;
}
