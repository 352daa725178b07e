/** Counts the sessions of each user or, for clients without a user, each address. */
export class SessionCounts {
  readonly #counts = new Map<string, number>();

  /** Sessions that count against this key. */
  get(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Counts one session more. */
  add(key: string): void {
    this.#counts.set(key, this.get(key) + 1);
  }

  /** Counts one session less. */
  remove(key: string): void {
    const count = this.get(key) - 1;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }
}
