/**
 * Loads npm packages for tests, from Deno's cache or the registry. Without a registry the tests that need them are skipped.
 *
 * A literal `import("npm:…")` is fetched before anything runs, and is part of the type check, which fails if it cannot be fetched. So names
 * are computed here, and each caller declares the types that it needs.
 *
 * @module
 */
import type { Found } from "./clients.ts";

/** A package's module, or why it is missing. */
export async function findNpm<T>(specifier: string): Promise<Found<T>> {
  try {
    return { client: await import(specifier) as T };
  } catch (error) {
    const [reason] = String(error).split("\n");
    return { missing: `${specifier} cannot be loaded: ${reason}` };
  }
}
