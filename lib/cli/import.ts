import { parseArgs } from "node:util";
import { type Config, loadConfig, parseArguments } from "../config/mod.ts";
import type { CarriedOver, ImportInit, ImportResult } from "../mosquitto/mod.ts";
import type { Flags } from "./commands.ts";
import { flagProblem } from "./flag_problem.ts";
import { flagsHelp } from "./help.ts";
import { EXIT, failureText, print, printError, printProblems } from "./output.ts";
import { Progress } from "./progress.ts";
import { processSources } from "./sources.ts";
import { safe } from "./terminal_text.ts";

/** The flags of `import`. */
export const IMPORT_FLAGS = {
  "config-file": {
    type: "string",
    short: "c",
    value: "FILE",
    text:
      "The broker's configuration: its persistence_location gets the store, and its listeners tell " +
      "under which mount point clients came.",
  },
  directory: {
    type: "string",
    short: "d",
    value: "DIRECTORY",
    text: "The store is made here instead; default: data.",
  },
  replace: {
    type: "boolean",
    text: "Moves a store that is not empty aside; without this flag it is refused.",
  },
  help: { type: "boolean", text: "Prints this help." },
} as const satisfies Flags;

/** Its usage and what it does, for help and man page. */
export const IMPORT_USE =
  "Imports what a mosquitto has stored: flux-mqtt import FILE [-c FILE | -d DIRECTORY] [--replace]";

/** Milliseconds between two progress lines. */
const PROGRESS_MS = 200;

/** What was imported, in the order in which it is printed. */
const COUNT_TEXTS: readonly (readonly [name: keyof CarriedOver, text: string])[] = [
  ["retained", "retained messages"],
  ["sessions", "sessions"],
  ["subscriptions", "subscriptions"],
  ["queued", "queued messages"],
  ["inFlight", "messages in flight"],
  ["released", "QoS 2 messages that were received but not passed on yet: they are passed on now"],
];

/** What was not imported; printed if there is any. */
const LEFT_TEXTS: readonly (readonly [name: keyof CarriedOver, text: string])[] = [
  ["endedSessions", "sessions that have expired, or ended with their connection"],
  ["goneMessages", "messages that have expired, or of which the file has no content"],
  ["withoutSession", "subscriptions and messages of these, or of no session at all"],
];

/** `flux-mqtt import`; returns the exit status. */
export async function importStore(args: readonly string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options: IMPORT_FLAGS, allowPositionals: true });
  } catch (error) {
    return refuse(flagProblem(error, IMPORT_FLAGS));
  }
  const { values, positionals: [file, ...more] } = parsed;
  if (values.help) {
    print(`${IMPORT_USE}\n\n${flagsHelp(IMPORT_FLAGS)}`);
    return EXIT.ok;
  }
  if (file === undefined) return refuse("Needs the path of a mosquitto.db");
  if (more.length > 0) return refuse(`${more[0]}: Is not understood`);
  const config = configOf(values["config-file"]);
  if (config instanceof Array) return printProblems(config);
  const directory = values.directory ?? config?.persistenceLocation ?? "data";
  const listeners = config?.listeners.map(({ port, options }) => ({ port, ...options }));
  const { DatabaseError, importDatabase, StoreNotEmptyError } = await import("../mosquitto/mod.ts");
  using progress = new Progress();
  const init: ImportInit = {
    file,
    directory,
    mayReplace: values.replace === true,
    ...listeners === undefined ? {} : { listeners },
    progress: progressLine(progress),
  };
  try {
    const result = await importDatabase(init);
    progress.clear();
    printResult(init, result);
    return EXIT.ok;
  } catch (error) {
    progress.clear();
    const what = error instanceof DatabaseError
      ? `${file}: ${safe(error.message)}`
      : error instanceof StoreNotEmptyError
      ? `${error.message}; --replace moves it aside`
      : failureText(`import ${file}`, error);
    printError(`${what}\nNothing was changed\n`);
    return EXIT.failed;
  }
}

function configOf(file: string | undefined): Config | undefined | readonly string[] {
  if (file === undefined) return undefined;
  const result = loadConfig(processSources(parseArguments(["-c", file])));
  return result.isValid ? result.config : result.problems;
}

/** Returns a function that shows how far it is, at intervals. */
function progressLine(progress: Progress): (done: number, total: number) => void {
  let lastMs = -Infinity;
  return (done, total) => {
    const ms = performance.now();
    if (ms - lastMs < PROGRESS_MS) return;
    lastMs = ms;
    progress.tell(`${done} of ${total} records`);
  };
}

function printResult({ file, directory }: ImportInit, result: ImportResult): void {
  const { version, counts, aside } = result;
  const lines = [
    `Imported ${file} (version ${version} of the format) into ${directory}:`,
    ...COUNT_TEXTS.map(([name, text]) => `  ${counts[name]} ${text}`),
  ];
  const left = LEFT_TEXTS.filter(([name]) => counts[name] > 0);
  if (left.length > 0) lines.push("Not imported:");
  lines.push(...left.map(([name, text]) => `  ${counts[name]} ${text}`));
  if (aside !== "") lines.push(`The old store is now ${aside}`);
  print(`${lines.join("\n")}\n`);
}

function refuse(problem: string): number {
  printError(`${problem}\nSee flux-mqtt import --help\n`);
  return EXIT.usage;
}
