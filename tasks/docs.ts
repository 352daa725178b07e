/**
 * Writes the configuration table of the README from the option table; with `--check` only says whether it is up to date, by
 * its exit status.
 *
 * @module
 */
import { optionsMarkdown } from "../lib/config/mod.ts";

const BEGIN = "<!-- options:begin -->";
const END = "<!-- options:end -->";
const README = new URL("../README.md", import.meta.url);

/** The README with its table made anew. Throws where the two markers are not there. */
export function withOptions(readme: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`README.md must have ${BEGIN} and ${END}`);
  const table =
    `\n\n<!-- deno-fmt-ignore-start -->\n\n${optionsMarkdown()}\n<!-- deno-fmt-ignore-end -->\n\n`;
  return readme.slice(0, begin + BEGIN.length) + table + readme.slice(end);
}

if (import.meta.main) {
  const before = await Deno.readTextFile(README);
  const after = withOptions(before);
  if (before === after) Deno.exit(0);
  if (Deno.args.includes("--check")) {
    const message = "README.md is not up to date: run deno run -A tasks/docs.ts\n";
    Deno.stderr.writeSync(new TextEncoder().encode(message));
    Deno.exit(1);
  }
  await Deno.writeTextFile(README, after);
}
