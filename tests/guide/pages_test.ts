import { strict as assert } from "node:assert";
import { anchorOf, htmlOf, pageNamed, PAGES, terminalText } from "../../lib/guide/mod.ts";

const FOLDER = new URL("../../lib/guide/", import.meta.url);
// deno-lint-ignore no-control-regex -- they begin with one
const SEQUENCES = /\x1b\[\d+m/g;

Deno.test("every page of lib/guide is in the program, with a title and a summary", () => {
  const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name)
    .filter((name) => name.endsWith(".md")).map((name) => name.replace(".md", "")).toSorted();
  assert.deepEqual(PAGES.map(({ name }) => name), names);
  for (const { name, title, summary } of PAGES) {
    assert(title !== name && title.length > 3, name);
    assert(summary.length > 10 && !summary.includes("`"), `${name}: ${summary}`);
  }
  assert.equal(pageNamed("nowhere"), undefined);
});

for (const { name, text } of PAGES) {
  Deno.test(`${name} fits a terminal of 60 characters, in colours and without, with every word of it`, () => {
    const plain = terminalText(text, { width: 60, isColored: false });
    const painted = terminalText(text, { width: 60, isColored: true });
    assert.doesNotMatch(plain, SEQUENCES);
    assert.match(painted, SEQUENCES);
    const isCode = (line: string) => /^\s{4}/.test(line);
    for (const shown of [plain, painted.replaceAll(SEQUENCES, "")]) {
      const long = shown.split("\n").filter((line) =>
        line.length > 60 && !isCode(line) && line.trim().includes(" ")
      );
      assert.deepEqual(long, []);
    }
    const words = (shown: string) => new Set(shown.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu));
    // A table that becomes a list leaves its headings out where they say nothing.
    const markdown = text.replaceAll(/^<!--.*?-->$/gm, "").replaceAll(/^.*\n\| -+ \|/gm, "|")
      .replaceAll(/\]\([^)]*\)/g, "]")
      .replaceAll(/^ *```\w*$/gm, "");
    const seen = words(plain);
    assert.deepEqual([...words(markdown)].filter((word) => !seen.has(word)), []);
  });

  Deno.test(`${name} is HTML with the headings that links lead to, and links within the guide`, () => {
    const html = htmlOf(text);
    for (const [, target] of html.matchAll(/ href="([^"]*)"/g)) {
      const [page = "", anchor] = target!.split("#");
      if (/^https:/.test(target!)) continue;
      const named = page === "" ? pageNamed(name) : pageNamed(page);
      assert(named !== undefined, target!);
      if (anchor !== undefined) assert(htmlOf(named.text).includes(` id="${anchor}"`), target!);
    }
    for (const tag of ["ul", "ol", "li", "table", "tr", "td", "p", "pre", "code", "strong", "a"]) {
      const count = (pattern: string) => html.match(new RegExp(pattern, "g"))?.length ?? 0;
      assert.equal(count(`<${tag}[ >]`), count(`</${tag}>`), tag);
    }
  });
}

Deno.test("htmlOf() lets no text of a page become markup", () => {
  const html = htmlOf(
    "a <b> & `<i>` [c](javascript:alert(1)) [d](../x.md)\n\n```sh\n<script>\n```\n",
  );
  assert.doesNotMatch(html, /<(b|i|script)>|javascript:|href/);
  assert.match(html, /a &lt;b&gt; &amp; <code>&lt;i&gt;<\/code>/);
});

Deno.test("anchorOf() calls a heading what GitHub calls it", () => {
  assert.equal(anchorOf("`#` and its parent"), "-and-its-parent");
  assert.equal(anchorOf("A_b, C: d-e"), "a_b-c-d-e");
});

Deno.test("terminalText() shows a table in columns where it fits, and as a list where not", () => {
  const table = "| a | b |\n| - | - |\n| `one` | " + "word ".repeat(8).trim() + " |\n| two | x |\n";
  const show = (width: number) => terminalText(table, { width, isColored: false }).trimEnd();
  assert.equal(show(80), "a      b\n`one`  word word word word word word word word\ntwo    x");
  assert.equal(show(30).split("\n")[2], "       word word word word");
  const three = "| a | b | c |\n| - | - | - |\n| one | " + "word ".repeat(8) + "| y |\n";
  assert.equal(
    terminalText(three, { width: 24, isColored: false }),
    "one\n    b: word word word\n    word word word word\n    word\n    c: y\n",
  );
});
