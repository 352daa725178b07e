import type { Broker } from "../broker/mod.ts";
import {
  compareConfigs,
  type Config,
  keepLog,
  keepUntilRestart,
  type ListenerConfig,
  type LoadResult,
} from "../config/mod.ts";
import { loadTls, nowMs, Server, type TlsLayer } from "../net/mod.ts";
import { type BrokerLevels, type Logger, LogTail, SysTopics } from "../observe/mod.ts";
import { type OpenedStore, openStore } from "../store/mod.ts";
import { VERSION } from "../version.ts";
import { isProblems, openAccess, reloadAccess, watchAccess, withPages } from "./access.ts";
import { hasDashboard, openDashboard } from "./dashboard.ts";
import { giveBackMemory } from "./give_back.ts";
import { ServiceManager } from "./notify.ts";
import { EXIT, messageOf } from "./output.ts";
import { placeOf } from "./place.ts";

/**
 * When the store's Worker is started, milliseconds after the ports are open, unless there is something to write before: starting a thread
 * stops all others for 20 to 50 milliseconds, and those who waited for the broker to come up are served first.
 */
const BEGIN_STORE_MS = 100;

/** Runs the broker until a signal ends it. `load` reads the configuration again, for SIGHUP. */
export async function runBroker(
  config: Config,
  log: Logger,
  load: () => LoadResult,
): Promise<number> {
  if (hasDashboard(config)) log.tail = new LogTail();
  log.info(`flux-mqtt ${VERSION} starts`);
  const access = await openAccess(config, log);
  if (isProblems(access)) {
    for (const problem of access) log.error(problem);
    return EXIT.configuration;
  }
  const opened = open(config, log);
  if (opened === "failed") return EXIT.failed;
  const store = opened === "none" ? {} : { store: opened.store };
  const server = new Server({
    options: config.broker,
    log,
    ...store,
    ...access === undefined ? {} : { access: await withPages(access, config) },
  });
  if (opened !== "none") server.restore(opened.state);
  const manager = ServiceManager.ofProcess(log);
  const end = async () => {
    manager.tell("STOPPING=1");
    await server.close();
    if (opened !== "none") await opened.close();
    await manager.close();
  };
  let current = config;
  let tracing = startTrace(server, log);
  // Before a port is open: whoever sees the broker listening may send it a signal.
  const ending = untilSignal(() => {
    manager.tell("RELOADING=1");
    current = reload(current, load(), server.broker, log);
    server.reloadCertificates();
    if (access !== undefined) reloadAccess(access, server.broker, log);
    tracing = tracing.then((stop) => {
      stop();
      return startTrace(server, log);
    });
    manager.tell("READY=1");
  });
  await tracing;
  if (!await listen(config, server, log) || !writePidFile(config.pidFile, log)) {
    await end();
    return EXIT.failed;
  }
  for (const { level, text } of config.notes) log[level](text);
  const levels = levelsOf(server, opened);
  const dashboard = await openDashboard({ server, log, levels, config: () => current });
  if (dashboard === "failed") {
    await end();
    return EXIT.failed;
  }
  const stopSysTopics = publishSysTopics(config, server, levels);
  const stopGivingBack = giveBackMemory(server.broker);
  const stopWatching = access === undefined ? () => {} : watchAccess(access, server.broker, log);
  manager.tell("READY=1");
  manager.watch(() => opened === "none" || opened.store.unansweredMs < manager.watchdogMs);
  const beginning = setTimeout(() => opened !== "none" && opened.store.begin(), BEGIN_STORE_MS);
  const signal = await ending;
  clearTimeout(beginning);
  log.info(`${signal}: the broker ends`, { clients: server.broker.connectedCount });
  stopSysTopics();
  stopGivingBack();
  (await tracing)();
  stopWatching();
  await Promise.all([end(), dashboard()]);
  if (config.pidFile !== "") removeFile(config.pidFile);
  log.info("The broker has ended");
  log.close();
  return EXIT.ok;
}

/** Opens the store, where there is to be one. */
function open(config: Config, log: Logger): OpenedStore | "none" | "failed" {
  if (!config.persistence) {
    log.info("Nothing is stored: sessions and messages end with the process");
    return "none";
  }
  const { persistenceLocation: directory, durability, maxStoreBytes: maxBytes } = config;
  try {
    const opened = openStore({ directory, durability, maxBytes, log });
    log.info("The store is open", { directory, durability });
    return opened;
  } catch (error) {
    const reason = messageOf(error);
    log.error(`Cannot open the store in ${directory}: ${reason}`);
    return "failed";
  }
}

/** Opens all listeners; `false` where one cannot be. Certificates come first: where one is no good, no port is opened. */
async function listen(config: Config, server: Server, log: Logger): Promise<boolean> {
  const layers = new Map<ListenerConfig, TlsLayer>();
  let at = "";
  try {
    for (const listener of config.listeners) {
      at = placeOf(listener);
      if (listener.tls === undefined || listener.http !== undefined) continue;
      if (layers.size === 0) log.info("Starting MQTT broker with TLS");
      layers.set(listener, await loadTls(listener.tls, log));
    }
    if (layers.size > 0) log.info("TLS configuration loaded successfully");
    for (const listener of config.listeners) {
      at = placeOf(listener);
      if (listener.protocol !== "http_api") {
        listenOn(listener, layers.get(listener), config, server, log);
      }
    }
    return true;
  } catch (error) {
    log.error(`Cannot listen on ${at}: ${messageOf(error)}`);
    for (const layer of layers.values()) layer.close();
    return false;
  }
}

function listenOn(
  listener: ListenerConfig,
  tls: TlsLayer | undefined,
  config: Config,
  server: Server,
  log: Logger,
): void {
  const { address: hostname, port, path, options, proxy, websocketsOrigins } = listener;
  const protocol = listener.protocol === "websockets" ? "websockets" : "mqtt";
  const { setTcpNodelay, websocketsHeadersSize } = config;
  const actual = server.listen({
    ...path === "" ? { hostname, port } : { path },
    ...tls === undefined ? {} : { tls },
    ...proxy === undefined ? {} : { proxy },
    protocol,
    websocketsOrigins,
    websocketsHeadersSize,
    options,
    setTcpNodelay,
  });
  if (tls !== undefined && path === "") {
    log.info(`${protocol === "mqtt" ? "MQTTS" : "WSS"} server configured on port ${actual}`);
  }
  log.info("Listening", {
    ...path === "" ? { address: hostname === "" ? "all" : hostname, port: actual } : { path },
    ...protocol === "mqtt" ? {} : { protocol },
  });
}

/**
 * At debug level each message that programs on the EventBus would get is logged; the function returned ends it. The bus is
 * loaded only then: the start of others does not pay for it.
 */
async function startTrace(server: Server, log: Logger): Promise<() => void> {
  if (!log.debugOn) return () => {};
  const { traceBus } = await import("../bus/mod.ts");
  return traceBus(server.hub, log);
}

/** Publishes the `$SYS` topics from now on; the function returned ends it. */
function publishSysTopics(
  config: Config,
  { hub }: Server,
  levels: () => BrokerLevels,
): () => void {
  if (config.sysIntervalSeconds === 0) return () => {};
  const topics = new SysTopics(hub, levels, VERSION, nowMs());
  topics.publish(nowMs());
  const timer = setInterval(() => topics.publish(nowMs()), config.sysIntervalSeconds * 1000);
  return () => clearInterval(timer);
}

/** What the broker tells of itself: counters and levels. */
function levelsOf({ broker }: Server, opened: OpenedStore | "none"): () => BrokerLevels {
  return () => ({
    metrics: broker.metrics,
    connectedCount: broker.connectedCount,
    sessionCount: broker.clients.size,
    subscriptionCount: broker.router.size,
    retainedCount: broker.retained.size,
    retainedBytes: broker.retained.bytes,
    queuedBytes: broker.queuedBytes,
    bufferedBytes: broker.bufferedBytes,
    ...(opened === "none"
      ? {}
      : { store: { ...opened.store.stats, isFailing: opened.store.isFailing } }),
  });
}

/** Waits for SIGTERM or SIGINT; each SIGHUP calls `onHangup`. Windows knows SIGINT and SIGBREAK only. */
function untilSignal(onHangup: () => void): Promise<Deno.Signal> {
  const ending: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGTERM", "SIGINT"];
  return new Promise((resolve) => {
    const handlers = ending.map((signal) => [signal, () => end(signal)] as const);
    const end = (signal: Deno.Signal) => {
      for (const [name, handler] of handlers) Deno.removeSignalListener(name, handler);
      if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGHUP", onHangup);
      resolve(signal);
    };
    for (const [name, handler] of handlers) Deno.addSignalListener(name, handler);
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", onHangup);
  });
}

/** SIGHUP: takes over what can change while the broker runs, and says what cannot; returns what holds now. */
function reload(before: Config, result: LoadResult, broker: Broker, log: Logger): Config {
  if (!result.isValid) {
    for (const problem of result.problems) log.error(problem);
    log.error("SIGHUP: the configuration is not valid, the old one stays");
    return before;
  }
  let { config } = result;
  try {
    log.configure(config.log);
  } catch (error) {
    const reason = messageOf(error);
    log.error(`SIGHUP: cannot open the log, the old one stays: ${reason}`);
    config = keepLog(config, before);
  }
  broker.reconfigure(config.broker);
  for (const { name, before: old, after, isReloadable } of compareConfigs(before, config)) {
    if (isReloadable) log.info(`SIGHUP: ${name} is now ${after ?? "unset"}`, { before: old });
    else log.warning(`SIGHUP: ${name} changes only with a restart`, { now: old, file: after });
  }
  log.info("SIGHUP: the configuration is read again");
  return keepUntilRestart(config, before);
}

function writePidFile(path: string, log: Logger): boolean {
  if (path === "") return true;
  try {
    Deno.writeTextFileSync(path, `${Deno.pid}\n`);
    return true;
  } catch (error) {
    const reason = messageOf(error);
    log.error(`Cannot write pid_file ${path}: ${reason}`);
    return false;
  }
}

function removeFile(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Somebody removed it already.
  }
}
