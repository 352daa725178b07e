import { strict as assert } from "node:assert";
import { denoProblem, OLD_DENO_VARIABLE } from "../../lib/cli/deno_version.ts";

const versions: [version: string, isGood: boolean][] = [
  ["2.9.0", true],
  ["2.9.6", true],
  ["2.10.1", true],
  ["3.0.0", true],
  ["2.9.0-rc.1", true],
  ["2.8.5", false],
  ["2.7.11", false],
  ["1.46.3", false],
];
for (const [version, isGood] of versions) {
  Deno.test(`Deno ${version} ${isGood ? "is good" : "is refused, but where somebody wants it"}`, () => {
    const problem = denoProblem(version, () => undefined);
    if (isGood) assert.equal(problem, undefined);
    else assert.match(problem!, /^flux-mqtt needs Deno 2\.9 or newer, this is .*: .*npx -y deno@/);
    const wanted = (name: string) => name === OLD_DENO_VARIABLE ? "true" : undefined;
    assert.equal(denoProblem(version, wanted), undefined);
  });
}

Deno.test("the Deno that runs the tests is good", () => {
  assert.equal(denoProblem(Deno.version.deno, () => undefined), undefined);
});

/** What an older Deno must not begin: it fails in ways that do not name the cause. */
for (const program of ["main.ts", "tasks/compile.ts", "tasks/test.ts", "tasks/ok.ts"]) {
  Deno.test(`${program} refuses an older Deno`, async () => {
    const directory = await Deno.makeTempDir();
    try {
      const older = `{ value: { ...Deno.version, deno: "2.7.11" } }`;
      await Deno.writeTextFile(
        `${directory}/older.ts`,
        `Object.defineProperty(Deno, "version", ${older});`,
      );
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "--preload", `${directory}/older.ts`, program],
        cwd: new URL("../../", import.meta.url),
        env: { [OLD_DENO_VARIABLE]: "" },
      }).output();
      const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.equal(code, 1);
      assert.match(text, /^flux-mqtt needs Deno 2\.9 or newer, this is 2\.7\.11: .*\n$/);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}
