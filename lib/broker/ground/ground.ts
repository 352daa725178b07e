import type { BufferPool } from "./byte_buffer.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Latency } from "./latency.ts";
import type { Metrics } from "./metrics.ts";
import type { BrokerOptions } from "./options.ts";
import type { BrokerPorts, Store } from "./ports.ts";

/**
 * What all state of the broker uses: settings, ports, the turn's time and the counters. It refers to no connection and no client.
 */
export interface Ground {
  /** The settings in force now. */
  readonly options: BrokerOptions;
  readonly ports: BrokerPorts;
  /** Counters since the start. */
  readonly metrics: Metrics;
  /** Output buffers of all connections. */
  readonly pool: BufferPool;
  /** All deadlines: keep-alives, expiries and delays. */
  readonly deadlines: Deadlines;
  /** Absent: nothing outlives the process. */
  readonly store: Store | undefined;
  /** Measures how long messages take through the broker. */
  readonly latency: Latency;
  /** Whether an observer must be told of packets that are sent, or the time of a message is being measured. */
  readonly isObserved: boolean;
  /** The time of the turn, milliseconds. */
  readonly nowMs: number;
}
