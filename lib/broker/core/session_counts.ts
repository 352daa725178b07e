/** How many sessions each user, or address, has. */
export class SessionCounts {
  readonly #counts = new Map<string, number>();

  /** Sessions that count against this key. */
  get(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** One more. */
  add(key: string): void {
    this.#counts.set(key, this.get(key) + 1);
  }

  /** One less. */
  remove(key: string): void {
    const count = this.get(key) - 1;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }
}
