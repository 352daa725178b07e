/**
 * A map that forgets what was not used for longest, once it has too many entries, or entries that are too long together: a number alone
 * bounds no memory where a stranger's text decides how long an entry is.
 */
export class BoundedMap<V> {
  readonly #maxSize: number;
  readonly #maxLength: number;
  readonly #entries = new Map<string, { readonly value: V; readonly length: number }>();
  #length = 0;

  /** `maxLength` in characters, keys not counted. */
  constructor(maxSize: number, maxLength: number) {
    this.#maxSize = maxSize;
    this.#maxLength = maxLength;
  }

  /** The value, if it is remembered. */
  get(key: string): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Remembers a value of so many characters. One that is too long by itself is not remembered. */
  set(key: string, value: V, length: number): void {
    this.delete(key);
    if (length > this.#maxLength) return;
    this.#entries.set(key, { value, length });
    this.#length += length;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxSize && this.#length <= this.#maxLength) return;
      this.delete(oldest);
    }
  }

  /** The value was used: it is the last to be forgotten. */
  touch(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
  }

  /** Forgets a value. */
  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#length -= entry.length;
  }
}
