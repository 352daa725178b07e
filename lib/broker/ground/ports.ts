import type { Connect, ProtocolVersion, Qos, ReasonCode, Will } from "../../codec/mod.ts";
import type {
  Delivery,
  InFlight,
  Message,
  Publisher,
  QueueCounts,
  RetainedMessage,
  SentDelivery,
  StoredRetained,
  Subscription,
} from "../../session/mod.ts";

/** A Network Connection as the broker sees it. Every call is made within a turn and returns at once. */
export interface Link {
  /** The peer's address, for logs and access control: `127.0.0.1:50123`. */
  readonly remoteAddress: string;
  /** The client's verified certificate; absent where it sent none. */
  readonly certificate?: ClientCertificate | undefined;
  /** Called when bytes wait in the connection's outbox: the link takes and writes them. At most once a turn, at its end. */
  flush(): void;
  /** Makes the link write the waiting bytes, then close. It reads nothing more. */
  close(): void;
  /** Called when the connection is no longer stopped: the link passes the bytes left over, then reads on. */
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
  /** SHA-256 of the certificate: `AB:CD:...`. */
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
   * The object that access control returned when it admitted the client, {@linkcode AuthenticationVerdict}: the core passes it with every
   * question.
   */
  readonly grant?: object | undefined;
}

/** A client that asks to be admitted. */
export interface AuthenticationRequest extends ClientIdentity {
  /** The password as received, any bytes; absent: none was given. */
  readonly password: Uint8Array | undefined;
  /** Whether the listener admits clients without a user name. */
  readonly allowAnonymous: boolean;
  /** The whole CONNECT packet, with the client's will and properties. */
  readonly connect: Connect;
  /** Whether the client has disconnected meanwhile, so that the answer is of no use; absent: unknown. */
  readonly signal?: { readonly isGone: boolean };
}

/** What access control sets for an admitted client. */
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

/** Whether a client is admitted. */
export type AuthenticationVerdict =
  | { readonly isAllowed: true } & Admittance
  | { readonly isAllowed: false; readonly reasonCode: ReasonCode };

/** One step of an enhanced authentication: the data to send, and whether it is over. */
export type EnhancedStep =
  | { readonly type: "continue"; readonly data: Uint8Array | undefined }
  | { readonly type: "success"; readonly data: Uint8Array | undefined } & Admittance
  | { readonly type: "failure"; readonly reasonCode: ReasonCode };

/** An enhanced authentication in progress with one client. [MQTT-4.12.0-2] */
export interface EnhancedExchange {
  /** Answers the client's Authentication Data, now or later, once. */
  step(data: Uint8Array | undefined, reply: (step: EnhancedStep) => void): void;
}

/** Whether something is allowed; `pending` if the decision takes time: see {@linkcode AccessPort.decided}. */
export type Decision = boolean | "pending";

/** What a client wants to do with a Topic Name, or with a Topic Filter to subscribe to. */
export type AccessAction = "publish" | "subscribe" | "read";

/** Access control: which clients may connect, and what they may do. */
export interface AccessPort {
  /** A number that changes whenever an answer of `mayRead` may have changed. */
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
  /** Whether the client may publish this; asked for each message, and for a will when it is due. */
  mayPublish(client: ClientIdentity, topicName: string, qos: Qos, retain: boolean): Decision;
  /** Whether the client may have this Topic Filter at this QoS. The filter includes the mount point, but no `$share/...`. */
  maySubscribe(client: ClientIdentity, topicFilter: string, qos: Qos): Decision;
  /**
   * Whether the client may end its subscription to this Topic Filter, in the form of `maySubscribe`; otherwise it keeps it. Absent: always
   * allowed.
   */
  mayUnsubscribe?(client: ClientIdentity, topicFilter: string): boolean;
  /** Whether a message on this topic may be delivered to the client. */
  mayRead(client: ClientIdentity, topicName: string): boolean;
  /**
   * Whether the publisher of a retained message may still publish it. `client`: the identity of the client that has the publisher's names
   * now, if there is one; otherwise only the names are known. Absent: nothing is held back.
   */
  mayStillPublish?(
    publisher: Publisher,
    topicName: string,
    client: ClientIdentity | undefined,
  ): boolean;
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

/** A session in a store, or only a will. */
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
   * Deliveries with a Packet Identifier are in flight, the others wait. They are sorted by `sequence`, but released ones by the order of
   * their release, in which they are sent again. [v3 MQTT-4.6.0-6]
   */
  readonly deliveries: readonly StoredDelivery[];
  /**
   * The size of the queue, if `deliveries` does not contain all of it: then that has only deliveries in flight and of shared subscriptions,
   * and `readQueue` reads the rest.
   */
  readonly queue?: QueueCounts | undefined;
  /** Packet Identifiers of incoming QoS 2 messages that wait for their PUBREL. */
  readonly received: readonly number[];
  /** Absent: there is none. */
  readonly will: StoredWill | undefined;
}

/** A delivery in a store. */
export interface StoredDelivery {
  /** The delivery. Deliveries of the same message share one object again. */
  readonly delivery: Delivery;
  /** 0: it waits in the queue, and its state is `published`. */
  readonly packetId: number;
  /** The state of the message, if it is in flight. */
  readonly state: InFlight["state"];
}

/** The will of a connected client, or a delayed will. */
export interface StoredWill {
  /** A store need not keep its Will Delay Interval when `dueAtMs` is a time. */
  readonly will: Will;
  /** When it is due, in the clock's milliseconds; `Infinity` while its client is connected. */
  readonly dueAtMs: number;
  /** Whether its client was connected when an earlier process ended; absent if the process lost the connection while it ran. */
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
  /** The deliveries by `sequence`. The caller owns them now, and deletes them like those that it has put. */
  readonly deliveries: readonly Delivery[];
  /** For a query of expired deliveries: when the next committed delivery that was not returned expires. */
  readonly nextExpiryMs: number;
}

/** A message of a cluster's log that one of its nodes has to deliver to a member of a shared subscription. */
export interface SharedDelivery {
  /** The Topic Filter with `$share/...`. */
  readonly share: string;
  /** The node that has to; `""`: none has a member at present, and the message waits until one does. */
  readonly node: string;
  /** The message; its `logId` is its place in the log. */
  readonly message: Message;
  /** The place in the log that gave it to the node. */
  readonly at: number;
}

/** The contents of a store. */
export interface StoredState {
  /** Sessions that outlive a connection; may be read once. */
  readonly sessions: Iterable<StoredSession>;
  /** Retained messages, one for each topic; may be read once. */
  readonly retained: Iterable<StoredRetained>;
  /** Further ones that are read when they are needed; may be read once. Only stores with `readRetained` have them. */
  readonly retainedNames?: Iterable<RetainedNames> | undefined;
  /** Greater than the `sequence` of every delivery, including those in the store alone; absent: there are none in the store alone. */
  readonly nextSequence?: number | undefined;
  /** The last position put by `putPosition`; absent: none. */
  readonly position?: string | undefined;
  /** What was put by `putShared`; may be read once. Absent: nothing. */
  readonly shared?: Iterable<SharedDelivery> | undefined;
}

/** A retained message that is replaced or deleted; a `storePlace` of 0 where the caller has not kept the message. */
export type PreviousRetained = Pick<RetainedMessage, "topicName" | "storePlace">;

/** Retained messages that are left in the store: their names, in sorted order, and the bytes of their content. */
export interface RetainedNames {
  /** In sorted order. */
  readonly topicNames: readonly string[];
  /** Of each name. */
  readonly sizesBytes: readonly number[];
}

/**
 * Keeps sessions and retained messages beyond the process. Writes are collected; `commit` makes those since the last commit durable
 * together. A message that several deliveries share is written once, under its `storeId`.
 *
 * Calls for a session or a delivery that is not stored (any more) are ignored, and do not count as writes.
 */
export interface Store {
  /** Grows with every write, which tells whether an acknowledgement has something to wait for. */
  readonly writes: number;
  /** Whether nothing can be written at present, because of an error or a limit: QoS 1 and 2 are refused with 0x97. */
  readonly isFailing: boolean;
  /** Whether that is because the store has reached its limit: then QoS 0 must not make it grow either. Absent: it has no limit. */
  readonly isFull?: boolean;
  /** Whether it has reached half of that limit: then long queues do not grow. Absent: it has no limit. */
  readonly isHalfFull?: boolean;
  /**
   * Makes all writes durable; then calls `done`, at once or later, in the order of the commits. Absent: nothing waits. `done` may be called
   * before the deletion of a delivery in flight is durable: if the process crashes before, the delivery is sent again.
   */
  commit(done?: () => void): void;
  /**
   * With `true` commits are held back until it is called with `false`, because the writes between must be committed together. Absent: this
   * store commits only when `commit` is called, which does not happen in between.
   */
  holdBack?(isPart: boolean): void;
  /**
   * Adds the session, or changes its times (seconds, and the clock's milliseconds; both may be `Infinity`) and owner. If no session is
   * stored, 0 seconds only make room for a will; other calls for this session are ignored.
   */
  putSession(clientId: string, expirySeconds: number, expiresAtMs: number, owner?: string): void;
  /** Deletes the session with everything that belongs to it. */
  deleteSession(clientId: string): void;
  /** Adds a subscription, or replaces the one with the same Topic Filter. */
  putSubscription(clientId: string, subscription: Subscription): void;
  /** Deletes a subscription by the Topic Filter with which it was put. */
  deleteSubscription(clientId: string, topicFilter: string): void;
  /**
   * Adds a waiting delivery. Its key is `delivery.sequence`, which is greater than all before. The message gets its `storeId`. With
   * `isApart` the caller does not keep the delivery in memory until it is read; only stores with `readQueue` support that.
   */
  putDelivery(clientId: string, delivery: Delivery, isApart?: boolean): void;
  /**
   * Notes that the delivery is in flight with this Packet Identifier and state. A cluster needs `delivery` too, because its nodes have
   * different sequences.
   */
  putInFlight(
    clientId: string,
    sequence: number,
    packetId: number,
    state: InFlight["state"],
    delivery?: Delivery,
  ): void;
  /**
   * Adds a delivery of QoS 1 that leaves with this turn, and is in flight from now on. The store may keep the object itself, and something
   * of its own in `note`: most are acknowledged before there is time to write them. Absent: `putDelivery` and `putInFlight` do the same.
   */
  putSent?(clientId: string, sent: SentDelivery): void;
  /** Deletes a delivery, and its message with the last delivery that shares it. */
  deleteDelivery(clientId: string, delivery: Delivery): void;
  /**
   * Finds committed deliveries that were put apart, and calls `done` once, at once or later, in the order of the calls; with nothing,
   * if the session has ended meanwhile. Absent: the store cannot read while it runs, and nothing may be put apart.
   */
  readQueue?(clientId: string, query: QueueQuery, done: (page: QueuePage) => void): void;
  /** Notes the Packet Identifier of an incoming QoS 2 message until its PUBREL. */
  putReceived(clientId: string, packetId: number): void;
  /** Deletes it, because the PUBREL came. */
  deleteReceived(clientId: string, packetId: number): void;
  /** Puts a retained message in place of `previous`, the last one put or restored for its topic; absent: there is none. */
  putRetained(message: RetainedMessage, previous?: PreviousRetained): void;
  /**
   * Reads retained messages, and calls `done` once, at once or later, with the last committed message of each topic; `undefined`: the topic
   * has none. A store that has this calls `wasStored` of each retained message when it is committed. Absent: the store cannot read while it
   * runs, and all messages stay in memory.
   */
  readRetained?(
    topicNames: readonly string[],
    done: (messages: readonly (StoredRetained | undefined)[]) => void,
  ): void;
  /**
   * Deletes the topic's last retained message. Absent: there is none any more; this is not a write, but an earlier deletion may not be
   * committed yet.
   */
  deleteRetained(message: PreviousRetained | undefined): void;
  /** Puts a will, or replaces it. */
  putWill(clientId: string, will: StoredWill): void;
  /** Deletes a will, because it was published, removed, or its client is back. An entry that holds only a will is deleted with it. */
  deleteWill(clientId: string): void;
  /**
   * Notes how far the cluster's log has been applied to the store, in the cluster's own notation. It is committed with the writes before
   * it; by itself it need not be written soon. Absent: the store does not keep it.
   */
  putPosition?(position: string): void;
  /**
   * Notes that a node of the cluster has to deliver a message to a member of a shared subscription. There is none with the same place in the
   * log for this share. Absent: the store does not keep it.
   */
  putShared?(delivery: SharedDelivery): void;
  /** Deletes it, by its shared subscription and the message's place in the log. */
  deleteShared?(share: string, logId: number): void;
}

/** The cluster to which this broker belongs. Every call is made within a turn and returns at once. */
export interface ClusterPort {
  /**
   * Puts a message into the log that all nodes share. It is routed to its receivers, those of this node included, when the node reads it
   * from the log: `FromCluster.applyShared`. The store's next `commit` completes after that. `packetId` belongs to a QoS 2 message from a stored
   * session, else it is 0. With `isWill` it is the will of a client whose session outlives its connection, and is routed by nobody if that
   * session belongs to another node by then. `source`: whose rights it goes by while it is retained. Returns false if there is no room.
   */
  append(message: Message, packetId: number, isWill: boolean, source?: Publisher): boolean;
  /** The node that a session belongs to; `undefined`: it is not shared. */
  homeOf(clientId: string): string | undefined;
  /** Forwards a message of QoS 0 to the nodes with subscribers for it, without confirmation; returns its {@linkcode Message.draw}. */
  forward(message: Message): number | undefined;
  /**
   * Announces that a client has connected to this node. Other nodes disconnect it (0x8E) when they read this from the log. With
   * `endsSession` its old session ends, on this node too. `whenApplied` is called in a turn when the session belongs to this node, but
   * never if the log cannot be reached; it is absent if the client has no session that outlives the connection. `FromCluster.applyClaim` is
   * called before it, unless `isOvertaken`: the client has come to this node once more behind this, without such a session. If
   * `isOver` says that the client waits no more when the log is reached again, the claim changes nothing.
   */
  claim(
    clientId: string,
    endsSession: boolean,
    whenApplied?: (isOvertaken: boolean) => void,
    isOver?: () => boolean,
  ): void;
  /** The client that was claimed is gone, and has no session: the Client Identifier belongs to no node any more. */
  unclaim(clientId: string): void;
  /** The name of this node. */
  readonly node: string;
  /** {@linkcode BrokerPorts.bridgeId} of all nodes alike: to other brokers they are one. Absent: the log is not known yet. */
  readonly bridgeId?: string | undefined;
  /**
   * Tells that a session was restored; `wasConnected` if its client was connected when the process ended. Returns the last text of
   * {@linkcode keepDone}, `""` for none.
   */
  restored(clientId: string, home: string, wasConnected: boolean): string;
  /** Tells that this was in the store. */
  restoredShared(delivery: SharedDelivery): void;
  /** The text is stored with the session from its next `putSession` on; `""`: none. */
  keepDone(clientId: string, text: string): void;
  /** Whether the node takes part now: it has applied the existing log, and its connection works. */
  readonly isReady: boolean;
  /**
   * Since when the node has known all that the log says, as far as it can tell, in the clock's milliseconds; `Infinity`: it has been away, and
   * may not have read what became of a session meanwhile.
   */
  readonly currentSinceMs: number;
  /** Whether it is ready, and the log has come in time to what this node has put into it. */
  readonly isPrompt: boolean;
  /** Counts one more, or one less, subscription with this Topic Filter on this node; a shared one counts once for its members here. */
  count(topicFilter: string, change: 1 | -1): void;
  /** The members of a shared subscription on this node have changed, or who of them is connected. */
  shareChanged(share: string): void;
  /** Whether a member of this node gets the message: all nodes decide alike. Called once for each message. */
  isShareHere(share: string, message: Message): boolean;
  /** A message of QoS 2 is on its way to this member: nobody else may get it, whatever becomes of this node. */
  shareSent(delivery: Delivery, clientId: string): void;
  /** Whether this node has still to deliver the message of this place in the log, as the log says: no member has it for itself. */
  isShareDue(share: string, logId: number): boolean;
  /** A member is gone that has not acknowledged the message, and no other of this node can take it. */
  shareLeft(share: string, message: Message): void;
}

/**
 * The User Property of bridges: in CONNECT the name of the bridge's own broker, in CONNACK the name of the accepting broker, in PUBLISH the
 * names of the brokers that the message has passed.
 */
export const BRIDGE_HOPS = "bridge-hops";

/** Everything that the core needs from outside. */
export interface BrokerPorts {
  /** A unique name of this broker, sent to bridges that send theirs. Absent: none is sent. */
  readonly bridgeId?: string;
  /** Gets log lines; the core builds no debug line if `debugOn` is false. */
  readonly log: LogPort;
  /** Access control; {@linkcode OPEN_ACCESS} for none. */
  readonly access: AccessPort;
  /** Absent: nothing outlives the process, and nothing waits for a commit. */
  readonly store?: Store;
  /** Absent: no cluster. It requires `store`. */
  readonly cluster?: ClusterPort;
  /** Returns a unique, unguessable part of a Client Identifier. */
  readonly randomId: () => string;
  /** Begins a turn for an answer that came from outside, and returns its time. Absent: the time stands still between turns. */
  readonly beginTurn?: () => number;
  /** Requests a call of `Broker.tick` at this time, in the clock's milliseconds, or somewhat later. An earlier call may come instead. */
  readonly wake: (atMs: number) => void;
  /**
   * Calls `done` when all connections that are ready have been read: a turn that did much shares its budget with those that follow until
   * then. Absent: every turn has a budget of its own.
   */
  readonly afterRound?: (done: () => void) => void;
}

/** Admits everybody if the listener allows anonymous clients, and nobody otherwise; allows every topic. */
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
