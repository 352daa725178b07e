import {
  type AccessPort,
  Broker,
  type BrokerOptions,
  DEFAULT_BROKER_OPTIONS,
  DEFAULT_LISTENER_OPTIONS,
  type ListenerOptions,
  type LogPort,
  type MessageHub,
  OPEN_ACCESS,
  type Store,
  type StoredState,
} from "../broker/mod.ts";
import { TurnHub } from "./hub.ts";
import { ReadBuffers } from "./read_buffers.ts";
import { TcpListener } from "./tcp_listener.ts";
import { nowMs, Turns } from "./turns.ts";

/** How long clients have to take their DISCONNECT when the server closes. */
const CLOSE_MS = 3000;

/** What a server is made of; all that is left out has its default. */
export interface ServerInit {
  /** What is left out has its default. */
  readonly options?: Partial<BrokerOptions>;
  /** Default: nothing is logged. */
  readonly log?: LogPort;
  /** Default: whoever the listener lets in may do everything. */
  readonly access?: AccessPort;
  /** Default: nothing outlives the process. */
  readonly store?: Store;
}

/** A place where clients connect. */
export interface ListenInit {
  /** 0: one that is free. */
  readonly port: number;
  /** Default: this machine only, `127.0.0.1`. `""`: every address. */
  readonly hostname?: string;
  /** Default: true. */
  readonly setTcpNodelay?: boolean;
  /** What is left out has its default; anonymous clients may come in only where the hostname is `127.0.0.1`. */
  readonly options?: Partial<ListenerOptions>;
}

/** A broker on the network: the core, its rhythm and its listeners. */
export class Server {
  /** The core: its counters, options and connections to look at. What changes it belongs into a turn: use the `hub`. */
  readonly broker: Broker;
  /** For the program around it, at any time: what the EventBus is made from. */
  readonly hub: MessageHub;
  readonly #turns = new Turns();
  readonly #buffers = new ReadBuffers();
  readonly #listeners: TcpListener[] = [];
  readonly #log: LogPort;

  /** Nobody can connect before `listen`. */
  constructor(init: ServerInit = {}) {
    this.#log = init.log ?? SILENT;
    this.broker = new Broker({ ...DEFAULT_BROKER_OPTIONS, ...init.options }, {
      log: this.#log,
      access: init.access ?? OPEN_ACCESS,
      randomId: () => crypto.randomUUID(),
      wake: (atMs) => this.#turns.wake(atMs),
      ...(init.store === undefined ? {} : { store: init.store }),
    }, nowMs());
    this.#turns.attach(this.broker);
    this.hub = new TurnHub(this.broker, this.#turns);
  }

  /** Puts back what the store remembers: before the first `listen`. */
  restore(state: StoredState): void {
    this.broker.restore(state);
    this.broker.tick(this.#turns.begin());
  }

  /** Begins to listen; returns the port. Throws what `Deno.listen` throws: `AddrInUse`, `PermissionDenied`, … */
  listen(init: ListenInit): number {
    const { port, hostname = "127.0.0.1", setTcpNodelay = true } = init;
    const options = {
      ...DEFAULT_LISTENER_OPTIONS,
      name: String(port),
      allowAnonymous: hostname === "127.0.0.1",
      ...init.options,
    };
    const listener = new TcpListener({
      hostname,
      port,
      options,
      setTcpNodelay,
      broker: this.broker,
      turns: this.#turns,
      buffers: this.#buffers,
      log: this.#log,
    });
    this.#listeners.push(listener);
    return listener.port;
  }

  /** Network Connections, those that are being closed included. */
  get connectionCount(): number {
    return this.#listeners.reduce((sum, listener) => sum + listener.size, 0);
  }

  /** Lets nobody in any more, tells the clients (0x8B), and resolves when they are gone or a few seconds have passed. */
  async close(): Promise<void> {
    for (const listener of this.#listeners) listener.stopAccepting();
    this.broker.shutDown(nowMs());
    const deadlineMs = nowMs() + CLOSE_MS;
    while (this.connectionCount > 0 && nowMs() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const listener of this.#listeners) listener.close();
    this.#turns.stop();
  }
}

const SILENT: LogPort = {
  debugOn: false,
  debug: () => {},
  info: () => {},
  warning: () => {},
  error: () => {},
};
