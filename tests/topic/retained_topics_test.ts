import { deepEqual, equal } from "node:assert/strict";
import { ApartName, RetainedTopics, type RetainedWalk } from "../../lib/topic/mod.ts";
import { ALL_FILTERS, ALL_NAMES, naiveMatches, randomFilter, randomName } from "./naive.ts";
import { Random } from "../support/random.ts";

/** Where every name is its own value. What is asked for twice stands sorted in; where it is not, in a list. */
function trieOf(names: Iterable<string>, isIndexed = true): RetainedTopics<string> {
  const trie = new RetainedTopics<string>();
  for (const name of names) trie.set(name, name);
  if (isIndexed) index(trie);
  return trie;
}

/** Asks with a wildcard, twice: everything is sorted in then. */
function index<T extends NonNullable<unknown>>(topics: RetainedTopics<T>): void {
  for (let i = 0; i < 2; i++) rest(topics.matches("#"));
}

function rest<T extends NonNullable<unknown>>(walk: RetainedWalk<T>): T[] {
  const values: T[] = [];
  for (let value = next(walk); value !== undefined; value = next(walk)) values.push(value);
  return values;
}

/** The next value where none is apart. */
function next<T extends NonNullable<unknown>>(
  walk: RetainedWalk<T>,
  maxSteps?: number,
): T | undefined {
  const value = walk.next(maxSteps);
  if (value instanceof ApartName) throw new Error(`${value.topicName} is apart`);
  return value;
}

for (const hashMatchesParent of [true, false]) {
  for (const isIndexed of [true, false]) {
    const place = isIndexed ? "sorted in" : "not yet sorted in";
    Deno.test(`RetainedTopics agrees with the naive matcher in all small cases, names ${place}, hashMatchesParent ${hashMatchesParent} [MQTT-4.7.2-1] [v3 MQTT-4.7.2-1]`, () => {
      const indexed = trieOf(ALL_NAMES);
      for (const filter of ALL_FILTERS) {
        const expected = ALL_NAMES.filter((name) => naiveMatches(filter, name, hashMatchesParent));
        const trie = isIndexed ? indexed : trieOf(ALL_NAMES, false);
        const actual = rest(trie.matches(filter, { hashMatchesParent }));
        deepEqual(actual.sort(), expected.sort(), `filter "${filter}"`);
      }
    });
  }
}

Deno.test("names get among the sorted when they are passed by for the second time", () => {
  const trie = trieOf(["a/b", "c"], false);
  rest(trie.matches("a/b"));
  rest(trie.matches("a/b"));
  equal(trie.sortedCount, 0, "a name is no wildcard");
  rest(trie.matches("+/b"));
  equal(trie.sortedCount, 0);
  trie.set("d", "d");
  rest(trie.matches("#"));
  equal(trie.sortedCount, 2, "not yet the one that came between");
  rest(trie.matches("#"));
  equal(trie.sortedCount, 3);
});

Deno.test("names that come and go while nobody asks with wildcards leave nothing behind", () => {
  const trie = trieOf(["stays/a", "stays/b"], false);
  for (let i = 0; i < 20_000; i++) {
    trie.set(`goes/${i}`, "x");
    trie.delete(`goes/${i}`);
  }
  let steps = 0;
  const walk = trie.matches("#");
  for (; !walk.isDone; steps++) walk.next(1);
  // A step passes one entry by, so this counts what is left of those that went.
  equal(steps < 2100, true, `${steps} steps`);
  deepEqual(rest(trie.matches("#")).sort(), ["stays/a", "stays/b"]);
});

Deno.test("set(), get() and delete() hold one value for every name", () => {
  const trie = new RetainedTopics<string>();
  for (const name of ALL_NAMES) equal(trie.set(name, `${name} one`), undefined);
  equal(trie.size, ALL_NAMES.length);
  for (const name of ALL_NAMES) equal(trie.set(name, `${name} two`), `${name} one`);
  equal(trie.size, ALL_NAMES.length);
  for (const name of ALL_NAMES) equal(trie.get(name), `${name} two`);
  index(trie);
  for (const name of ALL_NAMES) {
    equal(trie.delete(name), `${name} two`);
    equal(trie.delete(name), undefined);
    equal(trie.get(name), undefined);
  }
  equal(trie.size, 0);
  equal(trie.sortedCount, 0);
});

Deno.test("get() and delete() know nothing of names on the way to others", () => {
  const trie = trieOf(["a/b/c"]);
  for (const name of ["a", "a/b", "a/b/", "a/b/c/d", "", "b"]) {
    equal(trie.get(name), undefined);
    equal(trie.delete(name), undefined);
  }
  equal(trie.size, 1);
  equal(trie.sortedCount, 1);
});

Deno.test("a cursor rests after as many steps as it is allowed, and goes on", () => {
  const names = Array.from({ length: 100 }, (_, i) => `${i}/${i < 98 ? "a" : "x"}`);
  const cursor = trieOf(names).matches("+/x");
  const found: string[] = [];
  let slices = 0;
  while (!cursor.isDone) {
    const value = next(cursor, 10);
    if (value !== undefined) found.push(value);
    slices++;
  }
  deepEqual(found.sort(), ["98/x", "99/x"]);
  equal(slices > 10, true, `${slices} slices`);
  equal(cursor.next(), undefined);
});

Deno.test("a name or a filter of ten thousand levels is no deeper for the stack", () => {
  const name = `${"a/".repeat(10_000)}a`;
  const trie = trieOf([name]);
  for (const filter of ["#", name, `${"+/".repeat(10_000)}+`, `${"+/".repeat(5_000)}#`]) {
    deepEqual(rest(trie.matches(filter)), [name]);
  }
  equal(trie.size, 1);
  trie.delete(name);
  equal(trie.sortedCount, 0);
});

Deno.test("a cursor in a branch that is cut off and grows again does not fail", () => {
  const trie = trieOf(["a/b/c", "a/b/d", "e"]);
  const cursor = trie.matches("#");
  equal(cursor.next(), "a/b/c");
  trie.delete("a/b/c");
  trie.delete("a/b/d");
  trie.set("a/b/c", "new");
  trie.set("a/b/f", "new");
  const values = rest(cursor);
  equal(values.includes("e"), true, "what stayed is given");
  equal(values.includes("a/b/d"), false, "what went is not");
});

Deno.test("an only child that gets a sibling while a cursor waits before it is given once", () => {
  const trie = trieOf(["a", "a/b"]);
  const cursor = trie.matches("a/#");
  equal(cursor.next(), "a");
  trie.set("a/c", "a/c");
  equal(rest(cursor).filter((value) => value === "a/b").length, 1);
});

Deno.test("siblings that go and come back do not hide one that stays", () => {
  const trie = trieOf(["a/b", "a/c", "a/d"]);
  const cursor = trie.matches("a/+");
  const first = next(cursor)!;
  const [gone, stays] = ["a/b", "a/c", "a/d"].filter((name) => name !== first);
  trie.delete(first);
  trie.delete(gone!);
  trie.set(first, first);
  trie.set(gone!, gone!);
  equal(rest(cursor).filter((value) => value === stays).length, 1);
});

const KINDS: [
  kind: string,
  nameOf: (random: Random) => string,
  filterOf: (random: Random) => string,
][] = [
  ["short", (random) => random.pick(ALL_NAMES), (random) => random.pick(ALL_FILTERS)],
  ["long", randomName, randomFilter],
];

for (const [kind, nameOf, filterOf] of KINDS) {
  Deno.test(`a walk gives every name that stays once while the trie changes at random, ${kind} names`, () => {
    for (let seed = 1; seed <= 400; seed++) {
      const random = new Random(seed);
      const trie = new RetainedTopics<{ name: string }>();
      const model = new Map<string, { name: string }>();
      const set = (name: string) => {
        const value = { name };
        equal(trie.set(name, value), model.get(name), `seed ${seed}`);
        model.set(name, value);
      };
      const names = Array.from({ length: 1 + random.int(120) }, () => nameOf(random));
      for (const name of names) if (random.bool()) set(name);
      // Some sorted in, some passed by once, some new.
      for (let asked = random.int(3); asked > 0; asked--) rest(trie.matches("#"));
      for (const name of names) if (random.int(5) === 0) set(name);

      const filter = filterOf(random);
      const stayed = new Set([...model.keys()].filter((name) => naiveMatches(filter, name, true)));
      const everThere = new Set(model.values());
      const given: { name: string }[] = [];
      const cursor = trie.matches(filter);
      while (!cursor.isDone) {
        const value = next(cursor, 1 + random.int(3));
        if (value !== undefined) given.push(value);
        // Another walk moves names among the sorted meanwhile.
        if (random.int(5) === 0) trie.matches("#").next(1 + random.int(5));
        for (let changes = random.int(4); changes > 0; changes--) {
          const name = random.pick(names);
          if (random.bool()) {
            stayed.delete(name);
            equal(trie.delete(name), model.get(name), `seed ${seed}`);
            model.delete(name);
          } else {
            set(name);
            everThere.add(model.get(name)!);
          }
        }
      }

      for (const name of stayed) {
        const times = given.filter((value) => value.name === name).length;
        equal(times, 1, `seed ${seed}, filter "${filter}": "${name}" stayed, given ${times} times`);
      }
      for (const value of given) {
        equal(everThere.has(value), true, `seed ${seed}: "${value.name}" was there`);
        equal(naiveMatches(filter, value.name, true), true, `seed ${seed}, filter "${filter}"`);
      }
      equal(new Set(given).size, given.length, `seed ${seed}: no value twice`);
      equal(trie.size, model.size, `seed ${seed}`);
      for (const [name, value] of model) equal(trie.get(name), value, `seed ${seed}`);
      index(trie);
      const fresh = new RetainedTopics<string>();
      for (const name of model.keys()) fresh.set(name, name);
      index(fresh);
      equal(trie.sortedCount, fresh.sortedCount, `seed ${seed}: as if it had never held others`);
      for (const name of model.keys()) trie.delete(name);
      equal(trie.sortedCount, 0, `seed ${seed}`);
    }
  });
}

Deno.test("long random names agree with the naive matcher", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new Random(seed);
    const hashMatchesParent = random.bool();
    const names = [...new Set(Array.from({ length: 100 }, () => randomName(random)))];
    const trie = trieOf(names);
    for (let i = 0; i < 20; i++) {
      const filter = randomFilter(random);
      const expected = names.filter((name) => naiveMatches(filter, name, hashMatchesParent));
      const actual = rest(trie.matches(filter, { hashMatchesParent }));
      deepEqual(actual.sort(), expected.sort(), `seed ${seed}, filter "${filter}"`);
    }
  }
});

Deno.test("a walk says what it cost, and takes no more steps than it is given", () => {
  const names = Array.from({ length: 4900 }, (_, i) => `${i % 70}/${Math.floor(i / 70)}/x`);
  const trie = trieOf(names, false);
  const first = trie.matches("+/+/y");
  equal(first.steps, 0);
  for (let calls = 1; !first.isDone; calls++) {
    first.next(100);
    equal(first.steps <= calls * 100, true, `${first.steps} steps after ${calls} calls`);
  }
  equal(first.steps, 4900, "each name is held against the filter");
  const second = trie.matches("+/+/y");
  for (let calls = 1; !second.isDone; calls++) {
    const before = second.steps;
    equal(second.next(100), undefined);
    // A jump may be one of the last steps, and counts for four.
    equal(second.steps - before <= 103, true, `${second.steps - before} steps`);
  }
  equal(second.steps > 10 * 4900, true, "names are put among the sorted");
  const third = trie.matches("+/+/y");
  equal(third.next(), undefined);
  equal(third.steps >= 4900 && third.steps < 5200, true, `${third.steps} steps`);
  const one = trie.matches("1/2/x");
  equal(one.next(1), "1/2/x");
  equal(one.steps, 1);
});

Deno.test("a walk that passes by names which others have put among the sorted meanwhile keeps to its steps", () => {
  const trie = trieOf(["a"]);
  const walk = trie.matches("#");
  equal(walk.next(1), "a");
  for (let i = 0; i < 1000; i++) trie.set(`b/${i}`, "new");
  index(trie);
  for (let before = walk.steps; !walk.isDone; before = walk.steps) {
    equal(walk.next(10), undefined);
    equal(walk.steps - before <= 13, true, `${walk.steps - before} steps`);
  }
});
