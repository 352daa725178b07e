/** A part of a page. Texts are Markdown still: {@linkcode spansOf} takes them apart. */
export type Block =
  | { readonly type: "heading"; readonly level: number; readonly text: string }
  | { readonly type: "paragraph"; readonly text: string }
  | { readonly type: "code"; readonly language: string; readonly text: string }
  | {
    readonly type: "list";
    readonly isOrdered: boolean;
    readonly items: readonly (readonly Block[])[];
  }
  | { readonly type: "table"; readonly header: readonly string[]; readonly rows: readonly Row[] };

/** The cells of a line of a table. */
export type Row = readonly string[];

/** A part of a text. */
export type Span =
  | { readonly type: "text" | "code"; readonly text: string }
  | { readonly type: "strong"; readonly spans: readonly Span[] }
  | { readonly type: "link"; readonly spans: readonly Span[]; readonly target: string };

const MARKER = /^(?:[-*]|(\d+)\.) +/;

/** Takes a page apart. Comments are left out. */
export function blocksOf(markdown: string): Block[] {
  const lines = markdown.replaceAll(/^<!--[\s\S]*?-->$/gm, "").split("\n");
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at]!;
    if (line.trim() === "") {
      at++;
      continue;
    }
    const [block, end] = line.startsWith("```")
      ? codeAt(lines, at)
      : /^#{1,6} /.test(line)
      ? headingAt(lines, at)
      : line.startsWith("|")
      ? tableAt(lines, at)
      : MARKER.test(line)
      ? listAt(lines, at)
      : paragraphAt(lines, at);
    blocks.push(block);
    at = end;
  }
  return blocks;
}

/** Takes a text apart: `code`, **strong**, [links](target). */
export function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  const pattern = /`` ?(.+?) ?``|`([^`]+)`|\*\*(.+?)\*\*|\[((?:`[^`]*`|[^\]])+)\]\(([^)\s]+)\)/g;
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole, doubled, single, strong, label, target = ""] = match;
    const code = single ?? doubled;
    if (match.index > at) {
      spans.push({ type: "text", text: unescaped(text.slice(at, match.index)) });
    }
    if (code !== undefined) spans.push({ type: "code", text: code.replaceAll("\\|", "|") });
    else if (strong !== undefined) spans.push({ type: "strong", spans: spansOf(strong) });
    else spans.push({ type: "link", spans: spansOf(label!), target });
    at = match.index + whole.length;
  }
  if (at < text.length) spans.push({ type: "text", text: unescaped(text.slice(at)) });
  return spans;
}

/** A text without its marks. */
export function plainText(text: string): string {
  const plain = (span: Span): string =>
    "spans" in span ? span.spans.map(plain).join("") : span.text;
  return spansOf(text).map(plain).join("");
}

type Found = readonly [block: Block, end: number];

function headingAt(lines: readonly string[], at: number): Found {
  const [, marks = "", text = ""] = /^(#+) +(.*)$/.exec(lines[at]!) ?? [];
  return [{ type: "heading", level: marks.length, text }, at + 1];
}

function codeAt(lines: readonly string[], at: number): Found {
  const close = lines.indexOf("```", at + 1);
  const end = close < 0 ? lines.length : close;
  const language = lines[at]!.slice("```".length).trim();
  return [{ type: "code", language, text: lines.slice(at + 1, end).join("\n") }, end + 1];
}

function tableAt(lines: readonly string[], at: number): Found {
  let end = at;
  while (lines[end]?.startsWith("|")) end++;
  const [header = [], , ...rows] = lines.slice(at, end).map(cellsOf);
  return [{ type: "table", header, rows }, end];
}

function cellsOf(line: string): Row {
  // A bar behind a backslash belongs to its cell.
  return line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim());
}

function listAt(lines: readonly string[], at: number): Found {
  const isOrdered = /^\d/.test(lines[at]!);
  const items: Block[][] = [];
  let end = at;
  while (end < lines.length && MARKER.test(lines[end]!)) {
    const [marker] = MARKER.exec(lines[end]!)!;
    const indent = " ".repeat(marker.length);
    const item = [lines[end]!.slice(marker.length)];
    end++;
    // An empty line belongs to the item where something of it follows.
    while (
      lines[end]?.startsWith(indent) || (lines[end] === "" && lines[end + 1]?.startsWith(indent))
    ) {
      item.push(lines[end]!.slice(marker.length));
      end++;
    }
    items.push(blocksOf(item.join("\n")));
    if (lines[end] === "" && MARKER.test(lines[end + 1] ?? "")) end++;
  }
  return [{ type: "list", isOrdered, items }, end];
}

function paragraphAt(lines: readonly string[], at: number): Found {
  let end = at + 1;
  while (
    end < lines.length && !/^(?:$|```|\||#{1,6} )/.test(lines[end]!) && !MARKER.test(lines[end]!)
  ) end++;
  return [{ type: "paragraph", text: lines.slice(at, end).join(" ") }, end];
}

function unescaped(text: string): string {
  return text.replaceAll(/\\([|*_`<>\\[\]])/g, "$1");
}
