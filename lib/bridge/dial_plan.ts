import { Backoff } from "./backoff.ts";
import { type Attempt, attemptsOf } from "./handshake.ts";
import type { BridgeOptions } from "./options.ts";
import type { BridgeFault } from "./state.ts";

/** Connections closed without a CONNACK, after which less is asked for. */
const CLOSES_BEFORE_LESS = 3;
/** How long a bridge that lost a good connection waits at most before it asks again for the first time, milliseconds. */
const FIRST_RETRY_MS = 1000;

/** What is asked where. */
export interface Dial {
  /** Of the addresses in the options. */
  readonly addressIndex: number;
  /** Of {@linkcode DialPlan.attempts}. */
  readonly attempt: number;
}

/** Which address is next, in which version, and after which wait. */
export class DialPlan {
  /** The ways to ask, the best one first. */
  readonly attempts: readonly Attempt[];
  /** The address that is connected, or was tried last. */
  addressIndex = 0;
  readonly #options: BridgeOptions;
  readonly #random: () => number;
  readonly #backoff: Backoff;
  readonly #probeBackoff: Backoff;
  /** How many are left in the round. */
  #addressesLeft = 0;
  /** The way to ask that was successful last; -1: none yet. */
  #provenAttempt = -1;
  /** How often each way to ask met a closed connection. */
  readonly #closes: number[] = [];

  /** `random`: from 0 to 1. */
  constructor(options: BridgeOptions, random: () => number) {
    const [baseMs, capMs] = [options.restartBaseSeconds * 1000, options.restartCapSeconds * 1000];
    this.attempts = attemptsOf(options);
    this.#options = options;
    this.#random = random;
    this.#backoff = new Backoff(baseMs, capMs, random);
    this.#probeBackoff = new Backoff(baseMs, capMs, random);
  }

  /** All addresses are tried, beginning with the primary, or with equals behind the last one. */
  begin(): Dial {
    const { addresses, roundRobin } = this.#options;
    this.#addressesLeft = addresses.length - 1;
    if (!roundRobin) this.addressIndex = 0;
    return { addressIndex: this.addressIndex, attempt: 0 };
  }

  /** What is tried when this one has failed before its CONNACK; `undefined`: all have. */
  after({ addressIndex, attempt }: Dial, fault: BridgeFault): Dial | undefined {
    if (this.#isOfVersion(attempt, fault) && attempt + 1 < this.attempts.length) {
      return { addressIndex, attempt: attempt + 1 };
    }
    if (this.#addressesLeft === 0) return undefined;
    this.#addressesLeft--;
    return { addressIndex: this.#behind(addressIndex), attempt: 0 };
  }

  /** It was let in. */
  accepted({ addressIndex, attempt }: Dial): void {
    this.addressIndex = addressIndex;
    this.#provenAttempt = attempt;
  }

  /** How long to wait when all addresses have failed, milliseconds. */
  failedMs(): number {
    return this.#backoff.next();
  }

  /** How long to wait when a connection that has lasted so long is lost, milliseconds. */
  lostMs(lastedMs: number): number {
    if (this.#options.roundRobin) this.addressIndex = this.#behind(this.addressIndex);
    if (lastedMs < this.#options.stableSeconds * 1000) return this.#backoff.next();
    this.#backoff.reset();
    return this.#random() * FIRST_RETRY_MS;
  }

  /** How long to wait before the primary is asked while this address serves, milliseconds; `Infinity`: it is not to be. */
  probeMs(addressIndex: number): number {
    const isSecondary = !this.#options.roundRobin && addressIndex > 0;
    return isSecondary ? this.#probeBackoff.next() : Infinity;
  }

  #behind(addressIndex: number): number {
    return (addressIndex + 1) % this.#options.addresses.length;
  }

  /**
   * Whether the remote broker does not speak what was asked for. Some close in the place of saying so; but so does a network that fails,
   * and with less there would be echoes: so it has to happen again and again, and never to have been otherwise.
   */
  #isOfVersion(attempt: number, { reason }: BridgeFault): boolean {
    if (reason === "version") return true;
    if (reason !== "closed" || attempt === this.#provenAttempt) return false;
    const closes = (this.#closes[attempt] ?? 0) + 1;
    this.#closes[attempt] = closes;
    return closes >= CLOSES_BEFORE_LESS;
  }
}
