import { addressKey } from "./address.ts";

/** A token bucket: `perSecond` tokens are added each second, and it holds as many as one second adds. */
export class Rate {
  readonly #perSecond: number;
  #level: number;
  #atMs: number;

  /** The bucket is full at first. */
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

  /** Takes `count` tokens; where there were fewer, the next caller waits longer. */
  take(count: number): void {
    this.#level -= count;
  }

  /** Whether the bucket is full again, so that it could be replaced by a new one. */
  isFull(nowMs: number): boolean {
    return this.waitMs(nowMs) === 0 && this.#level >= this.#perSecond;
  }
}

/** The rates that limit a connection's packets: its own and those of its address. */
export interface ConnectionRates {
  readonly publishes: readonly Rate[];
  readonly bytes: readonly Rate[];
}

/** The key under which rates and quotas for an address count the connection. */
export function hostOf(remoteAddress: string): string {
  return addressKey(remoteAddress);
}
