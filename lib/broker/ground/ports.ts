import type { Connect, ProtocolVersion, Qos, ReasonCode, Will } from "../../codec/mod.ts";
import type {
  Delivery,
  InFlight,
  Message,
  Publisher,
  QueueCounts,
  RetainedMessage,
  StoredRetained,
  Subscription,
} from "../../session/mod.ts";

/** A Network Connection as the broker sees it. Every call is made within a turn and returns at once. */
export interface Link {
  /** The peer's address, for logs and access control: `127.0.0.1:50123`. */
  readonly remoteAddress: string;
  /** The client's verified certificate; absent where it sent none. */
  readonly certificate?: ClientCertificate | undefined;
  /** Bytes wait in the connection's outbox: the link takes and writes them. Called at most once a turn, at its end. */
  flush(): void;
  /** The link writes the waiting bytes, then closes. It reads nothing more. */
  close(): void;
  /** The connection is no longer stopped: the link hands it the bytes that it had left, then reads on. */
  resume(): void;
}

/** The log of the broker. `fields` are for rare events and for calls guarded by `debugOn`, because building them costs time. */
export interface LogPort {
  /** Whether debug lines are written: ask before building one. */
  readonly debugOn: boolean;
  /** Details for debugging one connection; never called where `debugOn` is false. */
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** An ordinary event. */
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** An event that an operator should look at; the broker works as it should. */
  warning(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A failure of the broker to do what it should. */
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** The content of a client's certificate, verified by the listener. */
export interface ClientCertificate {
  /** The whole subject, such as `CN=pump-7,O=Works`. */
  readonly subject: string;
  /** The Common Name of the subject; `""`: it has none. */
  readonly commonName: string;
  /** SHA-256 of the certificate: `AB:CD:…`. */
  readonly fingerprint: string;
}

/** The identity of a client, for access control. */
export interface ClientIdentity {
  /** The Client Identifier; the assigned one where the client sent none. */
  readonly clientId: string;
  /** The user name; absent: the client is anonymous. */
  readonly userName: string | undefined;
  /** The version that its CONNECT named. */
  readonly protocolVersion: ProtocolVersion;
  /** The remote address of its `Link`. */
  readonly remoteAddress: string;
  /** The listener's name. */
  readonly listener: string;
  /** The client's certificate, where it sent one. */
  readonly certificate?: ClientCertificate;
  /** The client is a bridge of this broker, which may do everything. */
  readonly isBridge?: true;
  /**
   * What access control returned when it let the client in, {@linkcode AuthenticationVerdict}: the core passes it with every
   * question.
   */
  readonly grant?: object | undefined;
}

/** A client that asks to be let in. */
export interface AuthenticationRequest extends ClientIdentity {
  /** The password as received, any bytes; absent: none was given. */
  readonly password: Uint8Array | undefined;
  /** Whether the listener lets in a client without a user name. */
  readonly allowAnonymous: boolean;
  /** The whole CONNECT packet, with the client's will and properties. */
  readonly connect: Connect;
  /** Whether the client has disconnected meanwhile, so that the answer is of no use; absent: unknown. */
  readonly signal?: { readonly isGone: boolean };
}

/** What access control sets for a client that it lets in. */
export interface Admittance {
  /** Replaces the user name that the client sent. */
  readonly userName?: string;
  /**
   * An object that access control gets back with every question: {@linkcode ClientIdentity.grant}. Another object means other
   * rights.
   */
  readonly grant?: object;
  /** Milliseconds until the client is disconnected with 0xA0, unless it has authenticated again; absent: never. */
  readonly validForMs?: number;
}

/** Whether a client is let in. */
export type AuthenticationVerdict =
  | { readonly isAllowed: true } & Admittance
  | { readonly isAllowed: false; readonly reasonCode: ReasonCode };

/** One step of an enhanced authentication: the data to send, and whether it is over. */
export type EnhancedStep =
  | { readonly type: "continue"; readonly data: Uint8Array | undefined }
  | { readonly type: "success"; readonly data: Uint8Array | undefined } & Admittance
  | { readonly type: "failure"; readonly reasonCode: ReasonCode };

/** An enhanced authentication under way with one client. [MQTT-4.12.0-2] */
export interface EnhancedExchange {
  /** Answers the client's Authentication Data, now or later, once. */
  step(data: Uint8Array | undefined, reply: (step: EnhancedStep) => void): void;
}

/** Whether something is allowed; `pending`: the decision takes time, see {@linkcode AccessPort.decided}. */
export type Decision = boolean | "pending";

/** What a client wants to do with a Topic Name or, to subscribe, a Topic Filter. */
export type AccessAction = "publish" | "subscribe" | "read";

/** Access control: which clients may connect, and what they may do. */
export interface AccessPort {
  /** Changes whenever an answer of `mayRead` may have changed. */
  readonly version: number;
  /** Whether topics are checked at all; where not, the three questions below are never asked. */
  readonly checksTopics: boolean;
  /**
   * Whether only `maySubscribe` decides what a client may read, and `mayRead` allows everything. Then a session does not pass to a
   * client with other rights, because its subscriptions would bring messages that nobody checked for this client. Absent: false.
   */
  readonly readsByFilter?: boolean;
  /**
   * Whether a subscription ends when `maySubscribe` no longer allows it: after a change of rights, and where a session is resumed.
   * Absent: it stays, and `mayRead` decides about its messages.
   */
  readonly endsSubscriptions?: boolean;
  /**
   * The cost of one question below, as a multiple of one checked rule; absent: 1. It counts against what a client may do in a turn.
   */
  readonly stepsPerCheck?: number;
  /** Calls `reply` once, at once or later. */
  authenticate(
    request: AuthenticationRequest,
    reply: (verdict: AuthenticationVerdict) => void,
  ): void;
  /** The exchange for an Authentication Method; `undefined`: not supported. */
  beginEnhanced(method: string, request: AuthenticationRequest): EnhancedExchange | undefined;
  /** Whether the client may publish this; asked for each message, a will's when it is due. */
  mayPublish(client: ClientIdentity, topicName: string, qos: Qos, retain: boolean): Decision;
  /** Whether the client may have this Topic Filter at this QoS: whole, but without a `$share/…` in front. */
  maySubscribe(client: ClientIdentity, topicFilter: string, qos: Qos): Decision;
  /**
   * Whether the client may end its subscription to this Topic Filter: as for `maySubscribe`. Absent: it may; who may not keeps
   * it.
   */
  mayUnsubscribe?(client: ClientIdentity, topicFilter: string): boolean;
  /** Whether a message on this topic may be delivered to the client. */
  mayRead(client: ClientIdentity, topicName: string): boolean;
  /**
   * Whether rules still let the publisher of a retained message publish it, going by its names alone: it need not be connected.
   * Absent: rights do not depend on names alone, and nothing is held back.
   */
  mayStillPublish?(publisher: Publisher, topicName: string): boolean;
  /**
   * The reason for an answer, for traces and logs: the file, the line and its text, or that no rule applies; `undefined`: nothing
   * decides. It is asked only for people who look, never to decide something.
   */
  explain?(client: ClientIdentity, action: AccessAction, topic: string): string | undefined;
  /**
   * Calls `done` once, later, when everything that was answered `pending` for this client is decided: the core then asks the same
   * questions again, and gets answers. Needed only where there are such answers.
   */
  decided?(client: ClientIdentity, done: () => void): void;
  /** Receives the broker's log before any other call, for access control that has no log of its own. */
  useLog?(log: LogPort): void;
}

/** A session as a store remembers it, or a will alone. */
export interface StoredSession {
  /** The session's key. */
  readonly clientId: string;
  /** Seconds; `Infinity`: never; 0: this is no session, but the will of a client whose session is not stored. */
  readonly expirySeconds: number;
  /** When it expires, in the clock's milliseconds; `Infinity` while connected or never. */
  readonly expiresAtMs: number;
  /** The owner as it was stored; absent: it was stored without one. */
  readonly owner?: string | undefined;
  /** At most one for each Topic Filter. */
  readonly subscriptions: readonly Subscription[];
  /**
   * Those with a Packet Identifier are in flight, the others wait; both by `sequence`, but those released in the order in which
   * they became it: so they are sent again. [v3 MQTT-4.6.0-6]
   */
  readonly deliveries: readonly StoredDelivery[];
  /**
   * All that waits, where `deliveries` does not have all of it: that has what is in flight or came by a shared subscription, and the rest is
   * read by `readQueue`.
   */
  readonly queue?: QueueCounts | undefined;
  /** Packet Identifiers of incoming QoS 2 messages that wait for their PUBREL. */
  readonly received: readonly number[];
  /** Absent: none waits. */
  readonly will: StoredWill | undefined;
}

/** A delivery as a store remembers it. */
export interface StoredDelivery {
  /** What is delivered. Deliveries that shared a message share it again. */
  readonly delivery: Delivery;
  /** 0: it waits in the queue, and its state is `published`. */
  readonly packetId: number;
  /** The state of the message, if it is in flight. */
  readonly state: InFlight["state"];
}

/** The will of a client that is connected, or one that waits for its delay to pass. */
export interface StoredWill {
  /** Its Will Delay Interval has done its work when there is a time in `dueAtMs`: a store need not keep that then. */
  readonly will: Will;
  /** In the clock's milliseconds; `Infinity`: its client is connected. */
  readonly dueAtMs: number;
  /** Its client was connected when an earlier process ended; absent: it was lost to one that ran. */
  readonly isOrphan?: boolean;
}

/** A query for deliveries that wait in a store alone. */
export interface QueueQuery {
  /** Only deliveries with a greater `sequence`. */
  readonly afterSequence: number;
  /** The most deliveries to return, by `sequence`. */
  readonly maxMessages: number;
  /** The most bytes of payload to return, but always at least one message. */
  readonly maxBytes: number;
  /** Only deliveries that have expired at this time, in the clock's milliseconds. */
  readonly expiredAtMs?: number;
}

/** The result of a {@linkcode QueueQuery}. */
export interface QueuePage {
  /** In the order of `sequence`. They are the caller's now, to delete like all that it has put. */
  readonly deliveries: readonly Delivery[];
  /** Where it was asked for what has expired: when the next of what is committed and was not found expires. */
  readonly nextExpiryMs: number;
}

/** All that a store remembers. */
export interface StoredState {
  /** Those that outlive a connection; read once. */
  readonly sessions: Iterable<StoredSession>;
  /** One for each topic; read once. */
  readonly retained: Iterable<StoredRetained>;
  /** Greater than the `sequence` of every delivery, those included that wait in the store alone; absent: there are none of these. */
  readonly nextSequence?: number | undefined;
  /** The last that was put by `putPosition`; absent: nothing was. */
  readonly position?: string | undefined;
}

/**
 * Where sessions and retained messages are kept beyond the process. Writes are gathered; `commit` makes those since the last
 * one durable together. A message that several deliveries share is written once: its `storeId` tells.
 *
 * A session that is not stored (any more) has nothing to store: what is said about it, or about a delivery that is not
 * there, is ignored, and no write.
 */
export interface Store {
  /** Grows with every write, so that whoever acknowledges can tell whether there is something to wait for. */
  readonly writes: number;
  /** Whether nothing can or may be written at present (the disk is full): QoS 1 and 2 are refused with 0x97. */
  readonly isFailing: boolean;
  /** Whether that is because the store has grown to its limit: then QoS 0 must not make it grow either. Absent: it has none. */
  readonly isFull?: boolean;
  /** Whether it has grown to half of that limit: queues that are long do not become longer. Absent: it has none. */
  readonly isHalfFull?: boolean;
  /** Makes durable what was written; then calls `done`, at once or later, in the order of the commits. Absent: nobody waits. */
  commit(done?: () => void): void;
  /**
   * Until it is called with `false`, what gathers is a part of something that is written as a whole: nothing of it is written. Absent: this
   * store writes nothing but what `commit` was called for, and that is not called in between.
   */
  holdBack?(isPart: boolean): void;
  /**
   * Adds the session or changes its times and owner: seconds, and the clock's milliseconds; both may be `Infinity`. Seconds of 0, where
   * no session is stored, make room for a will and nothing else: all but that is ignored as if it were not there.
   */
  putSession(clientId: string, expirySeconds: number, expiresAtMs: number, owner?: string): void;
  /** With all that belongs to it. */
  deleteSession(clientId: string): void;
  /** Adds it, or replaces the one with the same Topic Filter. */
  putSubscription(clientId: string, subscription: Subscription): void;
  /** By the Topic Filter as it was put. */
  deleteSubscription(clientId: string, topicFilter: string): void;
  /**
   * `delivery.sequence` is its key, unique in the store and greater than those before. The message gets its `storeId`. `isApart`: it waits, and
   * nobody else keeps it until it is read; only for a store that can do that.
   */
  putDelivery(clientId: string, delivery: Delivery, isApart?: boolean): void;
  /** The delivery has this Packet Identifier and state from now on. `delivery` is for a cluster, where the sequence says nothing. */
  putInFlight(
    clientId: string,
    sequence: number,
    packetId: number,
    state: InFlight["state"],
    delivery?: Delivery,
  ): void;
  /** Its message goes with the last delivery that shares it. */
  deleteDelivery(clientId: string, delivery: Delivery): void;
  /**
   * Finds the next of what was put apart and is committed, and calls `done` once, at once or later, in the order of the calls; never, where
   * the session has ended. Absent: the store reads nothing while it runs, and nothing may be put apart.
   */
  readQueue?(clientId: string, query: QueueQuery, done: (page: QueuePage) => void): void;
  /** An incoming QoS 2 message has this Packet Identifier until its PUBREL. */
  putReceived(clientId: string, packetId: number): void;
  /** The PUBREL came. */
  deleteReceived(clientId: string, packetId: number): void;
  /** In place of `previous`, the last that was put on its topic, or is the state's; absent: there is none. */
  putRetained(message: RetainedMessage, previous?: RetainedMessage): void;
  /** The topic's last. Absent: it has none any more, which is no write, but may be one that is not committed yet. */
  deleteRetained(message: RetainedMessage | undefined): void;
  /** In place of the will before. */
  putWill(clientId: string, will: StoredWill): void;
  /** It was published, taken away, or the client is back. What holds only a will goes with it. */
  deleteWill(clientId: string): void;
  /**
   * How far the cluster's log has been applied to what is stored, in the cluster's own words: committed with the writes before it. By itself it
   * need not be written soon. Absent: the store does not keep it.
   */
  putPosition?(position: string): void;
}

/** The cluster that this broker is a node of. Each call is made within a turn and returns at once. */
export interface ClusterPort {
  /**
   * Puts a message into the log that all nodes share. It reaches its receivers, those of this node included, when the log comes to it:
   * `Broker.applyShared`. The store's next `commit` is done when that has happened. `packetId`: of a QoS 2 message from a session that
   * is stored, else 0. `false`: there is no room for it.
   */
  append(message: Message, packetId: number): boolean;
  /** Hands a message of QoS 0 to the nodes that have subscribers for it; nobody waits. */
  forward(message: Message): void;
  /**
   * A client has come to this node: others that have it let it go, 0x8E, when the log comes to that. `endsSession`: what it has as a session
   * ends, here as well. `whenApplied`: its session belongs to this node from then on, and this is called in a turn, never where the log is
   * not reached; absent: it has none that outlives it. `Broker.applyClaim` is called before.
   */
  claim(clientId: string, endsSession: boolean, whenApplied?: () => void): void;
  /** The name of this node. */
  readonly node: string;
  /** A session was restored that belongs to this node; `wasConnected`: its client was there when the process ended. */
  restored(clientId: string, home: string, wasConnected: boolean): void;
  /** Whether the node takes part now: it has applied what there was, and reaches the log. */
  readonly isReady: boolean;
  /** There is one more, or one less, subscription with this Topic Filter here. */
  count(topicFilter: string, change: 1 | -1): void;
}

/**
 * User Property of bridges: in CONNECT the name of the broker that the bridge belongs to, in CONNACK the name of the one that it has come
 * to, in PUBLISH those that the message has passed.
 */
export const BRIDGE_HOPS = "bridge-hops";

/** All that the core needs of the world. */
export interface BrokerPorts {
  /** A name of this broker that no other has, told to bridges that tell theirs. Absent: they are not told. */
  readonly bridgeId?: string;
  /** Told what happens; the core builds no debug line where `debugOn` is false. */
  readonly log: LogPort;
  /** {@linkcode OPEN_ACCESS} where there is nothing to check. */
  readonly access: AccessPort;
  /** Absent: nothing outlives the process, and nothing waits for a commit. */
  readonly store?: Store;
  /** Absent: this broker is the only one. Where it is there, so is `store`. */
  readonly cluster?: ClusterPort;
  /** A part of a Client Identifier that nobody guesses or has. */
  readonly randomId: () => string;
  /** Begins a turn for an answer that came from outside, and returns its time. Absent: the time stands still between turns. */
  readonly beginTurn?: () => number;
  /** Call `Broker.tick` at this time, in the clock's milliseconds, or somewhat later; an earlier call takes its place. */
  readonly wake: (atMs: number) => void;
  /**
   * Calls it when everybody who is ready has been looked at: a turn in which much was done shares its time with those that follow
   * until then. Absent: a turn is all that happens at once.
   */
  readonly afterRound?: (done: () => void) => void;
}

/** Lets everybody in where the listener allows anonymous clients, and nobody elsewhere; every topic is free. */
export const OPEN_ACCESS: AccessPort = {
  version: 0,
  checksTopics: false,
  authenticate: (request, reply) =>
    reply(
      request.allowAnonymous ? { isAllowed: true } : { isAllowed: false, reasonCode: 0x87 },
    ),
  beginEnhanced: () => undefined,
  mayPublish: () => true,
  maySubscribe: () => true,
  mayRead: () => true,
};
