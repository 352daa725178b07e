import type { AccessChain, ControlTopic, DynamicAccessInit, FileAccess } from "../auth/mod.ts";
import type { AccessPort, Broker, LogPort } from "../broker/mod.ts";
import { type Config, type ListenerConfig, problemAt } from "../config/mod.ts";
import { nowMs, type Server } from "../net/mod.ts";
import { type NodeOfCluster, shareText } from "./cluster_node.ts";
import { EXIT } from "./output.ts";
import { StartError } from "./start_error.ts";

/** The records whose options name files of users, rules, keys and the like. */
const ACCESS_RECORDS: ReadonlySet<string> = new Set(["access", "jwt", "service"]);
/** How often the files are checked for changes, in milliseconds. A change takes effect once two checks in a row have seen it. */
const LOOK_MS = 1500;

/** Access control made from the configuration, with its files open. */
export type OpenedAccess = FileAccess | AccessChain;

/** Access control as configured; `undefined`: only `allow_anonymous` decides. Throws a `StartError`. */
export async function openAccess(config: Config, log: LogPort): Promise<OpenedAccess | undefined> {
  const listeners = [
    ...config.listeners,
    ...config.dashboard === undefined ? [] : [config.dashboard],
  ];
  if (!listeners.some((entry) => hasAccess(entry) || hasTokens(entry) || hasService(entry))) {
    return undefined;
  }
  // Only brokers that need cryptography load it, so that the others start faster.
  const { AccessChain, FileAccess, openDynamicAccess, openHttpAccess, openJwtAccess } =
    await import("../auth/mod.ts");
  const secrets = [
    ...listeners.flatMap(({ access, jwt, service }) => [
      access.passwordFile,
      access.scramFile,
      access.dynamicSecurityFile,
      jwt.secretFile,
      service.headerFile,
    ]),
  ];
  for (const path of new Set(secrets)) warnIfOpen(path, log);
  const standIn = standInOf(config);
  const files = FileAccess.open({
    listeners: new Map(
      listeners.map(({ options, access }) => [options.name, access]),
    ),
    standIn,
    log,
    maxFailureDelaySeconds: config.maxFailureDelaySeconds,
    // Without persistence nothing outlives the process, remembered passwords included.
    ...config.persistence ? { rememberedFile: `${config.persistenceLocation}/passwords` } : {},
  });
  const problems = files instanceof FileAccess ? [] : [...files];
  const dynamicInit = dynamicInitOf(config, listeners, log);
  const dynamic = dynamicInit === undefined
    ? undefined
    : await orProblems(openDynamicAccess(dynamicInit), problems);
  const jwt = await openEach(
    listeners.filter(hasTokens).map(({ options, jwt }) => [options.name, jwt]),
    (options) => orProblems(openJwtAccess({ options, log }), problems),
  );
  const http = await openEach(
    listeners.filter(hasService).map(({ options, service }) => [options.name, service]),
    (options) => orProblems(openHttpAccess({ options, log }), problems),
  );
  if (problems.length > 0 || !(files instanceof FileAccess)) {
    for (const opened of [...jwt.values(), ...http.values()]) opened.close();
    const told = problems.map((problem) => withOption(problem, config));
    throw new StartError(EXIT.configuration, ...told);
  }
  if (jwt.size === 0 && http.size === 0 && dynamic === undefined) return files;
  const rest = { jwt, http, standIn, log };
  return new AccessChain({ files, ...dynamic === undefined ? {} : { dynamic }, ...rest });
}

/**
 * The listener whose rules are those of one that is not here, where all have the same: the listeners of another node of a cluster have the
 * addresses of its machine, and so other names.
 */
function standInOf({ listeners }: Config): string | undefined {
  const rules = listeners.map(({ access, jwt, service }) => JSON.stringify([access, jwt, service]));
  return new Set(rules).size === 1 ? listeners[0]!.options.name : undefined;
}

/** Opens access control for each listener; returns it by the listener's name. Listeners with the same options share one. */
async function openEach<Options, Opened>(
  listeners: readonly (readonly [name: string, options: Options])[],
  open: (options: Options) => Promise<Opened | undefined>,
): Promise<ReadonlyMap<string, Opened>> {
  const byOptions = new Map<string, Opened | undefined>();
  const byName = new Map<string, Opened>();
  for (const [name, options] of listeners) {
    const key = JSON.stringify(options);
    if (!byOptions.has(key)) byOptions.set(key, await open(options));
    const opened = byOptions.get(key);
    if (opened !== undefined) byName.set(name, opened);
  }
  return byName;
}

/** How to open dynamic security; `undefined`: no listener has it. */
function dynamicInitOf(
  config: Config,
  listeners: readonly ListenerConfig[],
  log: LogPort,
): DynamicAccessInit | undefined {
  const covered = listeners.filter(({ access }) => access.dynamicSecurityFile !== "");
  const [first] = covered;
  return first && {
    path: first.access.dynamicSecurityFile,
    listeners: new Set(covered.map(({ options }) => options.name)),
    coversOthers: config.listeners.every(({ access }) => access.dynamicSecurityFile !== ""),
    log,
    maxFailureDelaySeconds: config.maxFailureDelaySeconds,
    ...config.persistence
      ? { rememberedFile: `${config.persistenceLocation}/dynamic_passwords` }
      : {},
  };
}

/** The control topic of dynamic security. */
export interface ServedControl {
  /** Resolves when this broker has what the other nodes of its cluster have. */
  begin(): Promise<void>;
  /** Ends it. */
  close(): Promise<void>;
}

/** Serves the control topic of dynamic security, where there is one. */
export async function serveControl(
  access: OpenedAccess | undefined,
  server: Server,
  log: LogPort,
  cluster: NodeOfCluster | undefined,
): Promise<ServedControl | undefined> {
  const dynamic = access !== undefined && "dynamic" in access ? access.dynamic : undefined;
  if (dynamic === undefined) return undefined;
  const { openControlTopic } = await import("../auth/mod.ts");
  const { broker, hub } = server;
  let control: ControlTopic | undefined;
  const shared = await shareText(cluster, "dynamic-security", () => control?.look());
  const topic = control = await openControlTopic({
    ...shared === undefined ? {} : { shared },
    access: dynamic,
    hub,
    log,
    identityOf: (clientId) => broker.clients.get(clientId)?.connection?.identity ?? undefined,
    addressesOf: (userName) =>
      [...broker.clients.values()]
        .filter(({ connection, identity }) => connection !== null && identity.userName === userName)
        .map(({ identity }) => identity.remoteAddress),
    recheck: (mayStay) => broker.recheckAccess(mayStay, nowMs()),
  });
  return {
    begin: () => topic.begin(),
    async close() {
      await topic.close();
      await shared?.close();
    },
  };
}

/** Waits for an opening. If it fails with a `TypeError`, its message is added to the problems. */
async function orProblems<T>(opened: Promise<T>, problems: string[]): Promise<T | undefined> {
  try {
    return await opened;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    problems.push(...error.message.split("\n"));
    return undefined;
  }
}

function hasTokens({ jwt }: ListenerConfig): boolean {
  const { secretFile, publicKeyFile, jwksFile, jwksUrl } = jwt;
  return [secretFile, publicKeyFile, jwksFile, jwksUrl].some((text) => text !== "");
}

function hasService({ service }: ListenerConfig): boolean {
  return service.authUrl !== "" || service.aclUrl !== "";
}

/** The access control that the core asks. Where users log in at a dashboard, it accepts that instead of a password. */
export async function withPages(
  access: OpenedAccess | undefined,
  config: Config,
): Promise<AccessPort | undefined> {
  const viewers = new Map(
    config.listeners.flatMap(({ http, options }) =>
      http === undefined || http.admins.length + http.viewers.length === 0
        ? []
        : [[options.name, new Set(http.viewers)] as const]
    ),
  );
  if (access === undefined || viewers.size === 0) return access;
  const { PageAccess } = await import("../auth/mod.ts");
  return new PageAccess(access, viewers);
}

/** Puts the option that names a file before a problem of that file. A problem inside a file begins with `FILE:LINE` and stays as it is. */
function withOption(problem: string, { settings }: Config): string {
  const found = settings.find(({ option, text }) =>
    ACCESS_RECORDS.has(option.target.record) && text !== "" && problem.startsWith(`${text}: `)
  );
  return found === undefined ? problem : problemAt(found.origin, found.option.name, problem);
}

/** Reads the files again, all or only the changed ones. Connected clients lose rights that they no longer have. */
export function reloadAccess(
  access: OpenedAccess,
  broker: Broker,
  log: LogPort,
  onlyChanged = false,
): void {
  const { problems, mayStay } = access.reload(onlyChanged);
  for (const problem of problems) log.error(problem);
  if (problems.length > 0) {
    log.error("Invalid files are not used: their old users and rules stay in force");
  }
  if (mayStay === undefined) return;
  broker.recheckAccess(mayStay, nowMs());
  log.info("Users and rules are read again");
}

/**
 * Checks the files for changes, and saves whose password was right; the returned function ends it. Polling works on every file system,
 * network and container mounts included, and notices a file that replaces another; a few checks a second cost nothing.
 */
export function watchAccess(
  access: OpenedAccess | undefined,
  broker: Broker,
  log: LogPort,
): () => void {
  if (access === undefined) return () => {};
  const timer = setInterval(() => {
    reloadAccess(access, broker, log, true);
    access.save();
  }, LOOK_MS);
  return () => {
    clearInterval(timer);
    access.save(true);
    if ("close" in access) access.close();
  };
}

/** Warns if everybody can read a file with secrets. Hashes count: whoever has them can try passwords offline. */
function warnIfOpen(path: string, log: LogPort): void {
  if (path === "") return;
  try {
    const { mode } = Deno.statSync(path);
    if (mode !== null && (mode & 0o004) !== 0) {
      log.warning(`Everybody on this machine can read ${path}; better: chmod o-r ${path}`);
    }
  } catch {
    // Opening the file will report that it cannot be read.
  }
}

function hasAccess({ access }: ListenerConfig): boolean {
  const { certificateUserName, passwordFile, scramFile, aclFile, clientIdPrefixes } = access;
  const texts = [passwordFile, scramFile, aclFile, clientIdPrefixes, access.dynamicSecurityFile];
  return certificateUserName !== "none" || texts.some((text) => text !== "");
}
