import {
  type BrokerEvents,
  type ClientDetail,
  type ClientSummary,
  DEFAULT_LISTENER_OPTIONS,
  deleteSession,
  describeClient,
  disconnectClient,
  type EventListener,
  type EventName,
  type ListenerOptions,
  type Message,
  type MessageInit,
  readRetained,
  summarizeClient,
  walkRetained,
} from "../broker/mod.ts";
import { mayCarry, ReasonCode, reasonCodeName } from "../codec/mod.ts";
import {
  DuplexStream,
  isLoopback,
  type Peer,
  ServedWebSocket,
  Server as NetServer,
  type ServerInit,
  SILENT,
  type StreamPair,
} from "../net/mod.ts";
import type { BridgeStatus } from "../bridge/mod.ts";
import { isTopicFilter } from "../topic/mod.ts";
import { type BridgeHandle, type BridgeInit, ServerBridges } from "./bridges.ts";
import { EventStream, type EventStreamOptions } from "./event_stream.ts";
import { DEFAULT_TIME_LIMIT_MS, hookPort, type Hooks, type HooksOptions } from "./hooks.ts";
import { addressOf, refusalOf, subprotocolOf } from "./upgrade.ts";

/** Steps of a walk over retained messages before the event loop gets a turn. */
const WALK_STEPS = 1000;

const encoder = new TextEncoder();

/** Facts and options of an attached stream. */
export interface AttachInit extends Partial<Pick<Peer, "certificate">> {
  /** The client's address, for logs, limits by address and access control. Default: `attached`, or what `upgrade` was given. */
  readonly remoteAddress?: string;
  /**
   * Options left out have their defaults. Streams that share this object are counted together (`maxConnections`). Anonymous clients are
   * allowed by default if the address belongs to this machine, or if `attach` was given none; those who are so allowed are counted apart.
   */
  readonly options?: Partial<ListenerOptions>;
}

/** The reason that a disconnected client is told. */
export interface DisconnectReason {
  /** Sent to clients of 5.0. Default: 0x98, Administrative action. */
  readonly reasonCode?: ReasonCode;
  /** The reason as text. */
  readonly message?: string;
}

/** The options of a published message. Defaults: QoS 0, not retained, no expiry. */
export type PublishOptions = Omit<MessageInit, "topicName" | "payload">;

/**
 * A broker inside a program: it serves the network, and offers events and actions to the program around it.
 *
 * All methods may be called at any time, also from listeners, hooks and subscriptions of the bus: what cannot happen in the middle of a
 * turn happens at its end.
 */
export class Server extends NetServer {
  /**
   * The options given to `attach` and `upgrade`, completed with defaults; one object each, so that its streams can be counted. Those of
   * this machine and of others differ where it is left to us whether they may be anonymous.
   */
  readonly #attached = new WeakMap<Partial<ListenerOptions>, Map<boolean, ListenerOptions>>();
  readonly #default: Partial<ListenerOptions> = {};
  readonly #bridges: ServerBridges;

  /**
   * Nobody can connect before `listen`. A program with bridges should give the same `bridgeId` at every start. Without one the broker gets
   * a new name at each start; loops of bridges are detected in either case.
   */
  constructor(init: ServerInit = {}) {
    const { bridgeId = crypto.randomUUID(), log = SILENT } = init;
    super({ ...init, bridgeId });
    this.#bridges = new ServerBridges(this, { brokerId: bridgeId, log });
  }

  /**
   * Calls `listener` with each event of this name, after the turn in which it happened, until the returned object is disposed of. A
   * listener that throws, or returns a promise that rejects, is logged and counted, and is called again for the next event.
   */
  on<Name extends EventName>(name: Name, listener: EventListener<Name>): Disposable {
    const end = this.broker.on(name, listener);
    return { [Symbol.dispose]: end };
  }

  /** The events of one name for `for await`, in bounded memory. */
  events<Name extends keyof BrokerEvents>(
    name: Name,
    options?: EventStreamOptions,
  ): EventStream<Name> {
    return new EventStream(this.broker, name, options);
  }

  /**
   * Adds hooks, which are asked after those added before, until the returned object is disposed of. A hook that throws, returns nonsense,
   * or has not answered after `timeLimitMs` (5,000) counts as a refusal, which is logged with its error.
   */
  addHooks(hooks: Hooks, { timeLimitMs = DEFAULT_TIME_LIMIT_MS }: HooksOptions = {}): Disposable {
    const end = this.broker.addHooks(hookPort(hooks, timeLimitMs));
    return { [Symbol.dispose]: end };
  }

  /**
   * Begins a bridge: a connection from this broker to another one, across which the messages that `topics` selects are exchanged. The event
   * `bridgeChanged` tells its states. Rejects with a `TypeError` that lists all errors in `init`. Bridges end with the server.
   */
  bridge(init: BridgeInit): Promise<BridgeHandle> {
    return this.#bridges.add(init);
  }

  /** The state and the counters of each bridge. */
  get bridges(): readonly BridgeStatus[] {
    return this.#bridges.statuses;
  }

  /** Ends bridges and connections, and tells clients and remote brokers. Resolves when everything is closed. */
  override async close(): Promise<void> {
    const ending = this.#bridges.close();
    if (this.#bridges.isUsed) await ending;
    await super.close();
  }

  /** All sessions, those of disconnected clients included, made one at a time. */
  *clients(): Generator<ClientSummary, void> {
    for (const client of this.broker.clients.values()) yield summarizeClient(client);
  }

  /** The details of one client; `undefined` if it has no session. */
  client(clientId: string): ClientDetail | undefined {
    return describeClient(this.broker, clientId);
  }

  /**
   * Disconnects a client and tells it the reason; its session stays. Returns false if it is not connected. Throws `RangeError` if the
   * Reason Code is not one that a DISCONNECT from a server may carry.
   */
  disconnect(clientId: string, reason: DisconnectReason = {}): boolean {
    const { reasonCode = ReasonCode.AdministrativeAction } = reason;
    const { message = "Disconnected by the program" } = reason;
    if (reasonCode < 0x80 || !mayCarry("disconnect", reasonCode)) {
      throw new RangeError(`Cannot disconnect a client with ${reasonCodeName(reasonCode)}`);
    }
    return disconnectClient(this.broker, clientId, message, reasonCode);
  }

  /** Ends a session and discards its waiting messages; its client is disconnected first. Returns false if there is none. */
  deleteSession(clientId: string, message = "Session ended by the program"): boolean {
    return deleteSession(this.broker, clientId, message);
  }

  /**
   * Publishes to clients and to the bus. A text payload is sent as UTF-8. Throws `TypeError` if the Topic Name is invalid, and `EncodeError` if no
   * packet can contain the properties.
   */
  publish(topicName: string, payload: Uint8Array | string, options?: PublishOptions): void {
    const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
    this.hub.publish({ ...options, topicName, payload: bytes });
  }

  /**
   * The retained messages whose topics match, one at a time. It pauses regularly, so that a walk over a million messages stalls nobody;
   * messages stored or deleted meanwhile may be seen or not. Each payload is a copy. Throws `TypeError` if the Topic Filter is invalid.
   */
  retained(topicFilter: string): AsyncGenerator<Message, void> {
    if (!isTopicFilter(topicFilter)) {
      throw new TypeError(`Cannot list retained messages: "${topicFilter}" is not a Topic Filter`);
    }
    return this.#walk(topicFilter);
  }

  /**
   * Accepts a client that speaks MQTT over a pair of streams, such as a `Deno.Conn`. The server owns both from then on. Returns false, and
   * closes the streams, if there are too many connections or the server is closing.
   */
  attach(stream: StreamPair, init: AttachInit = {}): boolean {
    const { remoteAddress = "attached" } = init;
    const isOwn = init.remoteAddress === undefined || isLocal(remoteAddress);
    const bytes = new DuplexStream(stream);
    const isTaken = this.adopt(bytes, peerOf(init, remoteAddress), this.#optionsOf(init, isOwn));
    if (!isTaken) bytes.close();
    return isTaken;
  }

  /**
   * Answers a request to the program's own `Deno.serve` for a WebSocket that speaks MQTT; `info` is what `Deno.serve` passes with the
   * request. The program itself has to check the path and the `Origin`. Any other request is answered with a 4xx status.
   */
  upgrade(
    request: Request,
    info?: { readonly remoteAddr: Deno.Addr },
    init: AttachInit = {},
  ): Response {
    const protocol = subprotocolOf(request);
    if (protocol === undefined) return refusalOf(request);
    const remoteAddress = init.remoteAddress ?? addressOf(info?.remoteAddr);
    const options = this.#optionsOf(init, isLocal(remoteAddress));
    // Deno's own timeout is off: the broker detects silent clients by Keep Alive.
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol, idleTimeout: 0 });
    socket.addEventListener("open", () => {
      const stream = new ServedWebSocket(socket);
      if (!this.adopt(stream, peerOf(init, remoteAddress), options)) stream.close();
    });
    return response;
  }

  async *#walk(topicFilter: string): AsyncGenerator<Message, void> {
    for (const entry of walkRetained(this.broker, topicFilter, WALK_STEPS)) {
      if (entry === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        continue;
      }
      const message = await new Promise<Message | undefined>((resolve) =>
        readRetained(this.broker, entry.topicName, resolve)
      );
      if (message !== undefined) yield message;
    }
  }

  #optionsOf({ options = this.#default }: AttachInit, allowAnonymous: boolean): ListenerOptions {
    let both = this.#attached.get(options);
    if (both === undefined) this.#attached.set(options, both = new Map());
    const isAllowed = options.allowAnonymous ?? allowAnonymous;
    let whole = both.get(isAllowed);
    if (whole === undefined) {
      whole = {
        ...DEFAULT_LISTENER_OPTIONS,
        name: "attached",
        ...options,
        allowAnonymous: isAllowed,
      };
      both.set(isAllowed, whole);
    }
    return whole;
  }
}

function peerOf({ certificate }: AttachInit, remoteAddress: string): Peer {
  return certificate === undefined ? { remoteAddress } : { remoteAddress, certificate };
}

function isLocal(remoteAddress: string): boolean {
  const host = /^\[?(.*?)\]?(:\d+)?$/.exec(remoteAddress)?.[1] ?? "";
  return isLoopback(host) || remoteAddress.startsWith("unix:");
}
