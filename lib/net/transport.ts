import type { ListenerInit, OpenListener } from "./listener.ts";
import type { TransportInit } from "./transport_init.ts";

/** Carries the plain connections of one server, in the place of Deno's own sockets. `loadTransport` makes one. */
export interface Transport {
  /**
   * Once, before the first `listen`.
   * @internal
   */
  connect(init: TransportInit): void;
  /**
   * Listens at once; throws what `Deno.listen` throws. For listeners without TLS and WebSockets.
   * @internal
   */
  listen(init: ListenerInit): OpenListener;
  /**
   * Gives back to the system what libc keeps of freed memory. Absent: it cannot.
   * @internal
   */
  trimMemory?(): void;
  /** Ends it, when all its listeners are closed. */
  close(): Promise<void>;
}
