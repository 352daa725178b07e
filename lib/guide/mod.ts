/**
 * The guide: the pages beside this file, as the repository, `flux-mqtt help TOPIC` and the page of the broker show them.
 *
 * A page is Markdown, at most 200 lines, with a title, and a first paragraph that says in a sentence what stands there. `deno task docs`
 * writes `pages.ts`, the list that puts them into the program, so that a device without a network has them too. `markdown.ts` reads what
 * the pages use of Markdown, and refuses nothing: what it does not know is a paragraph. `terminal.ts` and `html.ts` show what it has read.
 *
 * Imports nothing of other rooms. It is loaded by those who show a page, and by nobody at the start of the broker.
 *
 * ```ts
 * import { pageNamed, terminalText } from "./mod.ts";
 *
 * console.log(terminalText(pageNamed("security")!.text, { width: 80, isColored: false }));
 * ```
 *
 * @module
 */
export { anchorOf, htmlOf } from "./html.ts";
export { type Page, pageNamed, PAGES } from "./page.ts";
export { type TerminalOptions, terminalText } from "./terminal.ts";
