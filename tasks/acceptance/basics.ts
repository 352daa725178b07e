import { strict as assert } from "node:assert";
import type { Stage } from "./row.ts";

const ROOT = new URL("../../", import.meta.url);

/** Row 1: the program is sound; the broker that the row got has started. */
export async function tryBasics({ withTests }: Stage): Promise<string> {
  const seen: string[] = [];
  if (withTests) {
    const output = await deno("test", "-A", "--no-prompt", "tests/");
    seen.push(`tests: ${/(\d+ passed.*)/.exec(output)?.[1] ?? "passed"}`);
  } else seen.push("tests: not run here, `--with-tests` includes them");
  await deno("check", "main.ts");
  seen.push("`deno check main.ts` finds nothing", "the broker has started");
  return seen.join("; ");
}

/** Runs Deno, which must end well, and returns what it printed. */
async function deno(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.equal(code, 0, `deno ${args.join(" ")} ends with ${code}:\n${output.slice(-3000)}`);
  return output;
}
