// deno-lint-ignore-file no-console -- a command line tool
/**
 * Makes the executable: `deno task compile [--target TARGET] [--output FILE] [--no-ffi]`, by default `dist/flux-mqtt` for this machine.
 *
 * The modules are put together first (`release/bundle.ts`); where that cannot be, the files are taken as they are. Then `deno compile`
 * puts them behind a base executable of exactly its own version. It downloads one, or takes the file that `DENORT_BIN` names.
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
/** What the broker needs, and nothing beyond it. The executable keeps these for good. */
const PERMISSIONS = [
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys=statfs",
];
/** For Linux: libc and no other library. With this permission the transport epoll works. */
export const LIBC_PERMISSION = `--allow-ffi=${Object.values(LIBC_PATHS).flat().join(",")}`;
/**
 * A young generation of up to 12 MB, three times this, instead of 48: objects of a turn are dead before they are copied, fit the processor's
 * caches, and take no memory that an edge device could use. Fan-out with QoS 1 is a third faster with it. And the function with
 * which the broker gives memory back after a rush.
 */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=4,--expose-gc";
/** Workers are files of their own that nothing imports. */
export const INCLUDED = ["lib/store/sqlite_writer.ts", "lib/cli/bench_worker.ts"];

/** How a compilation went. */
export interface Compilation {
  /** Whether the executable is there. */
  readonly isMade: boolean;
  /** Why its modules could not be put together first, so that it starts later; `""`: they were. */
  readonly warning: string;
  /** What the compiler said, and what to do. */
  readonly output: string;
}

/** What an executable is made for, and of. */
export interface CompileInit {
  /** As `deno compile --target` has it; absent: this machine. */
  readonly target?: string | undefined;
  /** The path of the base executable; absent: the one that `DENORT_BIN` names; `""`: Deno shall download it. */
  readonly base?: string | undefined;
  /** Whether it may call libc, where it is for Linux. Default: it may. */
  readonly isFfiPermitted?: boolean;
  /** Told what begins: each step takes seconds, or as long as a download. */
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

/** Where the last step may take its time. */
function baseText({ base = Deno.env.get("DENORT_BIN") ?? "" }: CompileInit): string {
  return base === "" ? ", downloads Deno's base executable if it is not there yet" : "";
}

/** The last step alone. */
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
  // Who insists on an older Deno has to ask it for modules that are text.
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

/** Deno says that it cannot download; that there is another way it does not say. */
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
