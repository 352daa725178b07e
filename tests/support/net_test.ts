import { isLeftOut } from "./long.ts";

/** A test that opens connections: nothing may stay open behind it. Long proofs are left out as `isLeftOut` has it. */
export function netTest(name: string, fn: () => Promise<void>, isLong = false): void {
  const ignore = isLong && isLeftOut(name);
  Deno.test({ name, ignore, fn, sanitizeOps: true, sanitizeResources: true });
}
