import { strict as assert } from "node:assert";
import { circlesIn, importsOf } from "../../tasks/circles.ts";

/** The circles of files with these texts, each as its members in order of their names. */
async function circlesOf(files: Readonly<Record<string, string>>): Promise<string[][]> {
  const directory = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(files)) {
      const file = `${directory}/${path}`;
      await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(file, text);
    }
    const imports = await importsOf(new URL(`file://${directory}/`), "lib/");
    return circlesIn(imports).map((circle) => circle.toSorted());
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const TWO = [["lib/a.ts", "lib/b.ts"]];

/** How `lib/a.ts` and `lib/b.ts` may come to need each other. */
const pairs: [what: string, a: string, b: string][] = [
  [
    "values",
    `import { b } from "./b.ts"; export const a = () => b;`,
    `import { a } from "./a.ts"; export const b = () => a;`,
  ],
  [
    "types",
    `import type { B } from "./b.ts"; export interface A { b?: B }`,
    `import type { A } from "./a.ts"; export interface B { a?: A }`,
  ],
  [
    "a value and a type",
    `import { b } from "./b.ts"; export type A = typeof b;`,
    `import { type A } from "./a.ts"; export const b = (a?: A) => a;`,
  ],
  [
    "import() as a type",
    `export type A = import("./b.ts").B;`,
    `export type B = import("./a.ts").A | 1;`,
  ],
  [
    "typeof import()",
    `export type A = typeof import("./b.ts");`,
    `import type { A } from "./a.ts"; export const b = (a?: A) => a;`,
  ],
  [
    "export … from",
    `export { b } from "./b.ts"; export const a = 1;`,
    `export * from "./a.ts"; export const b = 2;`,
  ],
  [
    "an import() that happens later",
    `export const a = () => import("./b.ts");`,
    `import type { a } from "./a.ts"; export type B = typeof a;`,
  ],
];
for (const [what, a, b] of pairs) {
  Deno.test(`a circle of two files by ${what} is found`, async () => {
    assert.deepEqual(await circlesOf({ "lib/a.ts": a, "lib/b.ts": b }), TWO);
  });
}

Deno.test("a circle of three files in two folders is found", async () => {
  const files = {
    "lib/a.ts": `import "./x/b.ts";`,
    "lib/x/b.ts": `import type {} from "./c.ts";`,
    "lib/x/c.ts": `export * from "../a.ts";`,
  };
  assert.deepEqual(await circlesOf(files), [["lib/a.ts", "lib/x/b.ts", "lib/x/c.ts"]]);
});

Deno.test("two circles through one file are two", async () => {
  const files = {
    "lib/a.ts": `import "./b.ts"; import "./c.ts";`,
    "lib/b.ts": `import "./a.ts";`,
    "lib/c.ts": `import "./a.ts";`,
  };
  assert.deepEqual(await circlesOf(files), [
    ["lib/a.ts", "lib/b.ts"],
    ["lib/a.ts", "lib/c.ts"],
  ]);
});

Deno.test("a file that imports itself is a circle", async () => {
  assert.deepEqual(await circlesOf({ "lib/a.ts": `import "./a.ts";` }), [["lib/a.ts"]]);
});

Deno.test("imports that part and meet again are no circle, nor is a name in a comment or a string", async () => {
  const files = {
    "lib/a.ts": `import "./b.ts"; import "./c.ts";`,
    "lib/b.ts": `import "./d.ts";`,
    "lib/c.ts": `import "./d.ts";`,
    "lib/d.ts": `// import "./a.ts";\nexport const d = \`import "./a.ts"\`;`,
  };
  assert.deepEqual(await circlesOf(files), []);
});
