/**
 * Writes the generated parts of the guide: the tables of options from the option table, the conformance from the statements and the tests
 * that name them, the tasks from deno.json, and the list of pages that is part of the program. With `--check` it only reports outdated
 * pages, by its exit status.
 *
 * @module
 */
import denoJson from "../deno.json" with { type: "json" };
import {
  differencesMarkdown,
  foreignMarkdown,
  OPTION_PAGES,
  optionsMarkdown,
} from "../lib/config/mod.ts";
import { PAGES } from "../lib/guide/mod.ts";
import { markdownOf, survey } from "./trace.ts";

/** The path seen from the guide. */
const README = "../../README.md";
const GUIDE = new URL("../lib/guide/", import.meta.url);

/** A block between two markers of a page, and its content. */
type Block = readonly [page: string, name: string, content: () => string];

/** All blocks made from the code. */
export const BLOCKS: readonly Block[] = [
  ...new Set(Object.values(OPTION_PAGES)),
].map((page): Block => [page, "options", () => optionsMarkdown(page)]).concat([
  ["options-mosquitto", "options", foreignMarkdown],
  ["coming-from-mosquitto", "differences", differencesMarkdown],
  ["conformance", "conformance", () => `${markdownOf(survey().coverages)}\n`],
  ["development", "tasks", tasksMarkdown],
]);

/** Replaces the text between a block's two markers. Throws if the markers are missing. */
export function withBlock(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const at = text.indexOf(begin);
  const until = text.indexOf(end);
  if (at < 0 || until < at) throw new Error(`The page must have ${begin} and ${end}`);
  const block =
    `\n\n<!-- deno-fmt-ignore-start -->\n\n${content.trimEnd()}\n\n<!-- deno-fmt-ignore-end -->\n\n`;
  return text.slice(0, at + begin.length) + block + text.slice(until);
}

/** Lists every task of deno.json with its description. */
function tasksMarkdown(): string {
  const rows = Object.entries(denoJson.tasks).map(([name, { description }]) =>
    `| \`deno task ${name}\` | ${description} |`
  );
  return ["| command | what it does |", "| --- | --- |", ...rows, ""].join("\n");
}

/** Returns the generated files by their names below lib/guide: their present and their correct content. */
export async function madeFiles(): Promise<ReadonlyMap<string, { is: string; shall: string }>> {
  const files = new Map<string, { is: string; shall: string }>();
  for (const [page, name, content] of BLOCKS) {
    const file = `${page}.md`;
    const { is, shall } = files.get(file) ?? await read(file);
    files.set(file, { is, shall: withBlock(shall, name, content()) });
  }
  const readme = await Deno.readTextFile(new URL(README, GUIDE));
  files.set(README, { is: readme, shall: withBlock(readme, "pages", pagesMarkdown()) });
  files.set("pages.ts", { is: await readOrNothing("pages.ts"), shall: await listOfPages() });
  return files;
}

/** Lists every page except those listed in configuration.md, with its title and description. */
function pagesMarkdown(): string {
  const pages = PAGES.filter(({ name }) => !name.startsWith("options-"));
  const rows = pages.map(({ name, title, summary }) =>
    `| [${title}](lib/guide/${name}.md) | ${summary} |`
  );
  return ["| page | what stands there |", "| --- | --- |", ...rows, ""].join("\n");
}

/** Makes the module that includes every page in the program. */
async function listOfPages(): Promise<string> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(GUIDE)) {
    if (name.endsWith(".md")) names.push(name.slice(0, -".md".length));
  }
  names.sort();
  const variable = (name: string) => name.replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase());
  return [
    ...names.map((name) => `import ${variable(name)} from "./${name}.md" with { type: "text" };`),
    "",
    "/** Every page of this folder: `deno task docs` writes this list. */",
    "export const TEXTS: readonly (readonly [name: string, text: string])[] = [",
    ...names.map((name) => `  ["${name}", ${variable(name)}],`),
    "];",
    "",
  ].join("\n");
}

async function readOrNothing(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(new URL(file, GUIDE));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

async function read(file: string): Promise<{ is: string; shall: string }> {
  const text = await Deno.readTextFile(new URL(file, GUIDE));
  return { is: text, shall: text };
}

if (import.meta.main) {
  for (const [file, { is, shall }] of await madeFiles()) {
    if (is === shall) continue;
    if (Deno.args.includes("--check")) {
      const message = `${
        file === README ? "README.md" : `lib/guide/${file}`
      } is not up to date: deno task docs\n`;
      Deno.stderr.writeSync(new TextEncoder().encode(message));
      Deno.exitCode = 1;
    } else {
      await Deno.writeTextFile(new URL(file, GUIDE), shall);
    }
  }
}
