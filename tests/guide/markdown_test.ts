import { strict as assert } from "node:assert";
import { type Block, blocksOf, plainText, type Span, spansOf } from "../../lib/guide/markdown.ts";

const blocks: [name: string, markdown: string, expected: Block[]][] = [
  ["a heading", "## A `b`\n", [{ type: "heading", level: 2, text: "A `b`" }]],
  ["lines that are one paragraph", "a\nb\n\nc\n", [
    { type: "paragraph", text: "a b" },
    { type: "paragraph", text: "c" },
  ]],
  ["code, in which nothing else counts", "```sh\n# a\n\n- b\n```\n", [
    { type: "code", language: "sh", text: "# a\n\n- b" },
  ]],
  ["a table, also with a bar in a cell", "| a | b |\n| - | - |\n| `c\\|d` | |\n", [
    { type: "table", header: ["a", "b"], rows: [["`c\\|d`", ""]] },
  ]],
  ["a list that goes on in the next line", "- a\n  b\n- c\n", [
    {
      type: "list",
      isOrdered: false,
      items: [[{ type: "paragraph", text: "a b" }], [{ type: "paragraph", text: "c" }]],
    },
  ]],
  ["a numbered list with code in an item", "1. a\n\n   ```text\n   b\n   ```\n\n2. c\n", [
    {
      type: "list",
      isOrdered: true,
      items: [
        [{ type: "paragraph", text: "a" }, { type: "code", language: "text", text: "b" }],
        [{ type: "paragraph", text: "c" }],
      ],
    },
  ]],
  ["a comment, which is left out", "<!-- a\nb -->\n\nc\n", [{ type: "paragraph", text: "c" }]],
  ["code that nobody ends", "```sh\na", [{ type: "code", language: "sh", text: "a" }]],
];
for (const [name, markdown, expected] of blocks) {
  Deno.test(`blocksOf() reads ${name}`, () => assert.deepEqual(blocksOf(markdown), expected));
}

const text = (text: string): Span => ({ type: "text", text });
const spans: [markdown: string, expected: Span[]][] = [
  ["a `b*c` d", [text("a "), { type: "code", text: "b*c" }, text(" d")]],
  ["**a `b`**", [{ type: "strong", spans: [text("a "), { type: "code", text: "b" }] }]],
  ["[a](b.md#c).", [{ type: "link", spans: [text("a")], target: "b.md#c" }, text(".")]],
  ["[`a]`](b)", [{ type: "link", spans: [{ type: "code", text: "a]" }], target: "b" }]],
  ["a \\| b", [text("a | b")]],
  ["2 * 3 [x]", [text("2 * 3 [x]")]],
];
for (const [markdown, expected] of spans) {
  Deno.test(`spansOf() takes "${markdown}" apart`, () => {
    assert.deepEqual(spansOf(markdown), expected);
  });
}

Deno.test("plainText() leaves the marks out", () => {
  assert.equal(plainText("**a** `b` [c `d`](e.md)"), "a b c d");
});
