import type { Connect, ProtocolVersion, Qos, ReasonCode, Will } from "../../codec/mod.ts";
import type {
  Delivery,
  InFlight,
  Message,
  QueueCounts,
  RetainedMessage,
  Subscription,
} from "../../session/mod.ts";

/** What the broker sees of a Network Connection. Every call is made within a turn and returns at once. */
export interface Link {
  /** For logs and access control: `127.0.0.1:50123`. */
  readonly remoteAddress: string;
  /** What the client proved by its certificate; absent where it showed none. */
  readonly certificate?: ClientCertificate | undefined;
  /** Bytes wait in the connection's outbox: take and write them. Called at most once a turn, at its end. */
  flush(): void;
  /** Write what waits, then close. Nothing more is read. */
  close(): void;
  /** The connection, once stopped, can go on: hand it the bytes that it left, then read. */
  resume(): void;
}

/** Where the broker says what happens. `fields` are for `debugOn` guarded calls and rare events: they cost. */
export interface LogPort {
  /** Whether debug lines go anywhere: ask before building one. */
  readonly debugOn: boolean;
  /** For whoever looks into one connection; nothing comes where `debugOn` is false. */
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** What happens in the everyday life of a broker. */
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** What somebody should look at; the broker goes on as it should. */
  warning(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** What the broker cannot do as it should. */
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What a client's certificate says, verified by the listener. */
export interface ClientCertificate {
  /** The whole subject, as `CN=pump-7,O=Works`. */
  readonly subject: string;
  /** The Common Name of the subject; `""`: it has none. */
  readonly commonName: string;
  /** SHA-256 of the certificate: `AB:CD:…`. */
  readonly fingerprint: string;
}

/** Who a client is, for access control. */
export interface ClientIdentity {
  /** The one that the broker assigned, where the client came without. */
  readonly clientId: string;
  /** Absent: anonymous. */
  readonly userName: string | undefined;
  /** What its CONNECT said. */
  readonly protocolVersion: ProtocolVersion;
  /** As its `Link` says it. */
  readonly remoteAddress: string;
  /** The listener's name. */
  readonly listener: string;
  /** Where it came in with one. */
  readonly certificate?: ClientCertificate;
  /** It is a bridge of this broker, which may do everything. */
  readonly isBridge?: true;
  /** What access control has said of it when it came in, {@linkcode AuthenticationVerdict}: the core hands it back with every question. */
  readonly grant?: object | undefined;
}

/** Who wants to come in. */
export interface AuthenticationRequest extends ClientIdentity {
  /** As it came, any bytes; absent: none was given. */
  readonly password: Uint8Array | undefined;
  /** Whether the listener lets in a client without a user name. */
  readonly allowAnonymous: boolean;
  /** The whole packet: what it asks for, its will, its properties. */
  readonly connect: Connect;
  /** Whether the client has left meanwhile, so that nobody waits for the answer; absent: nobody can tell. */
  readonly signal?: { readonly isGone: boolean };
}

/** What holds of a client that is let in. */
export interface Admittance {
  /** Replaces the one that it gave. */
  readonly userName?: string;
  /** What access control wants to know of it again: {@linkcode ClientIdentity.grant}. Who has another one has other rights. */
  readonly grant?: object;
  /** After this time, milliseconds from now on, the client is disconnected with 0xA0, unless it has authenticated anew; absent: never. */
  readonly validForMs?: number;
}

/** Whether a client may come in. */
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

/** Whether something is allowed; `pending`: that takes its time, see {@linkcode AccessPort.decided}. */
export type Decision = boolean | "pending";

/** What a client wants to do with a Topic Name or, to subscribe, a Topic Filter. */
export type AccessAction = "publish" | "subscribe" | "read";

/** Who may come in and who may do what. */
export interface AccessPort {
  /** Changes whenever an answer of `mayRead` may have changed. */
  readonly version: number;
  /** Whether topics are checked at all; where not, the three questions below are never asked. */
  readonly checksTopics: boolean;
  /**
   * Only `maySubscribe` says what a client may read, and `mayRead` nothing: so a session does not pass to a client with other rights,
   * whose subscriptions would bring it what it was never asked about. Absent: false.
   */
  readonly readsByFilter?: boolean;
  /** What a question below costs, as a multiple of one rule looked at; absent: 1. It is taken off what a client may do in a turn. */
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
  /** Whether a message on this topic may be delivered to the client. */
  mayRead(client: ClientIdentity, topicName: string): boolean;
  /**
   * Why a question is answered as it is, for traces and logs: the file, the line and its text, or that there is none; `undefined`:
   * nothing decides. Never asked where nobody looks, and never to decide something.
   */
  explain?(client: ClientIdentity, action: AccessAction, topic: string): string | undefined;
  /**
   * Calls `done` once, later, when all that was answered `pending` for this client is decided: the same questions are asked
   * again then, and answered. Only where there are such answers.
   */
  decided?(client: ClientIdentity, done: () => void): void;
  /** Told of the broker's log, before all else: for what has none of its own. */
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
  /** Whose it is, as it was put; absent: nobody said. */
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
  /** Where it stands, if it is in flight. */
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

/** What is asked for of what waits in a store alone. */
export interface QueueQuery {
  /** Only what comes behind this. */
  readonly afterSequence: number;
  /** So many at most, by `sequence`. */
  readonly maxMessages: number;
  /** So many bytes of payload at most, but one message in any case. */
  readonly maxBytes: number;
  /** Only what has expired at this time, in the clock's milliseconds. */
  readonly expiredAtMs?: number;
}

/** What was found. */
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
  readonly retained: Iterable<Message>;
  /** Greater than the `sequence` of every delivery, those included that wait in the store alone; absent: there are none of these. */
  readonly nextSequence?: number | undefined;
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
  /** The delivery has this Packet Identifier and state from now on. */
  putInFlight(clientId: string, sequence: number, packetId: number, state: InFlight["state"]): void;
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
