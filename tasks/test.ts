// deno-lint-ignore-file no-console -- a command line tool
/**
 * Runs the test suite.
 *
 *     deno task test           every room, without the long proofs; what is left out is printed
 *     deno task test --all     the long proofs too, and brokers start from the sources
 *     deno task test ARG…      hands the arguments to `deno test` instead
 *
 * Most files run side by side, in groups (`test/groups.ts`); what measures its own process has one of its own beside them, and what
 * measures time runs when nothing else does (`test/lists.ts`). In the short form the broker is bundled once, and tests that start it as a
 * process start the bundle. `deno task ok` checks the types, also those of the examples in the documentation, which are run here.
 *
 * @module
 */
import { denoProblem } from "../lib/cli/deno_version.ts";
import { LEFT_OUT } from "../tests/support/long.ts";
import { BUNDLED_MAIN } from "../tests/support/main_module.ts";
import { INCLUDED } from "./compile.ts";
import { bundle } from "./release/bundle.ts";
import { passes, passesInTime, ROOT } from "./test/deno_test.ts";
import { groupsOf, testFiles, writeGroups } from "./test/groups.ts";
import { ALONE, APART } from "./test/lists.ts";

type Env = Readonly<Record<string, string>>;

/** Groups that run at a time: more than there are processors, since most tests wait for a process or for time to pass. */
const JOBS = navigator.hardwareConcurrency * 4;

/** The examples in the documentation. */
const DOCUMENTATION = ["--no-check", "--doc", "lib/", "README.md"];

/** What does not measure anything, in groups side by side. */
async function passGroups(env: Env): Promise<boolean> {
  const directory = await Deno.makeTempDir({ prefix: "flux-tests-" });
  try {
    const others = [...ALONE, ...APART];
    const files = testFiles(ROOT).filter((path) => !others.includes(path));
    const groups = writeGroups(groupsOf(files), ROOT, directory);
    return await passesInTime(["--parallel", ...groups.keys()], {
      env: { ...env, DENO_JOBS: String(JOBS) },
      told: (url) => groups.get(new URL(url).pathname)?.files.join(" or ") ?? url,
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** All parts, whether or not one fails. */
async function passParts(env: Env): Promise<boolean> {
  console.log(`Side by side, ${JOBS} groups of files at a time`);
  const beside = passesInTime(APART, { env, isOutputHeld: true }).then(async (isGood) => {
    const areGood = await passes(DOCUMENTATION, { isOutputHeld: true });
    return isGood && areGood;
  });
  const areGood = [await passGroups(env)];
  console.log(
    "Beside them: what measures memory and processor time, and the documentation's examples",
  );
  areGood.push(await beside);
  console.log("One after the other: what measures time");
  areGood.push(await passesInTime(ALONE, { env }));
  return areGood.every((isGood) => isGood);
}

/** The broker's main module, bundled below `dist/`; `""`: it cannot be, and that is said. */
async function bundledMain(): Promise<string> {
  const folder = new URL("dist/tests/", ROOT).pathname;
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const { program: [main = ""], warning } = await bundle("main.ts", INCLUDED, folder, false);
  if (warning === "") return main;
  console.log(`Brokers start from the sources, which takes longer. ${warning}`);
  return "";
}

/** The short form; what it leaves out is printed behind the results. */
async function passShort(): Promise<boolean> {
  const list = await Deno.makeTempFile({ prefix: "flux-left-out-" });
  try {
    const isGood = await passParts({ [LEFT_OUT]: list, [BUNDLED_MAIN]: await bundledMain() });
    const names = [...new Set((await Deno.readTextFile(list)).split("\n"))].filter(Boolean);
    for (const name of names.toSorted()) console.log(`Left out: ${name}`);
    console.log(`${names.length} long proofs were left out: deno task test --all runs them too`);
    return isGood;
  } finally {
    await Deno.remove(list);
  }
}

if (import.meta.main) {
  // An older Deno runs no test that loads the guide, and says so with a stack.
  const problem = denoProblem(Deno.version.deno, () => undefined);
  if (problem !== undefined) {
    console.error(problem);
    Deno.exit(1);
  }
  const [first, ...others] = Deno.args;
  const isGood = first === undefined
    ? await passShort()
    : first === "--all" && others.length === 0
    ? await passParts({ [LEFT_OUT]: "", [BUNDLED_MAIN]: "" })
    : await passes(Deno.args);
  if (!isGood) Deno.exit(1);
}
