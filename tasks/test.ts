// deno-lint-ignore-file no-console -- a command line tool
/**
 * Runs the test suite.
 *
 *     deno task test           every room, without the long proofs; what is left out is printed
 *     deno task test --all     the long proofs too
 *     deno task test ARG…      hands the arguments to `deno test` instead
 *
 * Most files run in parallel. Those of {@linkcode ALONE} run after them, one at a time: they measure time, memory or processor time,
 * which other tests would change. `deno task ok` checks the types, also those of the examples in the documentation, which are run here.
 *
 * @module
 */
import { denoProblem } from "../lib/cli/deno_version.ts";
import { LEFT_OUT } from "../tests/support/long.ts";
import { RUNNING, stillRunning } from "../tests/support/running.ts";

/** Files that measure something. */
export const ALONE: readonly string[] = [
  "tests/auth/crowd_test.ts",
  "tests/broker/stall_test.ts",
  "tests/bus/stall_test.ts",
  "tests/net/churn_test.ts",
  "tests/net/closing_test.ts",
  "tests/net/deaf_test.ts",
  "tests/net/event_loop_test.ts",
  "tests/net/fairness_test.ts",
  "tests/net/gone_test.ts",
  "tests/net/hostile_run_test.ts",
  "tests/net/hostile_test.ts",
  "tests/net/idle_memory_test.ts",
  "tests/net/slow_reader_test.ts",
  "tests/net/stateful_fuzz_test.ts",
  "tests/net/stopped_test.ts",
  "tests/net/tls_crowd_test.ts",
  "tests/net/tls_memory_test.ts",
  "tests/net/turns_test.ts",
  "tests/net/unfinished_test.ts",
  "tests/net/web_socket_request_test.ts",
  "tests/tasks/patterns_test.ts",
];

const ROOT = new URL("..", import.meta.url);

/** Milliseconds that a part may take. The longest takes a third of it on two processors where nothing else runs. */
const PART_LIMIT = 18 * 60_000;

/** Runs `deno test`; returns false if a test has failed, or the signal has ended it. */
async function passes(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<boolean> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-prompt", ...args],
    cwd: ROOT,
    env,
    stdin: "null",
    signal,
  });
  return (await command.spawn().status).success;
}

/** Runs files of tests, each test with a limit of time; names the files that have not ended when the time of all is over. */
async function passesInTime(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<boolean> {
  const running = await Deno.makeTempDir({ prefix: "flux-running-" });
  const limit = AbortSignal.timeout(PART_LIMIT);
  const all = ["--no-check", "--preload=tests/support/limit.ts", ...args];
  try {
    const isGood = await passes(all, { ...env, [RUNNING]: running }, limit);
    if (limit.aborted) {
      console.error(`Not ended after ${PART_LIMIT / 60_000} minutes: ${stillRunning(running)}`);
    }
    return isGood;
  } finally {
    await Deno.remove(running, { recursive: true });
  }
}

/** The parts one after the other, all of them. `leftOut`: where the names of tests that are left out go; `""`: none is. */
async function passParts(leftOut: string): Promise<boolean> {
  const env = { [LEFT_OUT]: leftOut };
  // One more than there are processors: many tests wait for a process or for time to pass.
  const jobs = String(navigator.hardwareConcurrency + 1);
  console.log(`Side by side, ${jobs} files at a time`);
  const isMostGood = await passesInTime(
    ["--parallel", `--ignore=${ALONE.join(",")}`, "tests/"],
    { DENO_JOBS: jobs, ...env },
  );
  console.log("One after the other: what measures time and memory");
  const areOthersGood = await passesInTime(ALONE, env);
  console.log("The examples in the documentation");
  const areExamplesGood = await passes(["--no-check", "--doc", "lib/", "README.md"]);
  return isMostGood && areOthersGood && areExamplesGood;
}

/** The short form; what it leaves out is printed behind the results. */
async function passShort(): Promise<boolean> {
  const list = await Deno.makeTempFile({ prefix: "flux-left-out-" });
  try {
    const isGood = await passParts(list);
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
    ? await passParts("")
    : await passes(Deno.args);
  if (!isGood) Deno.exit(1);
}
