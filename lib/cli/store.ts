import { parseArgs } from "node:util";
import { localClientIdOf } from "../bridge/mod.ts";
import { loadConfig, parseArguments } from "../config/mod.ts";
import {
  compact,
  DATABASE_NAME,
  deleteStoredSession,
  makeBackup,
  restore,
  snapshot,
  StoredFile,
} from "../store/mod.ts";
import type { Flags } from "./commands.ts";
import { actionProblem, flagProblem } from "./flag_problem.ts";
import { flagsHelp } from "./help.ts";
import { EXIT, failureText, print, printError, printProblems } from "./output.ts";
import { statIfThere } from "./placed_file.ts";
import { Progress } from "./progress.ts";
import { processSources } from "./sources.ts";
import { columns, megabytes } from "./store_text.ts";
import { safe as printable } from "./terminal_text.ts";

/** The flags of `store`. */
export const STORE_FLAGS = {
  "config-file": {
    type: "string",
    short: "c",
    value: "FILE",
    text: "The broker's configuration, whose persistence_location is the store.",
  },
  directory: {
    type: "string",
    short: "d",
    value: "DIRECTORY",
    text: "Uses this directory instead; default: data.",
  },
  help: { type: "boolean", text: "Prints this help." },
} as const satisfies Flags;

/** The actions with their descriptions. */
export const STORE_ACTIONS = {
  size: "How many sessions, subscriptions and messages there are, and their bytes.",
  list: "Every session: whose it is, what it subscribes to and what waits for it.",
  inspect: "CLIENT_ID: one session with its Topic Filters.",
  verify: "Reads everything; status 1 where something is damaged.",
  backup: "FILE: copies all into one file, also while the broker runs.",
  restore: "FILE: puts a backup in its place; the broker must not run.",
  delete:
    "CLIENT_ID: deletes a session and its messages, such as an orphan's; the broker must not run.",
  compact: "Makes the file as small as it can be; the broker must not run.",
} as const;

/** Its usage and what it does, for help and man page. */
export const STORE_USE =
  `Looks after what the broker has stored: flux-mqtt store ACTION [-c FILE | -d DIRECTORY]`;

/** Where the store is, and the bridges of the configuration. */
interface Place {
  readonly directory: string;
  /** The sessions of configured bridges; `undefined`: no configuration was named. */
  readonly bridgeSessions: ReadonlySet<string> | undefined;
}

type Action = keyof typeof STORE_ACTIONS;

/** `flux-mqtt store`: see {@linkcode STORE_ACTIONS}; returns the exit status. */
export async function store(args: readonly string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options: STORE_FLAGS, allowPositionals: true });
  } catch (error) {
    return refuse(flagProblem(error, STORE_FLAGS));
  }
  const { values, positionals: [action = "", operand = "", ...more] } = parsed;
  if (values.help) {
    const actions = Object.entries(STORE_ACTIONS).map(([name, text]) =>
      `  ${name.padEnd(9)} ${text}`
    );
    print(`${STORE_USE}\n\n${actions.join("\n")}\n\n${flagsHelp(STORE_FLAGS)}`);
    return EXIT.ok;
  }
  if (!Object.hasOwn(STORE_ACTIONS, action)) {
    return refuse(actionProblem(action, Object.keys(STORE_ACTIONS)));
  }
  const wantsOperand = /^(CLIENT_ID|FILE):/.exec(STORE_ACTIONS[action as Action])?.[1];
  const strange = wantsOperand === undefined && operand !== "" ? operand : more[0];
  if (strange !== undefined) return refuse(`${strange}: Is not understood`);
  if (wantsOperand !== undefined && operand === "") {
    return refuse(`${action} needs a ${wantsOperand}`);
  }
  const place = placeOf(values["config-file"], values.directory);
  if (place instanceof Array) return printProblems(place);
  try {
    return await act(action as Action, operand, place);
  } catch (error) {
    const what = action === "backup"
      ? `back up to ${operand}`
      : `${action} ${operand || place.directory}`;
    printError(`${failureText(what, error)}\n`);
    return EXIT.failed;
  }
}

function placeOf(
  file: string | undefined,
  directory: string | undefined,
): Place | readonly string[] {
  if (file === undefined) return { directory: directory ?? "data", bridgeSessions: undefined };
  const result = loadConfig(processSources(parseArguments(["-c", file])));
  if (!result.isValid) return result.problems;
  const { persistenceLocation, bridges, otherBridges } = result.config;
  return {
    directory: directory ?? persistenceLocation,
    bridgeSessions: new Set(
      [...bridges, ...otherBridges].map(({ options }) => localClientIdOf(options)),
    ),
  };
}

function act(action: Action, operand: string, place: Place): number | Promise<number> {
  const { directory } = place;
  const path = `${directory}/${DATABASE_NAME}`;
  if (action !== "restore" && !statIfThere(path)?.isFile) {
    printError(`${directory}: There is no store here; -c FILE or -d DIRECTORY names it\n`);
    return EXIT.failed;
  }
  switch (action) {
    case "backup":
      return backUp(path, operand);
    case "restore": {
      const aside = restore(operand, directory);
      print(
        `Restored ${operand} to ${directory}${
          aside === "" ? "" : `; the old store is now ${aside}`
        }\n`,
      );
      return EXIT.ok;
    }
    case "delete":
      return deleteSession(operand, place);
    case "compact": {
      using progress = new Progress();
      progress.tell(`Rewrites ${path}, ${megabytes(Deno.statSync(path).size)}`);
      const [before, after] = compact(directory);
      progress.clear();
      print(`${path}: ${megabytes(before)} before, ${megabytes(after)} now\n`);
      return EXIT.ok;
    }
    default:
      return look(action, operand, path, place);
  }
}

async function backUp(path: string, file: string): Promise<number> {
  using progress = new Progress();
  const { sessions, messages, retained } = await makeBackup(file, (to) => {
    progress.tell(`Copies ${path}, ${megabytes(Deno.statSync(path).size)}, and checks the copy`);
    snapshot(path, to);
  });
  progress.clear();
  print(`${file}: ${sessions} sessions, ${messages} messages, ${retained} retained messages\n`);
  return EXIT.ok;
}

async function deleteSession(clientId: string, place: Place): Promise<number> {
  if (place.bridgeSessions?.has(clientId)) {
    printError(`${clientId}: Is the session of a bridge in the configuration\n`);
    return EXIT.failed;
  }
  const queued = await deleteStoredSession(place.directory, clientId);
  if (queued === undefined) {
    printError(`${clientId}: There is no such session\n`);
    return EXIT.failed;
  }
  print(`Deleted ${printable(clientId)}, for which ${queued} messages waited\n`);
  return EXIT.ok;
}

/** Reads a copy, because a running broker has the file for itself. */
function look(action: Action, operand: string, path: string, place: Place): number {
  const folder = Deno.makeTempDirSync({ prefix: "flux-store-" });
  try {
    using progress = new Progress();
    progress.tell(`Copies and reads ${path}, ${megabytes(Deno.statSync(path).size)}`);
    snapshot(path, `${folder}/copy.db`);
    if (action !== "verify") progress.clear();
    using file = new StoredFile(`${folder}/copy.db`);
    switch (action) {
      case "size":
        return printSize(file);
      case "list":
        return printSessions(file, place);
      case "inspect":
        return printSession(file, operand, place);
      default: {
        const problems = file.problems();
        progress.clear();
        print(problems.length === 0 ? `${path} is whole\n` : `${problems.join("\n")}\n`);
        return problems.length === 0 ? EXIT.ok : EXIT.failed;
      }
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function printSize(file: StoredFile): number {
  const { bytes, freeBytes, ...counts } = file.counts();
  const rows = Object.entries(counts).map(([name, count]) => [name, String(count)]);
  print(columns([...rows, ["size", megabytes(bytes)], ["unused", megabytes(freeBytes)]]));
  return EXIT.ok;
}

function printSessions(file: StoredFile, place: Place): number {
  print(columns([
    ["CLIENT", "OWNER", "SUBSCRIPTIONS", "QUEUED", "EXPIRES", ""],
    ...Array.from(file.sessions(), (session) => [
      session.clientId,
      ownerText(session.owner),
      String(session.subscriptions),
      String(session.queued),
      timeText(session.expiresAtMs),
      noteOn(session.clientId, place),
    ]),
  ]));
  return EXIT.ok;
}

/** Marks the session of a bridge that is not configured any more. It collects messages that nobody will fetch. */
function noteOn(clientId: string, { bridgeSessions }: Place): string {
  if (!clientId.startsWith("$bridge/") || bridgeSessions === undefined) return "";
  return bridgeSessions.has(clientId)
    ? ""
    : "orphan: no connection of this name in the configuration";
}

/** An owner is stored as a list: who vouches for it, the name, and the mount point. */
function ownerText(owner: string | null): string {
  let parts: unknown;
  try {
    parts = owner === null ? undefined : JSON.parse(owner);
  } catch {
    return `${owner} (invalid)`;
  }
  const [, name = "", mountPoint = ""] = Array.isArray(parts) ? parts.map(String) : [];
  if (name === "") return "-";
  return mountPoint === "" ? name : `${name} at ${mountPoint}`;
}

/** A file may say what no clock can. */
function timeText(ms: number | null): string {
  if (ms === null) return "-";
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? `${ms} (invalid)` : time.toISOString();
}

function printSession(file: StoredFile, clientId: string, place: Place): number {
  const filters = file.filtersOf(clientId);
  const session = [...file.sessions()].find((session) => session.clientId === clientId);
  if (filters === undefined || session === undefined) {
    printError(`${clientId}: There is no such session\n`);
    return EXIT.failed;
  }
  print(columns([
    ["client", clientId],
    ["owner", ownerText(session.owner)],
    ["queued", String(session.queued)],
    ["expires", timeText(session.expiresAtMs)],
    ...filters.map((filter) => ["subscribes to", filter]),
    ...[noteOn(clientId, place)].filter((note) => note !== "").map((note) => ["note", note]),
  ]));
  return EXIT.ok;
}

function refuse(problem: string): number {
  printError(`${problem}\nSee flux-mqtt store --help\n`);
  return EXIT.usage;
}
