import { strict as assert } from "node:assert";
import { loadConfig, OPTIONS } from "../../lib/config/mod.ts";
import { EXIT_TEXTS } from "../../lib/cli/exit_status.ts";
import { callFlux } from "../support/flux.ts";

/** What the program prints. */
async function printed(command: string): Promise<string> {
  const { status, out, error } = await callFlux([command]);
  assert.deepEqual([status, error], [0, ""]);
  return out;
}

/** What is wrong with a configuration file. */
function problemsOf(text: string): readonly string[] {
  const result = loadConfig({
    file: "flux.conf",
    readFile: () => text,
    listDirectory: () => [],
    environment: {},
    flags: [],
    user: { name: "", isRoot: false },
  });
  return result.isValid ? [] : result.problems;
}

/** An option in a comment; prose has a blank behind its number sign. */
const OPTION_LINE = /^#(\w+) (.*)$/;

Deno.test("the example configuration has every option in a comment, and changes nothing", async () => {
  const text = await printed("example-config");
  const names = text.split("\n").map((line) => OPTION_LINE.exec(line)?.[1]);
  for (const { name } of OPTIONS) assert(names.includes(name), name);
  const active = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.deepEqual(active, []);
  assert.deepEqual(problemsOf(text), []);
  assert(text.split("\n").every((line) => line.length <= 100));
});

Deno.test("the example configuration stays valid with every default uncommented", async () => {
  const text = await printed("example-config");
  /** Placeholders such as PATH and TEXT are for people to replace. */
  const isDefault = (value: string) => !/^[A-Z]+$/.test(value);
  const uncommented = text.split("\n").map((line) => {
    const [, name, value = ""] = OPTION_LINE.exec(line) ?? [];
    // The default listener and one of its own exclude each other.
    return name !== undefined && name !== "port" && isDefault(value) ? `${name} ${value}` : line;
  });
  assert.deepEqual(problemsOf(uncommented.join("\n")), []);
  const count = uncommented.filter((line) => line !== "" && !line.startsWith("#")).length;
  assert(count > OPTIONS.length / 2, `${count} lines are uncommented`);
});

Deno.test("the man page names every option, flag and exit status, and renders without a warning", async () => {
  const page = await printed("man");
  for (const { name } of OPTIONS) assert(page.includes(`\n.B ${name}`), name);
  for (const [status] of EXIT_TEXTS) assert(page.includes(`\n.B ${status}\n`), String(status));
  assert(page.includes(".B \\-D, \\-\\-property"));
  let groff;
  try {
    groff = new Deno.Command("groff", {
      args: ["-man", "-Tutf8", "-ww"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    // deno-lint-ignore no-console -- whoever reads the results is to know
    return console.log("Not rendered: groff is not installed");
  }
  const writer = groff.stdin.getWriter();
  await writer.write(new TextEncoder().encode(page));
  await writer.close();
  const { stdout, stderr } = await groff.output();
  assert.equal(new TextDecoder().decode(stderr), "");
  assert(stdout.length > 10_000);
});
