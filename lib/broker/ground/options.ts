import type { ProtocolVersion, Qos } from "../../codec/mod.ts";

/** What happens to a message for a client whose queue is full. */
export type QueueFullPolicy = "drop_new" | "drop_oldest" | "disconnect";

/** What happens to a session when another user connects with its Client Identifier while its owner is away. */
export type SessionOwnerPolicy = "replace" | "refuse" | "any";

/**
 * Every setting and limit of the core, with its unit. 0 means no limit only where the comment says so. The names match the configuration's
 * options, so that counters, errors and the documentation use the same words.
 */
export interface BrokerOptions {
  /** Whether `a/#` also matches `a`: the standard says yes (section 4.7.1.2). */
  readonly hashMatchesParent: boolean;
  /** Whether clients may connect with a zero-length Client Identifier. */
  readonly allowZeroLengthClientId: boolean;
  /** Prefix of the Client Identifiers that the broker assigns. */
  readonly autoIdPrefix: string;
  /** Whether a client with overlapping subscriptions gets a message once for each of them. */
  readonly allowDuplicateMessages: boolean;
  /** Whether a message is delivered at the subscription's QoS, even where it was published with a lower one. */
  readonly upgradeOutgoingQos: boolean;
  /** Whether retained messages are kept; where they are not, 5.0 clients are told so. */
  readonly retainAvailable: boolean;
  /** Whether a retained message is held back while its publisher may not publish it any more. */
  readonly checkRetainSource: boolean;
  /** Seconds after which a retained message is removed; 0: never. */
  readonly retainExpiryIntervalSeconds: number;
  /** Retained messages in the broker; 0: no limit. */
  readonly maxRetainedMessages: number;
  /** Bytes of payload, topic name and properties of all retained messages; 0: no limit. */
  readonly maxRetainedBytes: number;
  /**
   * Bytes of retained messages in memory, 400 for each and its content. Above it, those that were not used for long are in the store alone,
   * where the store can read them.
   */
  readonly retainedMemoryBytes: number;
  /** QoS 1 and 2 messages in flight to one client, and the Receive Maximum told to it; 0: no limit but 65,535. */
  readonly maxInflightMessages: number;
  /** Payload bytes of the QoS 1 and 2 messages in flight to one client; 0: no limit. */
  readonly maxInflightBytes: number;
  /**
   * Bytes of the QoS 1 and 2 messages in flight to all clients together, with an overhead for each: half of it for anybody, the other half
   * for clients with nothing in flight. Everybody may have 16 KB. 0: no limit.
   */
  readonly maxTotalInflightBytes: number;
  /** Messages that wait for one client; 0: no limit; -1: {@linkcode AUTOMATIC}, and no limit for a queue that is in the store alone. */
  readonly maxQueuedMessages: number;
  /** Bytes that wait for one client, queued or not yet written to its connection; 0: no limit; -1: {@linkcode AUTOMATIC}. */
  readonly maxQueuedBytes: number;
  /**
   * Messages at the beginning of a stored session's queue that are kept in memory; the rest is in the store alone. 0: all are in memory.
   */
  readonly queueMemoryMessages: number;
  /** Bytes of all queues in memory; above it more of the stored sessions' queues is in the store alone. */
  readonly queueMemoryBytes: number;
  /**
   * Bytes queued in memory for all sessions together, connected or not, including all wills; above it a queue counts as full. 0: no limit.
   */
  readonly maxTotalQueuedBytes: number;
  /** Bytes not yet written to all connections together; above it publishers are not read. 0: no limit. */
  readonly maxBufferedBytes: number;
  /** What happens to a message whose queue has no room. */
  readonly queueFullPolicy: QueueFullPolicy;
  /** Whether QoS 0 messages are kept for a client that is away. */
  readonly queueQos0Messages: boolean;
  /** Bytes of a whole packet, told to 5.0 clients as Maximum Packet Size. */
  readonly maxPacketSizeBytes: number;
  /** Bytes of a CONNECT packet. Strangers can claim this much memory. */
  readonly maxConnectPacketSizeBytes: number;
  /** Bytes of a payload; a larger one is refused; 0: no limit. */
  readonly messageSizeLimitBytes: number;
  /** Seconds; a longer Keep Alive, or none, is answered by Server Keep Alive; 0: no limit. */
  readonly maxKeepAliveSeconds: number;
  /** Seconds between accepting a connection and its CONNECT. */
  readonly connectTimeoutSeconds: number;
  /** Seconds that a write to a client may make no progress before the client is disconnected. */
  readonly sendTimeoutSeconds: number;
  /** Network Connections with a CONNECT accepted, all listeners; -1: no limit. */
  readonly globalMaxConnections: number;
  /** Sessions, connected or not; 0: no limit. */
  readonly maxSessions: number;
  /** Sessions of one user, or for clients without a user of one address; 0: no limit, -1: half of `maxSessions`. */
  readonly maxSessionsPerUser: number;
  /** What happens to a session when another user connects with its Client Identifier while its owner is away. */
  readonly sessionOwner: SessionOwnerPolicy;
  /** Seconds after which the session of a client that stays away ends, whatever it asked for; 0: no limit. */
  readonly persistentClientExpirationSeconds: number;
  /** Seconds of Session Expiry Interval that a 5.0 client may ask for; 0: no limit. */
  readonly maxSessionExpirySeconds: number;
  /** Seconds after a start in which a client that was connected to the previous process may return before its will is published. */
  readonly willRecoveryDelaySeconds: number;
  /** Subscriptions of one session; 0: no limit. */
  readonly maxSubscriptions: number;
  /** Bytes of the subscriptions of one session: 400 each, and their filters twice; 0: no limit. */
  readonly maxSubscriptionBytes: number;
  /** Bytes of the subscriptions of all sessions together; 0: no limit; -1: {@linkcode AUTOMATIC}, and a quarter of the heap at most. */
  readonly maxTotalSubscriptionBytes: number;
  /** Levels of a Topic Name or Topic Filter. */
  readonly maxTopicLevels: number;
  /** Prefix of the Response Information for 5.0 clients that request it; the Client Identifier follows. `""`: none. */
  readonly responseInformation: string;
  /** Connections per second of one Client Identifier; the CONNACK of further ones is delayed; 0: no limit. */
  readonly maxClientConnectionRate: number;
  /** PUBLISH packets per second of one connection; further ones are read later; 0: no limit. */
  readonly maxClientPublishRate: number;
  /** Bytes per second of one connection; further ones are read later; 0: no limit. */
  readonly maxClientByteRate: number;
  /** Connections per second of one address; further ones are read later; 0: no limit. */
  readonly maxAddressConnectionRate: number;
  /** PUBLISH packets per second of one address; further ones are read later; 0: no limit. */
  readonly maxAddressPublishRate: number;
  /** Bytes per second of one address; further ones are read later; 0: no limit. */
  readonly maxAddressByteRate: number;
  /** Whether connects and disconnects are logged. */
  readonly connectionMessages: boolean;
}

/**
 * What happens to messages for a bridge whose queue is full; `refuse`: the broker refuses the PUBLISH, so that its publisher keeps
 * it.
 */
export type BridgeQueuePolicy = "refuse" | "drop_new" | "drop_oldest";

/** Prefix of the Client Identifiers of this broker's own bridges: no other client may use it. */
export const BRIDGE_CLIENT_PREFIX = "$bridge/";

/**
 * Settings of a connection that is one of this broker's own bridges. The operator configured the bridge, so access control is not
 * asked, and limits against unknown clients do not apply.
 */
export interface BridgeAdmission {
  /** Bytes that may wait for the bridge; 0: no limit but that of all queues. */
  readonly maxQueuedBytes: number;
  /** What happens to messages beyond that. */
  readonly queueFullPolicy: BridgeQueuePolicy;
  /** Whether to forget the Packet Identifiers of received QoS 2 messages: the remote broker has begun a new session. */
  readonly forgetsReceived: boolean;
  /** Its session is one that all nodes of the cluster know, as that of a client is; absent: it is this broker's own. */
  readonly isOfCluster?: true;
}

/** Settings that differ from listener to listener. */
export interface ListenerOptions {
  /** The listener's name in logs and counters: its port or path. */
  readonly name: string;
  /** Connections of this listener; -1: no limit. */
  readonly maxConnections: number;
  /** The highest QoS that clients may publish with or are granted; below 2, 5.0 clients are told so. */
  readonly maxQos: Qos;
  /** Topic Aliases that a client may use toward the broker. */
  readonly maxTopicAlias: number;
  /** Topic Aliases that the broker uses toward a client that allows them. */
  readonly maxTopicAliasBroker: number;
  /** Prefix of every topic of this listener's clients, taken off the topics of what they receive; `""`: none. */
  readonly mountPoint: string;
  /** Versions whose CONNECT is accepted; any other is refused as an unsupported one. */
  readonly acceptProtocolVersions: readonly ProtocolVersion[];
  /** Whether a client may connect without a user name. */
  readonly allowAnonymous: boolean;
  /** Whether a client's user name replaces its Client Identifier; a client without a user name is refused. */
  readonly useUserNameAsClientId: boolean;
  /** Replaces {@linkcode BrokerOptions.allowZeroLengthClientId} for this listener. */
  readonly allowZeroLengthClientId?: boolean;
  /** Replaces {@linkcode BrokerOptions.autoIdPrefix} for this listener. */
  readonly autoIdPrefix?: string;
  /** Present where the listener is for one of the broker's own bridges; absent: the listener is for clients. */
  readonly bridge?: BridgeAdmission;
}

/** The default limits of what may wait for one client. */
export const AUTOMATIC = {
  /** Messages in memory. */
  queuedMessages: 1000,
  /** Bytes in memory, and bytes not yet written to a connection. */
  queuedBytes: 16 * 1024 * 1024,
  /** Bytes of a stored session's queue, most of it in the store alone: a million messages of 100 bytes. */
  storedBytes: 512 * 1024 * 1024,
  /** Bytes of all subscriptions. */
  totalSubscriptionBytes: 256 * 1024 * 1024,
} as const;

/** The broker's defaults, in one place; the configuration's table takes its own from here. */
export const DEFAULT_BROKER_OPTIONS: BrokerOptions = {
  hashMatchesParent: true,
  allowZeroLengthClientId: true,
  autoIdPrefix: "auto-",
  allowDuplicateMessages: false,
  upgradeOutgoingQos: false,
  retainAvailable: true,
  checkRetainSource: true,
  retainExpiryIntervalSeconds: 0,
  maxRetainedMessages: 1_000_000,
  maxRetainedBytes: 256 * 1024 * 1024,
  retainedMemoryBytes: 32 * 1024 * 1024,
  maxInflightMessages: 500,
  maxInflightBytes: 0,
  maxTotalInflightBytes: 128 * 1024 * 1024,
  maxQueuedMessages: -1,
  maxQueuedBytes: -1,
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
  maxTotalSubscriptionBytes: -1,
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
