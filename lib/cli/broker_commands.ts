import { type Arguments, didYouMean, parseArguments } from "../config/mod.ts";
import { COMMAND_TEXTS } from "./commands.ts";
import { EXIT, printError } from "./output.ts";
import { serve } from "./serve.ts";
import { version } from "./version.ts";

/** Commands whose flags are the broker's options. */
const COMMANDS: Readonly<Record<string, (args: Arguments) => number | Promise<number>>> = {
  serve,
  check: async (args) => (await import("./check.ts")).check(args),
  help: async ({ operands }) => (await import("./help.ts")).help(operands),
  version,
};

/** Runs `serve`, `check`, `help` or `version`, or refuses an unknown command; returns the exit status. */
export async function brokerCommand(args: readonly string[]): Promise<number> {
  const parsed = parseArguments(args);
  const name = commandOf(parsed);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (parsed.wantsHelp || parsed.wantsVersion) return await command!({ ...parsed, operands: [] });
  // Flags are checked before the command: the value of an unknown flag would look like a command.
  if (parsed.problems.length > 0) return refuse(parsed.problems);
  if (command === undefined) {
    const hint = didYouMean(name, Object.keys(COMMAND_TEXTS));
    return refuse([`${name}: Is not a command${hint}`]);
  }
  if (parsed.operands.length > 0 && name !== "help") {
    return refuse([`${parsed.operands[0]}: Is not understood; ${name} takes flags only`]);
  }
  return await command(parsed);
}

/** `--help` and `--version` override the command. */
function commandOf({ command, wantsHelp, wantsVersion }: Arguments): string {
  if (wantsHelp) return "help";
  if (wantsVersion) return "version";
  return command === "" ? "serve" : command;
}

function refuse(problems: readonly string[]): number {
  printError(problems.map((problem) => problem + "\n").join("") + "See flux-mqtt --help\n");
  return EXIT.usage;
}
