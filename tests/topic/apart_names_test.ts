import { deepEqual, equal, ok } from "node:assert/strict";
import { ApartName, RetainedTopics, type RetainedWalk } from "../../lib/topic/mod.ts";
import { SortedNames } from "../../lib/topic/sorted_names.ts";
import { naiveMatches, randomFilter, randomName } from "./naive.ts";
import { collectGarbage } from "../support/garbage.ts";
import { Random } from "../support/random.ts";

/** Puts a value apart, however many calls that takes. */
function putApart<T extends NonNullable<unknown>>(
  topics: RetainedTopics<T>,
  topicName: string,
  sizeBytes: number,
): void {
  while (!topics.putApart(topicName, sizeBytes));
}

function rest<T extends NonNullable<unknown>>(walk: RetainedWalk<T>): (T | string)[] {
  const found: (T | string)[] = [];
  for (let one = walk.next(); one !== undefined; one = walk.next()) {
    found.push(one instanceof ApartName ? `${one.topicName} ${one.sizeBytes}` : one);
  }
  return found;
}

Deno.test("a value that is put apart leaves its name and size", () => {
  const topics = new RetainedTopics<string>();
  for (const name of ["a", "b", "c/d"]) topics.set(name, `value of ${name}`);
  putApart(topics, "b", 7);
  topics.addApart("c", 9);
  deepEqual([topics.size, topics.apartCount], [4, 2]);
  deepEqual(rest(topics.matches("#")).sort(), ["b 7", "c 9", "value of a", "value of c/d"]);
  deepEqual(rest(topics.matches("b")), ["b 7"]);
  deepEqual(rest(topics.matches("c/#")), ["c 9", "value of c/d"]);
  const before = topics.set("b", "new");
  equal(before instanceof ApartName && before.sizeBytes, 7);
  equal(topics.get("b"), "new");
  const deleted = topics.delete("c");
  equal(deleted instanceof ApartName && deleted.sizeBytes, 9);
  equal(topics.get("c"), undefined);
  equal(topics.delete("c"), undefined);
  deepEqual([topics.size, topics.apartCount], [3, 0]);
});

Deno.test("a name that is apart is current until its value is set or deleted", () => {
  const topics = new RetainedTopics<string>();
  topics.addApart("a", 1);
  topics.addApart("b", 1);
  const changes: [what: string, change: () => void][] = [
    ["set", () => topics.set("a", "new")],
    ["set and put apart again", () => {
      topics.set("a", "new");
      putApart(topics, "a", 1);
    }],
    ["deleted", () => topics.delete("a")],
  ];
  for (const [what, change] of changes) {
    if (!(topics.get("a") instanceof ApartName)) putApart(topics, "a", 1);
    const [a, b] = [topics.get("a"), topics.get("b")];
    equal(a instanceof ApartName && a.isCurrent, true, what);
    change();
    equal(a instanceof ApartName && a.isCurrent, false, what);
    equal(b instanceof ApartName, true);
  }
});

Deno.test("a round gives each value in memory its turn, and goes on while values come and go", () => {
  const topics = new RetainedTopics<string>();
  equal(topics.cycle(), undefined);
  for (const name of ["a", "b", "c"]) topics.set(name, name);
  deepEqual(Array.from({ length: 4 }, () => topics.cycle()), ["a", "b", "c", "a"]);
  putApart(topics, "b", 1);
  topics.set("d", "d");
  deepEqual(Array.from({ length: 4 }, () => topics.cycle()), ["c", "d", "a", "c"]);
});

Deno.test("putting a value apart sorts in a few names at a time", () => {
  const topics = new RetainedTopics<string>();
  for (let i = 0; i < 1000; i++) topics.set(`${i}`, "x");
  let calls = 1;
  for (; !topics.putApart("999", 1); calls++);
  equal(calls > 10 && calls < 200, true, `${calls} calls`);
  equal(rest(topics.matches("#")).length, 1000);
});

Deno.test("a walk gives every name that stays once while values are put apart and fetched at random", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const random = new Random(seed);
    const topics = new RetainedTopics<{ name: string }>();
    const present = new Set<string>();
    const names = [
      ...new Set(Array.from({ length: 1 + random.int(200) }, () => randomName(random))),
    ];
    const isApart = (name: string) => topics.get(name) instanceof ApartName;
    const change = () => {
      const name = random.pick(names);
      switch (random.int(4)) {
        case 0:
          topics.set(name, { name });
          present.add(name);
          return;
        case 1:
          equal(topics.delete(name) !== undefined, present.delete(name), `seed ${seed}`);
          return stayed.delete(name);
        default:
          if (present.has(name) && !isApart(name)) putApart(topics, name, name.length);
      }
    };
    let stayed = new Set<string>();
    for (let i = 0; i < 300; i++) {
      change();
      if (random.int(100) === 0) rest(topics.matches("#"));
    }
    const filter = random.int(3) === 0 ? "#" : randomFilter(random);
    stayed = new Set([...present].filter((name) => naiveMatches(filter, name, true)));
    const found = new Map<string, number>();
    const walk = topics.matches(filter);
    while (!walk.isDone) {
      const one = walk.next(1 + random.int(3));
      if (one !== undefined) {
        const name = one instanceof ApartName ? one.topicName : one.name;
        equal(
          naiveMatches(filter, name, true),
          true,
          `seed ${seed}, filter "${filter}": "${name}"`,
        );
        equal(present.has(name), true, `seed ${seed}: "${name}" is there`);
        found.set(name, (found.get(name) ?? 0) + 1);
      }
      if (random.int(5) === 0) topics.matches("#").next(1 + random.int(20));
      if (random.int(5) === 0) topics.pack(1 + random.int(3));
      for (let changes = random.int(3); changes > 0; changes--) change();
    }
    for (const name of stayed) {
      equal(found.get(name), 1, `seed ${seed}, filter "${filter}": "${name}" stayed`);
    }
    equal(topics.size, present.size, `seed ${seed}`);
    const apart = [...present].filter(isApart).length;
    equal(topics.apartCount, apart, `seed ${seed}`);
  }
});

Deno.test("sorted names are found, whatever was added and removed before", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new Random(seed);
    const sorted = new SortedNames<number>();
    const model = new Map<string, number>();
    for (let i = 0; i < 3000; i++) {
      const name = `${random.int(1500)}`;
      const place = sorted.find(name);
      equal(place !== undefined, model.has(name));
      if (place === undefined) {
        sorted.add(name, i, i);
        model.set(name, i);
      } else if (random.int(3) > 0 === i > 1500) {
        sorted.remove(place);
        model.delete(name);
      } else {
        sorted.replace(place, i);
        model.set(name, i);
      }
    }
    equal(sorted.size, model.size);
    const all: [string, number][] = [];
    for (let number = 0; sorted.block(number) !== undefined; number++) {
      const block = sorted.block(number)!;
      equal(block.length > 0 && block.length <= 128, true);
      for (let at = 0; at < block.length; at++) all.push([block.nameAt(at)!, block.items[at]!]);
    }
    deepEqual(all, [...model].sort(([a], [b]) => a < b ? -1 : 1));
  }
});

Deno.test("names are found and walked over alike whether blocks are packed or not", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new Random(seed);
    const sorted = new SortedNames<number>();
    const model = new Map<string, number>();
    for (let i = 0; i < 3000; i++) {
      const name = `${"\u00e9\u20ac/".repeat(random.int(3))}${random.int(900)}`;
      const place = sorted.find(name);
      equal(place !== undefined, model.has(name), `seed ${seed}: ${name}`);
      if (random.int(100) === 0) sorted.pack(1 + random.int(20));
      if (place === undefined) {
        sorted.add(name, i, i);
        model.set(name, i);
      } else if (random.int(3) === 0) {
        sorted.remove(place);
        model.delete(name);
      } else {
        sorted.replace(place, i);
        model.set(name, i);
      }
    }
    while (sorted.pack(5) !== "done");
    const all: [string, number][] = [];
    for (let number = 0; sorted.block(number) !== undefined; number++) {
      const block = sorted.block(number)!;
      ok(block.isPacked);
      for (let at = 0; at < block.length; at++) all.push([block.nameAt(at)!, block.items[at]!]);
      equal(block.nameAt(block.length), undefined);
      equal(block.first, block.nameAt(0));
    }
    deepEqual(all, [...model].sort(([a], [b]) => a < b ? -1 : 1), `seed ${seed}`);
    for (let i = 0; i < 50; i++) {
      const from = sorted.seek(`${random.int(900)}`);
      const name = `${random.int(900)}`;
      const direct = sorted.seek(name);
      if (direct.block < from.block || direct.block === from.block && direct.at < from.at) continue;
      deepEqual(sorted.seekFrom(from.block, from.at, name), direct, `seed ${seed}`);
    }
  }
});

Deno.test("packing waits for blocks in which names come and go, and leaves very long names as they are", () => {
  const sorted = new SortedNames<number>();
  for (let i = 0; i < 1000; i++) sorted.add(`t/${1000 + i}`, i, i);
  const blocks = () => {
    const all = [];
    for (let number = 0; sorted.block(number) !== undefined; number++) {
      all.push(sorted.block(number)!);
    }
    return all;
  };
  equal(sorted.pack(3), "more");
  equal(sorted.pack(100), "later");
  sorted.add("t/1000x", 1, 1000);
  equal(sorted.pack(100), "later");
  deepEqual(blocks().map(({ isPacked }) => isPacked).indexOf(false), 0);
  equal(blocks().filter(({ isPacked }) => !isPacked).length, 2);
  equal(sorted.pack(100), "done");
  equal(blocks().filter(({ isPacked }) => !isPacked).length, 0);
  sorted.replace(sorted.find("t/1500")!, 7);
  equal(sorted.pack(100), "done", "a value is changed without a name");
  const long = "u/".repeat(30_000);
  for (let i = 0; i < 3; i++) sorted.add(`${long}${i}`, i, i);
  while (sorted.pack(100) === "later");
  equal(blocks().filter(({ isPacked }) => !isPacked).length, 1);
  equal(sorted.find(`${long}2`)!.at, blocks().at(-1)!.length - 1);
});

Deno.test("names of a store, which come in order, are packed at once", () => {
  const topics = new RetainedTopics<string>();
  const names = Array.from({ length: 1000 }, (_, i) => `t/${1000 + i}`);
  for (const name of names) topics.addApart(name, 5);
  deepEqual(rest(topics.matches("#")), names.map((name) => `${name} 5`));
  const { cursor } = topics.places("#", {});
  while (cursor.next()) equal(cursor.block.isPacked, cursor.block.first < "t/1896");
});

Deno.test("packed names take 35 bytes beside their characters at most", () => {
  const topics = new RetainedTopics<string>();
  collectGarbage();
  const before = Deno.memoryUsage().heapUsed;
  const count = 100_000;
  // Scattered, so that blocks are not full.
  for (let i = 0; i < count; i++) {
    const n = i * 7919 % count;
    topics.addApart(`site/${n % 100}/device/${Math.floor(n / 100)}/temp`, 100);
  }
  while (topics.pack(1000) !== "done");
  collectGarbage();
  const perName = (Deno.memoryUsage().heapUsed - before) / count;
  ok(perName < 24 + 35, `${perName} bytes for each name`);
  equal(topics.get("site/7/device/700/temp") instanceof ApartName, true);
});

Deno.test("names that come and go leave nothing behind, whether a round rests or not", () => {
  const topics = new RetainedTopics<number>();
  const comeAndGo = (count: number) => {
    for (let i = 0; i < count; i++) {
      topics.set(`t/${i}`, i);
      topics.delete(`t/${i}`);
    }
    collectGarbage();
    return Deno.memoryUsage().heapUsed;
  };
  topics.set("first", 1);
  topics.cycle();
  const before = comeAndGo(20_000);
  const grownBytes = comeAndGo(200_000) - before;
  // What 200,000 names would leave behind takes 10 MB.
  ok(grownBytes < 5_000_000, `${grownBytes} bytes more`);
  equal(topics.cycle(), 1);
});
