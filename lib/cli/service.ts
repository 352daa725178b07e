import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Config, loadConfig, parseArguments } from "../config/mod.ts";
import type { Flags } from "./commands.ts";
import { actionProblem, flagProblem } from "./flag_problem.ts";
import { flagsHelp } from "./help.ts";
import { EXIT, messageOf, print, printError, printProblems } from "./output.ts";
import { exists } from "./placed_file.ts";
import { type Step, stepText, takeSteps } from "./service/steps.ts";
import { canNotify, UNIT, UNIT_PATH, unitText, USER_PATH, USER_TEXT } from "./service/unit.ts";
import { processSources } from "./sources.ts";

/** The flags of `service`. */
export const SERVICE_FLAGS = {
  "config-file": {
    type: "string",
    short: "c",
    value: "FILE",
    text: "The broker's configuration. [/etc/flux-mqtt/flux.conf]",
  },
  executable: {
    type: "string",
    value: "FILE",
    text: "What the service starts. [the executable that is running]",
  },
  root: {
    type: "string",
    value: "DIRECTORY",
    text: "Writes below this directory, and starts nothing: for an image of another machine.",
  },
  "dry-run": { type: "boolean", text: "Only says what would be done." },
  help: { type: "boolean", text: "Prints this help." },
} as const satisfies Flags;

/** The actions with their descriptions. */
export const SERVICE_ACTIONS = {
  install: "Writes the unit and its user, and starts the broker now and with the machine.",
  remove: "Stops the broker and removes the unit; configuration and store stay.",
  status: "Says whether it is installed and runs; status 0 if it runs.",
} as const;

/** Its usage and what it does, for help and man page. */
export const SERVICE_USE = "The broker as a service of systemd: flux-mqtt service ACTION [FLAGS]";

/** The only directory in which the unit lets the broker write. */
const STATE = "/var/lib/flux-mqtt";
/** Directories that the unit hides from the broker. */
const HIDDEN = /^\/(?:home|root|run\/user|tmp|var\/tmp)\//;

/** What the command line asks for. */
interface Request {
  readonly action: keyof typeof SERVICE_ACTIONS;
  readonly configFile: string;
  readonly executable: string | undefined;
  /** The root directory to write below, without a slash at its end; `""`: this system. */
  readonly root: string;
  readonly isDry: boolean;
}

/** `flux-mqtt service`; returns the exit status. */
export async function service(args: readonly string[]): Promise<number> {
  const request = readRequest(args);
  if (request === "help") {
    const actions = Object.entries(SERVICE_ACTIONS).map(([name, text]) =>
      `  ${name.padEnd(9)} ${text}`
    );
    print(`${SERVICE_USE}\n\n${actions.join("\n")}\n\n${flagsHelp(SERVICE_FLAGS)}`);
    return EXIT.ok;
  }
  if (typeof request === "string") {
    printError(`${request}\nSee flux-mqtt service --help\n`);
    return EXIT.usage;
  }
  try {
    if (request.action === "status") return status(request.root);
    return await change(request);
  } catch (error) {
    const isDenied = error instanceof Deno.errors.PermissionDenied;
    const hint = isDenied ? "; run it as root: sudo flux-mqtt service ..." : "";
    printError(`${messageOf(error)}${hint}\n`);
    return EXIT.failed;
  }
}

function readRequest(args: readonly string[]): Request | string {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options: SERVICE_FLAGS, allowPositionals: true });
  } catch (error) {
    return flagProblem(error, SERVICE_FLAGS);
  }
  const { values, positionals: [action = "", ...more] } = parsed;
  if (values.help) return "help";
  if (!Object.hasOwn(SERVICE_ACTIONS, action)) {
    return actionProblem(action, Object.keys(SERVICE_ACTIONS));
  }
  if (more.length > 0) return `${more[0]}: Is not understood`;
  const { root, executable } = values;
  return {
    action: action as Request["action"],
    configFile: resolve(values["config-file"] ?? "/etc/flux-mqtt/flux.conf"),
    executable: executable === undefined ? ownExecutable() : resolve(executable),
    root: root === undefined || resolve(root) === "/" ? "" : resolve(root),
    isDry: values["dry-run"] ?? false,
  };
}

/** The running executable; `undefined`: Deno runs the source code. */
function ownExecutable(): string | undefined {
  return Deno.build.standalone ? Deno.execPath() : undefined;
}

async function change(request: Request): Promise<number> {
  const { action, root, isDry } = request;
  if (root === "" && !isDry && !exists("/run/systemd/system")) {
    printError(
      "systemd does not run here: there is no /run/systemd/system; --root DIRECTORY writes for another machine\n",
    );
    return EXIT.failed;
  }
  const steps = action === "install" ? installSteps(request) : REMOVE_STEPS;
  if (typeof steps === "number") return steps;
  if (isDry) {
    print(`${steps.map(stepText).join("\n")}\n`);
    for (const step of steps) if (step.type === "write") print(`\n${step.path}:\n${step.text}`);
    return EXIT.ok;
  }
  const left = await takeSteps(steps, root);
  const done = steps.filter((step) => !left.includes(step));
  print(done.map((step) => `Done: ${stepText(step)}\n`).join(""));
  if (left.length > 0) {
    const where = root === "" ? "To finish, run as root" : "To finish, on that machine";
    print(`${where}:\n${left.map((step) => `  ${stepText(step)}\n`).join("")}`);
  }
  return EXIT.ok;
}

/** The steps of an installation, or the exit status if something is wrong. */
function installSteps({ configFile, executable, root }: Request): readonly Step[] | number {
  if (executable === undefined) {
    printError(
      "--executable: Must name the executable, since Deno runs the source code here; `deno task compile` makes dist/flux-mqtt\n",
    );
    return EXIT.usage;
  }
  const odd = [executable, configFile].find((path) => /[\s%"'\\]/.test(path));
  if (odd !== undefined) {
    return fail(`${odd}: Cannot stand in a unit: it has a blank, a quote, a backslash or %`);
  }
  const hidden = [executable, configFile].find((path) => HIDDEN.test(path));
  if (hidden !== undefined && root === "") {
    return fail(`${hidden}: The unit hides home and temporary directories; move it elsewhere`);
  }
  if (!exists(root + executable)) return fail(`${root}${executable}: Does not exist`);
  const result = loadConfig(processSources(parseArguments(["-c", root + configFile])));
  if (!result.isValid) return printProblems(result.problems);
  const problem = storeProblem(result.config);
  if (problem !== undefined) return fail(problem);
  return [
    { type: "write", path: USER_PATH, text: USER_TEXT },
    { type: "write", path: UNIT_PATH, text: unitText(executable, configFile, canNotify()) },
    { type: "run", words: ["systemd-sysusers", USER_PATH] },
    ...closedFiles(root, configFile, result.config).map((path) =>
      ({ type: "share", path }) as const
    ),
    { type: "run", words: ["systemctl", "daemon-reload"] },
    { type: "run", words: ["systemctl", "enable", "--now", UNIT] },
  ];
}

const REMOVE_STEPS: readonly Step[] = [
  { type: "run", words: ["systemctl", "disable", "--now", UNIT] },
  { type: "remove", path: UNIT_PATH },
  { type: "remove", path: USER_PATH },
  { type: "run", words: ["systemctl", "daemon-reload"] },
];

/** Why the unit would not let the broker write its store. A relative path starts in the unit's directory. */
function storeProblem({ persistence, persistenceLocation }: Config): string | undefined {
  const isRelative = !persistenceLocation.startsWith("/");
  const isThere = `${persistenceLocation}/`.startsWith(`${STATE}/`);
  if (!persistence || isRelative || isThere) return undefined;
  return `persistence_location: Must be ${STATE} or below for the service, is ${persistenceLocation}`;
}

/**
 * Files beside the configuration that only their owner may read, and that the broker has to: itself, and what it names.
 * Others are none of the broker's business: the directory may be /etc, where some systems close the file of passwords in the same way.
 */
function closedFiles(root: string, configFile: string, { settings, bridges }: Config): string[] {
  const directory = dirname(configFile);
  const all = [settings, ...bridges.map((bridge) => bridge.settings)].flat();
  const named = new Set([configFile, ...all.map(({ text }) => text)]);
  return [...Deno.readDirSync(root + directory)]
    .filter(({ isFile }) => isFile)
    .map(({ name }) => `${directory}/${name}`)
    .filter((path) => named.has(path) && ((Deno.statSync(root + path).mode ?? 0) & 0o077) === 0)
    .toSorted();
}

/** Prints the service's state, from files alone: the executable has no permission to run systemctl. */
function status(root: string): number {
  const isInstalled = exists(root + UNIT_PATH);
  const isEnabled = exists(`${root}/etc/systemd/system/multi-user.target.wants/${UNIT}`);
  const isRunning = processesOf(root) > 0;
  print(`installed  ${isInstalled ? UNIT_PATH : "no"}\n`);
  print(`enabled    ${isEnabled ? "yes: it starts with the machine" : "no"}\n`);
  print(`running    ${isRunning ? "yes" : "no"}\n`);
  if (isInstalled) print(`The log: journalctl -u ${UNIT}\n`);
  return isRunning ? EXIT.ok : EXIT.failed;
}

function processesOf(root: string): number {
  try {
    const path = `${root}/sys/fs/cgroup/system.slice/${UNIT}/cgroup.procs`;
    return Deno.readTextFileSync(path).trim().split("\n").filter((line) => line !== "").length;
  } catch {
    return 0; // There is no such group of processes.
  }
}

function fail(problem: string): number {
  printError(`${problem}\n`);
  return EXIT.failed;
}
