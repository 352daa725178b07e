// deno-lint-ignore-file no-console -- a command line tool
/**
 * Tests the tests: it makes small mistakes in the code, one at a time, and runs the tests that must find each of them.
 *
 *     deno task mutants                    all mistakes, in some minutes
 *     deno task mutants --only releases    those whose file or description contains the text
 *
 * It works on a copy of the project in a temporary folder. The list of mistakes is `tasks/mutants/table.ts`. A mistake that no test finds
 * is a survivor; the exit status is the number of survivors. If the text of a mistake is no longer in its file, that is an error: the table
 * must follow the code.
 *
 * @module
 */
import { apply, type Mutation } from "./mutants/apply.ts";
import { MUTATIONS } from "./mutants/table.ts";
import { readFlags } from "./flags.ts";

const USE = `Makes small mistakes in the code, and shows which of them no test finds.

  --only TEXT      those whose file or description contains it
  --seconds COUNT  after which a run of tests counts as failed; default: 120`;
/** The files and folders that a copy needs. */
const COPIED = ["lib", "tests", "tasks", "deno.json", "main.ts", "README.md"];
/** An exit status is one byte. */
const MAX_STATUS = 125;

const root = new URL("..", import.meta.url).pathname;
const flags = readFlags(USE, { only: "", seconds: 120 });

/** Whether the tests in this folder pass within the time limit. */
async function passes(
  folder: string,
  tests: readonly string[],
  seconds: number,
): Promise<boolean> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    // Types are not checked, because only the behaviour counts.
    args: ["test", "-A", "--no-prompt", "--no-check", "--fail-fast", ...tests],
    cwd: folder,
    stdout: "null",
    stderr: "null",
    signal: AbortSignal.timeout(seconds * 1000),
  }).output();
  return success;
}

/** Whether a test finds the mistake. The copy is restored afterwards. */
async function isKilled(folder: string, mutation: Mutation): Promise<boolean> {
  const path = `${folder}/${mutation.file}`;
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, apply(text, mutation));
  try {
    return !await passes(folder, mutation.tests, flags.seconds);
  } finally {
    await Deno.writeTextFile(path, text);
  }
}

async function copyTo(folder: string): Promise<void> {
  const sources = COPIED.map((name) => root + name);
  const { success } = await new Deno.Command("cp", { args: ["-r", ...sources, folder] }).output();
  if (!success) throw new Error(`Cannot copy the project to ${folder}`);
}

/** Runs the mutations and returns those that survived. */
async function run(mutations: readonly Mutation[]): Promise<Mutation[]> {
  const folder = await Deno.makeTempDir({ prefix: "mutants-" });
  try {
    await copyTo(folder);
    // Checks all texts first, so that an outdated table is reported at once.
    for (const mutation of mutations) {
      apply(await Deno.readTextFile(root + mutation.file), mutation);
    }
    // A test that already fails would seem to find every mistake.
    const tests = [...new Set(mutations.flatMap(({ tests }) => tests))];
    if (!await passes(folder, tests, flags.seconds * 10)) {
      throw new Error("Without a mistake the tests do not pass");
    }
    const survivors: Mutation[] = [];
    for (const mutation of mutations) {
      const isDead = await isKilled(folder, mutation);
      console.log(`${isDead ? "killed  " : "SURVIVED"} ${mutation.file}: ${mutation.what}`);
      if (!isDead) survivors.push(mutation);
    }
    return survivors;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const asked = MUTATIONS.filter(({ file, what }) => `${file} ${what}`.includes(flags.only));
const survivors = await run(asked);
console.log(`${asked.length - survivors.length} of ${asked.length} mistakes are found by a test`);
Deno.exit(Math.min(survivors.length, MAX_STATUS));
