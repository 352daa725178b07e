import type { KeyValue } from "./nats/key_value.ts";

/** What the key says. */
interface Holding {
  readonly node: string;
  /** What its holder works on. */
  readonly work: string;
  readonly isDone: boolean;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * One node at a time has it, by compare-and-set on a key. Whoever has it writes the key again from time to time. If the key stays as it is for
 * too long, its holder is dead, and another one may take it. Only the time of the one who looks counts, so clocks need not be equal.
 */
export class Lease {
  readonly #values: KeyValue;
  readonly #key: string;
  readonly #node: string;
  readonly #leaseMs: number;
  /** The last revision that was seen, and since when. */
  #seen = { revision: 0, atMs: 0 };
  /** The own revision; 0: it is not held. */
  #revision = 0;
  #work = "";
  /** A write follows the one before, whose revision it needs. */
  #writing: Promise<void> = Promise.resolve();

  /** `leaseMs`: how long the holder may be silent. */
  constructor(values: KeyValue, key: string, node: string, leaseMs: number) {
    this.#values = values;
    this.#key = key;
    this.#node = node;
    this.#leaseMs = leaseMs;
  }

  /** Whether this node has it, as far as it knows. */
  get isHeld(): boolean {
    return this.#revision > 0;
  }

  /** Takes it, for some work; returns what the holder before worked on (`""`: there was none), `undefined`: another node has it. */
  async take(work: string): Promise<string | undefined> {
    const entry = await this.#values.get(this.#key);
    const holding = entry === undefined ? undefined : holdingOf(entry.value);
    if (entry !== undefined && holding?.isDone === false) {
      const nowMs = performance.now();
      if (entry.revision !== this.#seen.revision) {
        this.#seen = { revision: entry.revision, atMs: nowMs };
      }
      if (nowMs - this.#seen.atMs < this.#leaseMs) return undefined;
    }
    this.#work = work;
    this.#revision = await this.#put(entry?.revision ?? 0, false);
    return this.isHeld ? holding?.work ?? "" : undefined;
  }

  /** Writes it again; if another node has it now, it is held no more. */
  renew(): Promise<void> {
    return this.#writeNext(false);
  }

  /** Gives it back. */
  async end(): Promise<void> {
    await this.#writeNext(true);
    this.#revision = 0;
  }

  #writeNext(isDone: boolean): Promise<void> {
    const written = this.#writing.then(async () => {
      if (this.isHeld) this.#revision = await this.#put(this.#revision, isDone);
    });
    this.#writing = written.catch(() => {});
    return written;
  }

  async #put(after: number, isDone: boolean): Promise<number> {
    const holding: Holding = { node: this.#node, work: this.#work, isDone };
    const value = encoder.encode(JSON.stringify(holding));
    return await this.#values.put(this.#key, value, after) ?? 0;
  }
}

function holdingOf(value: Uint8Array): Holding | undefined {
  try {
    return JSON.parse(decoder.decode(value)) as Holding;
  } catch {
    return undefined;
  }
}
