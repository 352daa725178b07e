import type { PublishRecord } from "./records.ts";
import type { World } from "./world.ts";

/** Round trip to the monitor, whose network is good, with what broker and link take to write, milliseconds. */
const ROUND_TRIP_MS = 20;
/** What the broker itself may take, milliseconds: it looks at the clock when it said it would. */
const OWN_MS = 20;

/**
 * The latest that a will may reach the monitor, which follows from how slow the disk is and how much may be in flight.
 *
 * The monitor's queue is a line. Of what is ahead in it `window` messages are in flight at once, and each takes at most a round of
 * two commits: that of its Packet Identifier, before PUBLISH, and that of PUBREC, before PUBREL. (Both are needed: after a
 * crash without the first the receiver could get the message twice, without the second it could take its repeat for a new one.) Then the
 * will waits for a commit of its own. Where most of the queue is in the store alone, each of these steps may wait for a part of it to
 * be read. With `window` 1 and commits of up to 200 ms the third of three wills that are due at once took 515 ms for instance: 58 to
 * the CONNACK's commit, 115 and 153 for the one ahead, 189 for its own.
 */
export class WillLatency {
  readonly #world: World;
  /** When the monitor got a will, and when that was due: in the order of arrival. */
  readonly #arrivals: { readonly atMs: number; readonly dueAtMs: number }[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** The monitor has got it. */
  arrived(record: PublishRecord, atMs: number): void {
    this.#arrivals.push({ atMs, dueAtMs: record.sentAtMs });
  }

  /** Milliseconds that this will may take to the monitor, who was admitted at that time. */
  allowedMs({ sentAtMs }: PublishRecord, admittedAtMs: number): number {
    const { maxCommitMs, maxReadMs, window } = this.#world.pace;
    const roundMs = 2 * maxCommitMs + maxReadMs + ROUND_TRIP_MS;
    // Whatever arrived so long before may still have been in flight.
    const sinceMs = sentAtMs - roundMs;
    const ahead =
      this.#arrivals.filter(({ atMs, dueAtMs }) => atMs >= sinceMs && dueAtMs <= sentAtMs).length;
    // A monitor that has just come back waits for its CONNACK, and perhaps finishes what was in flight before.
    const isNewcomer = sentAtMs - admittedAtMs < maxCommitMs + roundMs;
    const comingMs = isNewcomer ? maxCommitMs + roundMs : 0;
    const rounds = Math.floor(ahead / window);
    return comingMs + rounds * roundMs + maxCommitMs + maxReadMs + ROUND_TRIP_MS + OWN_MS;
  }
}
