// deno-lint-ignore-file no-console -- a command line tool
/**
 * Makes the executable: `deno task compile [--target TARGET] [--output FILE]`, by default `dist/flux-mqtt` for this machine.
 *
 * `deno compile` puts the program behind a base executable of exactly its own version. It downloads one, or takes the file that
 * `DENORT_BIN` names.
 *
 * @module
 */
import { parseArgs } from "node:util";

const ROOT = new URL("..", import.meta.url);

/** What the broker needs, and nothing beyond it. The executable keeps these for good. */
const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"];
/** Workers are files of their own that nothing imports. */
export const INCLUDED = ["lib/store/sqlite_writer.ts", "lib/cli/bench_worker.ts"];

/** How a compilation went. */
export interface Compilation {
  /** Whether the executable is there. */
  readonly isMade: boolean;
  /** What the compiler said, and what to do. */
  readonly output: string;
}

/**
 * Compiles the program into one executable; `target` as `deno compile --target` has it, absent for this machine. `base` is the path of
 * the base executable: absent, the one that `DENORT_BIN` names; `""`: Deno shall download it.
 */
export async function compile(
  executable: string,
  target?: string,
  base?: string,
): Promise<Compilation> {
  const included = INCLUDED.flatMap((file) => ["--include", file]);
  const targeted = target === undefined ? [] : ["--target", target];
  const args = ["compile", "--no-prompt", ...PERMISSIONS, ...included, ...targeted];
  const { DENORT_BIN = "", ...environment } = Deno.env.toObject();
  const denort = base ?? DENORT_BIN;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args, "--output", executable, "main.ts"],
    cwd: ROOT,
    clearEnv: true,
    env: denort === "" ? environment : { ...environment, DENORT_BIN: denort },
  }).output();
  const text = new TextDecoder();
  const output = text.decode(stdout) + text.decode(stderr);
  const isMade = code === 0;
  return { isMade, output: isMade ? output : output + hint(output) };
}

/** Deno says that it cannot download; that there is another way it does not say. */
function hint(output: string): string {
  if (!/denort|download/i.test(output)) return "";
  return `The base executable of Deno ${Deno.version.deno} cannot be downloaded: get denort of this version for the ` +
    "target where there is a network, and name it: DENORT_BIN=/path/to/denort deno task compile\n";
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: { target: { type: "string" }, output: { type: "string" } },
  });
  const suffix = values.target === undefined ? "" : `-${values.target}`;
  const executable = values.output ?? `dist/flux-mqtt${suffix}`;
  const { isMade, output } = await compile(executable, values.target);
  console.log(isMade ? `Made ${executable}` : output.trimEnd());
  if (!isMade) Deno.exit(1);
}
