import { Problem } from "./problem.ts";
import type { QueryParameter } from "./route.ts";

/** The most items of a page. */
export const MAX_LIMIT = 1000;
const DEFAULT_LIMIT = 100;

/** The query parameters of every list. */
export const PAGE_PARAMETERS: readonly QueryParameter[] = [
  {
    name: "limit",
    description: `Items of the page; default ${DEFAULT_LIMIT}`,
    schema: { type: "integer", minimum: 1, maximum: MAX_LIMIT },
  },
  {
    name: "after",
    description: "The `next` of the previous page",
    schema: { type: "string" },
  },
];

/** Reads a whole number from the query, or returns the default. */
export function wholeOf(
  query: URLSearchParams,
  name: string,
  fallback: number,
  min: number,
  max: number,
): number {
  const text = query.get(name);
  if (text === null || text === "") return fallback;
  const value = Number(text);
  if (/^\d{1,15}$/.test(text) && value >= min && value <= max) return value;
  throw new Problem(400, `${name}: must be a whole number from ${min} to ${max}`);
}

/** Reads the number of items that the page may have. */
export function limitOf(query: URLSearchParams): number {
  return wholeOf(query, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
}

/** Reads a required text from the query. */
export function requiredOf(query: URLSearchParams, name: string): string {
  const text = query.get(name);
  if (text === null || text === "") throw new Problem(400, `${name}: must be given`);
  return text;
}

/** Reads a text from a body; throws if it is not a text or too long. */
export function textOf(
  body: Readonly<Record<string, unknown>>,
  name: string,
  fallback?: string,
): string {
  const value = body[name] ?? fallback;
  if (typeof value === "string") return value;
  throw new Problem(400, `${name}: must be a text`);
}

/** Where a page begins: the sort key and the name of the item before it. */
export type Cursor = readonly [key: string | number, name: string];

/** Writes a cursor for `next`. */
export function encodeCursor(cursor: Cursor): string {
  const bytes = new TextEncoder().encode(JSON.stringify(cursor));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Reads the cursor of `after`; `undefined` for the first page. */
export function cursorOf(query: URLSearchParams): Cursor | undefined {
  const text = query.get("after");
  if (text === null || text === "") return undefined;
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    const [key, name] = JSON.parse(new TextDecoder().decode(bytes));
    const isKey = typeof key === "string" || typeof key === "number";
    if (isKey && typeof name === "string") return [key, name];
  } catch {
    // Not a cursor of ours.
  }
  throw new Problem(400, "after: must be the `next` of a page before");
}
