/**
 * Finds axe-core, which holds a page against the rules of accessibility, from Deno's cache or the npm registry. This is the one file
 * that names it.
 *
 * @module
 */
import type { Found } from "./clients.ts";

/** The script of axe-core, to be run in a page, or why it is not there. */
export async function findAxe(): Promise<Found<string>> {
  try {
    // deno-lint-ignore no-import-prefix -- deno.json names no npm package, so that `start` needs no network
    const { default: axe } = await import("npm:axe-core@4.10.3");
    return { client: axe.source };
  } catch (error) {
    return { missing: `npm:axe-core@4.10.3 cannot be loaded: ${error}` };
  }
}
