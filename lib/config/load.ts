import { resolveBridges } from "./bridges.ts";
import { clusterConfig } from "./cluster.ts";
import type { Config, ListenerConfig, ListenerEntry, LoadResult } from "./config.ts";
import { Draft } from "./draft.ts";
import { checkWays, otherWays } from "./enter.ts";
import { readEnvironment } from "./environment.ts";
import { type FileReader, readConfigFile } from "./file.ts";
import type { FlagSetting } from "./flags.ts";
import { defaultDashboard } from "./http.ts";
import type { AddressesOf } from "./interfaces.ts";
import { decideBlocks, describeAccess, isOpened } from "./listeners.ts";
import { overrideWith } from "./override.ts";
import { logDestinations, loggedSubscriptions, logLevel } from "./log.ts";
import { DEFAULT_PROCESS_OPTIONS, type ProcessOptions } from "./process_options.ts";
import { checkPlugins } from "./plugins.ts";
import { resolve } from "./resolve.ts";

/** Everything that a configuration is made of. */
export interface ConfigSources extends FileReader {
  /** The file of `-c`; `""`: none. */
  readonly file: string;
  /** Environment variables; only those that begin with `MQTT_` are read. */
  readonly environment: Readonly<Record<string, string>>;
  /** Options of the command line. */
  readonly flags: readonly FlagSetting[];
  /** Who runs the process, to check `user`. */
  readonly user: ProcessUser;
  /** This machine's name, for bridges and the cluster; absent: unknown. */
  readonly hostname?: () => string;
  /** For `bind_interface`. */
  readonly addressesOf?: AddressesOf;
}

/** Who runs a process. */
export interface ProcessUser {
  /** `""`: unknown. */
  readonly name: string;
  /** Whether that is root; `undefined`: there is no permission to ask. */
  readonly isRoot: boolean | undefined;
}

/** Makes a configuration of file, environment and flags, each of which overrides those before it, or returns every problem. */
export function loadConfig(sources: ConfigSources): LoadResult {
  const draft = new Draft();
  if (sources.file !== "") readConfigFile(draft, sources, sources.file);
  readEnvironment(draft, sources.environment);
  for (const { name, text, flag } of sources.flags) {
    for (const setting of draft.read(name, text, "flag", flag)) overrideWith(draft, setting);
  }

  const isOpen = isOpened(draft);
  const blocks = decideBlocks(draft, sources.addressesOf);
  const { process, log, entry, cluster: settings, ...resolved } = resolve(draft, blocks, isOpen);
  const { listeners } = resolved;
  const hostname = draft.bridges.length === 0 ? "" : sources.hostname?.() ?? "localhost";
  const cluster = clusterConfig(draft, settings, () => sources.hostname?.() ?? "localhost");
  const node = settings.servers === "" ? undefined : cluster?.node ?? settings.node;
  const bridges = resolveBridges(draft, { hostname, listeners, node });
  checkUser(draft, sources);
  checkPrefixes(draft);
  checkPlugins(draft);
  const { logType, logDest, logFacility, ...processOptions } = settled(process);
  noteWhatHasNoEffect(draft, processOptions);
  checkWays(draft, blocks, { listeners, entry });
  if (draft.problems.length > 0) return { isValid: false, problems: draft.problems };
  const isPlain = sources.file === "" && !isOpen &&
    listeners.every((listener) => otherWays(listener).length === 0);
  const dashboard = dashboardOf(draft, isPlain, entry);
  const config: Config = {
    ...processOptions,
    ...resolved,
    ...dashboard === undefined ? {} : { dashboard },
    ...bridges,
    ...cluster === undefined ? {} : { cluster },
    log: {
      ...log,
      level: logLevel(logType),
      subscriptions: loggedSubscriptions(logType),
      destinations: logDestinations(logDest, logFacility),
    },
    notes: [...describeAccess(listeners, isOpen), ...draft.notes],
  };
  return { isValid: true, config };
}

/** The dashboard without a `listener` line. Unless `dashboard` decides, it exists only if nothing is configured that it could bypass. */
function dashboardOf(
  draft: Draft,
  isPlain: boolean,
  entry: ListenerEntry,
): ListenerConfig | undefined {
  const setting = draft.globals.get("dashboard")?.[0];
  const { passwordFile, scramFile, aclFile, clientIdPrefixes, dynamicSecurityFile } = entry.access;
  const isFree = [passwordFile, scramFile, aclFile, clientIdPrefixes, dynamicSecurityFile]
    .every((text) => text === "");
  const isWanted = setting === undefined ? isPlain && isFree : setting.value === true;
  return isWanted ? defaultDashboard(setting?.origin ?? "default", entry) : undefined;
}

/**
 * Makes `persistence` and `durability` agree: there is a store only if both ask for one. Raises `websockets_headers_size`, since
 * mosquitto's files may set it too low for any request that opens a WebSocket.
 */
function settled(process: ProcessOptions): ProcessOptions {
  const durability = process.persistence ? process.durability : "none";
  const headersSize = process.websocketsHeadersSize ||
    DEFAULT_PROCESS_OPTIONS.websocketsHeadersSize;
  return {
    ...process,
    durability,
    persistence: durability !== "none",
    websocketsHeadersSize: Math.max(1024, headersSize),
  };
}

/** Checks `user`. mosquitto gives up root's rights to become that user; Deno cannot, and must not stay root silently. */
function checkUser(draft: Draft, sources: Pick<ConfigSources, "user">): void {
  const setting = draft.globals.get("user")?.[0];
  if (setting === undefined) return;
  const { user } = sources;
  if (setting.value === user.name) return;
  const wanted = String(setting.value);
  if (user.isRoot && wanted !== "root") {
    const message =
      `Cannot give up the rights of root to become ${wanted}; start the broker as ${wanted} ` +
      `(systemd: User=${wanted}), or set \`user root\` to stay root`;
    draft.problem(setting.origin, "user", message);
  } else if (user.isRoot === undefined) {
    draft.notes.push({
      level: "warning",
      text:
        `${setting.origin}: user: Has no effect: the broker keeps the user who started it, and may not ask ` +
        `who that is; if that is root, start it as ${wanted} (systemd: User=${wanted})`,
    });
  } else if (!user.isRoot) {
    draft.noteNoEffect(setting.origin, "user", "the broker was not started as root");
  }
}

/** Each prefix has its own series of metrics; more of them would burden whoever collects them. */
const MAX_PREFIXES = 100;

function checkPrefixes(draft: Draft): void {
  const settings = draft.globals.get("metrics_topic_prefix") ?? [];
  for (const { origin, value } of settings) {
    if (!/[+#]/.test(String(value)) && value !== "") continue;
    const message = `Must be the first levels of topics, without wildcards, is "${value}"`;
    draft.problem(origin, "metrics_topic_prefix", message);
  }
  const beyond = settings[MAX_PREFIXES];
  if (beyond === undefined) return;
  const message = `There may be ${MAX_PREFIXES} at most`;
  draft.problem(beyond.origin, "metrics_topic_prefix", message);
}

/** Notes that options of the store have no effect without a store. */
function noteWhatHasNoEffect(
  draft: Draft,
  { persistence }: Pick<ProcessOptions, "persistence">,
): void {
  for (const [setting] of draft.globals.values()) {
    if (persistence || !setting?.option.needsStore) continue;
    if (setting.value === setting.option.default) continue;
    draft.noteNoEffect(setting.origin, setting.option.name, "there is no durable store");
  }
}
