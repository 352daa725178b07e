/**
 * Loads what tests need of npm, from Deno's cache or the registry. Without a registry the tests that need it are skipped.
 *
 * What a literal `import("npm:…")` names is fetched before anything runs, and is part of the type check, which fails where
 * it cannot be fetched. So names are only computed here, and each caller says what it needs of a package.
 *
 * @module
 */
import type { Found } from "./clients.ts";

/** A package's module, or why it is not there. */
export async function findNpm<T>(specifier: string): Promise<Found<T>> {
  try {
    return { client: await import(specifier) as T };
  } catch (error) {
    const [reason] = String(error).split("\n");
    return { missing: `${specifier} cannot be loaded: ${reason}` };
  }
}
