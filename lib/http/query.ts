import { Problem } from "./problem.ts";
import type { QueryParameter } from "./route.ts";

/** Items of a page. */
export const MAX_LIMIT = 1000;
const DEFAULT_LIMIT = 100;

/** The parameters that every list has. */
export const PAGE_PARAMETERS: readonly QueryParameter[] = [
  {
    name: "limit",
    description: `Items of the page; default ${DEFAULT_LIMIT}`,
    schema: { type: "integer", minimum: 1, maximum: MAX_LIMIT },
  },
  {
    name: "after",
    description: "The `next` of the page before",
    schema: { type: "string" },
  },
];

/** A whole number of the query, or what holds without it. */
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

/** How many items the page may have. */
export function limitOf(query: URLSearchParams): number {
  return wholeOf(query, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
}

/** A text of the query that must be there. */
export function requiredOf(query: URLSearchParams, name: string): string {
  const text = query.get(name);
  if (text === null || text === "") throw new Problem(400, `${name}: must be given`);
  return text;
}

/** A text of a body; throws where it is another thing or longer than it may be. */
export function textOf(
  body: Readonly<Record<string, unknown>>,
  name: string,
  fallback?: string,
): string {
  const value = body[name] ?? fallback;
  if (typeof value === "string") return value;
  throw new Problem(400, `${name}: must be a text`);
}

/** Where the page begins that a cursor names: a key of the order, and the item's own name. */
export type Cursor = readonly [key: string | number, name: string];

/** What `next` says. */
export function encodeCursor(cursor: Cursor): string {
  const bytes = new TextEncoder().encode(JSON.stringify(cursor));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** The cursor of `after`; `undefined`: the page is the first. */
export function cursorOf(query: URLSearchParams): Cursor | undefined {
  const text = query.get("after");
  if (text === null || text === "") return undefined;
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    const [key, name] = JSON.parse(new TextDecoder().decode(bytes));
    const isKey = typeof key === "string" || typeof key === "number";
    if (isKey && typeof name === "string") return [key, name];
  } catch {
    // It is none of ours.
  }
  throw new Problem(400, "after: must be the `next` of a page before");
}
