/**
 * The command line: `flux-mqtt [COMMAND] [-c FILE] [FLAGS]`, a file for each command.
 *
 * This room puts the others together and is the only one that knows them all. `serve` loads the configuration, opens the log
 * and runs the broker; `check` prints what a configuration comes to. Flags are those of the option table. Nothing heavy
 * happens before it is needed: a broker must accept connections within 100 ms of its start.
 *
 * What commands and flags there are stands in tables (`commands.ts`, `client_options.ts`, the option table): parsing, help, man page and
 * completions come from the same rows. What an exit status means stands in `exit_status.ts`.
 *
 * ```ts
 * import { main } from "./mod.ts";
 *
 * const status = await main(["--version"]);
 * ```
 *
 * @module
 */
import { type Arguments, nearest, parseArguments } from "../config/mod.ts";
import { check } from "./check.ts";
import { help } from "./help.ts";
import { EXIT, printError } from "./output.ts";
import { serve } from "./serve.ts";
import { version } from "./version.ts";

const COMMANDS: Readonly<Record<string, (args: Arguments) => number | Promise<number>>> = {
  serve,
  check,
  help,
  version,
};

/** Commands with flags of their own, loaded when they are called: the broker's start does not pay for them. */
const TOOLS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  pub: async (args) => (await import("./pub.ts")).pub(args),
  sub: async (args) => (await import("./sub.ts")).sub(args),
  rr: async (args) => (await import("./rr.ts")).rr(args),
  bench: async (args) => (await import("./bench.ts")).bench(args),
  passwd: async (args) => (await import("./passwd.ts")).passwd(args),
  "explain-acl": async (args) => (await import("./explain_acl.ts")).explainAcl(args),
  health: async (args) => (await import("./health.ts")).health(args),
  "example-config": async (args) => (await import("./example_config.ts")).exampleConfig(args),
  man: async (args) => (await import("./man.ts")).man(args),
  completions: async (args) => (await import("./completions.ts")).completions(args),
};

/** Runs one command to its end; returns the exit status. */
export async function main(args: readonly string[]): Promise<number> {
  const [first = "", ...rest] = args;
  if (Object.hasOwn(TOOLS, first)) return await TOOLS[first]!(rest);
  const parsed = parseArguments(args);
  if (parsed.wantsHelp) return help();
  if (parsed.wantsVersion) return version();

  const name = parsed.command === "" ? "serve" : parsed.command;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  // A flag that is not understood leaves its value behind, which would look like a command.
  if (parsed.problems.length > 0) return refuse(parsed.problems);
  if (command === undefined) {
    const near = nearest(name, [...Object.keys(COMMANDS), ...Object.keys(TOOLS)]);
    const hint = near === undefined ? "" : `; did you mean ${near}?`;
    return refuse([`${name}: Is not a command${hint}`]);
  }
  if (parsed.operands.length > 0) {
    return refuse([`${parsed.operands[0]}: Is not understood; ${name} takes flags only`]);
  }
  return await command(parsed);
}

function refuse(problems: readonly string[]): number {
  printError(problems.map((problem) => problem + "\n").join("") + "See flux-mqtt --help\n");
  return EXIT.usage;
}
