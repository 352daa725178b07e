import { type MatchOptions, NameFilter, NO_MORE } from "./name_filter.ts";
import type { NameBlock } from "./name_block.ts";
import type { SortedNames } from "./sorted_names.ts";

/** The cost of a jump, in steps: 1 to 3 microseconds, where looking at the next name takes 0.2 to 0.5. */
const STEPS_PER_JUMP = 4;
/** A name counts for one step more for each 256 characters, because they are compared one by one. */
const LONG_BITS = 8;

/**
 * A walk over the names that match one filter, in their order. It can pause anywhere while names come and go: it knows the next string that
 * may match, so a name that is there during the whole walk is found once.
 */
export class SortedCursor<T> {
  readonly #names: SortedNames<T>;
  readonly #filter: NameFilter;
  /** The next name that may match is not before this string; with `#isPast`, it is after it. */
  #from = "";
  #isPast = false;
  /** Where that is, as long as the names have this version. */
  #block = 0;
  #at = 0;
  #version: number;
  #mustJump = false;
  #steps = 0;
  #isDone = false;
  #foundBlock: NameBlock<T> | undefined;
  #foundAt = 0;

  constructor(names: SortedNames<T>, topicFilter: string, options: MatchOptions) {
    this.#names = names;
    this.#filter = new NameFilter(topicFilter, options);
    this.#version = names.version;
  }

  /** Whether the walk is over. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** The cost so far: names looked at, and jumps. */
  get steps(): number {
    return this.#steps;
  }

  /** The block of the name found last. This and its place are valid until names come or go. */
  get block(): NameBlock<T> {
    return this.#foundBlock!;
  }

  /** Its place in the block. */
  get at(): number {
    return this.#foundAt;
  }

  /**
   * Finds the next match. Returns false when the walk is over, or after `maxSteps` steps without one: {@link isDone} tells which.
   * A jump or a long name at the end may take some steps more.
   */
  next(maxSteps = Infinity): boolean {
    if (this.#version !== this.#names.version) this.#mustJump = true;
    for (const end = this.#steps + maxSteps; this.#steps < end && !this.#isDone;) {
      if (this.#mustJump) {
        this.#steps += STEPS_PER_JUMP;
        this.#jump();
        continue;
      }
      const block = this.#names.block(this.#block);
      const name = block?.nameAt(this.#at);
      if (name !== undefined) this.#steps += 1 + (name.length >> LONG_BITS);
      const target = name === undefined ? NO_MORE : this.#filter.jump(name);
      if (target === NO_MORE) {
        this.#isDone = true;
        return false;
      }
      this.#foundBlock = block;
      this.#foundAt = this.#at;
      this.#isPast = target === undefined;
      this.#from = target ?? name!;
      this.#step();
      if (target === undefined) return true;
      const following = this.#names.block(this.#block)?.nameAt(this.#at);
      this.#mustJump = following !== undefined && following < target;
    }
    return false;
  }

  /** Goes to the next place. */
  #step(): void {
    const block = this.#names.block(this.#block)!;
    if (++this.#at < block.length) return;
    this.#block++;
    this.#at = 0;
  }

  /** Goes to the next string that may match. */
  #jump(): void {
    this.#mustJump = false;
    const { version } = this.#names;
    const { block, at } = this.#version === version
      ? this.#names.seekFrom(this.#block, this.#at, this.#from)
      : this.#names.seek(this.#from);
    this.#version = version;
    this.#block = block;
    this.#at = at;
    if (this.#isPast && this.#names.block(block)?.nameAt(at) === this.#from) this.#step();
  }
}
