import { levelEnd, splitLevels } from "./levels.ts";

/** How a filter is compared with the retained topics. */
export interface MatchOptions {
  /** Whether `a/#` also matches `a`, as the standard requires. Default: true. */
  readonly hashMatchesParent?: boolean;
}

/** The code of "$". */
const DOLLAR = 0x24;
/** The first string after all strings that begin with "$". */
const AFTER_DOLLAR = "%";
/** The character after "/": a topic followed by it is the first string after all topics below that one. */
const AFTER_SLASH = "0";
/** There is no match after the name. */
export const NO_MORE = "";

/** Compares names in sorted order with one filter, and tells how far one may jump to the next match. */
export class NameFilter {
  readonly #levels: readonly string[];
  readonly #hashMatchesParent: boolean;
  readonly #startsWild: boolean;

  constructor(topicFilter: string, options: MatchOptions) {
    this.#levels = splitLevels(topicFilter);
    this.#hashMatchesParent = options.hashMatchesParent ?? true;
    this.#startsWild = topicFilter.startsWith("+") || topicFilter.startsWith("#");
  }

  /**
   * Returns `undefined` if the name matches. Otherwise a string after the name, and no name between the two matches; or
   * {@linkcode NO_MORE}.
   */
  jump(name: string): string | undefined {
    // A wildcard in first place does not match names that begin with "$". [MQTT-4.7.2-1]
    if (this.#startsWild && name.charCodeAt(0) === DOLLAR) return AFTER_DOLLAR;
    const levels = this.#levels;
    let at = 0;
    for (let depth = 0;; depth++) {
      const level = levels[depth];
      if (level === "#") return undefined;
      // The name has more levels than the filter, and so have all below the same parent.
      if (level === undefined) return afterBranch(name, at);
      const end = levelEnd(name, at);
      if (level !== "+") {
        const isSame = end - at === level.length && name.startsWith(level, at);
        if (!isSame) return this.#jumpTo(name, at, depth);
      }
      if (end === name.length) return this.#jumpBelow(name, depth + 1);
      at = end + 1;
    }
  }

  /** The name differs from the filter in the level at `at`: jumps to that level below the same parent, or leaves the parent. */
  #jumpTo(name: string, at: number, depth: number): string {
    const wanted = name.slice(0, at) + this.#levels[depth];
    if (name < wanted) return wanted;
    // Names such as "a-b" stand between "a" and "a/b".
    const below = `${wanted}/`;
    if (depth + 1 < this.#levels.length && name < below) return below;
    return afterBranch(name, at);
  }

  /** The name has ended before the filter's level at `depth`. */
  #jumpBelow(name: string, depth: number): string | undefined {
    const level = this.#levels[depth];
    if (level === undefined || level === "#" && this.#hashMatchesParent) return undefined;
    // Names such as "a-b" stand between "a" and "a/b", and match a wildcard like "a".
    return this.#levels[depth - 1] === "+" ? `${name}\0` : `${name}/`;
  }
}

/** The first string after all names that begin with the levels before `at`. */
function afterBranch(name: string, at: number): string {
  return at === 0 ? NO_MORE : name.slice(0, at - 1) + AFTER_SLASH;
}
