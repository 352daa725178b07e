import { Deadline, type Deadlines } from "../ground/deadlines.ts";

/**
 * Why received bytes of a connection are not handled. Each reason has one owner, which alone stops and resumes the connection for
 * it.
 *
 * | reason       | since                                                | until                                   |
 * |--------------|------------------------------------------------------|-----------------------------------------|
 * | `verdict`    | access control was asked who the client is           | it has answered                         |
 * | `admission`  | the client connects too often                        | its delay is over                       |
 * | `decision`   | access control was asked what the client may do      | it has decided                          |
 * | `hook`       | a hook of the program was asked                      | it has answered, or taken too long      |
 * | `rate`       | the client or its address has exceeded a rate limit  | the limit allows the next packet        |
 * | `congestion` | too many bytes wait to be written to all connections | there are fewer                         |
 * | `output`     | the client does not read the answers to its packets  | it has read them                        |
 * | `budget`     | the connection has used its share of the turn        | the next turn                           |
 * | `fanout`     | its message is delivered to many receivers in parts  | all receivers have it                   |
 */
export type StopReason = keyof typeof BITS;

const BITS = {
  verdict: 1,
  admission: 2,
  decision: 4,
  rate: 8,
  congestion: 16,
  output: 32,
  budget: 64,
  fanout: 128,
  hook: 256,
} as const;

/** The reasons for which a connection is stopped. There may be several; one that ends by time has a deadline of its own. */
export class Stops {
  #reasons = 0;
  #deadlines: Map<StopReason, Deadline> | undefined;

  /** Whether there is any reason. */
  get isStopped(): boolean {
    return this.#reasons !== 0;
  }

  /** Whether the connection is stopped for this reason. */
  has(reason: StopReason): boolean {
    return (this.#reasons & BITS[reason]) !== 0;
  }

  /** Stops the connection for the reason, until the owner of the reason resumes it. */
  stop(reason: StopReason): void {
    this.#reasons |= BITS[reason];
  }

  /** Stops for the reason until the time, in the clock's milliseconds; then calls `onDue`, which resumes or keeps waiting. */
  stopUntil(reason: StopReason, atMs: number, deadlines: Deadlines, onDue: () => void): void {
    this.stop(reason);
    this.#clearDeadline(reason, deadlines);
    const deadline = new Deadline(onDue);
    this.#deadlines ??= new Map();
    this.#deadlines.set(reason, deadline);
    deadlines.set(deadline, atMs);
  }

  /** Removes the reason; `true` where it was the last one, so that the connection continues. */
  resume(reason: StopReason, deadlines: Deadlines): boolean {
    if (!this.has(reason)) return false;
    this.#reasons &= ~BITS[reason];
    this.#clearDeadline(reason, deadlines);
    return this.#reasons === 0;
  }

  /** Removes all deadlines, because the connection is closed. */
  clear(deadlines: Deadlines): void {
    for (const deadline of this.#deadlines?.values() ?? []) deadlines.clear(deadline);
    this.#deadlines = undefined;
  }

  #clearDeadline(reason: StopReason, deadlines: Deadlines): void {
    const deadline = this.#deadlines?.get(reason);
    if (deadline === undefined) return;
    deadlines.clear(deadline);
    this.#deadlines!.delete(reason);
  }
}
