import { deepEqual, equal } from "node:assert/strict";
import { FilterTrie } from "../../lib/topic/mod.ts";
import { ALL_FILTERS, ALL_NAMES, naiveMatches, randomFilter, randomName } from "./naive.ts";
import { collectGarbage } from "../support/garbage.ts";
import { Random } from "../support/random.ts";

function matched<T extends NonNullable<unknown>>(trie: FilterTrie<T>, topicName: string): T[] {
  const values: T[] = [];
  trie.match(topicName, (value) => values.push(value));
  return values;
}

for (const hashMatchesParent of [true, false]) {
  Deno.test(`FilterTrie agrees with the naive matcher in all small cases, hashMatchesParent ${hashMatchesParent} [MQTT-4.7.2-1] [v3 MQTT-4.7.2-1]`, () => {
    const trie = new FilterTrie<string>({ hashMatchesParent });
    for (const filter of ALL_FILTERS) trie.add(filter, filter);
    for (const name of ALL_NAMES) {
      const expected = ALL_FILTERS.filter((filter) =>
        naiveMatches(filter, name, hashMatchesParent)
      );
      deepEqual(matched(trie, name).sort(), expected.sort(), `name "${name}"`);
    }
  });

  Deno.test(`FilterTrie with one filter agrees with the naive matcher in all small cases, hashMatchesParent ${hashMatchesParent}`, () => {
    for (const filter of ALL_FILTERS) {
      const trie = new FilterTrie<string>({ hashMatchesParent });
      trie.add(filter, filter);
      for (const name of ALL_NAMES) {
        const expected = naiveMatches(filter, name, hashMatchesParent) ? 1 : 0;
        let found = 0;
        trie.match(name, () => found++);
        if (found !== expected) equal(found, expected, `filter "${filter}", name "${name}"`);
      }
      trie.delete(filter, filter);
      equal(trie.nodeCount, 0, `filter "${filter}"`);
    }
  });
}

Deno.test("a match compares characters as they are [MQTT-4.7.3-4] [v3 MQTT-4.7.3-4]", () => {
  const trie = new FilterTrie<string>();
  for (const filter of ["Å/+", "A\u030A/+", "å/+", "\uFEFFÅ/+"]) trie.add(filter, filter);
  deepEqual(matched(trie, "Å/x"), ["Å/+"]);
  deepEqual(matched(trie, "A\u030A/x"), ["A\u030A/+"]);
});

Deno.test("the same value under several filters is visited once for each that matches", () => {
  const trie = new FilterTrie<string>();
  for (const filter of ["a/b", "a/+", "a/#", "+/c"]) trie.add(filter, "value");
  deepEqual(matched(trie, "a/b"), ["value", "value", "value"]);
  trie.delete("a/#", "value");
  deepEqual(matched(trie, "a/b"), ["value", "value"]);
});

for (const filter of ["a/b", "a/+", "a/#"]) {
  Deno.test(`adding a value twice under "${filter}" is adding it once`, () => {
    const trie = new FilterTrie<string>();
    trie.add(filter, "one");
    const { version } = trie;
    trie.add(filter, "one");
    equal(trie.size, 1);
    equal(trie.version, version);
    trie.add(filter, "two");
    trie.add(filter, "one");
    trie.add(filter, "two");
    equal(trie.size, 2);
    equal(trie.version, version + 1);
    deepEqual(matched(trie, "a/b").sort(), ["one", "two"]);
  });

  Deno.test(`deleting what is not under "${filter}" changes nothing`, () => {
    const trie = new FilterTrie<string>();
    equal(trie.delete(filter, "one"), false);
    trie.add(filter, "one");
    trie.add(filter, "two");
    const { version, nodeCount } = trie;
    equal(trie.delete(filter, "three"), false);
    equal(trie.delete("a", "one"), false);
    equal(trie.delete("#", "one"), false);
    equal(trie.delete("a/x/+", "one"), false);
    equal(trie.size, 2);
    equal(trie.version, version);
    equal(trie.nodeCount, nodeCount);
  });

  Deno.test(`every change under "${filter}" gives another version`, () => {
    const trie = new FilterTrie<string>();
    const versions = new Set([trie.version]);
    for (const value of ["one", "two", "three"]) {
      trie.add(filter, value);
      versions.add(trie.version);
    }
    for (const value of ["two", "three", "one"]) {
      equal(trie.delete(filter, value), true);
      versions.add(trie.version);
    }
    equal(versions.size, 7);
    equal(trie.size, 0);
  });

  Deno.test(`ten thousand values under "${filter}" come and go`, () => {
    const trie = new FilterTrie<{ id: number }>();
    const values = Array.from({ length: 10_000 }, (_, id) => ({ id }));
    for (const value of values) trie.add(filter, value);
    deepEqual(new Set(matched(trie, "a/b")), new Set(values));
    for (const value of values.slice(1)) equal(trie.delete(filter, value), true);
    deepEqual(matched(trie, "a/b"), [values[0]]);
    equal(trie.delete(filter, values[0]!), true);
    equal(trie.nodeCount, 0);
  });
}

Deno.test("a value that is a Set is one value", () => {
  const trie = new FilterTrie<Set<number>>();
  const value = new Set([1, 2]);
  for (const filter of ["a", "+"]) {
    trie.add(filter, value);
    trie.add(filter, new Set([3]));
    equal(trie.delete(filter, value), true);
  }
  deepEqual(matched(trie, "a"), [new Set([3]), new Set([3])]);
});

Deno.test("deleting a filter cuts what nothing else needs, and no more", () => {
  const trie = new FilterTrie<string>();
  const filters = ["a/+", "a/+/c/d", "a/+/c/e/#", "a/+/+", "a/#", "#", "a/b"];
  const nodeCounts = filters.map((filter) => {
    const { nodeCount } = trie;
    trie.add(filter, filter);
    return nodeCount;
  });
  equal(trie.nodeCount, 6 + 1, "a a/+ a/+/c a/+/c/d a/+/c/e a/+/+, none for #, and a/b");
  for (const [i, filter] of [...filters.entries()].reverse()) {
    equal(trie.delete(filter, filter), true);
    equal(trie.nodeCount, nodeCounts[i], `after deleting "${filter}"`);
  }
});

Deno.test("levels that no branch parts are one node, and are joined again when a branch is cut off", () => {
  const trie = new FilterTrie<string>();
  const filters: [filter: string, nodeCount: number][] = [
    ["a/b/+/d/e/f", 1],
    ["a/b/+/d/e/g/h", 1 + 2],
    ["a/b/+/d", 1 + 2 + 1],
    ["+/b/c/d", 5],
    ["+/b/c/#", 6],
    ["+", 7],
  ];
  for (const [filter, nodeCount] of filters) {
    trie.add(filter, filter);
    equal(trie.nodeCount, nodeCount, `with "${filter}"`);
  }
  deepEqual(matched(trie, "a/b/x/d/e/g/h"), ["a/b/+/d/e/g/h"]);
  deepEqual(matched(trie, "a/b/x/d/e/g"), []);
  deepEqual(matched(trie, "a/b/c/d").sort(), ["+/b/c/#", "+/b/c/d", "a/b/+/d"]);
  for (const [i, [filter]] of [...filters.entries()].reverse()) {
    trie.delete(filter, filter);
    equal(trie.nodeCount, i === 0 ? 0 : filters[i - 1]![1], `without "${filter}"`);
  }
});

Deno.test("filters of 200 levels take no more than two nodes each, whatever they have in common", () => {
  const random = new Random(1);
  const trie = new FilterTrie<number>();
  const filters = Array.from({ length: 2000 }, () => {
    const levels = new Array<string>(199).fill("a");
    for (let i = random.int(3); i >= 0; i--) levels[random.int(199)] = String(random.int(3));
    return `${levels.join("/")}/+`;
  });
  for (const filter of filters) trie.add(filter, 1);
  equal(trie.nodeCount > 1000 && trie.nodeCount < 4000, true, `${trie.nodeCount} nodes`);
  for (const filter of filters) {
    equal(matched(trie, filter.replace("+", "x")).length, 1);
  }
  for (const filter of filters) trie.delete(filter, 1);
  equal(trie.nodeCount, 0);
});

Deno.test("filters of 200 levels take three times their own bytes of memory at most", () => {
  const trie = new FilterTrie<number>();
  const bytesBefore = heapBytes();
  let ownBytes = 0;
  for (let i = 0; i < 10_000; i++) {
    const filter = `${i}/${"a/".repeat(198)}+`;
    ownBytes += filter.length;
    trie.add(filter, 1);
  }
  const bytes = heapBytes() - bytesBefore;
  equal(trie.size, 10_000); // so that it was in use until here
  equal(bytes < 3 * ownBytes, true, `${bytes} bytes of heap for filters of ${ownBytes}`);
});

Deno.test("a match says what it cost: nodes looked at and entries found", () => {
  const trie = new FilterTrie<string>();
  const steps = (name: string) => trie.match(name, () => {});
  equal(steps("a/b"), 1, "the look-up of the whole name");
  trie.add("a/b", "one");
  trie.add("a/b", "two");
  equal(steps("a/b"), 1 + 2);
  equal(steps("b"), 1);
  for (let i = 0; i < 100; i++) trie.add("a/+", `${i}`);
  equal(steps("a/b") > 1 + 2 + 100, true, `${steps("a/b")} steps`);
  equal(steps("a/b") < 110, true, `${steps("a/b")} steps`);
  // Every one of 2^10 nodes is reached, and nothing found.
  const deep = new FilterTrie<string>();
  for (let bits = 0; bits < 1024; bits++) {
    const levels = Array.from({ length: 10 }, (_, i) => (bits >> i & 1) === 0 ? "a" : "+");
    deep.add(`${levels.join("/")}/z`, "value");
  }
  const looked = deep.match("a/a/a/a/a/a/a/a/a/a/y", () => {
    throw new Error("Nothing matches");
  });
  equal(looked > 2000 && looked < 3200, true, `${looked} steps`);
});

Deno.test("filters and names of ten thousand levels are no deeper for the stack", () => {
  const trie = new FilterTrie<string>();
  const deep = "+/".repeat(10_000);
  const filters = [`${deep}#`, `${deep}x/y`, `${"a/".repeat(10_000)}+`];
  for (const filter of filters) trie.add(filter, filter);
  equal(matched(trie, `${"a/".repeat(10_000)}x`).length, 2);
  for (const filter of filters) trie.delete(filter, filter);
  equal(trie.nodeCount, 0);
});

Deno.test("a visitor may add and delete", () => {
  const trie = new FilterTrie<string>();
  for (const value of ["one", "two", "three"]) {
    for (const filter of ["a/b", "a/+", "+/b", "#"]) trie.add(filter, value);
  }
  trie.match("a/b", (value) => {
    for (const filter of ["a/b", "a/+", "+/b", "#"]) trie.delete(filter, value);
    trie.add("+/+", value);
  });
  equal(trie.size, 3);
  deepEqual(matched(trie, "a/b").sort(), ["one", "three", "two"]);
});

Deno.test("random adds and deletes agree with a plain list", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new Random(seed);
    const hashMatchesParent = random.bool();
    const trie = new FilterTrie<number>({ hashMatchesParent });
    const model = new Map<string, { filter: string; value: number }>();
    const filters = Array.from({ length: 1 + random.int(60) }, () => random.pick(ALL_FILTERS));
    for (let step = 0; step < 300; step++) {
      const filter = random.pick(filters);
      const value = random.int(5);
      const key = `${filter} ${value}`;
      const { version } = trie;
      const isThere = model.has(key);
      // More comes than goes in the first half.
      const isAdd = random.int(10) < (step < 150 ? 7 : 3);
      if (isAdd) {
        trie.add(filter, value);
        model.set(key, { filter, value });
      } else {
        equal(trie.delete(filter, value), isThere, `seed ${seed}, step ${step}`);
        model.delete(key);
      }
      equal(trie.size, model.size, `seed ${seed}, step ${step}`);
      equal(trie.version !== version, isAdd !== isThere, `seed ${seed}, step ${step}`);
      const name = random.pick(ALL_NAMES);
      const expected = [...model.values()]
        .filter((entry) => naiveMatches(entry.filter, name, hashMatchesParent))
        .map((entry) => entry.value);
      deepEqual(matched(trie, name).sort(), expected.sort(), `seed ${seed}, step ${step}`);
    }
    for (const { filter, value } of model.values()) trie.delete(filter, value);
    equal(trie.nodeCount, 0, `seed ${seed}`);
  }
});

Deno.test("long random filters agree with a plain list, and leave the trie as if they had never been more", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const hashMatchesParent = random.bool();
    const trie = new FilterTrie<string>({ hashMatchesParent });
    const there = new Set<string>();
    const filters = Array.from({ length: 1 + random.int(80) }, () => randomFilter(random));
    for (let step = 0; step < 200; step++) {
      const filter = random.pick(filters);
      if (random.int(10) < (step < 100 ? 7 : 3)) {
        trie.add(filter, filter);
        there.add(filter);
      } else equal(trie.delete(filter, filter), there.delete(filter), `seed ${seed}`);
      const name = random.bool() ? randomName(random) : random.pick(filters)
        .replaceAll("+", "aa").replaceAll("#", "a");
      const expected = [...there].filter((one) => naiveMatches(one, name, hashMatchesParent));
      deepEqual(matched(trie, name).sort(), expected.sort(), `seed ${seed}, name "${name}"`);
    }
    const fresh = new FilterTrie<string>();
    for (const filter of there) fresh.add(filter, filter);
    equal(trie.nodeCount, fresh.nodeCount, `seed ${seed}`);
  }
});

Deno.test("what stays while a visitor adds and deletes is visited once", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed);
    const name = randomName(random);
    const levels = name.split("/");
    const filters = Array.from({ length: 2 + random.int(40) }, () => {
      const some = levels.map((level) => random.int(3) === 0 ? "+" : level);
      if (random.bool()) return some.join("/");
      return [...some.slice(0, random.int(some.length + 1)), "#"].join("/");
    });
    const trie = new FilterTrie<string>();
    const stayed = new Set<string>();
    for (const filter of filters) {
      if (random.int(3) === 0) continue;
      trie.add(filter, filter);
      if (naiveMatches(filter, name, true)) stayed.add(filter);
    }
    const visited: string[] = [];
    trie.match(name, (value) => {
      visited.push(value);
      for (let i = random.int(4); i > 0; i--) {
        const filter = random.pick(filters);
        if (random.bool()) trie.add(filter, filter);
        else {
          trie.delete(filter, filter);
          stayed.delete(filter);
        }
      }
    });
    for (const filter of stayed) {
      const times = visited.filter((value) => value === filter).length;
      equal(times, 1, `seed ${seed}, name "${name}", filter "${filter}"`);
    }
  }
});

function heapBytes(): number {
  collectGarbage();
  return Deno.memoryUsage().heapUsed;
}
