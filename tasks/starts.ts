// deno-lint-ignore-file no-console -- a command line tool
/**
 * Shows how long the broker takes until it accepts connections, as a table in Markdown.
 *
 *     deno task starts
 *
 * It measures the sources, and the bundled modules of the executable, run by the present Deno. So it tells how long an executable of that
 * version would take if no base executable can be downloaded, plus Deno's own time for its command line. For comparison there is a program
 * that only listens. With a store; medians of 21 starts in turn, after a first one that fills V8's code cache.
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

/** Runs a main module with `deno run` in a directory of its own. */
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
