/**
 * Loaded before each file of tests by `deno task test` (`--preload`): gives each test a limit of time, names the file of a test that is
 * run in a group, and notes which files have not ended. Without it, one test that waits for ever keeps the whole suite from saying anything.
 *
 * @module
 */
import { noteRunning } from "./running.ts";

/** The environment variable with the milliseconds for a test that sets no limit itself. */
const TEST_LIMIT = "FLUX_MQTT_TEST_LIMIT";

/** The longest tests take 30,000 milliseconds where nothing else runs. */
const LIMIT = Number(Deno.env.get(TEST_LIMIT) ?? 180_000);

/** On a machine whose other load nobody knows, a failed test is tried once more; Deno says so, and counts it as flaky. */
const RETRIES = Deno.env.get("CI") === "true" ? 1 : 0;

/** The longest way from a file of tests to the registration of one, through its helpers. */
const FRAMES = 40;

/** The file of tests that this is called from, if it is one of a group: a group's results would not tell it. */
function fileOfGroup(): string | undefined {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = FRAMES;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  // The outermost: a helper may have such a name too.
  const [url, path] = [...stack.matchAll(/file:\/\/\S*?(tests\/\S*_test\.ts)/g)].at(-1) ?? [];
  return url === Deno.mainModule ? undefined : path;
}

type Fn = Deno.TestDefinition["fn"];

/** What `Deno.test` was called with, in any of its forms, as one definition. */
function definitionOf(first: unknown, second: unknown, third: unknown): Deno.TestDefinition {
  const fn = [first, second, third].find((given) => typeof given === "function") as Fn | undefined;
  const definition: Record<string, unknown> = { timeout: LIMIT, retry: RETRIES };
  if (fn !== undefined) Object.assign(definition, { fn, name: fn.name });
  if (typeof first === "string") definition.name = first;
  if (typeof first === "object") Object.assign(definition, first);
  if (typeof second === "object") Object.assign(definition, second);
  const file = fileOfGroup();
  if (file !== undefined) definition.name = `${file}: ${definition.name}`;
  return definition as unknown as Deno.TestDefinition;
}

const register = Deno.test;
Object.assign(Deno, {
  test: new Proxy(register, {
    apply: (_target, _self, [first, second, third]) => register(definitionOf(first, second, third)),
  }),
});
noteRunning();
