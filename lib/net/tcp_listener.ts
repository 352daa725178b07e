import type { Broker, ListenerOptions, LogPort } from "../broker/mod.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import { StreamLink } from "./stream_link.ts";
import type { Turns } from "./turns.ts";

/** Milliseconds to wait when no connection can be accepted: file descriptors come back as others leave. */
const ACCEPT_RETRY_MS = 100;

/** What a listener needs. */
export interface TcpListenerInit {
  /** `""`: every address of the machine. */
  readonly hostname: string;
  /** 0: one that is free. */
  readonly port: number;
  /** What its connections may do; one object for one listener, by which the broker counts. */
  readonly options: ListenerOptions;
  /** Whether a small write leaves at once, though earlier bytes are not confirmed. */
  readonly setTcpNodelay: boolean;
  /** Gets the connections. */
  readonly broker: Broker;
  /** Those of the broker. */
  readonly turns: Turns;
  /** Shared by all listeners of the broker. */
  readonly buffers: ReadBuffers;
  /** Told when no connection can be accepted. */
  readonly log: LogPort;
}

/** Accepts TCP connections for the broker. */
export class TcpListener {
  readonly #listener: Deno.TcpListener;
  readonly #init: TcpListenerInit;
  readonly #links = new Set<StreamLink>();
  #isClosed = false;

  /** Listens at once; throws what `Deno.listen` throws (`AddrInUse`, `PermissionDenied`, …). */
  constructor(init: TcpListenerInit) {
    this.#init = init;
    this.#listener = listen(init.hostname, init.port);
    this.#accept();
  }

  /** The one that it listens on, also where 0 was asked for. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Connections that are open, those that are being closed included. */
  get size(): number {
    return this.#links.size;
  }

  /** Accepts no more; what is open stays. */
  stopAccepting(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.close();
  }

  /** Closes everything at once. */
  close(): void {
    this.stopAccepting();
    for (const link of [...this.#links]) link.abort();
  }

  async #accept(): Promise<void> {
    let isWaiting = false;
    while (!this.#isClosed) {
      try {
        const stream = await this.#listener.accept();
        isWaiting = false;
        this.#open(stream);
      } catch (error) {
        if (this.#isClosed) return;
        // Out of file descriptors, or a client that left while it waited: said once, tried again.
        if (!isWaiting) {
          this.#init.log.error("Cannot accept connections for now", {
            listener: this.#init.options.name,
            error: error instanceof Error ? error.message : String(error),
          });
        }
        isWaiting = true;
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
      }
    }
  }

  #open(stream: Deno.TcpConn): void {
    const { broker, turns, buffers, options, setTcpNodelay } = this.#init;
    const { hostname, port } = stream.remoteAddr;
    try {
      if (setTcpNodelay) stream.setNoDelay(true);
    } catch {
      return stream.close(); // It has left already.
    }
    const onEnd = (link: StreamLink) => void this.#links.delete(link);
    const link = new StreamLink(stream, `${hostname}:${port}`, broker, turns, buffers, onEnd);
    const connection = broker.accept(link, options, turns.begin());
    if (connection === undefined) return link.abort();
    this.#links.add(link);
    link.start(connection);
  }
}

/** "::" takes IPv4 as well, where the machine has IPv6 at all. */
function listen(hostname: string, port: number): Deno.TcpListener {
  if (hostname !== "") return Deno.listen({ hostname, port });
  try {
    return Deno.listen({ hostname: "::", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.PermissionDenied) {
      throw error;
    }
    return Deno.listen({ hostname: "0.0.0.0", port });
  }
}
