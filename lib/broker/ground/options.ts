import type { ProtocolVersion, Qos } from "../../codec/mod.ts";

/** What happens to a message for a client whose queue is full. */
export type QueueFullPolicy = "drop_new" | "drop_oldest" | "disconnect";

/** What becomes of a session when somebody else comes with its Client Identifier while its owner is away. */
export type SessionOwnerPolicy = "replace" | "refuse" | "any";

/**
 * Every setting and limit of the core, with its unit. 0 means no limit only where the comment says so. The names are those
 * of the configuration's options, so that a counter, an error and the documentation say the same word.
 */
export interface BrokerOptions {
  /** Whether `a/#` also matches `a`: the standard says yes (section 4.7.1.2). */
  readonly hashMatchesParent: boolean;
  /** Whether clients may connect with a zero-length Client Identifier. */
  readonly allowZeroLengthClientId: boolean;
  /** What a Client Identifier that the broker assigns begins with. */
  readonly autoIdPrefix: string;
  /** Whether overlapping subscriptions of one client get a message once each. */
  readonly allowDuplicateMessages: boolean;
  /** Whether a message is delivered at the subscription's QoS, even where it was published with less. */
  readonly upgradeOutgoingQos: boolean;
  /** Whether retained messages are kept; where not, 5.0 clients are told so. */
  readonly retainAvailable: boolean;
  /** Seconds after which a retained message goes; 0: never. */
  readonly retainExpiryIntervalSeconds: number;
  /** Retained messages in the broker; 0: no limit. */
  readonly maxRetainedMessages: number;
  /** Bytes of payload, topic name and properties of all retained messages; 0: no limit. */
  readonly maxRetainedBytes: number;
  /** QoS 1 and 2 messages under way to one client, and the Receive Maximum told to it; 0: no limit but 65,535. */
  readonly maxInflightMessages: number;
  /** Payload bytes of the QoS 1 and 2 messages under way to one client; 0: no limit. */
  readonly maxInflightBytes: number;
  /** QoS 1 and 2 messages that wait for one client; 0: no limit. */
  readonly maxQueuedMessages: number;
  /** Bytes that wait for one client, queued or not yet written to its connection; 0: no limit. */
  readonly maxQueuedBytes: number;
  /** Messages at the beginning of a stored session's queue that are in memory; the rest is in the store alone. 0: all are in memory. */
  readonly queueMemoryMessages: number;
  /** Bytes of all queues in memory; above it more of those of stored sessions is in the store alone. */
  readonly queueMemoryBytes: number;
  /** Bytes queued in memory for all sessions together, the absent ones too, with all wills; above it a queue counts as full. 0: no limit. */
  readonly maxTotalQueuedBytes: number;
  /** Bytes not yet written to all connections together; above it publishers are not read until it is less. 0: no limit. */
  readonly maxBufferedBytes: number;
  /** What happens to a message where the queue that it needs has no room. */
  readonly queueFullPolicy: QueueFullPolicy;
  /** Whether QoS 0 messages are kept for a client that is away. */
  readonly queueQos0Messages: boolean;
  /** Bytes of a whole packet, told to 5.0 clients as Maximum Packet Size. */
  readonly maxPacketSizeBytes: number;
  /** Bytes of a CONNECT packet: memory that strangers can claim. */
  readonly maxConnectPacketSizeBytes: number;
  /** Bytes of a payload; a larger one is refused; 0: no limit. */
  readonly messageSizeLimitBytes: number;
  /** Seconds; a longer Keep Alive, or none, is answered by Server Keep Alive; 0: no limit. */
  readonly maxKeepAliveSeconds: number;
  /** Seconds between accepting a connection and its CONNECT. */
  readonly connectTimeoutSeconds: number;
  /** Seconds that a write to a client may stand still before the client is disconnected. */
  readonly sendTimeoutSeconds: number;
  /** Network Connections with a CONNECT accepted, all listeners; -1: no limit. */
  readonly globalMaxConnections: number;
  /** Sessions, connected or not; 0: no limit. */
  readonly maxSessions: number;
  /** Sessions of one user, or for clients without a user of one address; 0: no limit, -1: half of `maxSessions`. */
  readonly maxSessionsPerUser: number;
  /** Whether somebody else's Client Identifier ends the session, is refused, or gets it. */
  readonly sessionOwner: SessionOwnerPolicy;
  /** Seconds after which the session of a client that stays away ends, whatever it asked for; 0: no limit. */
  readonly persistentClientExpirationSeconds: number;
  /** Seconds of Session Expiry Interval that a 5.0 client may ask for; 0: no limit. */
  readonly maxSessionExpirySeconds: number;
  /** Seconds after a start in which a client that was connected to the process before may come back, so that its will is not published. */
  readonly willRecoveryDelaySeconds: number;
  /** Subscriptions of one session; 0: no limit. */
  readonly maxSubscriptions: number;
  /** Bytes of the subscriptions of one session: 400 each, and their filters twice; 0: no limit. */
  readonly maxSubscriptionBytes: number;
  /** The same for all sessions together; 0: no limit. */
  readonly maxTotalSubscriptionBytes: number;
  /** Levels of a Topic Name or Topic Filter. */
  readonly maxTopicLevels: number;
  /** What Response Information begins with, for 5.0 clients that request it; the Client Identifier follows. `""`: none. */
  readonly responseInformation: string;
  /** Connections per second of one Client Identifier; the CONNACK of what is more comes later; 0: no limit. */
  readonly maxClientConnectionRate: number;
  /** PUBLISH packets per second of one connection; what is more is read later; 0: no limit. */
  readonly maxClientPublishRate: number;
  /** Bytes per second of one connection; what is more is read later; 0: no limit. */
  readonly maxClientByteRate: number;
  /** Connections per second of one address; what is more is read later; 0: no limit. */
  readonly maxAddressConnectionRate: number;
  /** PUBLISH packets per second of one address; what is more is read later; 0: no limit. */
  readonly maxAddressPublishRate: number;
  /** Bytes per second of one address; what is more is read later; 0: no limit. */
  readonly maxAddressByteRate: number;
  /** Whether connects and disconnects are logged. */
  readonly connectionMessages: boolean;
}

/** What becomes of messages for a bridge whose queue is full; `refuse`: their publishers are told, and keep them. */
export type BridgeQueuePolicy = "refuse" | "drop_new" | "drop_oldest";

/** What the Client Identifiers of this broker's own bridges begin with: no other client comes in with one. */
export const BRIDGE_CLIENT_PREFIX = "$bridge/";

/**
 * What makes a connection one of this broker's own bridges: it is the operator's, so access control is not asked, and limits that are
 * for strangers do not hold.
 */
export interface BridgeAdmission {
  /** Bytes that may wait for it; 0: no limit but that of all queues. */
  readonly maxQueuedBytes: number;
  /** What happens beyond that. */
  readonly queueFullPolicy: BridgeQueuePolicy;
  /** Whether Packet Identifiers of QoS 2 messages from before mean nothing any more: the remote session is another one. */
  readonly forgetsReceived: boolean;
}

/** Settings that differ from listener to listener. */
export interface ListenerOptions {
  /** For logs and counters: the port or path. */
  readonly name: string;
  /** Connections of this listener; -1: no limit. */
  readonly maxConnections: number;
  /** The highest that clients may publish with or are granted; below 2, 5.0 clients are told so. */
  readonly maxQos: Qos;
  /** Topic Aliases that a client may use toward the broker. */
  readonly maxTopicAlias: number;
  /** Topic Aliases that the broker uses toward a client that allows them. */
  readonly maxTopicAliasBroker: number;
  /** Put before every topic of this listener's clients, and taken off what they get; `""`: none. */
  readonly mountPoint: string;
  /** Versions whose CONNECT is accepted; any other is refused as an unsupported one. */
  readonly acceptProtocolVersions: readonly ProtocolVersion[];
  /** Whether a client may come in without a user name. */
  readonly allowAnonymous: boolean;
  /** Whether a client's user name is its Client Identifier, whatever it sent; who has none is refused. */
  readonly useUserNameAsClientId: boolean;
  /** Absent: for clients. */
  readonly bridge?: BridgeAdmission;
}

/** The broker's defaults, in one place; the configuration's table takes its own from here. */
export const DEFAULT_BROKER_OPTIONS: BrokerOptions = {
  hashMatchesParent: true,
  allowZeroLengthClientId: true,
  autoIdPrefix: "auto-",
  allowDuplicateMessages: false,
  upgradeOutgoingQos: false,
  retainAvailable: true,
  retainExpiryIntervalSeconds: 0,
  maxRetainedMessages: 1_000_000,
  maxRetainedBytes: 256 * 1024 * 1024,
  maxInflightMessages: 500,
  maxInflightBytes: 0,
  maxQueuedMessages: 1000,
  maxQueuedBytes: 16 * 1024 * 1024,
  queueMemoryMessages: 256,
  queueMemoryBytes: 16 * 1024 * 1024,
  maxTotalQueuedBytes: 256 * 1024 * 1024,
  maxBufferedBytes: 256 * 1024 * 1024,
  queueFullPolicy: "drop_new",
  queueQos0Messages: false,
  maxPacketSizeBytes: 2_000_000,
  maxConnectPacketSizeBytes: 100_000,
  messageSizeLimitBytes: 0,
  maxKeepAliveSeconds: 0,
  connectTimeoutSeconds: 10,
  sendTimeoutSeconds: 60,
  globalMaxConnections: -1,
  maxSessions: 100_000,
  maxSessionsPerUser: -1,
  sessionOwner: "replace",
  persistentClientExpirationSeconds: 0,
  maxSessionExpirySeconds: 0,
  willRecoveryDelaySeconds: 60,
  maxSubscriptions: 200_000,
  maxSubscriptionBytes: 128 * 1024 * 1024,
  maxTotalSubscriptionBytes: 256 * 1024 * 1024,
  maxTopicLevels: 200,
  responseInformation: "",
  maxClientConnectionRate: 0,
  maxClientPublishRate: 0,
  maxClientByteRate: 0,
  maxAddressConnectionRate: 0,
  maxAddressPublishRate: 0,
  maxAddressByteRate: 0,
  connectionMessages: true,
};

/** A listener's defaults. */
export const DEFAULT_LISTENER_OPTIONS: ListenerOptions = {
  name: "",
  maxConnections: -1,
  maxQos: 2,
  maxTopicAlias: 10,
  maxTopicAliasBroker: 10,
  mountPoint: "",
  acceptProtocolVersions: [3, 4, 5],
  allowAnonymous: false,
  useUserNameAsClientId: false,
};
