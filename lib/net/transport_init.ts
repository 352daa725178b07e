import type { Broker } from "../broker/mod.ts";
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
