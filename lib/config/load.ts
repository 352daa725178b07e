import type { AccessConfig } from "./access_config.ts";
import type { Config, ListenerConfig, LoadResult } from "./config.ts";
import { Draft } from "./draft.ts";
import { readEnvironment } from "./environment.ts";
import { type FileReader, readConfigFile } from "./file.ts";
import type { FlagSetting } from "./flags.ts";
import { defaultDashboard } from "./http.ts";
import { decideBlocks, describeAccess, isOpened } from "./listeners.ts";
import { overrideWith } from "./override.ts";
import type { LogConfig, LogDestinationConfig, ProcessOptions } from "./process_options.ts";
import { resolve } from "./resolve.ts";
import { parseLogDestination } from "./value.ts";

/** Everything that a configuration is made of; nothing is read from anywhere else. */
export interface ConfigSources extends FileReader {
  /** The file of `-c`; `""`: none. */
  readonly file: string;
  /** Variables; only those that begin with `MQTT_` are looked at. */
  readonly environment: Readonly<Record<string, string>>;
  /** Options of the command line. */
  readonly flags: readonly FlagSetting[];
  /** Who runs the process: to say what `user` means. */
  readonly user: ProcessUser;
}

/** Who runs a process. */
export interface ProcessUser {
  /** `""`: not known. */
  readonly name: string;
  /** Whether it runs with all rights; `undefined`: it may not ask. */
  readonly isRoot: boolean | undefined;
}

/** Makes one configuration of file, environment and flags, the later over the earlier, or tells everything that is wrong. */
export function loadConfig(sources: ConfigSources): LoadResult {
  const draft = new Draft();
  if (sources.file !== "") readConfigFile(draft, sources, sources.file);
  readEnvironment(draft, sources.environment);
  for (const { name, text, flag } of sources.flags) {
    const setting = draft.read(name, text, "flag", flag);
    if (setting !== undefined) overrideWith(draft, setting);
  }

  const isOpen = isOpened(draft);
  const blocks = decideBlocks(draft);
  const { listeners, access, broker, process, settings } = resolve(draft, blocks, isOpen);
  checkUser(draft, sources);
  const isPersistent = process.persistence && process.durability !== "none";
  noteWhatHasNoEffect(draft, isPersistent);
  if (draft.problems.length > 0) return { isValid: false, problems: draft.problems };

  const dashboard = dashboardOf(draft, sources.file === "" && !isOpen, access);
  const config: Config = {
    listeners,
    ...dashboard === undefined ? {} : { dashboard },
    broker,
    log: logConfig(process),
    persistence: isPersistent,
    persistenceLocation: process.persistenceLocation,
    durability: process.durability === "interval" ? "interval" : "always",
    maxStoreBytes: process.maxStoreBytes,
    setTcpNodelay: process.setTcpNodelay,
    websocketsHeadersSize: process.websocketsHeadersSize,
    sysIntervalSeconds: process.sysIntervalSeconds,
    maxFailureDelaySeconds: process.maxFailureDelaySeconds,
    pidFile: process.pidFile,
    notes: [...describeAccess(listeners, isOpen), ...draft.notes],
    settings,
  };
  return { isValid: true, config };
}

/** The page that is there without a listener of its own: by its option, else where nothing is configured that it could be a way around. */
function dashboardOf(
  draft: Draft,
  isPlain: boolean,
  access: AccessConfig,
): ListenerConfig | undefined {
  const setting = draft.globals.get("dashboard")?.[0];
  const { passwordFile, scramFile, aclFile, clientIdPrefixes } = access;
  const isFree = [passwordFile, scramFile, aclFile, clientIdPrefixes].every((text) => text === "");
  const isWanted = setting === undefined ? isPlain && isFree : setting.value === true;
  return isWanted ? defaultDashboard(setting?.origin ?? "default", access) : undefined;
}

const LOG_TYPE_RANKS = ["debug", "info", "warning", "error", "none"] as const;

/** The level of each of mosquitto's log types. */
const LOG_TYPE_LEVELS: Readonly<Record<string, LogConfig["level"]>> = {
  all: "debug",
  debug: "debug",
  error: "error",
  information: "info",
  internal: "info",
  none: "none",
  notice: "info",
  subscribe: "info",
  unsubscribe: "info",
  warning: "warning",
  websockets: "info",
};

function logConfig(process: ProcessOptions): LogConfig {
  return {
    level: logLevel(process.logType),
    format: process.logFormat === "json" ? "json" : "text",
    timestamp: process.logTimestamp,
    timestampFormat: process.logTimestampFormat,
    destinations: logDestinations(process.logDest),
  };
}

/** The most talkative of the types; `none` takes back those before it, as in mosquitto. */
function logLevel(types: readonly string[]): LogConfig["level"] {
  let rank = LOG_TYPE_RANKS.indexOf("none");
  for (const type of types) {
    const named = LOG_TYPE_RANKS.indexOf(LOG_TYPE_LEVELS[type] ?? "info");
    rank = type === "none" ? named : Math.min(rank, named);
  }
  return LOG_TYPE_RANKS[rank] ?? "info";
}

function logDestinations(texts: readonly string[]): readonly LogDestinationConfig[] {
  const destinations = new Map<string, LogDestinationConfig>();
  for (const text of texts) {
    const parsed = parseLogDestination(text);
    if (!parsed.isValid) continue;
    if (parsed.value === undefined) destinations.clear();
    else destinations.set(JSON.stringify(parsed.value), parsed.value);
  }
  return [...destinations.values()];
}

/** mosquitto gives up root's rights for those of `user`; Deno cannot, and a broker that stays root in silence is a trap. */
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
        `${setting.origin}: user: Has no effect: the broker stays who started it, and cannot ask ` +
        `who that is; where it was root, start it as ${wanted} (systemd: User=${wanted})`,
    });
  } else if (!user.isRoot) {
    draft.notes.push({
      level: "info",
      text: `${setting.origin}: user: Has no effect: the broker was not started as root`,
    });
  }
}

/** What is accepted for the sake of files that exist, and does nothing: said, never silent. */
function noteWhatHasNoEffect(draft: Draft, isPersistent: boolean): void {
  const reasons: readonly (readonly [name: string, reason: string])[] = [
    ...(isPersistent ? [] : [["persistence_location", "there is no durable store"] as const]),
    ...(isPersistent ? [] : [["max_store_bytes", "there is no durable store"] as const]),
    ["retain_expiry_interval", "expired retained messages go when they expire, not at intervals"],
  ];
  for (const [name, reason] of reasons) {
    const setting = draft.globals.get(name)?.[0];
    if (setting === undefined || setting.value === setting.option.default) continue;
    draft.notes.push({
      level: "info",
      text: `${setting.origin}: ${name}: Has no effect: ${reason}`,
    });
  }
}
