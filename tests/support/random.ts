/** Pseudo-random numbers that a seed repeats (mulberry32), so that a test's failure can be repeated. */
export class Random {
  /** The seed, which a failing test prints. */
  readonly seed: number;
  #state: number;

  /** Any integer; its lower 32 bits count. */
  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  /** An integer from 0 to n − 1. */
  int(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ bits >>> 15, bits | 1);
    bits ^= bits + Math.imul(bits ^ bits >>> 7, bits | 61);
    return Math.floor(((bits ^ bits >>> 14) >>> 0) / 0x1_0000_0000 * n);
  }

  /** `n` random bytes. */
  bytes(n: number): Uint8Array {
    const bytes = new Uint8Array(n);
    for (let i = 0; i < n; i++) bytes[i] = this.int(256);
    return bytes;
  }

  /** One of the list, which is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)]!;
  }

  /** True every other time. */
  bool(): boolean {
    return this.int(2) === 0;
  }
}
