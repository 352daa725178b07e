import type { ListenerInit, OpenListener } from "./listener.ts";
import type { TransportInit } from "./transport_init.ts";

/** Carries the plain connections of one server instead of Deno's own sockets. `loadTransport` makes one. */
export interface Transport {
  /**
   * Called once, before the first `listen`.
   * @internal
   */
  connect(init: TransportInit): void;
  /**
   * Listens at once; throws what `Deno.listen` throws. For listeners without TLS and WebSockets.
   * @internal
   */
  listen(init: ListenerInit): OpenListener;
  /**
   * Gives freed memory that libc keeps back to the system. Absent: it cannot.
   * @internal
   */
  trimMemory?(): void;
  /** Ends the transport. All its listeners must be closed. */
  close(): Promise<void>;
}
