import type { Random } from "../support/random.ts";

/** The rules of matching, once more and as plainly as can be: what the library's matchers are held against. */
export function naiveMatches(filter: string, name: string, hashMatchesParent: boolean): boolean {
  if (name.startsWith("$") && (filter.startsWith("+") || filter.startsWith("#"))) return false;
  return matchLevels(filter.split("/"), name.split("/"), hashMatchesParent);
}

function matchLevels(filter: string[], name: string[], hashMatchesParent: boolean): boolean {
  if (filter[0] === "#") return name.length > 0 || hashMatchesParent;
  if (filter.length === 0 || name.length === 0) return filter.length === name.length;
  if (filter[0] !== "+" && filter[0] !== name[0]) return false;
  return matchLevels(filter.slice(1), name.slice(1), hashMatchesParent);
}

/** All topics of up to `maxLevels` levels, each one of `alphabet`; the empty string is none. */
export function allTopics(alphabet: readonly string[], maxLevels: number): string[] {
  let longest = [...alphabet];
  const all = [...longest];
  for (let levels = 2; levels <= maxLevels; levels++) {
    longest = longest.flatMap((topic) => alphabet.map((level) => `${topic}/${level}`));
    all.push(...longest);
  }
  return all.filter((topic) => topic !== "");
}

/** The levels of the small cases. */
export const NAME_LEVELS: readonly string[] = ["a", "b", "", "$a"];

/** Every name of up to four levels over a small alphabet. */
export const ALL_NAMES: readonly string[] = allTopics(NAME_LEVELS, 4);

/** Every valid filter of up to four levels over the same alphabet and the wildcards. */
export const ALL_FILTERS: readonly string[] = allTopics([...NAME_LEVELS, "+", "#"], 4)
  .filter((filter) => !filter.includes("#/"));

/** Levels that begin alike, and one that is long enough to be a view of the topic that it was cut from. */
const LIKE_LEVELS: readonly string[] = ["a", "aa", "ab", "", "$a", "a level of some length", "b"];

/** A name of up to twelve levels, mostly the same, so that many have long beginnings in common. */
export function randomName(random: Random): string {
  for (;;) {
    const levels = Array.from({ length: 1 + random.int(12) }, () => randomLevel(random));
    if (levels.length > 1 || levels[0] !== "") return levels.join("/");
  }
}

/** As {@link randomName}, with wildcards here and there. */
export function randomFilter(random: Random): string {
  const levels = randomName(random).split("/").map((level) => random.int(6) === 0 ? "+" : level);
  if (random.int(4) === 0) levels.push("#");
  return random.int(30) === 0 ? "#" : levels.join("/");
}

function randomLevel(random: Random): string {
  return random.int(3) > 0 ? "a" : random.pick(LIKE_LEVELS);
}
