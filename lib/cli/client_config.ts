import type { ClientCommand } from "./client_options.ts";
import { messageOf } from "./output.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Flags of the file that mosquitto's client of this name reads: a flag and its value each line. `named`: the one of `-o`; else it is
 * `~/.config/mosquitto_sub` and so on, which need not be there.
 */
export function configuredArgs(
  command: ClientCommand,
  named: string | undefined,
): readonly string[] {
  const path = named ?? standardPath(command);
  if (path === undefined) return [];
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (named === undefined) return [];
    throw new UsageError(`-o: Cannot read ${path}: ${messageOf(error)}`);
  }
  return text.split("\n").map((line) => line.trim()).filter((line) =>
    line !== "" && !line.startsWith("#")
  ).flatMap((line) => {
    const [flag = "", ...words] = line.split(/\s+/);
    if (flag === "-D" || flag === "--property" || words.length === 0) return [flag, ...words];
    return [flag, line.slice(flag.length).trim()];
  });
}

function standardPath(command: ClientCommand): string | undefined {
  const { XDG_CONFIG_HOME, HOME } = Deno.env.toObject();
  const directory = XDG_CONFIG_HOME ?? (HOME === undefined ? undefined : `${HOME}/.config`);
  if (directory === undefined || command === "health") return undefined;
  return `${directory}/mosquitto_${command}`;
}
