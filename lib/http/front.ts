import { addressKey, addressText } from "../broker/mod.ts";

/** Connections at one time, of everybody and of one address. */
const MAX_CONNECTIONS = 512;
const MAX_OF_ADDRESS = 64;
/** The first request has to be there after this time, milliseconds. */
const FIRST_REQUEST_MS = 10_000;
/** Between requests, and between parts of an answer, at most so long, milliseconds. */
const IDLE_MS = 75_000;
/** How often that is looked at, milliseconds. */
const LOOK_MS = 1000;
/** What was answered and is on its way when all ends has so long, milliseconds. */
const LAST_BYTES_MS = 1000;
const BUFFER_BYTES = 16 * 1024;

/** Limits that tests have shorter. */
export interface FrontLimits {
  readonly firstRequestMs?: number;
  readonly idleMs?: number;
  readonly lookMs?: number;
}

/** Somebody who is connected. */
interface Visitor {
  readonly outer: Deno.Conn;
  readonly inner: Deno.Conn;
  /** With its port. */
  readonly remoteAddress: string;
  hasAsked: boolean;
  /** What it is answered with has no end: it may be silent. */
  isStreaming: boolean;
  /** When it last asked, or was sent something, in milliseconds. */
  atMs: number;
}

/**
 * Stands before `Deno.serve`, which waits for a request for as long as it takes and for as many as come: counts connections, and closes those
 * that do not ask. It passes bytes on as they are, TLS included; that a request has come it hears from whoever handles it.
 */
export class Front {
  readonly #listener: Deno.TcpListener;
  readonly #innerPort: number;
  readonly #limits: Required<FrontLimits>;
  /** By the port from which the front connects. */
  readonly #visitors = new Map<number, Visitor>();
  /** Connections, of all and by address. */
  #count = 0;
  readonly #passing = new Set<Promise<void>>();
  readonly #counts = new Map<string, number>();
  #look: ReturnType<typeof setInterval> | undefined;

  /** Begins to listen; `innerPort` is that of `Deno.serve`, on the loopback. */
  constructor(hostname: string, port: number, innerPort: number, limits: FrontLimits = {}) {
    this.#listener = Deno.listen({ hostname, port });
    this.#innerPort = innerPort;
    this.#limits = {
      firstRequestMs: FIRST_REQUEST_MS,
      idleMs: IDLE_MS,
      lookMs: LOOK_MS,
      ...limits,
    };
    this.#accept();
  }

  /** Where it listens. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Who sent the request that came by this port, and has asked herewith; `undefined`: it did not come through the front. */
  asks(innerRemotePort: number): string | undefined {
    const visitor = this.#visitors.get(innerRemotePort);
    if (visitor === undefined) return undefined;
    visitor.hasAsked = true;
    visitor.atMs = performance.now();
    return visitor.remoteAddress;
  }

  /** Its answer has no end of its own. */
  streams(innerRemotePort: number): void {
    const visitor = this.#visitors.get(innerRemotePort);
    if (visitor !== undefined) visitor.isStreaming = true;
  }

  /** Nobody comes in any more. */
  shut(): void {
    close(this.#listener);
  }

  /** Everybody goes: those whom `Deno.serve` has closed when they have the rest of their answers, or soon. */
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
        // No descriptors, perhaps: they come back.
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async #welcome(outer: Deno.TcpConn): Promise<void> {
    const { hostname, port } = outer.remoteAddr;
    const remoteAddress = addressText(hostname, port);
    const key = addressKey(remoteAddress);
    const count = this.#counts.get(key) ?? 0;
    if (this.#count >= MAX_CONNECTIONS || count >= MAX_OF_ADDRESS) return close(outer);
    this.#count++;
    this.#counts.set(key, count + 1);
    try {
      const inner = await Deno.connect({ hostname: "127.0.0.1", port: this.#innerPort });
      const atMs = performance.now();
      const visitor = {
        outer,
        inner,
        remoteAddress,
        hasAsked: false,
        isStreaming: false,
        atMs,
      };
      await this.#pass(inner.localAddr.port, visitor);
    } catch {
      close(outer);
    } finally {
      this.#count--;
      const left = this.#counts.get(key)! - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    }
  }

  /** Passes bytes on in both directions until one of the two has gone. */
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

/** Ends when the stream does, in either way, and says so on. */
async function pump(from: Deno.Conn, to: Deno.Conn, onBytes: () => void): Promise<void> {
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
    // It is closed.
  }
}
