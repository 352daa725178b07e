import html from "./page/index.html" with { type: "text" };

/** A file of the page: answers with it, or says that the browser has it already. */
type Asset = (request: Request) => Response;

const FILES: readonly [path: string, type: string, content: string][] = [
  ["/", "text/html; charset=utf-8", html],
];

/** The page's files by their paths. They are part of the program: nothing is read when they are asked for. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map(
  FILES.map(([path, type, content]) => [path, assetOf(type, content)]),
);

function assetOf(type: string, content: string): Asset {
  const bytes = new TextEncoder().encode(content);
  let etag: string | undefined;
  return (request) => {
    etag ??= `"${fingerprint(bytes)}"`;
    const headers = { "content-type": type, etag, "cache-control": "no-cache" };
    if (request.headers.get("if-none-match") === etag) {
      return new Response(null, { status: 304, headers });
    }
    return new Response(request.method === "HEAD" ? null : bytes, { headers });
  };
}

/** FNV-1a: enough to tell two versions of a file apart. */
function fingerprint(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
