import { strict as assert } from "node:assert";
import { CASE_NAMES } from "./beside/names.ts";
import { BROKER_PROGRAMS } from "./programs/broker.ts";

/** How many programs there are in the tree that the list is of. */
const COUNT = 276;

Deno.test("each of mosquitto's broker test programs is in the list once, with what holds it", () => {
  const names = BROKER_PROGRAMS.map(([name]) => name);
  assert.equal(new Set(names).size, names.length);
  assert.equal(names.length, COUNT);
  const numbers = names.map((name) => /^\d\d/.exec(name)?.[0] ?? "00");
  assert.deepEqual(numbers, numbers.toSorted());
});

Deno.test("what the list of mosquitto's broker test programs names is there", () => {
  const root = new URL("../../", import.meta.url);
  const texts = new Map<string, string>();
  const wrong: string[] = [];
  for (const [name, , ...by] of BROKER_PROGRAMS) {
    assert.ok(by.length > 0, name);
    for (const one of by) {
      if (one.startsWith("none: ")) continue;
      if (one.startsWith("beside ")) {
        const begins = one.slice("beside ".length);
        if (!CASE_NAMES.some((found) => found.startsWith(begins))) wrong.push(`${name}: ${one}`);
        continue;
      }
      const [, file = "", text = ""] = /^(\S+): (.*)$/.exec(one) ?? [];
      if (!texts.has(file)) texts.set(file, Deno.readTextFileSync(new URL(file, root)));
      if (!texts.get(file)!.includes(text)) wrong.push(`${name}: ${one}`);
    }
  }
  assert.deepEqual(wrong, []);
});
