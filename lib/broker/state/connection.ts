import type { Packet, ProtocolVersion, Will } from "../../codec/mod.ts";
import { type IncomingAliases, type Message, Session } from "../../session/mod.ts";
import type { CloseReason } from "../ground/close_reason.ts";
import { Deadline } from "../ground/deadlines.ts";
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
import type { Outgoing } from "../ground/outgoing.ts";
import type { ConnectionRates } from "../ground/rate.ts";
import { type ConnectionEvent, type ConnectionState, nextState } from "./connection_state.ts";
import { Outbox } from "./outbox.ts";
import { RetainedDeliveries } from "./retained_deliveries.ts";
import { Stops } from "./stops.ts";

/** What a connection needs of the turn that it is part of. */
export interface Turn extends Ground {
  /** The connection has something to send at the end of the turn. */
  markDirty(connection: Connection): void;
  /** The connection has something that waits for the commit of this turn. */
  markHolding(connection: Connection): void;
  /** Disconnects when the turn ends. */
  disconnectLater(connection: Connection, reason: CloseReason): void;
  /** A packet, but no PUBLISH, is in its outbox: asked for where `isObserved`. */
  tellSent(connection: Connection, packet: Packet): void;
  /** A PUBLISH is in its outbox: asked for where `isObserved`. */
  tellDelivered(
    connection: Connection,
    outgoing: Outgoing,
    packetId: number,
    isRepeat: boolean,
  ): void;
}

/** An enhanced authentication, under way or through: its method is the connection's for good. */
export interface EnhancedAuthentication {
  readonly method: string;
  /** `null` while none is under way. */
  readonly exchange: EnhancedExchange | null;
  readonly request: AuthenticationRequest;
}

/** What a CONNECT asked for. */
export interface AskedByConnect {
  /** Clean Start, before 5.0 Clean Session. */
  cleanStart: boolean;
  /** Session Expiry Interval, seconds: a DISCONNECT may not raise it from 0. [MQTT-3.14.2-2] */
  expirySeconds: number;
  /** It is another broker's bridge, as those of mosquitto are: see `handlers/bridge.ts`. */
  isBridge: boolean;
}

/** What the program's hooks have answered, or are asked, about a connection. */
export interface Hooked {
  /** What they have made of the next packet's message, which they took their time for: the packet comes again. */
  message: Message | HookRefusal | null;
  /** They take their time about a message for this client: what comes after that waits. */
  isAsking: boolean;
  /** What they have made of its will, whole; `null`: they have refused it; `undefined`: they were not asked. */
  will: Will | null | undefined;
}

/** One Network Connection in the core: where it stands, whose it is, why it is stopped, and what leaves it. */
export class Connection {
  /** What leaves. */
  readonly outbox: Outbox;
  /**
   * Why its bytes stay where they are, if they do.
   * @internal
   */
  readonly stops: Stops = new Stops();
  /** The one deadline of a connection: its CONNECT, its Keep Alive, a write that stands still or its time, whichever is first. */
  readonly watch: Deadline;
  /** From the CONNACK on; it stays when another connection has taken the client over. */
  client: Client | null = null;
  /** From the CONNACK on: who access control let in. */
  identity: ClientIdentity | null = null;
  /** Present until a DISCONNECT takes it away. [MQTT-3.14.4-3] */
  will: Will | undefined;
  /** 0: off. */
  keepAliveSeconds = 0;
  /** Until when access control has let it in, in the clock's milliseconds. */
  allowedUntilMs: number = Infinity;
  /** When bytes last came, in the clock's milliseconds; before the first, when it was accepted. */
  lastReceivedMs: number;
  /** What its CONNECT asked for. */
  readonly asked: AskedByConnect = { cleanStart: false, expirySeconds: 0, isBridge: false };
  /**
   * From the CONNACK on in 5.0, else absent.
   * @internal
   */
  incomingAliases: IncomingAliases | null = null;
  /**
   * Absent where the client's CONNECT named no method.
   * @internal
   */
  authentication: EnhancedAuthentication | null = null;
  /**
   * What the program's hooks have answered, or are asked, about this connection; absent: nothing so far.
   * @internal
   */
  hooked: Hooked | null = null;
  /** Why it ends, where nobody says anything else. */
  cause: DisconnectCause = "lost";
  /** Packets of this connection are being handled: it goes on by itself. */
  isReceiving = false;
  /** The packet that was handled last was not, after all: it comes again. */
  isPostponed = false;
  /** The next packet has been told to observers already: it was postponed. */
  isNextTold = false;
  /** Who its CONNECT says that it is, until it is in. */
  claim: Pick<ClientIdentity, "clientId" | "userName"> | null = null;
  /** A packet that is handled a part at a time: does the next part, `true` where that was the last. */
  unfinished: (() => boolean) | null = null;
  /**
   * What may come in a second; `undefined`: anything.
   * @internal
   */
  rates: ConnectionRates | undefined;
  /** Accepted beyond a limit: its CONNECT is refused with 0x97. */
  isOverLimit = false;

  readonly #turn: Turn;
  #state: ConnectionState = "waiting";

  /** `onWatch` is called when its deadline comes. */
  constructor(
    turn: Turn,
    readonly link: Link,
    readonly listener: ListenerOptions,
    onWatch: (connection: Connection) => void,
  ) {
    this.#turn = turn;
    this.outbox = new Outbox(turn, this, listener.mountPoint);
    this.lastReceivedMs = turn.nowMs;
    this.watch = new Deadline(() => onWatch(this));
  }

  /**
   * {@linkcode hooked}, made where there is none.
   * @internal
   */
  hookedOrNew(): Hooked {
    return this.hooked ??= { message: null, isAsking: false, will: undefined };
  }

  /** Where it stands. */
  get state(): ConnectionState {
    return this.#state;
  }

  /**
   * Something has happened to it; throws where that cannot be.
   * @internal
   */
  enter(event: ConnectionEvent): void {
    this.#state = nextState(this.#state, event);
  }

  /** While set, bytes that arrive stay where they are. */
  get isStopped(): boolean {
    return this.stops.isStopped;
  }

  /** What its CONNECT said; before that 4. */
  get protocolVersion(): ProtocolVersion {
    return this.outbox.protocolVersion;
  }

  /** Put before every topic of the client, and taken off what it gets: the listener's, if no hook says another. */
  get mountPoint(): string {
    return this.outbox.mountPoint;
  }

  set mountPoint(mountPoint: string) {
    this.outbox.mountPoint = mountPoint;
  }

  /** For logs. */
  get name(): string {
    return this.identity?.clientId ?? this.link.remoteAddress;
  }

  /** What its outbox asks for: see `Turn`. */
  markDirty(): void {
    this.#turn.markDirty(this);
  }

  /** What its outbox asks for: see `Turn`. */
  markHolding(): void {
    this.#turn.markHolding(this);
  }

  /** What its outbox asks for: see `Turn`. */
  endLater(reason: CloseReason): void {
    this.#turn.disconnectLater(this, reason);
  }

  /** What its outbox tells: see `Turn`. */
  tellSent(packet: Packet): void {
    this.#turn.tellSent(this, packet);
  }

  /** What its outbox tells: see `Turn`. */
  tellDelivered(outgoing: Outgoing, packetId: number, isRepeat: boolean): void {
    this.#turn.tellDelivered(this, outgoing, packetId, isRepeat);
  }
}

/** A will that is published at its deadline, unless its client comes back. */
export interface DelayedWill {
  /** As it will be published. */
  readonly will: Will;
  /** When that is. */
  readonly deadline: Deadline;
  /** Its client was connected when an earlier process ended, which is no loss that it knows of: it may come back with Clean Start too. */
  readonly isOrphan: boolean;
}

/**
 * A client as the broker knows it: its session, its connection while it has one, a will that waits. It stands in one file with
 * `Connection` because each of the two names the other.
 */
export class Client {
  /**
   * What outlives its connections.
   * @internal
   */
  readonly session: Session;
  /** At most one: a second CONNECT with its Client Identifier takes over. */
  connection: Connection | null = null;
  /** As of its last CONNECT. */
  identity: ClientIdentity;
  /** Whose its session is, see `ownerOf`; `undefined`: a store that knew no owners remembers it, and whoever comes has it. */
  owner: string | undefined;
  /** Against whose share of the sessions it counts; `undefined`: nobody's, until it comes. */
  quotaKey: string | undefined;
  /** It comes from the store and has not connected since: its identity is not known. */
  isRestored = false;
  /** What it may beyond others, from its last CONNECT on; absent: it is no bridge. */
  bridge: BridgeAdmission | undefined;
  /** Its session is over: what the router still has of it gets nothing any more. */
  isEnded = false;
  /** The router's version when a subscription of it went last. */
  unsubscribedAt = 0;
  /** Runs while the client is away and its session is to end. */
  expiry: Deadline | null = null;
  /** A will whose delay runs. */
  delayedWill: DelayedWill | null = null;
  /**
   * What is still to come, in the order of the SUBSCRIBE packets.
   * @internal
   */
  readonly retained: RetainedDeliveries = new RetainedDeliveries();

  /** `identity.clientId` names the session; a later CONNECT replaces the rest. */
  constructor(identity: ClientIdentity) {
    this.identity = identity;
    this.session = new Session(identity.clientId);
  }
}
