import { main } from "../../lib/cli/mod.ts";
import { type Ended, feed } from "./fed_process.ts";
import { MAIN } from "./main_module.ts";
import { START_FLAGS } from "./start_flags.ts";

/** The exit status and the output of a command. */
export type FluxRun = Ended;

/** Starts a command: `flux-mqtt sub …`. */
export function startFlux(
  args: readonly string[],
  init: {
    readonly input?: boolean;
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Deno.ChildProcess {
  const { PATH = "", HOME = "", DENO_DIR = `${HOME}/.cache/deno` } = Deno.env.toObject();
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", ...START_FLAGS, MAIN, ...args],
    ...init.cwd === undefined ? {} : { cwd: init.cwd },
    clearEnv: true,
    env: { PATH, HOME, NO_COLOR: "1", DENO_DIR, ...init.env },
    stdin: init.input ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a command to its end; `input` is its standard input. */
export async function runFlux(
  args: readonly string[],
  init: {
    readonly input?: string | Uint8Array;
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<FluxRun> {
  const { input, ...rest } = init;
  const child = startFlux(args, { ...rest, input: input !== undefined });
  return await feed(child, input);
}

/** Runs a command in this process, which is faster. `input` is its standard input, which is no terminal. */
export async function callFlux(args: readonly string[], input = ""): Promise<FluxRun> {
  const parts = { out: "", error: "" };
  const { stdin, stdout, stderr } = Deno;
  const before = [stdout.writeSync, stderr.writeSync, stdin.read, stdin.isTerminal] as const;
  let left = new TextEncoder().encode(input);
  stdin.read = (buffer) => {
    const count = Math.min(left.length, buffer.length);
    buffer.set(left.subarray(0, count));
    left = left.subarray(count);
    return Promise.resolve(count === 0 ? null : count);
  };
  stdin.isTerminal = () => false;
  const gather = (name: "out" | "error") => (bytes: Uint8Array) => {
    parts[name] += new TextDecoder().decode(bytes);
    return bytes.length;
  };
  stdout.writeSync = gather("out");
  stderr.writeSync = gather("error");
  try {
    const status = await main(args);
    return { status, ...parts };
  } finally {
    [stdout.writeSync, stderr.writeSync, stdin.read, stdin.isTerminal] = before;
  }
}
