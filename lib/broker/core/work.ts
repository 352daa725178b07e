/**
 * Limits what a turn costs, counted in steps instead of time so that a simulation behaves like a real process. A step takes 0.2 to
 * 0.7 microseconds on the machine where it was measured, garbage collection included; only the proportions between the costs matter.
 *
 * The connections that are read in a turn share its steps. The first may use all of them, but every connection has a least share,
 * so that a client with a packet or two never waits for one that sends much. A connection that has used its share is stopped
 * (reason `budget`) and continues in a later turn; stopped connections continue in the order in which they were stopped. Other long
 * work (retained messages, deadlines) uses the same steps. Turns that follow each other before the event loop has served all that
 * are ready share one budget too: see `afterRound`.
 *
 * @module
 */

/** Steps of a turn: ten milliseconds, or a little more. */
const TURN_STEPS = 40_000;
/** A turn that cost less is not counted against the next one, even if that follows at once: one or two milliseconds. */
const LITTLE_STEPS = 5000;
/** The least share of every connection that is read in a turn: less than half a millisecond, some hundred packets. */
const LEAST_STEPS = 1000;

/** Costs in steps. */
export const STEPS = {
  /** Reading and handling a packet. */
  packet: 2,
  /** Handing a message to one client. */
  delivery: 1,
  /** Subscribing or unsubscribing a Topic Filter. */
  filter: 30,
  /** Refusing to subscribe to one: nothing is kept. */
  refusedFilter: 10,
  /** Removing a subscription of a session that has ended: nothing is decoded, answered or kept. */
  dismantled: 10,
  /** A byte of a Topic Filter. */
  filterByte: 1,
  /** Decoding a Topic Filter of a packet. */
  decodedFilter: 2,
  /** Decoding a User Property, and taking it over. */
  userProperty: 10,
  /** Keeping a retained message, or replacing it: 2 to 5 microseconds. */
  retained: 10,
  /** Considering one member of a shared subscription. */
  member: 10,
  /** Visiting a node of a trie, or an entry there. */
  node: 1,
  /** A question to access control. */
  check: 20,
  /** Copying or encoding 64 bytes. */
  bytes64: 1,
  /** Calling a deadline that is due. */
  deadline: 30,
} as const;

/** Work that goes on at the end of turns, even where the connections that are read use up all steps. */
export const Service = { fanOut: 1, dismantle: 2, pump: 4 } as const;

/** What it costs to hand a message to one client: `sizeBytes` are payload, topic and properties. */
export function deliverySteps(sizeBytes: number): number {
  return STEPS.delivery + (sizeBytes >> 6) * STEPS.bytes64;
}

/** Counts the steps of the turn. */
export class Work {
  /** Steps of a turn. A simulation sets fewer, so that all long work is split. */
  turnSteps: number = TURN_STEPS;
  /** The least share of every connection. */
  leastSteps: number = LEAST_STEPS;
  #spent = 0;
  /** Steps of all turns before. */
  #earlierSteps = 0;
  #until: number = TURN_STEPS;
  /** The services that have had their part since the steps were renewed: the sum of their numbers. */
  #served = 0;

  /** The steps that the turn has cost so far. */
  get spent(): number {
    return this.#spent;
  }

  /** The steps of all turns so far. */
  get totalSteps(): number {
    return this.#earlierSteps + this.#spent;
  }

  /** Whether the steps of the turn are used up, apart from the least share of connections that have not been read yet. */
  get isTurnOver(): boolean {
    return this.#spent >= this.turnSteps;
  }

  /** Whether the current connection or task has used its share. */
  get isPartOver(): boolean {
    return this.#spent >= this.#until;
  }

  /**
   * The steps that the current connection or task may still spend; the least share in any case, so that short work is never split.
   */
  get left(): number {
    return Math.max(this.#until - this.#spent, this.leastSteps);
  }

  /**
   * Whether this service may do a part: while there are steps, and once where there are none. Many turns may share their steps, and the
   * least share in each of them would come to much.
   */
  mayServe(service: number): boolean {
    if (this.isTurnOver && (this.#served & service) !== 0) return false;
    this.#served |= service;
    return true;
  }

  /** Counts work that was done. */
  spend(steps: number): void {
    this.#spent += steps;
  }

  /** Begins the share of the next connection or task. */
  beginPart(): void {
    this.#until = Math.max(this.turnSteps, this.#spent + this.leastSteps);
  }

  /** Whether the turn has cost so little that it does not count against the next one. */
  get isLittle(): boolean {
    return this.#spent < LITTLE_STEPS;
  }

  /** A turn begins. */
  beginTurn(): void {
    this.#earlierSteps += this.#spent;
    this.#spent = 0;
    this.#served = 0;
    this.#until = this.turnSteps;
  }
}
