const ROOT = new URL("../..", import.meta.url);

/** How a command ended. */
export interface Outcome {
  /** Its exit status. */
  readonly code: number;
  /** What it printed, standard output first. */
  readonly output: string;
}

/** Runs a command to its end, in the repository or in `cwd`. */
export async function run(
  command: string,
  args: readonly string[],
  cwd: string | URL = ROOT,
): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args: [...args], cwd })
    .output();
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** The same, where anything but this exit status is an error; returns what was printed. */
export async function runTo(
  expected: number,
  command: string,
  args: readonly string[],
  cwd?: string,
): Promise<string> {
  const { code, output } = await run(command, args, cwd);
  ensure(code === expected, `${command} ${args.join(" ")} exits ${code}: ${output}`);
  return output;
}

/** Throws the complaint where the condition does not hold. */
export function ensure(condition: boolean, complaint: string): asserts condition {
  if (!condition) throw new Error(complaint);
}

/** A port that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
