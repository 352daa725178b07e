import type { BufferPool } from "./byte_buffer.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Latency } from "./latency.ts";
import type { Metrics } from "./metrics.ts";
import type { BrokerOptions } from "./options.ts";
import type { BrokerPorts, Store } from "./ports.ts";

/** What every piece of state stands on: settings, ports, the turn's time and the counters. It names no connection and no client. */
export interface Ground {
  /** What holds now. */
  readonly options: BrokerOptions;
  readonly ports: BrokerPorts;
  /** Counters since the start. */
  readonly metrics: Metrics;
  /** Output buffers of all connections. */
  readonly pool: BufferPool;
  /** Everything that is due at some time. */
  readonly deadlines: Deadlines;
  /** Absent: nothing outlives the process. */
  readonly store: Store | undefined;
  /** How long messages take. */
  readonly latency: Latency;
  /** Whether anybody wants to know what happens. */
  readonly isObserved: boolean;
  /** The time of the turn, milliseconds. */
  readonly nowMs: number;
}
