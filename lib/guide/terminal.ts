import { type Block, blocksOf, type Row, type Span, spansOf } from "./markdown.ts";

/** How a terminal shows a page. */
export interface TerminalOptions {
  /** Characters of a line. */
  readonly width: number;
  /** Whether there are colours; without them `code` keeps its marks. */
  readonly isColored: boolean;
}

/** Between two cells of a table. */
const GAP = "  ";
/** Escape sequences take no place on the screen. */
// deno-lint-ignore no-control-regex -- they begin with one
const SEQUENCES = /\x1b\[\d+m/g;

/** Shows Markdown in lines of at most `width` characters; code and words that are longer stay whole. */
export function terminalText(markdown: string, options: TerminalOptions): string {
  return `${linesOf(blocksOf(markdown), options).join("\n")}\n`;
}

function linesOf(blocks: readonly Block[], options: TerminalOptions): string[] {
  return blocks.flatMap((block, i) =>
    i === 0 ? blockLines(block, options) : [
      "",
      ...blockLines(block, options),
    ]
  );
}

function blockLines(block: Block, options: TerminalOptions): string[] {
  const { width } = options;
  switch (block.type) {
    case "heading": {
      const text = inline(block.text, options);
      return wrapped(painted(block.level === 1 ? text.toUpperCase() : text, 1, options), width);
    }
    case "paragraph":
      return wrapped(inline(block.text, options), width);
    case "code":
      return block.text.split("\n").map((line) => `    ${painted(line, 36, options)}`);
    case "list":
      return block.items.flatMap((item, i) => {
        const marker = block.isOrdered ? `${i + 1}. ` : "- ";
        return hung(marker, linesOf(item, { ...options, width: width - marker.length }));
      });
    case "table":
      return tableLines(block.header, block.rows, options);
  }
}

/** Columns where they fit; else each row as a term, and its other cells below. */
function tableLines(header: Row, rows: readonly Row[], options: TerminalOptions): string[] {
  const cells = rows.map((row) => row.map((cell) => inline(cell, options)));
  const heads = header.map((cell) => painted(inline(cell, options), 1, options));
  const widths = heads.map((head, i) =>
    Math.max(...[head, ...cells.map((row) => row[i] ?? "")].map(shownLength))
  );
  const total = widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
  if (total <= options.width) {
    return [heads, ...cells].map((row) =>
      row.map((cell, i) => cell + " ".repeat(widths[i]! - shownLength(cell))).join(GAP).trimEnd()
    );
  }
  const last = widths.length - 1;
  const room = options.width - (total - widths[last]!);
  // The last column alone is long: it goes on below itself.
  if (room >= options.width / 2) {
    return [heads, ...cells].flatMap((row) => {
      const left = row.slice(0, last).map((cell, i) =>
        cell + " ".repeat(widths[i]! - shownLength(cell)) + GAP
      ).join("");
      return hung(left, wrapped(row[last] ?? "", room)).map((line) => line.trimEnd());
    });
  }
  return cells.flatMap(([term = "", ...rest], i) => [
    ...i === 0 ? [] : [""],
    ...wrapped(painted(term, 1, options), options.width),
    ...rest.flatMap((cell, column) => {
      const label = rest.length === 1 ? "" : `${header[column + 1]!}: `;
      return cell === "" ? [] : hung("    ", wrapped(label + cell, options.width - 4));
    }),
  ]);
}

/** The first line behind `marker`, the others below it. */
function hung(marker: string, lines: readonly string[]): string[] {
  const indent = " ".repeat(shownLength(marker));
  return lines.map((line, i) => i === 0 ? marker + line : line === "" ? "" : indent + line);
}

/** A text with its marks made colours, or left out. */
function inline(text: string, options: TerminalOptions): string {
  const show = (span: Span): string => {
    switch (span.type) {
      case "text":
        return span.text;
      case "code":
        return options.isColored ? painted(span.text, 36, options) : `\`${span.text}\``;
      case "strong":
        return painted(span.spans.map(show).join(""), 1, options);
      case "link": {
        const label = span.spans.map(show).join("");
        const [page = ""] = /^[\w-]+(?=\.md)/.exec(span.target) ?? [];
        // What the reader types next.
        return page === "" || label.toLowerCase() === page ? label : `${label} (help ${page})`;
      }
    }
  };
  return spansOf(text).map(show).join("");
}

/** Text in lines, broken at spaces. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const isFull = line !== "" && shownLength(line) + 1 + shownLength(word) > width;
    if (isFull) lines.push(line);
    line = isFull || line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function shownLength(text: string): number {
  return text.replaceAll(SEQUENCES, "").length;
}

/** With the sequences that begin and end a colour, or bold where it is 1; around each word, since lines are broken between them. */
function painted(text: string, code: number, { isColored }: TerminalOptions): string {
  if (!isColored || text === "") return text;
  const end = code === 1 ? 22 : 39;
  return text.split(" ").map((word) => word === "" ? "" : `\x1b[${code}m${word}\x1b[${end}m`).join(
    " ",
  );
}
