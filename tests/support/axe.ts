/**
 * Finds axe-core, which holds a page against the rules of accessibility, from Deno's cache or the npm registry. This is the one file
 * that names it.
 *
 * @module
 */
import type { Found } from "./clients.ts";
import { findNpm } from "./npm.ts";

/** The script of axe-core, to be run in a page, or why it is not there. */
export async function findAxe(): Promise<Found<string>> {
  const found = await findNpm<{ readonly default: { readonly source: string } }>(
    "npm:axe-core@4.10.3",
  );
  return "client" in found ? { client: found.client.default.source } : found;
}
