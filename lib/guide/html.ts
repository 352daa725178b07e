import { type Block, blocksOf, plainText, type Span, spansOf } from "./markdown.ts";

/** A page as the content of an HTML document; links to other pages lead to their names. */
export function htmlOf(markdown: string): string {
  return blocksOf(markdown).map(blockHtml).join("\n");
}

/** What a heading is called in addresses, as GitHub calls it. */
export function anchorOf(heading: string): string {
  return plainText(heading).toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

function blockHtml(block: Block): string {
  switch (block.type) {
    case "heading": {
      const { level, text } = block;
      return `<h${level} id="${escaped(anchorOf(text))}">${inline(text)}</h${level}>`;
    }
    case "paragraph":
      return `<p>${inline(block.text)}</p>`;
    case "code":
      // Whoever has no mouse scrolls it with the keys.
      return `<pre tabindex="0"><code>${escaped(block.text)}</code></pre>`;
    case "list": {
      const tag = block.isOrdered ? "ol" : "ul";
      const items = block.items.map((item) => `<li>${itemHtml(item)}</li>`);
      return `<${tag}>\n${items.join("\n")}\n</${tag}>`;
    }
    case "table":
      return tableHtml(block.header, block.rows);
  }
}

/** A single paragraph stands in its item as it is. */
function itemHtml(item: readonly Block[]): string {
  const [first, ...rest] = item;
  return first?.type === "paragraph"
    ? [inline(first.text), ...rest.map(blockHtml)].join("\n")
    : item.map(blockHtml).join("\n");
}

function tableHtml(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = header.map((cell) => `<th scope="col">${inline(cell)}</th>`).join("");
  const body = rows.map((row) =>
    `<tr>${row.map((cell) => `<td>${inline(cell)}</td>`).join("")}</tr>`
  );
  return `<div class="wide" tabindex="0"><table>\n<thead><tr>${head}</tr></thead>\n` +
    `<tbody>\n${body.join("\n")}\n</tbody>\n</table></div>`;
}

function inline(text: string): string {
  return spansOf(text).map(spanHtml).join("");
}

function spanHtml(span: Span): string {
  switch (span.type) {
    case "text":
      return escaped(span.text);
    case "code":
      return `<code>${escaped(span.text)}</code>`;
    case "strong":
      return `<strong>${span.spans.map(spanHtml).join("")}</strong>`;
    case "link": {
      const label = span.spans.map(spanHtml).join("");
      const href = addressOf(span.target);
      return href === "" ? label : `<a href="${escaped(href)}">${label}</a>`;
    }
  }
}

/** Where a link leads on the page: to another page or heading, or to another site; `""`: to what only the repository has. */
function addressOf(target: string): string {
  const [, page = "", anchor = ""] = /^([\w-]+)\.md(#.*)?$/.exec(target) ?? [];
  if (page !== "") return page + anchor;
  return /^(?:#|https:)/.test(target) ? target : "";
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}
