import type { Broker } from "../broker/mod.ts";
import type { ListenerInit, OpenListener } from "./listener.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import type { Turns } from "./turns.ts";

/** What a transport is connected with. */
export interface TransportInit {
  /** Gets the connections. */
  readonly broker: Broker;
  /** Those of the broker. */
  readonly turns: Turns;
  /** Shared by all listeners of the broker. */
  readonly buffers: ReadBuffers;
}

/** Carries the plain connections of one server, in the place of Deno's own sockets. `loadTransport` makes one. */
export interface Transport {
  /** Once, before the first `listen`. */
  connect(init: TransportInit): void;
  /** Listens at once; throws what `Deno.listen` throws. For listeners without TLS and WebSockets. */
  listen(init: ListenerInit): OpenListener;
  /** Ends it, when all its listeners are closed. */
  close(): Promise<void>;
}
