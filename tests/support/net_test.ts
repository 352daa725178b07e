import { isLeftOut } from "./long.ts";

/** A test that opens connections, all of which must be closed at its end. A long one may be left out: see `isLeftOut`. */
export function netTest(name: string, fn: () => Promise<void>, isLong = false): void {
  const ignore = isLong && isLeftOut(name);
  Deno.test({ name, ignore, fn, sanitizeOps: true, sanitizeResources: true });
}
