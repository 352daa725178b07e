import { strict as assert } from "node:assert";
import { apply, type Mutation } from "../../tasks/mutants/apply.ts";
import { MUTATIONS } from "../../tasks/mutants/table.ts";

const ROOT = new URL("../../", import.meta.url);
const MUTATION: Mutation = {
  what: "adds what it should take away",
  file: "some.ts",
  find: "a - b",
  put: "a + b",
  tests: ["tests/some_test.ts"],
};

Deno.test("a mutation changes its text, and nothing else", () => {
  assert.equal(apply("x(a - b);", MUTATION), "x(a + b);");
  assert.equal(apply("x(a - b);", { ...MUTATION, put: "$&" }), "x($&);");
});

Deno.test("a mutation whose text does not stand in its file, or stands there twice, is an error", () => {
  assert.throws(() => apply("x(a * b);", MUTATION), /Cannot mutate some\.ts.* 0 times/);
  assert.throws(() => apply("a - b; a - b", MUTATION), /Cannot mutate some\.ts.* 2 times/);
});

for (const mutation of MUTATIONS) {
  Deno.test(`the table follows the code: ${mutation.file}: ${mutation.what}`, async () => {
    const text = await Deno.readTextFile(new URL(mutation.file, ROOT));
    assert.notEqual(apply(text, mutation), text);
    assert.notEqual(mutation.tests.length, 0);
    for (const path of mutation.tests) assert.ok((await Deno.stat(new URL(path, ROOT))).isFile);
  });
}

Deno.test("no two mutations are the same, and none but of the rooms where a mistake hurts most", () => {
  const keys = MUTATIONS.map(({ file, find, put }) => [file, find, put].join("\n"));
  assert.equal(new Set(keys).size, keys.length);
  for (const { file } of MUTATIONS) {
    assert.match(file, /^lib\/(bridge|broker|session|store|topic)\//);
  }
});
