import { type Arguments, type Config, loadConfig, type ResolvedSetting } from "../config/mod.ts";
import { loadTls, SILENT } from "../net/mod.ts";
import { openAccess } from "./access.ts";
import { EXIT, messageOf, print, printProblems } from "./output.ts";
import { processSources } from "./sources.ts";
import { StartError } from "./start_error.ts";

/** `flux-mqtt check -c FILE`: says what is wrong, or prints the configuration and where each value comes from. */
export async function check(args: Arguments): Promise<number> {
  const result = loadConfig(processSources(args));
  if (!result.isValid) return printProblems(result.problems);
  const problems = [
    ...await accessProblems(result.config),
    ...await certificateProblems(result.config),
  ];
  if (problems.length > 0) return printProblems(problems);
  print(describeConfig(result.config));
  return EXIT.ok;
}

/** What is wrong with the files of users and rights. */
async function accessProblems(config: Config): Promise<readonly string[]> {
  try {
    await openAccess(config, SILENT);
    return [];
  } catch (error) {
    if (error instanceof StartError) return error.problems;
    throw error;
  }
}

/** What would keep a listener for TLS from being opened: its files are read as at the start. */
async function certificateProblems({ listeners }: Config): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { tls, options, origin } of listeners) {
    if (tls === undefined) continue;
    try {
      (await loadTls(tls)).close();
    } catch (error) {
      problems.push(`${origin}: listener ${options.name}: ${messageOf(error)}`);
    }
  }
  return problems;
}

/** The configuration as a table: option, value, origin; a listener's options below it. */
function describeConfig(config: Config): string {
  const rows = [
    ["OPTION", "VALUE", "FROM"],
    ...config.settings.map(row),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const table = rows.map((cells) =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()
  );
  const notes = config.notes.map(({ level, text }) => `${level}: ${text}`);
  return [...table, "", ...notes, "The configuration is valid", ""].join("\n");
}

function row({ option, listener, text, origin }: ResolvedSetting): string[] {
  const indent = listener === "" || option.name === "listener" ? "" : "  ";
  return [indent + option.name, text === "" ? "-" : text, origin];
}
