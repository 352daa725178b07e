import { strict as assert } from "node:assert";

/** README and guide: every link leads somewhere, every file that they name is there, and no page is long. */

const ROOT = new URL("../../", import.meta.url);
/** Lines that somebody reads in one go. */
const MAX_LINES = 200;

const pages = ["README.md", ...namesIn("lib/guide/").map((name) => `lib/guide/${name}`)];

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => name)
    .filter((name) => name.endsWith(".md")).toSorted();
}

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

/** The text without what stands between fences. */
function prose(markdown: string): string {
  return markdown.replaceAll(/^```[\s\S]*?^```$/gm, "");
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(markdown: string): Set<string> {
  const headings = [...prose(markdown).matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) => text);
  return new Set(
    headings.map((text) =>
      text.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
    ),
  );
}

/** Where the links of a page lead, but for those to other sites. */
function linksOf(markdown: string): string[] {
  return [...prose(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

for (const page of pages) {
  Deno.test(`${page}: every link leads to a page and a heading that are there`, () => {
    for (const link of linksOf(read(page))) {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? new URL(page, ROOT) : new URL(path, new URL(page, ROOT));
      assert.ok(Deno.statSync(target).isFile, link);
      if (anchor === undefined) continue;
      const anchors = anchorsOf(Deno.readTextFileSync(target));
      assert.ok(anchors.has(anchor), `${link}: has ${[...anchors].join(", ")}`);
    }
  });

  Deno.test(`${page}: every file of lib, tests and tasks that it names is there`, () => {
    for (const [, path] of prose(read(page)).matchAll(/`((?:lib|tests|tasks)\/[\w./-]+)`/g)) {
      assert.ok(Deno.statSync(new URL(path!, ROOT)), path!);
    }
  });

  Deno.test(`${page} has at most ${MAX_LINES} lines`, () => {
    const count = read(page).trimEnd().split("\n").length;
    assert.ok(count <= MAX_LINES, `${count} lines`);
  });
}

Deno.test("anchorsOf() makes GitHub's anchors, and takes no heading from a block of code", () => {
  const markdown = "# `#` and its parent\n\n```sh\n# a comment\n```\n\n## A_b, C: d-e\n";
  assert.deepEqual([...anchorsOf(markdown)], ["-and-its-parent", "a_b-c-d-e"]);
});

Deno.test("linksOf() takes neither links to other sites nor those in blocks of code", () => {
  const markdown = "[a](a.md#b) [c](https://example.org/)\n\n```md\n[d](d.md)\n```\n";
  assert.deepEqual(linksOf(markdown), ["a.md#b"]);
});

Deno.test("the README links every page of the guide that no other page leads to", () => {
  const linked = new Set(
    pages.flatMap((page) =>
      linksOf(read(page)).map((link) => new URL(link.split("#")[0]!, new URL(page, ROOT)).pathname)
    ),
  );
  for (const page of pages.slice(1)) assert.ok(linked.has(new URL(page, ROOT).pathname), page);
});
