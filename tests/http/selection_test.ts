import { strict as assert } from "node:assert";
import { LevelSelection } from "../../lib/http/level_selection.ts";
import type { Cursor } from "../../lib/http/query.ts";
import { Selection } from "../../lib/http/selection.ts";
import { Random } from "../support/random.ts";

Deno.test("pages of a selection are what sorting everything gives, in both directions", () => {
  const random = new Random(1);
  for (let round = 0; round < 50; round++) {
    const items = Array.from({ length: random.int(60) }, (_, i) => ({
      key: random.int(8),
      name: `n${i}`,
    }));
    const isDescending = round % 2 === 1;
    const sorted = items.toSorted((a, b) =>
      (isDescending ? b.key - a.key : a.key - b.key) || (a.name < b.name ? -1 : 1)
    );
    const limit = 1 + random.int(10);
    const paged = [];
    let after: Cursor | undefined;
    while (true) {
      const selection = new Selection<typeof items[number]>(limit, after, isDescending);
      for (const item of items) selection.offer(item.key, item.name, item);
      const page = selection.page();
      paged.push(...page.items);
      if (page.next === undefined) break;
      after = page.next;
    }
    assert.deepEqual(paged, sorted);
  }
});

Deno.test("levels of pages have whole counts, however the topics are offered", () => {
  const random = new Random(2);
  for (let round = 0; round < 50; round++) {
    const topics = Array.from({ length: 80 }, () => `l${random.int(20)}`);
    const counts = new Map<string, number>();
    for (const level of topics) counts.set(level, (counts.get(level) ?? 0) + 1);
    const limit = 1 + random.int(6);
    const paged: [string, number][] = [];
    let after: string | undefined;
    while (true) {
      const selection = new LevelSelection(limit, after);
      for (const level of topics) selection.offer(level, false);
      const page = selection.page();
      paged.push(...page.items.map(({ level, messages }): [string, number] => [level, messages]));
      if (page.next === undefined) break;
      after = page.next;
    }
    assert.deepEqual(paged, [...counts].toSorted());
  }
});
