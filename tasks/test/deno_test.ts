import { RUNNING, stillRunning } from "../../tests/support/running.ts";

/** The repository. */
export const ROOT = new URL("../../", import.meta.url);

/** Milliseconds that a part may take. The longest takes a third of it on two processors where nothing else runs. */
const PART_LIMIT = 18 * 60_000;

/** How to run files of tests. */
export interface Init {
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the output is printed when all is over: two at a time would be a muddle. */
  readonly isOutputHeld?: boolean;
  /** What to call a file that is run, if it is one that the reader cannot know. */
  readonly told?: (url: string) => string;
}

/** Runs `deno test`; returns false if a test has failed, or the signal has ended it. */
export async function passes(
  args: readonly string[],
  { env = {}, isOutputHeld = false }: Init = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<boolean> {
  const output = isOutputHeld ? "piped" : "inherit";
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-prompt", ...args],
    cwd: ROOT,
    env,
    stdin: "null",
    stdout: output,
    stderr: output,
    signal,
  }).spawn();
  if (!isOutputHeld) return (await child.status).success;
  const { success, stdout, stderr } = await child.output();
  for (const held of [stdout, stderr]) print(held);
  return success;
}

function print(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

/** Runs files of tests, each test with a limit of time; names the files that have not ended when the time of all is over. */
export async function passesInTime(args: readonly string[], init: Init): Promise<boolean> {
  const running = await Deno.makeTempDir({ prefix: "flux-running-" });
  const limit = AbortSignal.timeout(PART_LIMIT);
  const all = ["--no-check", "--preload=tests/support/limit.ts", ...args];
  try {
    const isGood = await passes(all, { ...init, env: { ...init.env, [RUNNING]: running } }, limit);
    if (limit.aborted) {
      const names = stillRunning(running).map(init.told ?? ((url) => url));
      // deno-lint-ignore no-console -- whoever reads the results is to know
      console.error(`Not ended after ${PART_LIMIT / 60_000} minutes: ${names}`);
    }
    return isGood;
  } finally {
    await Deno.remove(running, { recursive: true });
  }
}
