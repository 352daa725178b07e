/** The environment variable with the path of the file that lists the tests left out. `deno task test` sets it; without it all tests run. */
export const LEFT_OUT = "FLUX_MQTT_LEFT_OUT";

const list = Deno.env.get(LEFT_OUT) ?? "";

/**
 * Whether the test of this name is left out, for `ignore`. For tests that take long and repeat at length what shorter ones try;
 * `deno task test --all` runs them. Adds the name to the list.
 */
export function isLeftOut(name: string): boolean {
  if (list === "") return false;
  Deno.writeTextFileSync(list, `${name}\n`, { append: true });
  return true;
}

/** Registers a test that may be left out: see {@linkcode isLeftOut}. */
export function longTest(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, ignore: isLeftOut(name), fn, sanitizeOps: true, sanitizeResources: true });
}
