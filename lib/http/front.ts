import { addressKey, addressText } from "../broker/mod.ts";
import type { HttpStream, HttpTls, StreamPeer } from "./context.ts";

/** The most connections at one time, in all and from one address. */
const MAX_CONNECTIONS = 512;
const MAX_OF_ADDRESS = 64;
/** The first request has to arrive within this time, milliseconds. */
const FIRST_REQUEST_MS = 10_000;
/** The longest pause between requests, and between parts of an answer, milliseconds. */
const IDLE_MS = 75_000;
/** Time between two checks of these limits, milliseconds. */
const LOOK_MS = 1000;
/** Time for the rest of the answers when the server closes, milliseconds. */
const LAST_BYTES_MS = 1000;
const BUFFER_BYTES = 16 * 1024;

/** Limits that tests make shorter. */
export interface FrontLimits {
  readonly firstRequestMs?: number;
  readonly idleMs?: number;
  readonly lookMs?: number;
  /** The most connections at one time. Default and maximum: 512. */
  readonly maxConnections?: number;
}

/** A connection. */
interface Visitor {
  readonly outer: HttpStream;
  readonly inner: Deno.Conn;
  /** Address, port, and facts from the certificate. */
  readonly peer: StreamPeer;
  hasAsked: boolean;
  /** Its answer is an endless stream, so pauses are allowed. */
  isStreaming: boolean;
  /** When it last sent a request or was sent bytes, milliseconds. */
  atMs: number;
}

/**
 * Accepts HTTP connections and passes their bytes to `Deno.serve`, which limits neither their number nor the time they may be silent. The
 * front counts connections, and closes those that send no request in time. It also terminates TLS, because `Deno.serve` can neither ask
 * clients for certificates nor take a renewed certificate. Other bytes are passed unchanged; the request handler tells the front about each
 * request.
 */
export class Front {
  readonly #listener: Deno.TcpListener;
  readonly #innerPort: number;
  readonly #limits: Required<FrontLimits>;
  readonly #tls: HttpTls | undefined;
  /** Connections by the local port from which the front connects to `Deno.serve`. */
  readonly #visitors = new Map<number, Visitor>();
  /** Connections in all, and by address. */
  #count = 0;
  readonly #passing = new Set<Promise<void>>();
  readonly #counts = new Map<string, number>();
  #look: ReturnType<typeof setInterval> | undefined;

  /** Begins to listen; `innerPort` is the port of `Deno.serve` on the loopback interface. */
  constructor(
    hostname: string,
    port: number,
    innerPort: number,
    limits: FrontLimits = {},
    tls?: HttpTls,
  ) {
    this.#tls = tls;
    this.#listener = Deno.listen({ hostname, port });
    this.#innerPort = innerPort;
    this.#limits = {
      firstRequestMs: FIRST_REQUEST_MS,
      idleMs: IDLE_MS,
      lookMs: LOOK_MS,
      ...limits,
      maxConnections: Math.min(MAX_CONNECTIONS, limits.maxConnections ?? MAX_CONNECTIONS),
    };
    this.#accept();
  }

  /** The port it listens on. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Notes a request that came by this local port, and returns its sender; `undefined` if it did not come through the front. */
  asks(innerRemotePort: number): StreamPeer | undefined {
    const visitor = this.#visitors.get(innerRemotePort);
    if (visitor === undefined) return undefined;
    visitor.hasAsked = true;
    visitor.atMs = performance.now();
    return visitor.peer;
  }

  /** Notes that the answer is an endless stream. */
  streams(innerRemotePort: number): void {
    const visitor = this.#visitors.get(innerRemotePort);
    if (visitor !== undefined) visitor.isStreaming = true;
  }

  /** Accepts no more connections. */
  shut(): void {
    close(this.#listener);
  }

  /** Closes all connections: those that `Deno.serve` has closed when the rest of their answers is sent, but soon in any case. */
  async close(): Promise<void> {
    this.shut();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise((resolve) => timer = setTimeout(resolve, LAST_BYTES_MS));
    await Promise.race([Promise.all(this.#passing), late]);
    clearTimeout(timer);
    for (const visitor of this.#visitors.values()) hangUp(visitor);
    await Promise.all(this.#passing);
  }

  async #accept(): Promise<void> {
    for (;;) {
      try {
        const visit = this.#welcome(await this.#listener.accept());
        this.#passing.add(visit);
        visit.finally(() => this.#passing.delete(visit));
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        if (error instanceof Deno.errors.Interrupted) return;
        // There may be no free descriptors now; try again later.
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async #welcome(socket: Deno.TcpConn): Promise<void> {
    const { hostname, port } = socket.remoteAddr;
    const remoteAddress = addressText(hostname, port);
    const key = addressKey(remoteAddress);
    const count = this.#counts.get(key) ?? 0;
    const { maxConnections } = this.#limits;
    if (this.#count >= maxConnections || count >= MAX_OF_ADDRESS) return close(socket);
    this.#count++;
    this.#counts.set(key, count + 1);
    try {
      const inner = await Deno.connect({ hostname: "127.0.0.1", port: this.#innerPort });
      const atMs = performance.now();
      const peer: StreamPeer = { remoteAddress };
      const visitor = {
        outer: this.#tls === undefined ? socket : this.#tls.open(socket, peer),
        inner,
        peer,
        hasAsked: false,
        isStreaming: false,
        atMs,
      };
      await this.#pass(inner.localAddr.port, visitor);
    } catch {
      close(socket);
    } finally {
      this.#count--;
      const left = this.#counts.get(key)! - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    }
  }

  /** Passes bytes in both directions until either side is gone. */
  async #pass(innerPort: number, visitor: Visitor): Promise<void> {
    this.#visitors.set(innerPort, visitor);
    this.#look ??= setInterval(() => this.#hangUpIdle(), this.#limits.lookMs);
    const { outer, inner } = visitor;
    await Promise.all([
      pump(outer, inner, () => {}),
      pump(inner, outer, () => visitor.atMs = performance.now()).finally(() => hangUp(visitor)),
    ]);
    hangUp(visitor);
    this.#visitors.delete(innerPort);
    if (this.#visitors.size > 0) return;
    clearInterval(this.#look);
    this.#look = undefined;
  }

  #hangUpIdle(): void {
    const now = performance.now();
    const { firstRequestMs, idleMs } = this.#limits;
    for (const visitor of this.#visitors.values()) {
      const { hasAsked, isStreaming, atMs } = visitor;
      if (!isStreaming && now - atMs > (hasAsked ? idleMs : firstRequestMs)) hangUp(visitor);
    }
  }
}

/** Copies bytes until the stream ends or fails, then ends the other side. */
async function pump(from: HttpStream, to: HttpStream, onBytes: () => void): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  try {
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) break;
      onBytes();
      for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
    }
    await to.closeWrite();
  } catch {
    close(from);
    close(to);
  }
}

function hangUp({ outer, inner }: Visitor): void {
  close(outer);
  close(inner);
}

function close(what: { close(): void }): void {
  try {
    what.close();
  } catch {
    // The stream is closed.
  }
}
