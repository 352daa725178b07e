import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  writeSync,
} from "node:fs";
import { parseArgs } from "node:util";
import {
  editEntry,
  hashPassword,
  makeScramCredential,
  parsePasswordFile,
  parseScramFile,
} from "../auth/mod.ts";
import { askPassword } from "./ask.ts";
import type { Flags } from "./commands.ts";
import { flagProblem } from "./flag_problem.ts";
import { flagsHelp } from "./help.ts";
import { EXIT, messageOf, print, printError } from "./output.ts";
import { removeIfThere } from "./placed_file.ts";

/** The flags of `passwd`. */
export const PASSWD_FLAGS = {
  create: {
    type: "boolean",
    short: "c",
    text: "Creates the file; an existing one is an error.",
  },
  delete: { type: "boolean", short: "D", text: "Deletes the user." },
  stdin: {
    type: "boolean",
    text: "Reads the password from one line of standard input; without it you are asked twice.",
  },
  scram: {
    type: "boolean",
    text:
      "The file is a scram_file: credentials for SCRAM-SHA-256, an Authentication Method of MQTT 5.0.",
  },
  iterations: {
    type: "string",
    value: "NUMBER",
    text:
      "Rounds of key derivation; default: 210000, with --scram 20000, since there the client computes them.",
  },
  help: { type: "boolean", text: "Prints this help." },
} as const satisfies Flags;

/** Its usage and what it does, for help and man page. */
export const PASSWD_USE =
  "Makes, changes or deletes a user of a password file: flux-mqtt passwd [-c | -D] FILE USER";
const NOTE =
  "\nA password is never taken from the command line, which other users of the machine can see.\n";

/** Flags of mosquitto_passwd, and what to do instead. */
const FLAGS_OF_MOSQUITTO: readonly (readonly [flag: string, instead: string])[] = [
  ["-b", "others can see a command line; use --stdin"],
  ["-U", "no file has plain passwords here; make each user's line with --stdin"],
  ["-H", "passwords are hashed by PBKDF2-HMAC-SHA512, which mosquitto reads; remove it"],
  ["-I", "use --iterations"],
];

/** What the command line asks for. */
interface Request {
  readonly path: string;
  readonly user: string;
  readonly isNewFile: boolean;
  readonly isDeleting: boolean;
  readonly fromStdin: boolean;
  readonly isScram: boolean;
  readonly iterations: number | undefined;
}

/** `flux-mqtt passwd`: edits one line of a password file, and leaves the others and the comments as they are. */
export async function passwd(args: readonly string[]): Promise<number> {
  const request = readRequest(args);
  if (request === "help") {
    print(`${PASSWD_USE}\n\n${flagsHelp(PASSWD_FLAGS)}${NOTE}`);
    return EXIT.ok;
  }
  if (typeof request === "string") {
    printError(`${request}\nSee flux-mqtt passwd --help\n`);
    return EXIT.usage;
  }
  try {
    const problem = await edit(request);
    if (problem === undefined) return EXIT.ok;
    printError(problem + "\n");
  } catch (error) {
    printError(`${request.path}: ${messageOf(error)}\n`);
  }
  return EXIT.failed;
}

function readRequest(args: readonly string[]): Request | string {
  for (const [flag, instead] of FLAGS_OF_MOSQUITTO) {
    if (args.includes(flag)) return `${flag}: Is not supported: ${instead}`;
  }
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: PASSWD_FLAGS,
    });
  } catch (error) {
    return flagProblem(error, PASSWD_FLAGS);
  }
  const { values, positionals: [path, user, ...more] } = parsed;
  if (values.help) return "help";
  if (path === undefined || user === undefined) return "Needs a file and a user name";
  if (more.length > 0) return "Takes a file and a user name; the password is asked for";
  const problem = userNameProblem(user);
  if (problem !== undefined) return problem;
  const { create = false, delete: isDeleting = false, iterations } = values;
  if (create && isDeleting) return "-c and -D exclude each other";
  const least = values.scram ? 4096 : 1;
  if (iterations !== undefined && !(/^[1-9]\d{0,7}$/.test(iterations) && +iterations >= least)) {
    return `--iterations: Must be a whole number from ${least} to 99999999, is "${iterations}"`;
  }
  return {
    path,
    user,
    isNewFile: create,
    isDeleting,
    fromStdin: values.stdin ?? false,
    isScram: values.scram ?? false,
    iterations: iterations === undefined ? undefined : Number(iterations),
  };
}

/** Why a user name cannot stand in a password file; `undefined`: it can. */
export function userNameProblem(user: string): string | undefined {
  if (user.trim() !== user || user === "") {
    return "A user name must not be empty, nor begin or end with a blank";
  }
  if (/[:\p{Cc}]/u.test(user)) return "A user name must not hold a colon or a control character";
  return user.startsWith("#") ? "A user name must not begin with #" : undefined;
}

/** Carries out the request; returns what is wrong, if anything. */
async function edit(request: Request): Promise<string | undefined> {
  const { path, user, isNewFile, isDeleting, isScram } = request;
  const text = readFile(path);
  if (text === undefined && !isNewFile) return `${path}: Does not exist; -c creates it`;
  if (text !== undefined && isNewFile) return `${path}: Exists already; leave -c out`;
  if (text !== undefined) {
    const { isValid, ...rest } = isScram
      ? parseScramFile(path, text)
      : parsePasswordFile(path, text);
    if (!isValid && "problems" in rest) return rest.problems.join("\n");
  }
  let value: string | undefined;
  if (!isDeleting) {
    const password = await askPassword(request.fromStdin);
    if (password === undefined) return "The two passwords differ; nothing is changed";
    if (password === "") return "The password is empty; nothing is changed";
    value = makeValue(password, request);
    if (value === undefined) return "SCRAM allows no control characters in a password";
  }
  if (text === undefined) {
    makeFile(path, editEntry("", user, value)!);
    return undefined;
  }
  // Others may have changed the file while the password was typed. Under the lock it is read again and replaced.
  using _lock = await lockFile(path);
  const edited = editEntry(readFile(path) ?? "", user, value);
  if (edited === undefined) return `${path}: There is no user ${user}`;
  replaceFile(path, edited);
  return undefined;
}

function makeValue(password: string, { isScram, iterations }: Request): string | undefined {
  return isScram
    ? makeScramCredential(password, iterations)
    : hashPassword(new TextEncoder().encode(password), iterations);
}

function readFile(path: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      Deno.readFileSync(path),
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Makes a file that only its owner can read. Throws if it exists by now, and leaves it alone then. */
export function makeFile(path: string, text: string): void {
  using file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  for (let bytes = new TextEncoder().encode(text); bytes.length > 0;) {
    bytes = bytes.subarray(file.writeSync(bytes));
  }
  file.syncSync();
}

/**
 * Replaces a file in one step: readers find either the old file or the new one. It keeps its mode, owner and group, so that a broker
 * which may read it through its group still can.
 */
function replaceFile(path: string, text: string): void {
  // If the path is a link, the file that it leads to is replaced.
  const target = Deno.realPathSync(path);
  const temporary = `${target}.${crypto.randomUUID()}.tmp`;
  try {
    if (Deno.build.os === "windows") makeFile(temporary, text);
    else makeFileLike(temporary, text, Deno.statSync(target));
    Deno.renameSync(temporary, target);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
}

/**
 * Locks the file until the lock is disposed of, after waiting for other holders. A holder may have replaced the file meanwhile, so the
 * locked file must still be the one at the path.
 */
async function lockFile(path: string): Promise<Disposable> {
  for (;;) {
    const file = Deno.openSync(path);
    // On Windows a lock would also stop readers.
    if (Deno.build.os === "windows") return file;
    try {
      await file.lock(true);
      const [locked, there] = [file.statSync(), Deno.statSync(path)];
      if (locked.ino === there.ino && locked.dev === there.dev) return file;
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
  }
}

/**
 * Makes a file with owner, group and mode of another one. They are set at the open file, never by its path: root may do this in a directory
 * whose owner could put a link to any file there meanwhile, and would give that file away.
 */
function makeFileLike(path: string, text: string, { uid, gid, mode }: Deno.FileInfo): void {
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL, 0o600);
  try {
    for (let bytes = new TextEncoder().encode(text); bytes.length > 0;) {
      bytes = bytes.subarray(writeSync(file, bytes));
    }
    const own = fstatSync(file);
    if (uid !== own.uid || gid !== own.gid) fchownSync(file, uid ?? own.uid, gid ?? own.gid);
    fchmodSync(file, (mode ?? 0o600) & 0o777);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
