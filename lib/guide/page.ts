import { blocksOf, plainText } from "./markdown.ts";
import { TEXTS } from "./pages.ts";

/** A page of the guide. */
export interface Page {
  /** The file's name without its end: what `flux-mqtt help` and addresses call it. */
  readonly name: string;
  /** Its first heading. */
  readonly title: string;
  /** Its first sentence. */
  readonly summary: string;
  /** The whole of it, in Markdown. */
  readonly text: string;
}

/** Every page, in the order of their names. */
export const PAGES: readonly Page[] = TEXTS.map(([name, text]) => pageOf(name, text));

/** The page of that name; `undefined`: there is none. */
export function pageNamed(name: string): Page | undefined {
  return PAGES.find((page) => page.name === name);
}

function pageOf(name: string, text: string): Page {
  const blocks = blocksOf(text);
  const heading = blocks.find((block) => block.type === "heading");
  const paragraph = blocks.find((block) => block.type === "paragraph");
  const title = plainText(heading?.text ?? name);
  // A full stop ends a sentence where a space or nothing follows: not in 3.1.1.
  const [summary = ""] = /^.*?[.:](?= |$)/.exec(plainText(paragraph?.text ?? "")) ?? [];
  return { name, title, summary: summary.replace(/[.:]$/, ""), text };
}
