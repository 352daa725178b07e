/**
 * Finds axe-core, which checks the accessibility of a page, in Deno's cache or the npm registry. Only this file names it.
 *
 * @module
 */
import type { Found } from "./clients.ts";
import { findNpm } from "./npm.ts";

/** The script of axe-core, to be run in a page, or why it is missing. */
export async function findAxe(): Promise<Found<string>> {
  const found = await findNpm<{ readonly default: { readonly source: string } }>(
    "npm:axe-core@4.10.3",
  );
  return "client" in found ? { client: found.client.default.source } : found;
}
