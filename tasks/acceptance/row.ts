import type { BrokerProcessInit } from "../../tests/support/broker_process.ts";

/** One promise of the acceptance guide, and how it is tried. */
export interface Row {
  /** Its number in the guide, with a letter where one number is tried in more than one way. */
  readonly id: string;
  readonly title: string;
  /** What a person would type or do. */
  readonly how: string;
  readonly expected: string;
  /** How the broker is started for it; absent: with nothing but a free port. */
  readonly broker?: BrokerProcessInit;
  /** Tries it; returns what was seen, throws where that is wrong. Absent: not possible yet, for this reason. */
  readonly run: ((stage: Stage) => Promise<string>) | { readonly skipped: string };
}

/** What a row has at hand while it runs. */
export interface Stage {
  /** Where a broker of its own listens, on 127.0.0.1. */
  readonly port: number;
  /** Waits for a line in the broker's log. */
  untilLog(pattern: RegExp): Promise<void>;
  /** Whether the test suite is part of it. */
  readonly withTests: boolean;
}

/** What became of a row. */
export interface Outcome {
  readonly row: Row;
  readonly status: "passed" | "failed" | "skipped";
  /** What was seen, what went wrong, or why it was skipped. */
  readonly observed: string;
  readonly tookMs: number;
}
