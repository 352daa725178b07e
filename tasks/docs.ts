/**
 * Writes the tables of the README that are made from other things: the configuration from the option table, the conformance
 * from the statements and the tests that name them. With `--check` only says whether they are up to date, by its exit status.
 *
 * @module
 */
import { differencesMarkdown, optionsMarkdown } from "../lib/config/mod.ts";
import { markdownOf, survey } from "./trace.ts";

const README = new URL("../README.md", import.meta.url);

/** The text with what stands between a block's two markers made anew. Throws where the markers are not there. */
export function withBlock(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const at = text.indexOf(begin);
  const until = text.indexOf(end);
  if (at < 0 || until < at) throw new Error(`README.md must have ${begin} and ${end}`);
  const block =
    `\n\n<!-- deno-fmt-ignore-start -->\n\n${content}\n<!-- deno-fmt-ignore-end -->\n\n`;
  return text.slice(0, at + begin.length) + block + text.slice(until);
}

/** The README with its tables of options made anew. */
export function withOptions(readme: string): string {
  return withBlock(
    withBlock(readme, "options", optionsMarkdown()),
    "differences",
    differencesMarkdown(),
  );
}

if (import.meta.main) {
  const before = await Deno.readTextFile(README);
  const after = withBlock(
    withOptions(before),
    "conformance",
    `${markdownOf(survey().coverages)}\n`,
  );
  if (before === after) Deno.exit(0);
  if (Deno.args.includes("--check")) {
    const message = "README.md is not up to date: deno task docs\n";
    Deno.stderr.writeSync(new TextEncoder().encode(message));
    Deno.exit(1);
  }
  await Deno.writeTextFile(README, after);
}
