import {
  type AccessPort,
  Broker,
  type BrokerOptions,
  type ClusterPort,
  DEFAULT_BROKER_OPTIONS,
  DEFAULT_LISTENER_OPTIONS,
  type FromCluster,
  type ListenerOptions,
  type LogPort,
  type MessageHub,
  OPEN_ACCESS,
  type Store,
  type StoredState,
} from "../broker/mod.ts";
import type { ByteStream, Peer, TlsLayer } from "./byte_stream.ts";
import { TurnHub } from "./hub.ts";
import { Listener, type ListenerInit, type OpenListener } from "./listener.ts";
import { SILENT } from "./load_tls.ts";
import { isLoopback, LOOPBACK_ADDRESS } from "./loopback.ts";
import type { ProxyOptions } from "./proxy_stream.ts";
import { ReadBuffers } from "./read_buffers.ts";
import { StreamLink } from "./stream_link.ts";
import type { Transport } from "./transport.ts";
import { nowMs, Turns } from "./turns.ts";
import { DEFAULT_UNFINISHED_LIMITS, type UnfinishedLimits } from "./unfinished.ts";
import type { WebSocketOptions } from "./web_socket_handshake.ts";

/** How long clients may take to read their DISCONNECT when the server closes, milliseconds. */
const CLOSE_MS = 3000;

/** Bytes of the request that opens a WebSocket; a browser includes its cookies. */
const WEB_SOCKET_HEADER_BYTES = 8192;
/** A frame may always have this size, whatever `max_packet_size` says. */
const WEB_SOCKET_FRAME_BYTES = 64 * 1024;

/** The parts of a server; those left out have defaults. */
export interface ServerInit {
  /** Values left out have their defaults. */
  readonly options?: Partial<BrokerOptions>;
  /** Default: nothing is logged. */
  readonly log?: LogPort;
  /** Default: every client that the listener admits may do everything. */
  readonly access?: AccessPort;
  /** Default: nothing is stored. */
  readonly store?: Store;
  /** Default: no cluster. Requires `store`. */
  readonly cluster?: ClusterPort;
  /** A unique name of this broker, sent to bridges that send theirs. Default: none is sent. */
  readonly bridgeId?: string;
  /** Values left out have their defaults. */
  readonly unfinished?: Partial<UnfinishedLimits>;
  /** Carries listeners without TLS and WebSockets; the server closes it. Default: Deno's own sockets. */
  readonly transport?: Transport;
}

/** The settings of a listener. */
export interface ListenInit {
  /** 0 for any free port. */
  readonly port?: number;
  /** Default: this machine only, `127.0.0.1`. `""` for every address. */
  readonly hostname?: string;
  /** A Unix socket instead of host name and port. */
  readonly path?: string;
  /** Default: `mqtt`, directly on the stream. */
  readonly protocol?: "mqtt" | "websockets";
  /** For WebSockets: the allowed values of `Origin`. Default: any. */
  readonly websocketsOrigins?: readonly string[];
  /** For WebSockets: the most bytes of a request. Default: 8192. */
  readonly websocketsHeadersSize?: number;
  /** Default: no encryption. The server closes it. */
  readonly tls?: TlsLayer;
  /** Default: clients connect directly, not through a proxy that sends their addresses. */
  readonly proxy?: ProxyOptions;
  /** Default: true. */
  readonly setTcpNodelay?: boolean;
  /** Values left out have their defaults. By default anonymous clients are allowed only if the host name is local to this machine. */
  readonly options?: Partial<ListenerOptions>;
}

/** A broker on the network: the core, its turns and its listeners. */
export class Server {
  /** The core, with its counters, options and connections. It may only be changed within a turn: use the `hub`. */
  readonly broker: Broker;
  /** For the program around it, at any time; also the basis of the EventBus. */
  readonly hub: MessageHub;
  readonly #turns = new Turns();
  readonly #buffers: ReadBuffers;
  readonly #listeners: OpenListener[] = [];
  /** Links of adopted streams. */
  readonly #adopted = new Set<StreamLink>();
  readonly #log: LogPort;
  readonly #transport: Transport | undefined;
  /** Resolves when the server is closed; undefined before `close` is called. */
  #closed: Promise<void> | undefined;

  /** Nobody can connect before `listen`. */
  constructor(init: ServerInit = {}) {
    this.#log = init.log ?? SILENT;
    this.#buffers = new ReadBuffers({ ...DEFAULT_UNFINISHED_LIMITS, ...init.unfinished });
    this.broker = new Broker({ ...DEFAULT_BROKER_OPTIONS, ...init.options }, {
      log: this.#log,
      access: init.access ?? OPEN_ACCESS,
      randomId: () => crypto.randomUUID(),
      wake: (atMs) => this.#turns.wake(atMs),
      beginTurn: () => this.#turns.begin(),
      afterRound: (done) => this.#turns.afterRound(done),
      ...(init.store === undefined ? {} : { store: init.store }),
      ...(init.cluster === undefined ? {} : { cluster: init.cluster }),
      ...(init.bridgeId === undefined ? {} : { bridgeId: init.bridgeId }),
    }, nowMs());
    this.#turns.attach(this.broker);
    this.hub = new TurnHub(this.broker, this.#turns);
    this.#transport = init.transport;
    const { broker } = this;
    this.#transport?.connect({ broker, turns: this.#turns, buffers: this.#buffers });
  }

  /** Restores the stored state. Call it before the first `listen`. */
  restore(state: StoredState): void {
    this.broker.restore(state);
    this.broker.tick(this.#turns.begin());
  }

  /** The entrance of the broker's cluster, in the turn that is open or in a new one: see {@linkcode FromCluster}. */
  clusterTurn(): FromCluster {
    if (!this.broker.isBusy) this.broker.nowMs = this.#turns.begin();
    return this.broker.fromCluster;
  }

  /** Begins to listen; returns the port, or 0 for a Unix socket. Throws what `Deno.listen` throws: `AddrInUse`, `PermissionDenied`, ... */
  listen(init: ListenInit): number {
    const { port = 0, hostname = LOOPBACK_ADDRESS, path } = init;
    const options = {
      ...DEFAULT_LISTENER_OPTIONS,
      name: path ?? String(port),
      allowAnonymous: isLoopback(hostname),
      ...init.options,
    };
    try {
      const listener = this.#open(init, options);
      this.#listeners.push(listener);
      return listener.port;
    } catch (error) {
      init.tls?.close();
      throw error;
    }
  }

  /**
   * Accepts a client whose stream does not come from a listener. Returns false if there are too many; the caller then closes the stream.
   * Streams with the same `options` object are counted together.
   */
  adopt(stream: ByteStream, peer: Peer, options: ListenerOptions): boolean {
    const onEnd = (link: StreamLink): void => void this.#adopted.delete(link);
    const link = new StreamLink(stream, peer, this.broker, this.#turns, this.#buffers, onEnd);
    const connection = this.broker.accept(link, options, this.#turns.begin());
    if (connection === undefined) return false;
    this.#adopted.add(link);
    link.start(connection);
    return true;
  }

  /** Reads certificates, keys and revocation lists again. If they are invalid, the old ones stay, and the error is logged. */
  reloadCertificates(): void {
    for (const listener of this.#listeners) listener.reloadCertificates();
  }

  /** Network Connections, including those being closed. */
  get connectionCount(): number {
    return this.#listeners.reduce((sum, listener) => sum + listener.size, this.#adopted.size);
  }

  /** Bytes of read buffers with unfinished packets, and of CONNECT packets that wait for their answer. */
  get unfinishedBytes(): number {
    const { connecting, connected } = this.#buffers.unfinished;
    return connecting.bytes + connected.bytes;
  }

  /** How often a packet that is not complete was read on, since the start. */
  get unfinishedReads(): number {
    const { connecting, connected } = this.#buffers.unfinished;
    return connecting.reads + connected.reads;
  }

  /** Gives back to the system what libc keeps of freed memory, where the transport can ask for that. */
  trimMemory(): void {
    this.#transport?.trimMemory?.();
  }

  /**
   * Accepts no more clients, disconnects the present ones (0x8B), and resolves when they are gone or a few seconds have passed. Further
   * calls wait for the same end.
   */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** Closes the server at the end of a block: `await using server = new Server()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const listener of this.#listeners) listener.stopAccepting();
    this.broker.shutDown(nowMs());
    const deadlineMs = nowMs() + CLOSE_MS;
    while (this.connectionCount > 0 && nowMs() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const listener of this.#listeners) listener.close();
    for (const link of [...this.#adopted]) link.abort();
    this.#turns.stop();
    await this.#transport?.close();
    // TLS streams are destroyed a little later, and the last turn may have begun a round: nothing is left when this resolves.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  #open(init: ListenInit, options: ListenerOptions): OpenListener {
    const { port = 0, hostname = LOOPBACK_ADDRESS, path, setTcpNodelay = true } = init;
    const whole: ListenerInit = {
      address: path === undefined ? { hostname, port } : { path },
      options,
      setTcpNodelay,
      proxy: init.proxy,
      tls: init.tls,
      webSocket: init.protocol === "websockets" ? this.#webSocketOptions(init) : undefined,
      broker: this.broker,
      turns: this.#turns,
      buffers: this.#buffers,
      log: this.#log,
    };
    const isPlain = whole.tls === undefined && whole.webSocket === undefined;
    if (isPlain && this.#transport !== undefined) return this.#transport.listen(whole);
    return new Listener(whole);
  }

  #webSocketOptions(init: ListenInit): WebSocketOptions {
    const { broker } = this;
    return {
      origins: init.websocketsOrigins ?? [],
      maxHeaderBytes: init.websocketsHeadersSize ?? WEB_SOCKET_HEADER_BYTES,
      /** The size of the longest packet, but at least room for several short ones. */
      get maxFrameBytes() {
        return Math.max(WEB_SOCKET_FRAME_BYTES, broker.options.maxPacketSizeBytes);
      },
    };
  }
}
