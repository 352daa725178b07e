/** The repository. */
export const ROOT = new URL("../..", import.meta.url);

/** What a run of Deno came to. */
export interface DenoRun {
  /** Whether it ended with exit status 0. */
  readonly isDone: boolean;
  /** Standard output and standard error. */
  readonly output: string;
}

/** Runs this Deno in the repository, with these variables and no others. */
export async function runDeno(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<DenoRun> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    clearEnv: true,
    env: { ...env, NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  return { isDone: code === 0, output: text.decode(stdout) + text.decode(stderr) };
}
