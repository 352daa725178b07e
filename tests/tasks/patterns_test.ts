import { strict as assert } from "node:assert";
import { LISTED_PATTERNS, type ListedPattern } from "../../tasks/patterns.ts";
import plugin from "../../tasks/lint_plugin.ts";

/** The most that one text may take, milliseconds: a linear expression needs less than one for 64 KB. */
const LIMIT_MS = 250;
/** How often a text is tried that takes longer: the processor may be busy with something else. */
const TRIALS = 3;
/** Shorter texts first: one that goes back and forth is found out before it takes a minute. */
const LENGTHS = [1, 2, 4, 8, 16, 32, 64].map((kilobytes) => kilobytes * 1024);

type Tried = Pick<ListedPattern, "pattern" | "prefix">;

/** The text on which the expression takes too long; `undefined`: there is none. */
function worstOf(tried: Tried): { readonly text: string; readonly tookMs: number } | undefined {
  for (const [unit, end] of parts(tried)) {
    for (const length of LENGTHS) {
      const text = (tried.prefix ?? "") + unit.repeat(length / unit.length) + end;
      const tookMs = timeOf(tried.pattern, text);
      if (tookMs > LIMIT_MS) return { text, tookMs };
    }
  }
  return undefined;
}

/** The milliseconds of the fastest trial. */
function timeOf(pattern: RegExp, text: string): number {
  let leastMs = Infinity;
  for (let trial = 0; trial < TRIALS && leastMs > LIMIT_MS; trial++) {
    const startMs = performance.now();
    text.replace(pattern, "");
    pattern.lastIndex = 0;
    leastMs = Math.min(leastMs, performance.now() - startMs);
  }
  return leastMs;
}

/** What texts are made of: one or two characters, those of the expression among them, and an end that does not fit. */
function* parts({ pattern }: Tried): Generator<[unit: string, end: string]> {
  const characters = new Set(
    " \t\r\na0A-,=:é\u2028" + pattern.source.replace(/[\\[\]()^$?*{}]/g, ""),
  );
  const units = [...characters].flatMap((one) => [one, ...[" ", "a", ","].map((two) => one + two)]);
  for (const unit of units) {
    for (const end of ["", "\0", "\n"]) yield [unit, end];
  }
}

for (const listed of LISTED_PATTERNS.filter(({ input }) => input === "peers")) {
  Deno.test(`lib/${listed.room}: ${listed.pattern} takes no longer than it must`, () => {
    const worst = worstOf(listed);
    assert.equal(worst, undefined, JSON.stringify(worst)?.slice(0, 200));
  });
}

/** Expressions that the trial has to find. */
const slow: Tried[] = [
  { pattern: /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/, prefix: "X:" },
  { pattern: /,+$/ },
  { pattern: /\s*,\s*/ },
];
for (const tried of slow) {
  Deno.test(`the trial finds that ${tried.pattern} takes too long`, () => {
    assert.notEqual(worstOf(tried), undefined);
  });
}

Deno.test("every listed expression stands in its room", async () => {
  for (const { room, pattern } of LISTED_PATTERNS) {
    const sources = await sourcesOf(new URL(`../../lib/${room}/`, import.meta.url));
    assert.ok(sources.some((text) => text.includes(String(pattern))), `${room}: ${pattern}`);
  }
});

async function sourcesOf(folder: URL): Promise<string[]> {
  const texts: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) texts.push(...await sourcesOf(new URL(`${name}/`, folder)));
    else if (/\.[jt]s$/.test(name)) texts.push(await Deno.readTextFile(new URL(name, folder)));
  }
  return texts;
}

/** Sources, and whether the gate lets them be there. */
const sources: [file: string, source: string, isRefused: boolean][] = [
  ["lib/net/x.ts", `export const A = /^a+$/;`, true],
  ["lib/codec/x.ts", `export const f = (text: string) => text.replace(/ +$/, "");`, true],
  ["lib/topic/x.ts", `export const A = new RegExp("a");`, true],
  ["lib/session/x.ts", `export const A = RegExp("a");`, true],
  ["lib/broker/handlers/x.ts", `export const A = /x/;`, true],
  ["lib/auth/x.ts", `export const A = /x/;`, true],
  ["lib/http/x.ts", `export const f = (text: string) => text.split(/\\s*,\\s*/);`, true],
  ["lib/http/page/x.js", `export const A = /x/;`, true],
  ["lib/topic/x.ts", `export const f = (text: string) => /[+#]/.test(text);`, false],
  ["lib/auth/x.ts", `export const f = (form: RegExp) => form;`, false],
  ["lib/cli/x.ts", `export const A = /^a+$/;`, false],
];
for (const [file, source, isRefused] of sources) {
  Deno.test(`the lint plugin ${isRefused ? "refuses" : "takes"} in ${file}: ${source}`, () => {
    const found = Deno.lint.runPlugin(plugin, file, source).map(({ id }) => id);
    assert.deepEqual(found, isRefused ? ["flux/listed-patterns"] : []);
  });
}
