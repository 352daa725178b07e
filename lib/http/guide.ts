import type { Page } from "../guide/mod.ts";

/** Answers with a page of the guide, or their list at `/guide/`; `undefined` if the path is neither. The guide is loaded on first use. */
export async function answerGuide(pathname: string): Promise<Response | undefined> {
  if (pathname !== "/guide" && !pathname.startsWith("/guide/")) return undefined;
  const { htmlOf, pageNamed, PAGES } = await import("../guide/mod.ts");
  if (pathname === "/guide") {
    return new Response(null, { status: 308, headers: { location: "/guide/" } });
  }
  if (pathname === "/guide/") return documentOf("The guide", indexOf(PAGES));
  const page = pageNamed(pathname.slice("/guide/".length));
  return page && documentOf(page.title, htmlOf(page.text));
}

function indexOf(pages: readonly Page[]): string {
  const items = pages.map(({ name, title, summary }) =>
    `<dt><a href="${name}">${escaped(title)}</a></dt>\n<dd>${escaped(summary)}</dd>`
  );
  return `<h1>The guide</h1>\n<dl>\n${items.join("\n")}\n</dl>`;
}

/** Allows no script, because the guide needs none. */
function documentOf(title: string, content: string): Response {
  const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${escaped(title)} \u00b7 flux-mqtt</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/style.css">
    <link rel="stylesheet" href="/guide.css">
  </head>
  <body class="bare">
    <nav class="guide-nav" aria-label="Guide"><a href="/">flux-mqtt</a> <a href="/guide/">Guide</a></nav>
    <main class="guide">
${content}
    </main>
  </body>
</html>
`;
  return new Response(html, {
    headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-cache" },
  });
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
