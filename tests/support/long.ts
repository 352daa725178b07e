/** Names the file that gathers what is left out: `deno task test` does. Who runs `deno test` by himself leaves nothing out. */
export const LEFT_OUT = "FLUX_MQTT_LEFT_OUT";

const list = Deno.env.get(LEFT_OUT) ?? "";

/** Whether this test is left out, as one that takes long and proves what shorter ones have tried; if so, it is told. For `ignore`. */
export function isLeftOut(name: string): boolean {
  if (list === "") return false;
  Deno.writeTextFileSync(list, `${name}\n`, { append: true });
  return true;
}

/** A test that takes long, and proves what shorter ones have tried: `deno task test --all` runs it. */
export function longTest(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, ignore: isLeftOut(name), fn, sanitizeOps: true, sanitizeResources: true });
}
