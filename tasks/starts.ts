// deno-lint-ignore-file no-console -- a command line tool
/**
 * Shows how long the broker takes until it accepts connections: a table in Markdown.
 *
 *     deno task starts
 *
 * As sources, and as the modules that the executable is made of, run by the Deno that runs this: so it tells what an executable of that
 * version will take where no base executable of it can be had, with what Deno spends on its command line added. Beside them stands a
 * program that only listens. With a store; medians of 21 starts in turn, after one that leaves V8's code behind.
 *
 * @module
 */
import { INCLUDED, V8_FLAGS } from "./compile.ts";
import { readFlags, whole } from "./flags.ts";
import { printHead, printRow } from "./measure/command.ts";
import { bundle } from "./release/bundle.ts";
import { measure, type Program } from "./smoke/start.ts";

const USE = `Shows how long the broker takes until it accepts connections.

  --starts COUNT  that the median is taken of; default: 21`;

const { starts } = readFlags(USE, { starts: whole(21) });
const root = new URL("..", import.meta.url).pathname;
const folder = await Deno.makeTempDir({ prefix: "flux-starts-" });

/** The main module as `deno run` has it, in a directory of its own. */
async function program(name: string, main: string, flags: string[]): Promise<Program> {
  const cwd = `${folder}/${name}`;
  await Deno.mkdir(cwd);
  return {
    executable: Deno.execPath(),
    args: (port) => ["run", "-A", V8_FLAGS, main, ...flags, String(port)],
    folder: cwd,
  };
}

try {
  const { program: [main = ""], warning } = await bundle("main.ts", INCLUDED, `${folder}/bundle`);
  if (warning !== "") console.log(warning);
  const names = ["a program that only listens", "the broker's bundle", "the broker's sources"];
  const costs = await measure([
    await program("empty", `${root}tasks/smoke/empty.ts`, []),
    await program("bundled", main, ["-p"]),
    await program("sources", `${root}main.ts`, ["-p"]),
  ], starts);
  printHead([`Deno ${Deno.version.deno}`, "accepts after ms", "first start, ms", "idle MB"]);
  for (const [index, { medianMs, firstMs, idleMegabytes }] of costs.entries()) {
    printRow([names[index]!, medianMs.toFixed(0), firstMs.toFixed(0), idleMegabytes.toFixed(0)]);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
