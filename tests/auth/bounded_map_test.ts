import { strict as assert } from "node:assert";
import { BoundedMap } from "../../lib/auth/bounded_map.ts";

Deno.test("A bounded map forgets what was not used for longest, by number and by length", () => {
  const map = new BoundedMap<number>(3, 10);
  const left = () => ["a", "b", "c", "d", "e"].filter((key) => map.get(key) !== undefined).join("");
  for (const [index, key] of ["a", "b", "c"].entries()) map.set(key, index, 1);
  map.touch("a");
  map.set("d", 3, 1);
  assert.equal(left(), "acd");
  map.set("e", 4, 8);
  assert.equal(left(), "ade");
  map.set("e", 4, 11);
  assert.equal(left(), "ad", "too long by itself");
  map.set("a", 0, 10);
  assert.equal(left(), "a");
  map.delete("a");
  map.set("b", 1, 10);
  assert.equal(left(), "b", "what is forgotten counts no more");
  map.touch("none");
  assert.equal(map.get("none"), undefined);
});
