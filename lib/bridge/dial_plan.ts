import { Backoff } from "./backoff.ts";
import { type Attempt, attemptsOf } from "./handshake.ts";
import type { BridgeOptions } from "./options.ts";
import type { BridgeFault } from "./state.ts";

/** Connections closed without CONNACK before the bridge tries an older version. */
const CLOSES_BEFORE_LESS = 3;
/** The longest first wait after the loss of a good connection, milliseconds. */
const FIRST_RETRY_MS = 1000;

/** One attempt to connect. */
export interface Dial {
  /** The index in the addresses of the options. */
  readonly addressIndex: number;
  /** The index in {@linkcode DialPlan.attempts}. */
  readonly attempt: number;
}

/** Decides the next address, its version, and the wait before it. */
export class DialPlan {
  /** The versions to try, the best one first. */
  readonly attempts: readonly Attempt[];
  /** The address that is connected, or was tried last. */
  addressIndex = 0;
  readonly #options: BridgeOptions;
  readonly #random: () => number;
  readonly #backoff: Backoff;
  readonly #probeBackoff: Backoff;
  /** Addresses left in this round. */
  #addressesLeft = 0;
  /** The version that was accepted last; -1 if none yet. */
  #provenAttempt = -1;
  /** Closed connections without CONNACK, for each version. */
  readonly #closes: number[] = [];

  /** `random` returns 0 to 1. */
  constructor(options: BridgeOptions, random: () => number) {
    const [baseMs, capMs] = [options.restartBaseSeconds * 1000, options.restartCapSeconds * 1000];
    this.attempts = attemptsOf(options);
    this.#options = options;
    this.#random = random;
    this.#backoff = new Backoff(baseMs, capMs, random);
    this.#probeBackoff = new Backoff(baseMs, capMs, random);
  }

  /** Begins a round over all addresses, with the primary first; with equal addresses, with the one after the last. */
  begin(): Dial {
    const { addresses, roundRobin } = this.#options;
    this.#addressesLeft = addresses.length - 1;
    if (!roundRobin) this.addressIndex = 0;
    return { addressIndex: this.addressIndex, attempt: 0 };
  }

  /** The next attempt after this one failed before its CONNACK; `undefined` at the end of the round. */
  after({ addressIndex, attempt }: Dial, fault: BridgeFault): Dial | undefined {
    if (this.#isOfVersion(attempt, fault) && attempt + 1 < this.attempts.length) {
      return { addressIndex, attempt: attempt + 1 };
    }
    if (this.#addressesLeft === 0) return undefined;
    this.#addressesLeft--;
    return { addressIndex: this.#behind(addressIndex), attempt: 0 };
  }

  /** The remote broker has accepted this attempt. */
  accepted({ addressIndex, attempt }: Dial): void {
    this.addressIndex = addressIndex;
    this.#provenAttempt = attempt;
  }

  /** The wait after all addresses have failed, milliseconds. */
  failedMs(): number {
    return this.#backoff.next();
  }

  /** The wait after the loss of a connection that lasted `lastedMs`, milliseconds. */
  lostMs(lastedMs: number): number {
    if (this.#options.roundRobin) this.addressIndex = this.#behind(this.addressIndex);
    if (lastedMs < this.#options.stableSeconds * 1000) return this.#backoff.next();
    this.#backoff.reset();
    return this.#random() * FIRST_RETRY_MS;
  }

  /** The wait before the primary is tried while this address is connected, milliseconds; `Infinity` if it is not to be tried. */
  probeMs(addressIndex: number): number {
    const isSecondary = !this.#options.roundRobin && addressIndex > 0;
    return isSecondary ? this.#probeBackoff.next() : Infinity;
  }

  #behind(addressIndex: number): number {
    return (addressIndex + 1) % this.#options.addresses.length;
  }

  /**
   * Whether the remote broker does not support the version. Some brokers close the connection instead of saying so; but so does a failing
   * network, and an older version would allow echoes. So it must happen repeatedly, and the version must never have been accepted before.
   */
  #isOfVersion(attempt: number, { reason }: BridgeFault): boolean {
    if (reason === "version") return true;
    if (reason !== "closed" || attempt === this.#provenAttempt) return false;
    const closes = (this.#closes[attempt] ?? 0) + 1;
    this.#closes[attempt] = closes;
    return closes >= CLOSES_BEFORE_LESS;
  }
}
