import { strict as assert } from "node:assert";
import {
  BRIDGE_OPTIONS,
  defaultText,
  foreignMarkdown,
  OPTION_PAGES,
  OPTIONS,
  optionsHelp,
  optionsMarkdown,
  REFUSED_OPTIONS,
} from "../../lib/config/mod.ts";
import { flagUse, wrap } from "../../lib/config/document.ts";
import { nearest } from "../../lib/config/suggest.ts";

Deno.test("the help has every option that works as a flag, and lines of at most 100 characters", () => {
  const help = optionsHelp();
  for (const option of OPTIONS) {
    assert.equal(help.includes(`  ${flagUse(option)}`), option.fileOnly === undefined, option.name);
  }
  assert.deepEqual(help.split("\n").filter((line) => line.length > 100), []);
});

/** All pages together. */
function documentation(): string {
  const pages = [...new Set(Object.values(OPTION_PAGES))];
  return [...pages.map(optionsMarkdown), foreignMarkdown()].join("\n");
}

Deno.test("the documentation has a row for every option and the name of every refused one", () => {
  const markdown = documentation();
  for (const { name } of OPTIONS) assert(markdown.includes(`\n| \`${name}\``), name);
  for (const { name } of REFUSED_OPTIONS) assert(markdown.includes(`\`${name}\``), name);
});

Deno.test("every row of the documentation has the cells that its heading has", () => {
  const rows = documentation().split("\n").filter((line) => line.startsWith("|"));
  const cells = rows.map((row) => row.replaceAll("\\|", "").split("|").length - 2);
  assert.deepEqual([...new Set(cells)].sort(), [2, 5]);
});

Deno.test("a default has its unit, unless it is in words; an empty one is none", () => {
  const shown = new Map(
    [...OPTIONS, ...BRIDGE_OPTIONS].map((option) => [option.name, defaultText(option)]),
  );
  assert.equal(shown.get("sys_interval"), "10 seconds");
  assert.equal(shown.get("bridge_session_expiry_interval"), "for ever");
  assert.equal(shown.get("max_connections"), "-1");
  assert.equal(shown.get("pid_file"), "none");
  assert.equal(shown.get("include_dir"), "none");
});

Deno.test("wrap() breaks at spaces, and leaves what is too long in one piece", () => {
  assert.deepEqual(wrap("aa bb cccccc d", 5), ["aa bb", "cccccc", "d"]);
});

const words: [word: string, expected: string | undefined][] = [
  ["chek", "check"],
  ["serv", "serve"],
  ["hlep", "help"],
  ["host", undefined],
  ["x", undefined],
  ["frobnicate", undefined],
];
for (const [word, expected] of words) {
  Deno.test(`nearest() to "${word}" is ${expected}`, () => {
    assert.equal(nearest(word, ["serve", "check", "help", "version"]), expected);
  });
}
