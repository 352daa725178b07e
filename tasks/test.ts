// deno-lint-ignore-file no-console -- a command line tool
/**
 * Runs the test suite in two parts: first, in parallel, the rooms whose tests neither measure time nor open ports; then all others, one
 * after the other. `deno task test ARG…` passes the arguments to `deno test` instead.
 *
 * @module
 */

/** Folders of `tests/` whose tests depend on nothing outside their own module. */
const PURE: readonly string[] = ["broker", "codec", "config", "docs", "session", "sim", "topic"];

const ROOT = new URL("..", import.meta.url);

/** Runs `deno test`; returns false if a test has failed. */
async function passes(args: readonly string[]): Promise<boolean> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-prompt", ...args],
    cwd: ROOT,
    stdin: "null",
  });
  return (await command.spawn().status).success;
}

if (Deno.args.length > 0) Deno.exit(await passes(Deno.args) ? 0 : 1);

const folders = PURE.map((name) => `tests/${name}/`);
console.log(`The tests of ${PURE.join(", ")}, side by side`);
const isPureGood = await passes(["--parallel", ...folders]);
console.log("All other tests, one after the other");
const areOthersGood = await passes([
  "--doc",
  `--ignore=${folders.join(",")}`,
  "tests/",
  "lib/",
  "README.md",
]);
Deno.exit(isPureGood && areOthersGood ? 0 : 1);
