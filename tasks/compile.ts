// deno-lint-ignore-file no-console -- a command line tool
/**
 * Makes the executable: `deno task compile [--target TARGET] [--output FILE] [--no-ffi]`, by default `dist/flux-mqtt` for this machine.
 *
 * The modules are bundled first (`release/bundle.ts`); if that fails, the files are used unbundled. Then `deno compile` adds them to a base
 * executable of exactly its own version, which it downloads or takes from the file that `DENORT_BIN` names.
 *
 * @module
 */
import { denoProblem } from "../lib/cli/deno_version.ts";
import { Progress } from "../lib/cli/progress.ts";
import { LIBC_PATHS } from "../lib/net/epoll/libc.ts";
import { readFlags } from "./flags.ts";
import { type Bundle, bundle } from "./release/bundle.ts";
import { type DenoRun, runDeno } from "./release/run_deno.ts";

const USE = `Makes the executable.

  --target TARGET  x86_64-unknown-linux-gnu and so on, as deno compile has them; default: this machine
  --output FILE    default: dist/flux-mqtt, with the target behind it where one is named
  --no-ffi         for Linux: without the permission to call libc, and so without the transport epoll`;
/** The permissions that the broker needs, and no others. They are fixed in the executable. */
const PERMISSIONS = [
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys=statfs",
];
/** For Linux: permission for libc and no other library, which the transport epoll needs. */
export const LIBC_PERMISSION = `--allow-ffi=${Object.values(LIBC_PATHS).flat().join(",")}`;
/**
 * Limits V8's young generation to 12 MB, three times this value, instead of 48: the objects of a turn are dead before V8 would copy them,
 * fit the processor's caches, and take no memory that an edge device could use. Fan-out with QoS 1 is a third faster with it. `--expose-gc`
 * provides the function with which the broker returns memory after a load peak.
 */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=4,--expose-gc";
/** Workers are separate files that nothing imports. */
export const INCLUDED = ["lib/store/sqlite_writer.ts", "lib/cli/bench_worker.ts"];

/** The result of a compilation. */
export interface Compilation {
  /** Whether the executable was made. */
  readonly isMade: boolean;
  /** Why its modules could not be bundled, so that it starts slower; `""` if they were. */
  readonly warning: string;
  /** The compiler's output, and what to do about it. */
  readonly output: string;
}

/** The options of a compilation. */
export interface CompileInit {
  /** A target of `deno compile --target`. Default: this machine. */
  readonly target?: string | undefined;
  /** The path of the base executable. Default: the one that `DENORT_BIN` names. `""` lets Deno download it. */
  readonly base?: string | undefined;
  /** Whether it may call libc on Linux. Default: true. */
  readonly isFfiPermitted?: boolean;
  /** Called with what begins: each step takes seconds, or as long as a download. */
  readonly onStep?: (what: string) => void;
}

/** Compiles the program into one executable. */
export async function compile(executable: string, init: CompileInit = {}): Promise<Compilation> {
  const problem = denoProblem(Deno.version.deno, (name) => Deno.env.get(name));
  if (problem !== undefined) return { isMade: false, warning: "", output: `${problem}\n` };
  const folder = await Deno.makeTempDir({ prefix: "flux-bundle-" });
  try {
    init.onStep?.("1 of 2: puts the modules together");
    const { warning, ...bundled } = await bundle("main.ts", INCLUDED, folder);
    init.onStep?.(`2 of 2: makes ${executable}${baseText(init)}`);
    const { isDone, output } = await compileProgram(bundled, executable, init);
    return { isMade: isDone, warning, output: isDone ? output : output + hint(output) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Says that the last step may take long. */
function baseText({ base = Deno.env.get("DENORT_BIN") ?? "" }: CompileInit): string {
  return base === "" ? ", downloads Deno's base executable if it is not there yet" : "";
}

/** Runs only the last step. */
export function compileProgram(
  { program: [main = "", ...workers], config }: Omit<Bundle, "warning">,
  executable: string,
  { target, base, isFfiPermitted = true }: CompileInit = {},
): Promise<DenoRun> {
  const included = workers.flatMap((file) => ["--include", file]);
  const targeted = target === undefined ? [] : ["--target", target];
  const isLinux = target === undefined ? Deno.build.os === "linux" : target.includes("linux");
  const ffi = isLinux && isFfiPermitted ? [LIBC_PERMISSION] : [];
  const { DENORT_BIN = "", ...environment } = Deno.env.toObject();
  // An older Deno needs a flag for modules that are text.
  const isOld = denoProblem(Deno.version.deno, () => undefined) !== undefined;
  const old = isOld ? ["--unstable-raw-imports"] : [];
  const denort = base ?? DENORT_BIN;
  return runDeno(
    [
      ...["compile", "--no-prompt", "--config", config, V8_FLAGS, ...old, ...PERMISSIONS, ...ffi],
      ...[...included, ...targeted, "--output", executable, main],
    ],
    denort === "" ? environment : { ...environment, DENORT_BIN: denort },
  );
}

/** Adds what to do if Deno cannot download the base executable, which its own message does not say. */
function hint(output: string): string {
  if (!/denort|download/i.test(output)) return "";
  return `The base executable of Deno ${Deno.version.deno} cannot be downloaded: get denort of this version for the ` +
    "target where there is a network, and name it: DENORT_BIN=/path/to/denort deno task compile\n";
}

if (import.meta.main) {
  const { target, output: named, ...flags } = readFlags(USE, {
    ...{ target: "", output: "" },
    "no-ffi": false,
  });
  const suffix = target === "" ? "" : `-${target}`;
  const executable = named === "" ? `dist/flux-mqtt${suffix}` : named;
  const progress = new Progress();
  const { isMade, warning, output } = await compile(executable, {
    target: target === "" ? undefined : target,
    isFfiPermitted: !flags["no-ffi"],
    onStep: (what) => progress.tell(what),
  });
  progress.clear();
  if (warning !== "") console.log(warning);
  console.log(isMade ? `Made ${executable}` : output.trimEnd());
  if (!isMade) Deno.exit(1);
}
