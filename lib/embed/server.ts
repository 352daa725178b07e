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

/** Topics that are looked at before others have their turn. */
const WALK_STEPS = 1000;

const encoder = new TextEncoder();

/** Who a stream belongs to, and what holds for it. */
export interface AttachInit extends Partial<Pick<Peer, "certificate">> {
  /** For logs, limits by address and access control. Default: `attached`, or what `upgrade` was told. */
  readonly remoteAddress?: string;
  /**
   * What is left out has its default. Streams that are to be counted together (`maxConnections`) share the object. Anonymous clients may
   * come in by themselves where the address is one of this machine, or none was given to `attach`.
   */
  readonly options?: Partial<ListenerOptions>;
}

/** What a client that is disconnected is told. */
export interface DisconnectReason {
  /** For clients of 5.0. Default: 0x98, Administrative action. */
  readonly reasonCode?: ReasonCode;
  /** The same in words. */
  readonly message?: string;
}

/** What a program may say about a message; without it QoS 0, not retained, never expiring. */
export type PublishOptions = Omit<MessageInit, "topicName" | "payload">;

/**
 * A broker inside of a program: on the network, and with events and actions for the program around it.
 *
 * All methods may be called at any time, also from listeners, hooks and subscriptions of the bus: what cannot happen in the middle of a
 * turn happens at its end.
 */
export class Server extends NetServer {
  /** What `attach` and `upgrade` were given, filled up: so that it can be counted by. */
  readonly #attached = new WeakMap<Partial<ListenerOptions>, ListenerOptions>();
  readonly #default: Partial<ListenerOptions> = {};
  readonly #bridges: ServerBridges;

  /**
   * Nobody can connect before `listen`. A program that has bridges gives a `bridgeId` that is the same from start to start; without one
   * the broker has another name each time, by which rings of bridges are noticed all the same.
   */
  constructor(init: ServerInit = {}) {
    const { bridgeId = crypto.randomUUID(), log = SILENT } = init;
    super({ ...init, bridgeId });
    this.#bridges = new ServerBridges(this, { brokerId: bridgeId, log });
  }

  /**
   * Calls `listener` with each event of this name from now on, behind the turn in which it has happened, until what is returned is
   * disposed of. A listener that throws, or returns a promise that rejects, is logged and counted, and called again with the next.
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
   * Asks these hooks from now on, behind those that were added before, until what is returned is disposed of. A hook that throws,
   * answers nonsense, or has not answered after `timeLimitMs` (5,000) has refused, which is logged with its error and counted.
   */
  addHooks(hooks: Hooks, { timeLimitMs = DEFAULT_TIME_LIMIT_MS }: HooksOptions = {}): Disposable {
    const end = this.broker.addHooks(hookPort(hooks, timeLimitMs));
    return { [Symbol.dispose]: end };
  }

  /**
   * Begins a bridge: a connection of this broker to another one, by which messages cross that the `topics` name. Its states are the event
   * `bridgeChanged`. Rejects with a `TypeError` that says all that is wrong with it. Bridges end with the server.
   */
  bridge(init: BridgeInit): Promise<BridgeHandle> {
    return this.#bridges.add(init);
  }

  /** Where each bridge stands, and what it has done. */
  get bridges(): readonly BridgeStatus[] {
    return this.#bridges.statuses;
  }

  /** Ends bridges and connections; clients and remote brokers are told. Resolves when all is closed. */
  override async close(): Promise<void> {
    const ending = this.#bridges.close();
    if (this.#bridges.isUsed) await ending;
    await super.close();
  }

  /** All sessions, whether their clients are connected or not; one object at a time. */
  *clients(): Generator<ClientSummary, void> {
    for (const client of this.broker.clients.values()) yield summarizeClient(client);
  }

  /** All that is known of one client; `undefined`: there is no session of that name. */
  client(clientId: string): ClientDetail | undefined {
    return describeClient(this.broker, clientId);
  }

  /**
   * Disconnects a client, which is told so; its session stays. `false`: it is not connected. Throws `RangeError` where the Reason Code is
   * none of a DISCONNECT that says why.
   */
  disconnect(clientId: string, reason: DisconnectReason = {}): boolean {
    const { reasonCode = ReasonCode.AdministrativeAction } = reason;
    const { message = "Disconnected by the program" } = reason;
    if (reasonCode < 0x80 || !mayCarry("disconnect", reasonCode)) {
      throw new RangeError(`Cannot disconnect a client with ${reasonCodeName(reasonCode)}`);
    }
    return disconnectClient(this.broker, clientId, message, reasonCode);
  }

  /** Ends a session with all that waits in it; its client is disconnected first. `false`: there is none. */
  deleteSession(clientId: string, message = "Session ended by the program"): boolean {
    return deleteSession(this.broker, clientId, message);
  }

  /** Publishes to clients and to the bus. A payload given as text is sent as UTF-8. Throws `TypeError` where the Topic Name is not one. */
  publish(topicName: string, payload: Uint8Array | string, options?: PublishOptions): void {
    const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
    this.hub.publish({ ...options, topicName, payload: bytes });
  }

  /**
   * The retained messages whose topics match, one at a time, as they come and go: a million of them stall nobody. The payload is a copy.
   * Throws `TypeError` where it is not a Topic Filter.
   */
  retained(topicFilter: string): AsyncGenerator<Message, void> {
    if (!isTopicFilter(topicFilter)) {
      throw new TypeError(`Cannot list retained messages: "${topicFilter}" is not a Topic Filter`);
    }
    return this.#walk(topicFilter);
  }

  /**
   * Takes in a client that speaks MQTT over a pair of streams: a `Deno.Conn`, or what the program has made itself. Both directions are the
   * server's from here on. `false`: there are too many, or the server closes, and the streams are closed.
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
   * Answers a request of the program's own `Deno.serve` for a WebSocket that speaks MQTT; `info` is what `Deno.serve` gave with the
   * request. Which path that is at, and from which `Origin`, is for the program to check. What is no such request is answered with a
   * 4xx status.
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
    // A client that is silent is for the broker to find, by its Keep Alive.
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
      const message = readRetained(this.broker, entry.topicName);
      if (message !== undefined) yield message;
    }
  }

  #optionsOf({ options = this.#default }: AttachInit, allowAnonymous: boolean): ListenerOptions {
    let whole = this.#attached.get(options);
    if (
      whole === undefined || whole.allowAnonymous !== (options.allowAnonymous ?? allowAnonymous)
    ) {
      whole = { ...DEFAULT_LISTENER_OPTIONS, name: "attached", allowAnonymous, ...options };
      this.#attached.set(options, whole);
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
