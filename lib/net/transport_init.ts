import type { Broker } from "../broker/mod.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import type { Turns } from "./turns.ts";

/** The parts of the server that a transport uses. */
export interface TransportInit {
  /** Gets the connections. */
  readonly broker: Broker;
  /** The broker's turns. */
  readonly turns: Turns;
  /** Shared by all listeners of the broker. */
  readonly buffers: ReadBuffers;
}
