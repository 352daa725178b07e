import type { BridgeOptions } from "./options.ts";
import type { Relay } from "./relay.ts";

/** Time between two checks of a lazy bridge's queue, milliseconds. */
const LAZY_LOOK_MS = 1000;
/** Time between two allowances of a bridge with a rate, milliseconds. */
const RATE_STEP_MS = 50;

/** Limits how fast messages cross, and decides when a lazy bridge connects and disconnects. */
export class Pace {
  readonly #options: BridgeOptions;
  #rateAtMs = 0;
  #activeAtMs = 0;
  #activity = 0;

  /** Time counts from `connected`. */
  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /** A connection begins. */
  connected(relay: Relay, nowMs: number): void {
    this.#activeAtMs = this.#rateAtMs = nowMs;
    if (this.#options.maxRate > 0) relay.allowance = 1;
  }

  /** Allows more messages out; false if there is no rate. */
  allow(relay: Relay, nowMs: number): boolean {
    const { maxRate } = this.#options;
    if (maxRate === 0) return false;
    const most = Math.max(1, maxRate * RATE_STEP_MS * 2 / 1000);
    relay.allowance = Math.min(most, relay.allowance + (nowMs - this.#rateAtMs) * maxRate / 1000);
    this.#rateAtMs = nowMs;
    return true;
  }

  /** Whether enough messages wait for an idle bridge to connect. */
  isWorthIt(waiting: number, nowMs: number): boolean {
    this.#activeAtMs = nowMs;
    return waiting >= this.#options.threshold;
  }

  /** Whether a lazy bridge has been idle for its timeout; `activity` counts the messages that have crossed. */
  isIdle(activity: number, nowMs: number): boolean {
    const { startType, idleTimeoutSeconds } = this.#options;
    if (startType !== "lazy") return false;
    if (activity !== this.#activity) {
      this.#activity = activity;
      this.#activeAtMs = nowMs;
    }
    return nowMs >= this.#activeAtMs + idleTimeoutSeconds * 1000;
  }

  /** When an idle bridge checks again. */
  lookAtMs(idleSinceMs: number): number {
    return Math.max(idleSinceMs, this.#activeAtMs) + LAZY_LOOK_MS;
  }

  /** When a connected bridge is to be checked. */
  nextMs(relay: Relay): number {
    const { startType, idleTimeoutSeconds, maxRate } = this.#options;
    return Math.min(
      startType === "lazy" ? this.#activeAtMs + idleTimeoutSeconds * 1000 : Infinity,
      maxRate > 0 && relay.allowance < 1 ? this.#rateAtMs + RATE_STEP_MS : Infinity,
    );
  }
}
