import { addressKey } from "./address.ts";

/** So much a second on average, and a second's worth at once. */
export class Rate {
  readonly #perSecond: number;
  #level: number;
  #atMs: number;

  /** Full at first. */
  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#level = perSecond;
    this.#atMs = nowMs;
  }

  /** Milliseconds until something may go through; 0: now. */
  waitMs(nowMs: number): number {
    const added = (nowMs - this.#atMs) * this.#perSecond / 1000;
    this.#level = Math.min(this.#perSecond, this.#level + added);
    this.#atMs = nowMs;
    return this.#level >= 1 ? 0 : Math.ceil((1 - this.#level) * 1000 / this.#perSecond);
  }

  /** Something went through; more than there was makes the next one wait longer. */
  take(count: number): void {
    this.#level -= count;
  }

  /** Whether nothing went through for so long that a new one would be the same. */
  isFull(nowMs: number): boolean {
    return this.waitMs(nowMs) === 0 && this.#level >= this.#perSecond;
  }
}

/** The rates that a connection's packets go against: its own and those of its address. */
export interface ConnectionRates {
  readonly publishes: readonly Rate[];
  readonly bytes: readonly Rate[];
}

/** Whose address it is. */
export function hostOf(remoteAddress: string): string {
  return addressKey(remoteAddress);
}
