import { deepEqual, equal } from "node:assert/strict";
import { FilterTrie } from "../../lib/topic/mod.ts";
import { ALL_FILTERS, ALL_NAMES, naiveMatches } from "./naive.ts";
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
