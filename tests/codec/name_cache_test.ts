import { strict as assert } from "node:assert";
import { NameCache } from "../../lib/codec/mod.ts";
import { Random } from "../support/random.ts";

const encoder = new TextEncoder();

function textOf(names: NameCache, name: string): string {
  const bytes = encoder.encode(`<${name}>`);
  return names.text(bytes, 1, bytes.length - 1);
}

Deno.test("a cache of names never mixes them up, however few slots it has", () => {
  const random = new Random(7);
  for (const slots of [1, 2, 64, 4096]) {
    const names = new NameCache(slots);
    for (let i = 0; i < 5000; i++) {
      const name = `ü/${random.int(300)}`;
      assert.equal(textOf(names, name), name, `seed ${random.seed}, ${slots} slots`);
    }
  }
});

Deno.test("names of every length up to beyond the longest remembered are right", () => {
  const names = new NameCache(16);
  for (let size = 0; size <= 260; size++) {
    for (const letter of ["a", "b", "a"]) {
      const name = letter.repeat(size);
      assert.equal(textOf(names, name), name);
      assert.equal(textOf(names, name), name);
    }
  }
});

Deno.test("a name that begins like a remembered one is another name", () => {
  const names = new NameCache(1);
  for (const name of ["a/b/c", "a/b", "a/b/c", "a/b/d"]) assert.equal(textOf(names, name), name);
});

Deno.test("a cache keeps bytes of its own", () => {
  const names = new NameCache();
  const bytes = encoder.encode("a/b");
  assert.equal(names.text(bytes, 0, 3), "a/b");
  bytes.set(encoder.encode("x/y"));
  assert.equal(textOf(names, "a/b"), "a/b");
  assert.equal(names.text(bytes, 0, 3), "x/y");
});
