/**
 * Finds the real library for JSON Web Tokens in Deno's cache or the npm registry. Only this file names it.
 *
 * @module
 */
import type { Found } from "./clients.ts";

/** The library. */
export type Jose = typeof import("npm:jose@6.1.0");

/** The library, or why it is missing. */
export async function findJose(): Promise<Found<Jose>> {
  try {
    // deno-lint-ignore no-import-prefix -- deno.json names no npm package, so that `start` needs no network
    return { client: await import("npm:jose@6.1.0") };
  } catch (error) {
    return { missing: `jose cannot be loaded: ${error}` };
  }
}
