import type { Packet, ProtocolVersion, Will } from "../../codec/mod.ts";
import {
  type IncomingAliases,
  type Message,
  Session,
  type Subscription,
} from "../../session/mod.ts";
import type { CloseReason } from "../ground/close_reason.ts";
import type { Deadline, Deadlines, Due } from "../ground/deadlines.ts";
import type { DisconnectCause } from "../ground/events.ts";
import type { HookRefusal } from "../ground/hooks.ts";
import type { Ground } from "../ground/ground.ts";
import type { BridgeAdmission, ListenerOptions } from "../ground/options.ts";
import type {
  AuthenticationRequest,
  ClientIdentity,
  EnhancedExchange,
  Link,
} from "../ground/ports.ts";
import type { LongPacket } from "../ground/long_packets.ts";
import type { Outgoing } from "../ground/outgoing.ts";
import type { ConnectionRates } from "../ground/rate.ts";
import { type ConnectionEvent, type ConnectionState, nextState } from "./connection_state.ts";
import { Outbox } from "./outbox.ts";
import { RetainedDeliveries } from "./retained_deliveries.ts";
import type { SessionCopy } from "./session_copy.ts";
import { type StopReason, Stops } from "./stops.ts";

/** What a connection needs of the core. */
export interface Turn extends Ground {
  /** The connection has something to send at the end of the turn. */
  markDirty(connection: Connection): void;
  /** The connection has packets that wait for the commit of this turn. */
  markHolding(connection: Connection): void;
  /** Disconnects when the turn ends. */
  disconnectLater(connection: Connection, reason: CloseReason): void;
  /** A packet other than PUBLISH is in the outbox; called only where `isObserved`. */
  tellSent(connection: Connection, packet: Packet): void;
  /** A PUBLISH is in the outbox; called only where `isObserved`. */
  tellDelivered(
    connection: Connection,
    outgoing: Outgoing,
    packetId: number,
    isRepeat: boolean,
  ): void;
}

/** An enhanced authentication, under way or completed: its method stays the connection's method until the end. */
export interface EnhancedAuthentication {
  readonly method: string;
  /** `null` while none is under way. */
  readonly exchange: EnhancedExchange | null;
  readonly request: AuthenticationRequest;
}

/** What a CONNECT asked for. */
export interface AskedByConnect {
  /** Clean Start, before 5.0 Clean Session. */
  readonly cleanStart: boolean;
  /** Session Expiry Interval, seconds: a DISCONNECT may not raise it from 0. [MQTT-3.14.2-2] */
  readonly expirySeconds: number;
  /** The client is a bridge of another broker, such as mosquitto: see `handlers/bridge.ts`. */
  readonly isBridge: boolean;
}

/** Shared objects for connections without special requests, so that an idle connection takes little memory. */
const PLAIN: readonly AskedByConnect[] = [false, true].map((cleanStart) => ({
  cleanStart,
  expirySeconds: 0,
  isBridge: false,
}));

/** What a CONNECT asked for, by its fields. */
export function askedBy(
  cleanStart: boolean,
  expirySeconds: number,
  isBridge: boolean,
): AskedByConnect {
  return expirySeconds === 0 && !isBridge
    ? PLAIN[cleanStart ? 1 : 0]!
    : { cleanStart, expirySeconds, isBridge };
}

/** What the program's hooks have answered, or are asked, about a connection. */
export interface Hooked {
  /** The late answer of hooks about the message of the next packet, which is handled again. */
  message: Message | HookRefusal | null;
  /** A hook was asked about a message for this client and has not answered: later messages wait. */
  isAsking: boolean;
  /** The will as hooks have changed it, with the mount point; `null`: they have refused it; `undefined`: they were not asked. */
  will: Will | null | undefined;
}

/** The deadline of a connection. All share one function, because a closure would take a hundred bytes more of every idle connection. */
class Watch implements Due {
  index = -1;
  atMs = Infinity;

  constructor(
    readonly connection: Connection,
    readonly onWatch: (connection: Connection) => void,
  ) {}

  call(): void {
    this.onWatch(this.connection);
  }
}

/** One Network Connection in the core: its state, its client, the reasons why it is stopped, and its outbox. */
export class Connection {
  /** The packets to send. */
  readonly outbox: Outbox;
  /**
   * The one deadline of a connection: for CONNECT, for Keep Alive, for a write without progress, or for the end of its authentication,
   * whichever is first.
   * @internal
   */
  readonly watch: Due;
  /** Set from the CONNACK on; it stays set when another connection has taken over the client. */
  client: Client | null = null;
  /** Set from the CONNACK on: the identity that access control let in. */
  identity: ClientIdentity | null = null;
  /** Present until a DISCONNECT takes it away. [MQTT-3.14.4-3] */
  will: Will | undefined;
  /** 0: off. */
  keepAliveSeconds = 0;
  /** When the authentication expires, in the clock's milliseconds. */
  allowedUntilMs: number = Infinity;
  /** When bytes were last received, in the clock's milliseconds; before the first, when the connection was accepted. */
  lastReceivedMs: number;
  /**
   * What its CONNECT asked for.
   * @internal
   */
  asked: AskedByConnect = askedBy(false, 0, false);
  /**
   * Set from the CONNACK on in 5.0; `null` in other versions.
   * @internal
   */
  incomingAliases: IncomingAliases | null = null;
  /**
   * `null` where the client's CONNECT named no Authentication Method.
   * @internal
   */
  authentication: EnhancedAuthentication | null = null;
  /**
   * What the program's hooks have answered, or are asked, about this connection; `null`: nothing so far.
   * @internal
   */
  hooked: Hooked | null = null;
  /** Why the connection ends, where no other cause is set. */
  cause: DisconnectCause = "lost";
  /** Packets of this connection are being handled; that loop continues by itself when the connection is resumed. */
  isReceiving = false;
  /** The last packet could not be handled yet, and is handled again later. */
  isPostponed = false;
  /** Observers have been told of the next packet already, because it was postponed. */
  isNextTold = false;
  /** The names that its CONNECT claims, until the client is accepted. */
  claim: Pick<ClientIdentity, "clientId" | "userName"> | null = null;
  /**
   * The packet that is handled in parts.
   * @internal
   */
  unfinished: LongPacket | null = null;
  /**
   * The rate limits of the connection; `undefined`: none.
   * @internal
   */
  rates: ConnectionRates | undefined;
  /** The connection was accepted beyond a limit: its CONNECT is refused with 0x97. */
  isOverLimit = false;

  readonly #turn: Turn;
  #stops: Stops | null = null;
  #state: ConnectionState = "waiting";

  /** `onWatch` is called when the connection's deadline comes. */
  constructor(
    turn: Turn,
    readonly link: Link,
    readonly listener: ListenerOptions,
    onWatch: (connection: Connection) => void,
  ) {
    this.#turn = turn;
    this.outbox = new Outbox(turn, this, listener.mountPoint);
    this.lastReceivedMs = turn.nowMs;
    this.watch = new Watch(this, onWatch);
  }

  /**
   * {@linkcode hooked}, made where there is none.
   * @internal
   */
  hookedOrNew(): Hooked {
    return this.hooked ??= { message: null, isAsking: false, will: undefined };
  }

  /** The state of the connection. */
  get state(): ConnectionState {
    return this.#state;
  }

  /**
   * Changes the state by an event; throws where the state does not allow the event.
   * @internal
   */
  enter(event: ConnectionEvent): void {
    this.#state = nextState(this.#state, event);
  }

  /** While true, received bytes are not handled. */
  get isStopped(): boolean {
    return this.#stops !== null && this.#stops.isStopped;
  }

  /**
   * The reasons for which received bytes are not handled at present. Made on demand: hardly any connection is stopped for long.
   * @internal
   */
  get stops(): Stops {
    return this.#stops ??= new Stops();
  }

  /**
   * Whether bytes are not handled for this reason.
   * @internal
   */
  isStoppedFor(reason: StopReason): boolean {
    return this.#stops !== null && this.#stops.has(reason);
  }

  /**
   * Removes a reason; `true` where it was the last one, so that the connection continues.
   * @internal
   */
  resume(reason: StopReason, deadlines: Deadlines): boolean {
    if (this.#stops === null || !this.#stops.resume(reason, deadlines)) return false;
    this.#stops = null;
    return true;
  }

  /**
   * Removes the deadlines of all reasons, because the connection is closed.
   * @internal
   */
  clearStops(deadlines: Deadlines): void {
    this.#stops?.clear(deadlines);
  }

  /** The version that its CONNECT named; before that 4. */
  get protocolVersion(): ProtocolVersion {
    return this.outbox.protocolVersion;
  }

  /** Prefix of every topic of the client, taken off the topics of what it receives: the listener's, unless a hook sets another. */
  get mountPoint(): string {
    return this.outbox.mountPoint;
  }

  set mountPoint(mountPoint: string) {
    this.outbox.mountPoint = mountPoint;
  }

  /** The name of the connection in logs: Client Identifier or remote address. */
  get name(): string {
    return this.identity?.clientId ?? this.link.remoteAddress;
  }

  /** Called by the outbox: see `Turn`. */
  markDirty(): void {
    this.#turn.markDirty(this);
  }

  /** Called by the outbox: see `Turn`. */
  markHolding(): void {
    this.#turn.markHolding(this);
  }

  /** Called by the outbox: see `Turn`. */
  endLater(reason: CloseReason): void {
    this.#turn.disconnectLater(this, reason);
  }

  /** Called by the outbox: see `Turn`. */
  tellSent(packet: Packet): void {
    this.#turn.tellSent(this, packet);
  }

  /** Called by the outbox: see `Turn`. */
  tellDelivered(outgoing: Outgoing, packetId: number, isRepeat: boolean): void {
    this.#turn.tellDelivered(this, outgoing, packetId, isRepeat);
  }
}

/** A will that is published at its deadline, unless its client returns. */
export interface DelayedWill {
  /** The will as it will be published. */
  readonly will: Will;
  /** When the will is published. */
  readonly deadline: Deadline;
  /**
   * Its client was connected when an earlier process ended. The client did not cause that, so it keeps the will back even with
   * Clean Start.
   */
  readonly isOrphan: boolean;
}

/**
 * A client as the broker knows it: its session, its connection while it has one, and a delayed will. It is in one file with
 * `Connection` because each of the two types refers to the other.
 */
export class Client {
  /**
   * The session, which outlives connections.
   * @internal
   */
  readonly session: Session;
  /** At most one: a second CONNECT with its Client Identifier takes over. */
  connection: Connection | null = null;
  /** The identity of the last CONNECT. */
  identity: ClientIdentity;
  /**
   * Owner of the session, see `ownerOf`; `undefined`: it was stored without an owner, and the next client that connects gets it.
   */
  owner: string | undefined;
  /** The key of the quota that the session counts against; `undefined`: none, until the client connects. */
  quotaKey: string | undefined;
  /** Whether the client was restored from the store and has not connected since: its identity is not known. */
  isRestored = false;
  /** The settings of a bridge of this broker, from its last CONNECT on; absent: the client is no such bridge. */
  bridge: BridgeAdmission | undefined;
  /** The session has ended: subscriptions of it that are still in the router deliver nothing. */
  isEnded = false;
  /** The router's version when a subscription of this client was last removed. */
  unsubscribedAt = 0;
  /** Runs while the client is disconnected and its session is to expire. */
  expiry: Deadline | null = null;
  /** The delayed will, if there is one. */
  delayedWill: DelayedWill | null = null;
  /**
   * Retained messages that are still to be sent, in the order of the SUBSCRIBE packets; `null`: there were none so far.
   * @internal
   */
  retained: RetainedDeliveries | null = null;
  /**
   * The session as the nodes of a cluster share it; `null`: it is this broker's own affair.
   * @internal
   */
  copy: SessionCopy | null = null;

  /** `identity.clientId` names the session; a later CONNECT replaces the rest. */
  constructor(identity: ClientIdentity) {
    this.identity = identity;
    this.session = new Session(identity.clientId);
  }

  /**
   * The client of a session that is known without a CONNECT: from the store, or from the cluster's log.
   * @internal
   */
  static restored(clientId: string): Client {
    const client = new Client({
      clientId,
      userName: undefined,
      protocolVersion: 4,
      remoteAddress: "",
      listener: "",
    });
    client.isRestored = true;
    return client;
  }

  /**
   * Retained messages are to be sent, behind those that wait already.
   * @internal
   */
  deliverRetained(subscription: Subscription): void {
    this.retained ??= new RetainedDeliveries();
    this.retained.push(subscription);
  }

  /** Whether retained messages are still to be sent. */
  get hasRetained(): boolean {
    return this.retained !== null && this.retained.length > 0;
  }
}
