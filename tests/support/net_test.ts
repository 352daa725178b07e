/** A test that opens connections: nothing may stay open behind it. */
export function netTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true });
}
