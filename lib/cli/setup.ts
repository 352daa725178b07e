import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { readLine } from "./ask.ts";
import type { Flags } from "./commands.ts";
import { flagProblem } from "./flag_problem.ts";
import { flagsHelp } from "./help.ts";
import { EXIT, failureText, messageOf, print, printError } from "./output.ts";
import { exists, isOpenToOthers, placeFile } from "./placed_file.ts";
import { programName } from "./program_name.ts";
import {
  CONFIG_NAME,
  connectCommand,
  quoted,
  type SetupFile,
  setupFiles,
  type SetupPlan,
} from "./setup/plan.ts";
import { askPlan, DEFAULT_DIRECTORY, planProblem } from "./setup/questions.ts";
import { trySetup } from "./setup/trial.ts";

/** The flags of `setup`. */
export const SETUP_FLAGS = {
  directory: {
    type: "string",
    short: "d",
    value: "DIRECTORY",
    text: `Where the configuration is written. [${DEFAULT_DIRECTORY}]`,
  },
  data: {
    type: "string",
    value: "DIRECTORY",
    text: "Where the broker stores. [/var/lib/flux-mqtt; data in the directory, if it is another]",
  },
  port: { type: "string", short: "p", value: "NUMBER", text: "[8883; without TLS 1883]" },
  address: {
    type: "string",
    value: "ADDRESS",
    text: "Listens on this address only. [all of the machine; without TLS 127.0.0.1]",
  },
  user: { type: "string", short: "u", value: "NAME", text: "The first user. [admin]" },
  stdin: {
    type: "boolean",
    text: "Reads the password from one line of standard input; default: one is made, and printed.",
  },
  tls: {
    type: "string",
    value: "make|own|none",
    choices: ["make", "own", "none"],
    text:
      "Makes an authority and a certificate, takes those of --certfile and --keyfile, or does without TLS. [make]",
  },
  name: {
    type: "string",
    multiple: true,
    value: "HOST",
    text:
      "A name or address of this machine, for the certificate and for clients; may be repeated.",
  },
  certfile: { type: "string", value: "FILE", text: "The certificate, with --tls own." },
  keyfile: { type: "string", value: "FILE", text: "Its key, with --tls own." },
  cafile: {
    type: "string",
    value: "FILE",
    text: "The authority that clients trust, with --tls own, if the system does not trust it.",
  },
  dashboard: { type: "boolean", text: "Adds the dashboard, for this machine, port 9883." },
  force: { type: "boolean", text: "Replaces files that exist already." },
  "no-try": { type: "boolean", text: "Does not start the broker to try the configuration." },
  yes: { type: "boolean", short: "y", text: "Asks nothing, even at a terminal." },
  help: { type: "boolean", text: "Prints this help." },
} as const satisfies Flags;

/** Its usage and what it does, for help and man page. */
export const SETUP_USE =
  "Writes a safe configuration, tries it and tells how to connect: flux-mqtt setup [FLAGS]";
const NOTE =
  "\nAt a terminal it asks for what the flags leave open. It replaces nothing without --force.\n";

/** `flux-mqtt setup`; returns the exit status, 1 if something cannot be written or the trial fails. */
export async function setup(args: readonly string[]): Promise<number> {
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: SETUP_FLAGS }));
  } catch (error) {
    return refuse(flagProblem(error, SETUP_FLAGS));
  }
  if (values.help) {
    print(`${SETUP_USE}\n\n${flagsHelp(SETUP_FLAGS)}${NOTE}`);
    return EXIT.ok;
  }
  try {
    const isAsking = Deno.stdin.isTerminal() && !values.yes;
    const { stdin = false, name: names, ...rest } = values;
    const given = { ...rest, names, password: stdin ? await readLine() : undefined };
    if (given.password === "") return refuse("The password is empty");
    const { plan, isPasswordMade } = await askPlan(given, isAsking);
    const problem = planProblem(plan) ?? fileProblem(plan);
    if (problem !== undefined) return refuse(problem);
    return await carryOut(plan, {
      isPasswordMade,
      isForced: values.force,
      isTried: !values["no-try"],
    });
  } catch (error) {
    printError(`${messageOf(error)}\n`);
    return EXIT.failed;
  }
}

/** The certificate, key or authority of one's own that cannot be read; `undefined`: all can. */
function fileProblem({ certfile, keyfile, cafile }: SetupPlan): string | undefined {
  for (const [flag, path] of Object.entries({ certfile, keyfile, cafile })) {
    if (path === "") continue;
    try {
      Deno.readFileSync(path);
    } catch (error) {
      return `--${flag}: ${failureText(`read ${path}`, error)}`;
    }
  }
  return undefined;
}

/** How a plan is carried out. */
interface Manner {
  readonly isPasswordMade: boolean;
  readonly isForced: boolean | undefined;
  readonly isTried: boolean;
}

async function carryOut(
  plan: SetupPlan,
  { isPasswordMade, isForced, isTried }: Manner,
): Promise<number> {
  const files = setupFiles(plan, Date.now());
  const pathOf = ({ name }: SetupFile) => resolve(plan.directory, name);
  const there = files.map(pathOf).filter(exists);
  if (there.length > 0 && !isForced) {
    printError(`Nothing is written: ${there.join(", ")}: Exists already; --force replaces it\n`);
    return EXIT.failed;
  }
  try {
    Deno.mkdirSync(plan.directory, { recursive: true, mode: 0o755 });
    Deno.mkdirSync(plan.dataDirectory, { recursive: true, mode: 0o700 });
    for (const file of files) placeFile(pathOf(file), file.text, file.isSecret ? 0o600 : 0o644);
  } catch (error) {
    const isDenied = error instanceof Deno.errors.PermissionDenied;
    const way = isDenied ? "; run it as root, or name directories of your own: -d DIRECTORY" : "";
    throw new Error(
      failureText(`write into ${plan.directory} and ${plan.dataDirectory}`, error) + way,
    );
  }
  print(files.map((file) => `Wrote ${pathOf(file)}\n`).join(""));
  for (const directory of [plan.directory, plan.dataDirectory].filter(isOpenToOthers)) {
    printError(
      `Other users may write into ${directory}, and so replace the files; better: chmod go-w ${
        quoted(directory)
      }\n`,
    );
  }
  const configFile = resolve(plan.directory, CONFIG_NAME);
  const isGood = !isTried || await tryAndTell(configFile, plan);
  const password = isPasswordMade ? plan.password : "PASSWORD";
  const made = isPasswordMade
    ? `\nThe password of ${plan.user}, which is shown only now: ${plan.password}\n`
    : "";
  const program = programName();
  const path = quoted(configFile);
  const service = Deno.build.standalone ? "" : " --executable FILE";
  print(`${made}
Start the broker:
  ${program} -c ${path}
or have systemd do it:
  ${program} service install${service} -c ${path}
Connect (if the command has --cafile, the client needs a copy of that file):
  ${connectCommand(program, plan, password)}
`);
  return isGood ? EXIT.ok : EXIT.failed;
}

async function tryAndTell(configFile: string, plan: SetupPlan): Promise<boolean> {
  const { lines, isGood } = await trySetup(configFile, plan);
  print(`\nTried:\n${lines.map((line) => `  ${line}\n`).join("")}`);
  if (!isGood) {
    printError("The configuration is written, but does not work yet; the lines above say why\n");
  }
  return isGood;
}

function refuse(problem: string): number {
  printError(`${problem}\nSee flux-mqtt setup --help\n`);
  return EXIT.usage;
}
