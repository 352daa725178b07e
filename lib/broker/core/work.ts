/**
 * What a turn may cost, counted in steps so that a simulation does the same as a process. A step is about a tenth of a microsecond
 * on the machines that this was measured on; what counts is that the parts are in proportion.
 *
 * Whoever is read in a turn shares its steps: the first has them all, and everybody has a least part, so that a client with a packet or
 * two is never kept waiting by one that sends much. A connection that has used its part is stopped where it is (`budget`), and goes
 * on in a later turn, in the order in which they were stopped. What else is long (retained messages, deadlines) looks
 * at the same steps. Turns that follow each other before the event loop has looked at everybody share them, too: see `afterRound`.
 *
 * @module
 */

/** Steps of a turn: about ten milliseconds. */
const TURN_STEPS = 100_000;
/** What is less counts for nothing in the next turn, though that may follow at once: half a millisecond. */
const LITTLE_STEPS = 5000;
/** What everybody has who is read in a turn, however much others have used: about a tenth of a millisecond, some hundred packets. */
const LEAST_STEPS = 1000;

/** What things cost, in steps. */
export const STEPS = {
  /** A packet, read and handled. */
  packet: 2,
  /** A message for one client. */
  delivery: 1,
  /** A Topic Filter: subscribed or unsubscribed. */
  filter: 100,
  /** A byte of it. */
  filterByte: 1,
  /** A member of a shared subscription that is looked at. */
  member: 10,
  /** A node of a trie, or an entry found there. */
  node: 1,
  /** A question to access control. */
  check: 20,
  /** 64 bytes that are copied or encoded. */
  bytes64: 1,
  /** Something that is due. */
  deadline: 30,
} as const;

/** What it costs to hand a message to one client: `sizeBytes` are payload, topic and properties. */
export function deliverySteps(sizeBytes: number): number {
  return STEPS.delivery + (sizeBytes >> 6) * STEPS.bytes64;
}

/** The steps of the turn. */
export class Work {
  /** Steps of a turn. A simulation has fewer, so that everything that is long is cut. */
  turnSteps: number = TURN_STEPS;
  /** The least part of everybody. */
  leastSteps: number = LEAST_STEPS;
  #spent = 0;
  #until: number = TURN_STEPS;

  /** Whether there is nothing left of the turn but the least part of those who are read for the first time. */
  get isTurnOver(): boolean {
    return this.#spent >= this.turnSteps;
  }

  /** Whether whoever is at work has used its part. */
  get isPartOver(): boolean {
    return this.#spent >= this.#until;
  }

  /** What whoever is at work may still spend: the least part in any case, so that little is never cut. */
  get left(): number {
    return Math.max(this.#until - this.#spent, this.leastSteps);
  }

  /** Something was done. */
  spend(steps: number): void {
    this.#spent += steps;
  }

  /** Somebody begins to work. */
  beginPart(): void {
    this.#until = Math.max(this.turnSteps, this.#spent + this.leastSteps);
  }

  /** Whether the turn has cost so little that the next one need not know. */
  get isLittle(): boolean {
    return this.#spent < LITTLE_STEPS;
  }

  /** A turn begins. */
  beginTurn(): void {
    this.#spent = 0;
    this.#until = this.turnSteps;
  }
}
