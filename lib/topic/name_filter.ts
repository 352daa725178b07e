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
  /** For each level, how a match goes on behind it at least: the levels up to the next wildcard, each with a slash before it. */
  readonly #rests: readonly string[];
  readonly #hashMatchesParent: boolean;
  readonly #startsWild: boolean;

  constructor(topicFilter: string, options: MatchOptions) {
    this.#levels = splitLevels(topicFilter);
    this.#rests = restsOf(this.#levels);
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
    // Where the last level ends that "+" matches.
    let wildEnd = -1;
    for (let depth = 0;; depth++) {
      const level = levels[depth];
      if (level === "#") return undefined;
      // The name has more levels than the filter, and so have all below the same parent.
      if (level === undefined) return afterBranch(name, wildEnd);
      const end = levelEnd(name, at);
      if (level !== "+") {
        const isSame = end - at === level.length && name.startsWith(level, at);
        if (!isSame) return this.#jumpTo(name, at, depth, wildEnd);
      } else wildEnd = end;
      if (end === name.length) return this.#jumpBelow(name, depth + 1);
      at = end + 1;
    }
  }

  /** The name differs from the filter in the level at `at`: jumps to that level below the same parent, or past the parent. */
  #jumpTo(name: string, at: number, depth: number, wildEnd: number): string {
    const wanted = name.slice(0, at) + this.#levels[depth];
    if (name < wanted) return wanted + this.#rests[depth];
    // Names such as "a-b" stand between "a" and "a/b".
    const below = `${wanted}/`;
    const hasMore = depth + 1 < this.#levels.length;
    if (hasMore && name < below) return wanted + (this.#rests[depth] || "/");
    return afterBranch(name, wildEnd);
  }

  /** The name has ended before the filter's level at `depth`. */
  #jumpBelow(name: string, depth: number): string | undefined {
    const level = this.#levels[depth];
    if (level === undefined || level === "#" && this.#hashMatchesParent) return undefined;
    // Names such as "a-b" stand between "a" and "a/b", and match a wildcard like "a".
    return this.#levels[depth - 1] === "+" ? `${name}\0` : `${name}/`;
  }
}

/** The first string after all names that begin with the levels up to the last one that may be another. */
function afterBranch(name: string, wildEnd: number): string {
  return wildEnd < 0 ? NO_MORE : name.slice(0, wildEnd) + AFTER_SLASH;
}

function restsOf(levels: readonly string[]): string[] {
  const rests: string[] = [];
  for (let depth = levels.length - 1; depth >= 0; depth--) {
    const next = levels[depth + 1];
    if (next === undefined || next === "#") rests[depth] = "";
    else rests[depth] = next === "+" ? "/" : `/${next}${rests[depth + 1]}`;
  }
  return rests;
}
