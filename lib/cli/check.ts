import type { LogPort } from "../broker/mod.ts";
import { type Arguments, type Config, loadConfig, type ResolvedSetting } from "../config/mod.ts";
import { loadTls, SILENT } from "../net/mod.ts";
import { openAccess } from "./access.ts";
import { placeProblems } from "./check_places.ts";
import { bridgeProblems } from "./check_bridges.ts";
import { clusterProblems } from "./cluster_options.ts";
import { importWarnings } from "./check_import.ts";
import { EXIT, messageOf, print, printProblems } from "./output.ts";
import { processSources } from "./sources.ts";
import { StartError } from "./start_error.ts";

/**
 * `flux-mqtt check -c FILE`: prints the problems, and then the configuration with where each value comes from. If the configuration
 * cannot be loaded, there are only problems.
 */
export async function check(args: Arguments): Promise<number> {
  const result = loadConfig(processSources(args));
  if (!result.isValid) return printProblems(result.problems);
  const { config } = result;
  const warnings: string[] = [...importWarnings(config)];
  const problems = [
    ...await accessProblems(config),
    ...await certificateProblems(config, (text) => warnings.push(text)),
    ...placeProblems(config),
    ...bridgeProblems(config),
    ...await clusterProblems(config),
  ];
  const status = problems.length > 0 ? printProblems(problems) : EXIT.ok;
  print(describeConfig(config, problems.length === 0, warnings));
  return status;
}

/** The problems of the files of users and rules. */
async function accessProblems(config: Config): Promise<readonly string[]> {
  try {
    const access = await openAccess(config, SILENT);
    if (access !== undefined && "close" in access) access.close();
    return [];
  } catch (error) {
    if (error instanceof StartError) return error.problems;
    throw error;
  }
}

/** Why TLS listeners could not be opened: their files are loaded as at the start. */
async function certificateProblems(
  { listeners }: Config,
  warn: (text: string) => void,
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { tls, options, origin } of listeners) {
    if (tls === undefined) continue;
    try {
      const warning: LogPort["warning"] = (message, fields) => {
        warn(`${origin}: listener ${options.name}: ${message} (issuer: ${fields?.["issuer"]})`);
      };
      (await loadTls(tls, { ...SILENT, warning })).close();
    } catch (error) {
      problems.push(`${origin}: listener ${options.name}: ${messageOf(error)}`);
    }
  }
  return problems;
}

/** The notes and warnings, and a table of option, value and origin, with a listener's options below it. */
function describeConfig(config: Config, isValid: boolean, warnings: readonly string[]): string {
  const rows = [
    ["OPTION", "VALUE", "FROM"],
    ...config.settings.map(row),
    ...config.bridges.flatMap(({ settings }) => settings.map(row)),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const table = rows.map((cells) =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()
  );
  const notes = config.notes.map(({ level, text }) => `${level}: ${text}`);
  notes.push(...warnings.map((text) => `warning: ${text}`));
  const verdict = isValid ? ["", "The configuration is valid"] : [];
  return [...notes, "", ...table, ...verdict, ""].join("\n");
}

function row({ option, listener, text, origin }: ResolvedSetting): string[] {
  const beginsBlock = option.name === "listener" || option.name === "connection";
  const indent = listener === "" || beginsBlock ? "" : "  ";
  return [indent + option.name, text === "" ? "-" : text, origin];
}
