import { strict as assert } from "node:assert";

const ROOT = new URL("../../", import.meta.url);

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

Deno.test("the essay of lib/broker says what each of its floors is for, and names no other; the files it names are there", () => {
  const essay = read("lib/broker/mod.ts").split("@module")[0]!;
  const folders = [...Deno.readDirSync(new URL("lib/broker/", ROOT))]
    .filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  const told = [...essay.matchAll(/^ \* \| `(\w+)\/`/gm)].map(([, name]) => name!);
  assert.deepEqual(told.toSorted(), folders.toSorted());
  for (const [, path] of essay.matchAll(/`(\w+\/\w+\.ts)`/g)) {
    assert.ok(Deno.statSync(new URL(`lib/broker/${path!}`, ROOT)).isFile, path!);
  }
});
