import { deepEqual, equal } from "node:assert/strict";
import { FilterTrie } from "../../lib/topic/mod.ts";
import { Random } from "../support/random.ts";
import { naiveMatches } from "./naive.ts";

const LEVELS = ["a", "b", "ab", "+"];

/** A filter of up to five levels, some of them ending in `#`: most of them match a name of as many `a`. */
function filterOf(random: Random): string {
  const levels = Array.from({ length: 1 + random.int(5) }, () => random.pick(LEVELS));
  if (random.int(4) === 0) levels.push("#");
  return levels.join("/");
}

Deno.test("a walk that rests finds once what stays while the trie changes at random, and nothing that does not match", () => {
  for (let seed = 1; seed <= 600; seed++) {
    const random = new Random(seed);
    const trie = new FilterTrie<{ filter: string }>();
    const model = new Map<string, { filter: string }>();
    const add = (filter: string) => {
      if (model.has(filter)) return;
      const value = { filter };
      model.set(filter, value);
      trie.add(filter, value);
    };
    const filters = Array.from({ length: 1 + random.int(80) }, () => filterOf(random));
    for (const filter of filters) if (random.bool()) add(filter);

    const name = Array.from({ length: 1 + random.int(5) }, () => random.pick(["a", "ab"])).join(
      "/",
    );
    const stayed = new Set(
      [...model.values()].filter(({ filter }) => naiveMatches(filter, name, true)),
    );
    const given: { filter: string }[] = [];
    const walk = trie.walk(name, (value) => void given.push(value));
    while (!walk.advance(1 + random.int(3))) {
      for (let changes = random.int(4); changes > 0; changes--) {
        const filter = random.pick(filters);
        const value = model.get(filter);
        if (random.bool() || value === undefined) add(filter);
        else {
          stayed.delete(value);
          model.delete(filter);
          trie.delete(filter, value);
        }
      }
    }

    for (const value of stayed) {
      const times = given.filter((one) => one === value).length;
      equal(times, 1, `seed ${seed}: "${value.filter}" stayed, and was found ${times} times`);
    }
    for (const { filter } of given) equal(naiveMatches(filter, name, true), true, `seed ${seed}`);
  }
});

Deno.test("a walk takes no more steps at a time than it is given, but for the values of one filter, and as many in all as a match", () => {
  const trie = new FilterTrie<number>();
  const levels = (i: number) => Array.from({ length: 10 }, (_, bit) => i >> bit & 1 ? "+" : "a");
  for (let i = 0; i < 1024; i++) trie.add(levels(i).join("/"), i);
  const name = levels(0).join("/");
  const found: number[] = [];
  const walk = trie.walk(name, (value) => void found.push(value));
  let rests = 0;
  for (let before = walk.steps; !walk.advance(20); before = walk.steps) {
    rests++;
    equal(walk.steps - before <= 23, true, `${walk.steps - before} steps`);
  }
  equal(rests > 100, true);
  deepEqual(found.toSorted((a, b) => a - b), Array.from({ length: 1024 }, (_, i) => i));
  equal(walk.steps, trie.match(name, () => {}));
});
