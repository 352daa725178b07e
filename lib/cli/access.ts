import type { FileAccess, ListenerAccess } from "../auth/mod.ts";
import type { AccessPort, Broker, LogPort } from "../broker/mod.ts";
import { type Config, type ListenerConfig, problemAt } from "../config/mod.ts";
import { nowMs } from "../net/mod.ts";

/** How often files are looked at, milliseconds: a change is in force when it has been there for two looks. */
const LOOK_MS = 1500;

/** Access control as it is configured; `undefined`: no file and no rule beside `allow_anonymous`. Or what is wrong with the files. */
export async function openAccess(
  config: Config,
  log: LogPort,
): Promise<FileAccess | readonly string[] | undefined> {
  const listeners = [
    ...config.listeners,
    ...config.dashboard === undefined ? [] : [config.dashboard],
  ];
  if (!listeners.some(hasAccess)) return undefined;
  // Cryptography is loaded by those who need it: the others start sooner.
  const { FileAccess } = await import("../auth/mod.ts");
  const secrets = listeners.flatMap(({ access }) => [access.passwordFile, access.scramFile]);
  for (const path of new Set(secrets)) warnIfOpen(path, log);
  const opened = FileAccess.open({
    listeners: new Map(
      listeners.map((listener) => [listener.options.name, listenerAccess(listener)]),
    ),
    log,
    maxFailureDelaySeconds: config.maxFailureDelaySeconds,
  });
  return isProblems(opened) ? opened.map((problem) => withOption(problem, config)) : opened;
}

/** The same as the core asks it: users who log in at a dashboard are known by that. */
export async function withPages(access: FileAccess, config: Config): Promise<AccessPort> {
  const viewers = new Map(
    config.listeners.flatMap(({ http, options }) =>
      http === undefined || http.admins.length + http.viewers.length === 0
        ? []
        : [[options.name, new Set(http.viewers)] as const]
    ),
  );
  if (viewers.size === 0) return access;
  const { PageAccess } = await import("../auth/mod.ts");
  return new PageAccess(access, viewers);
}

/** A file that cannot be read is told with the option that names it; one that can tells where in it something is wrong. */
function withOption(problem: string, { settings }: Config): string {
  const found = settings.find(({ option, text }) =>
    option.target.record === "access" && text !== "" && problem.startsWith(`${text}: `)
  );
  return found === undefined ? problem : problemAt(found.origin, found.option.name, problem);
}

/** Whether the files could not be opened. */
export function isProblems(
  opened: FileAccess | readonly string[] | undefined,
): opened is readonly string[] {
  return Array.isArray(opened);
}

/** Reads the files again: all, or those that have changed. Who has lost a right loses it now. */
export function reloadAccess(
  access: FileAccess,
  broker: Broker,
  log: LogPort,
  onlyChanged = false,
): void {
  const { problems, mayStay } = access.reload(onlyChanged);
  for (const problem of problems) log.error(problem);
  if (problems.length > 0) log.error("What is wrong stays out: the users and rules of before hold");
  if (mayStay === undefined) return;
  broker.recheckAccess(mayStay, nowMs());
  log.info("Users and rules are read again");
}

/**
 * Looks after the files; the function returned ends it. Their state is asked for rather than told by the system: that works on
 * every file system, network and container mounts among them, and finds a file that is put in another's place; and a few
 * questions a second cost nothing.
 */
export function watchAccess(access: FileAccess, broker: Broker, log: LogPort): () => void {
  const timer = setInterval(() => reloadAccess(access, broker, log, true), LOOK_MS);
  return () => clearInterval(timer);
}

/** Hashes are secrets too: whoever has them can guess at home. */
function warnIfOpen(path: string, log: LogPort): void {
  if (path === "") return;
  try {
    const { mode } = Deno.statSync(path);
    if (mode !== null && (mode & 0o004) !== 0) {
      log.warning(`Everybody on this machine can read ${path}; better: chmod o-r ${path}`);
    }
  } catch {
    // It is told when it is opened.
  }
}

function hasAccess(listener: ListenerConfig): boolean {
  if (listener.certificateUserName !== "none") return true;
  const { passwordFile, scramFile, aclFile, clientIdPrefixes } = listener.access;
  return listener.certificateUserName !== "none" ||
    [passwordFile, scramFile, aclFile, clientIdPrefixes].some((text) => text !== "");
}

function listenerAccess(listener: ListenerConfig): ListenerAccess {
  return { ...listener.access, certificateUserName: listener.certificateUserName };
}
