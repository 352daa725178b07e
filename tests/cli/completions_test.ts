import { strict as assert } from "node:assert";
import { completedCommands } from "../../lib/cli/completion_table.ts";
import { callFlux } from "../support/flux.ts";

/** Runs a shell with a script that it reads from standard input; `undefined`: it is not installed. */
async function shell(command: string, args: readonly string[], script: string) {
  let child;
  try {
    child = new Deno.Command(command, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  assert.equal(text.decode(stderr), "");
  assert.equal(code, 0);
  return text.decode(stdout);
}

async function completionsOf(name: string): Promise<string> {
  const { status, out, error } = await callFlux(["completions", name]);
  assert.deepEqual([status, error], [0, ""]);
  return out;
}

/** A test with a shell: its reason is printed where the shell is missing. */
function shellTest(name: string, isInstalled: boolean, fn: () => Promise<void>): void {
  // deno-lint-ignore no-console -- whoever reads the results is to know
  if (!isInstalled) console.log(`Skipped: ${name}: the shell is not installed`);
  Deno.test({ name, ignore: !isInstalled, fn, sanitizeOps: true, sanitizeResources: true });
}

const [hasBash, hasZsh, hasFish] = await Promise.all(
  ["bash", "zsh", "fish"].map(async (name) => await shell(name, ["-c", "exit 0"], "") === ""),
);

const cases: [line: string, includes: string[], excludes: string[]][] = [
  ["flux-mqtt p", ["passwd", "pub"], ["sub", "--port"]],
  ["flux-mqtt --max-q", ["--max-qos", "--max-queued-messages"], ["--help"]],
  ["flux-mqtt check --no-ret", ["--no-retain-available"], ["--retain-available"]],
  ["flux-mqtt --log-type e", ["error"], ["debug"]],
  ["flux-mqtt serve --max-qos ", ["0", "1", "2"], ["3"]],
  ["flux-mqtt pub --q", ["--qos", "--quiet"], ["--max-qos"]],
  ["flux-mqtt sub -q ", ["0", "1", "2"], []],
  ["flux-mqtt bench -r fan", ["fanout-q0", "fanin-q0"], ["pair-q0"]],
  ["flux-mqtt completions ", ["bash", "zsh", "fish"], ["pub"]],
  ["flux-mqtt explain-acl --", ["--publish", "--read"], ["--max-qos"]],
];

shellTest("bash completes commands, flags and values", hasBash!, async () => {
  const script = [
    await completionsOf("bash"),
    "complete -p flux-mqtt",
    ...cases.map(([line]) => {
      const words = line.split(" ").map((word) => `'${word}'`);
      return `COMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}; ` +
        '_flux_mqtt; echo "${COMPREPLY[*]}"';
    }),
    'COMP_WORDS=(flux-mqtt --log-format = j); COMP_CWORD=3; _flux_mqtt; echo "${COMPREPLY[*]}"',
    "COMP_WORDS=(flux-mqtt pub --cafile ''); COMP_CWORD=3; _flux_mqtt; echo \"${COMPREPLY[*]}\"",
  ].join("\n");
  const [registered, ...lines] = (await shell("bash", ["--norc"], script))!.split("\n");
  assert.equal(registered, "complete -o default -F _flux_mqtt flux-mqtt");
  for (const [i, [line, includes, excludes]] of cases.entries()) {
    const words = lines[i]!.split(" ");
    for (const word of includes) assert(words.includes(word), `${line}| ${word} is missing`);
    for (const word of excludes) assert(!words.includes(word), `${line}| ${word} is wrong`);
  }
  // After = as well, and paths are bash's own.
  assert.deepEqual(lines.slice(cases.length), ["json", "", ""]);
});

shellTest("zsh takes the script", hasZsh!, async () => {
  const script = "autoload -Uz compinit; compinit -D -u\n" + await completionsOf("zsh") +
    "print $_comps[flux-mqtt]\n";
  assert.equal(await shell("zsh", ["-f"], script), "_flux_mqtt\n");
});

shellTest("fish completes commands, flags and values", hasFish!, async () => {
  const script = [
    await completionsOf("fish"),
    ...cases.map(([line]) => `complete -C '${line}' | string split -f 1 \\t | string join ' '`),
  ].join("\n");
  const lines = (await shell("fish", ["--no-config"], script))!.split("\n");
  for (const [i, [line, includes, excludes]] of cases.entries()) {
    const words = lines[i]!.split(" ");
    for (const word of includes) assert(words.includes(word), `${line}| ${word} is missing`);
    for (const word of excludes) assert(!words.includes(word), `${line}| ${word} is wrong`);
  }
});

Deno.test("every command is understood, and each with flags explains itself", async () => {
  for (const { name, flags } of completedCommands()) {
    if (["serve", "help", "version"].includes(name)) continue;
    const { status, out, error } = await callFlux([name, "--help"]);
    assert.deepEqual([status, error], [0, ""], name);
    if (name === "check") continue;
    for (const { names } of flags) assert(out.includes(names.at(-1)!), `${name} ${names.at(-1)}`);
  }
});
