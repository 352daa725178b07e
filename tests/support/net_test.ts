/** A test that opens connections, all of which must be closed at its end. */
export function netTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true });
}
