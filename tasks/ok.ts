// deno-lint-ignore-file no-console -- a command line tool
/**
 * The gate: all checks that must pass before a change is accepted, with one line of output each.
 *
 * A part's own output is shown only if it failed. `--skip-tests` leaves the tests out, for those
 * who ran them already; without it they run as by `deno task test`, without the long proofs.
 *
 * @module
 */
import { denoProblem } from "../lib/cli/deno_version.ts";

/** One part of the gate: its name, and its arguments for `deno`. */
type Part = [name: string, args: string[]];

const ROOT = new URL("..", import.meta.url);

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch {
    return false;
  }
}

/** The public modules of `lib/`: its own `mod.ts` and the one of each folder. */
function publicModules(): string[] {
  const folders = [...Deno.readDirSync(new URL("lib/", ROOT))].filter(({ isDirectory }) =>
    isDirectory
  );
  return ["lib/mod.ts", ...folders.map(({ name }) => `lib/${name}/mod.ts`).toSorted()].filter(
    exists,
  );
}

function parts(skipTests: boolean): Part[] {
  return [
    ["fmt", ["fmt", "--check"]],
    ["lint", ["lint"]],
    ["circles", ["run", "-A", "tasks/circles.ts"]],
    // With the examples in the documentation, whose types `deno task test` leaves unchecked.
    ["check", ["check", "--doc", "main.ts", "lib/", "tasks/", "tests/", "README.md"]],
    ["doc lint", ["doc", "--lint", ...publicModules()]],
    // Checked separately: a program that imports only this module does not get the exports of others.
    ["library", ["doc", "--lint", "lib/mod.ts"]],
    // Checks what JSR would refuse, such as slow types; nothing is published. Types were checked above.
    ["publish", ["publish", "--dry-run", "--allow-dirty", "--no-check"]],
    ...(exists("tasks/docs.ts")
      ? [["docs", ["run", "-A", "tasks/docs.ts", "--check"]] as Part]
      : []),
    ...(skipTests ? [] : [["tests", ["run", "-A", "tasks/test.ts"]] as Part]),
    ["trace", ["run", "--allow-read", "tasks/trace.ts"]],
  ];
}

/** Runs one part and prints the result. */
async function passes([name, args]: Part): Promise<boolean> {
  const startMs = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT })
    .output();
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  if (!success) { for (const output of [stdout, stderr]) Deno.stdout.writeSync(output); }
  console.log(`${success ? "ok    " : "FAILED"} ${name.padEnd(8)} ${seconds.padStart(6)} s`);
  return success;
}

const problem = denoProblem(Deno.version.deno, () => undefined);
if (problem !== undefined) {
  console.error(problem);
  Deno.exit(1);
}
const failed: string[] = [];
for (const part of parts(Deno.args.includes("--skip-tests"))) {
  if (!await passes(part)) failed.push(part[0]);
}
if (failed.length > 0) {
  console.log(`Not good yet: ${failed.join(", ")}`);
  Deno.exit(1);
}
