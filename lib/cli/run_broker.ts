import type { AccessPort, ClusterPort, Store } from "../broker/mod.ts";
import type { Beginning } from "../cluster/mod.ts";
import { type Config, LEAVE_DISK_FREE, type LoadResult } from "../config/mod.ts";
import { nowMs, Server, type Transport } from "../net/mod.ts";
import { hasTelemetry, type Logger, LogTail, startTelemetry } from "../observe/mod.ts";
import { type OpenedStore, openStore, SYSTEM_CLOCK } from "../store/mod.ts";
import { VERSION } from "../version.ts";
import {
  openAccess,
  type OpenedAccess,
  reloadAccess,
  serveControl,
  watchAccess,
  withPages,
} from "./access.ts";
import { bridgeIdOf } from "./bridge_id.ts";
import { beginInCluster, joinCluster, makeSnapshots, openCluster } from "./cluster_node.ts";
import { BridgeRunner } from "./bridges.ts";
import { BusTrace } from "./bus_trace.ts";
import { Dashboard, hasDashboard } from "./dashboard.ts";
import { giveBackMemory } from "./give_back.ts";
import { ServiceManager } from "./notify.ts";
import { LoggedSubscriptions } from "./logged_subscriptions.ts";
import { openListeners } from "./open_listeners.ts";
import { openTransport } from "./open_transport.ts";
import { EXIT, messageOf, printError } from "./output.ts";
import { PidFile } from "./pid_file.ts";
import { levelsOf, publishSysTopics } from "./publish_sys.ts";
import { reloadConfig } from "./reload.ts";
import { type SignalHandlers, Signals } from "./signals.ts";
import { StartError } from "./start_error.ts";

/**
 * How long after the ports are open the store's Worker starts, in milliseconds, unless something must be written before. Starting a
 * thread stops all others for 20 to 50 ms, and clients that waited for the broker's start are served first.
 */
const BEGIN_STORE_MS = 100;
/** Why a broker ends that starts again at once. */
const FELL_BEHIND = "The cluster's log has not what this node needs of it";

/**
 * Runs the broker until a signal ends it; returns the exit status. `load` reads the configuration again at SIGHUP. `use` is called once
 * clients can connect; when it is done, the broker ends, and logs its result as the reason.
 */
export async function runBroker(
  config: Config,
  log: Logger,
  load: () => LoadResult,
  use?: () => Promise<string>,
): Promise<number> {
  if (hasDashboard(config)) log.tail = new LogTail();
  log.info(`flux-mqtt ${VERSION} starts`);
  try {
    const past = { losses: 0 };
    while (await runUntilSignal(config, log, load, use, past) === "again");
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    for (const problem of error.problems) log.error(problem);
    await log.flush();
    // Who starts it by hand reads no log file.
    if (!isOnStream(log)) printError(error.problems.map((problem) => `${problem}\n`).join(""));
    return error.status;
  }
  log.info("The broker has ended");
  await log.flush();
  log.close();
  return EXIT.ok;
}

/** Whether errors in the log are written to standard error or output. */
function isOnStream({ options: { level, destinations } }: Logger): boolean {
  return level !== "none" &&
    destinations.some(({ type }) => type === "stderr" || type === "stdout");
}

/**
 * Starts the parts one after the other; they end in reverse order. `again`: the broker has missed a part of the cluster's log, or that has lost
 * a part, and it has to start anew; `past`: what of that is known over such starts. Throws a `StartError`.
 */
async function runUntilSignal(
  config: Config,
  log: Logger,
  load: () => LoadResult,
  use: (() => Promise<string>) | undefined,
  past: { losses: number },
): Promise<"over" | "again"> {
  await using parts = new AsyncDisposableStack();
  const access = await openAccess(config, log);
  const transport = await openTransport(config, log);
  const pidFile = parts.use(new PidFile(config.pidFile));
  const manager = parts.adopt(ServiceManager.ofProcess(log), (manager) => manager.close());
  const beginning = await begin(config, log);
  const opened = parts.adopt(beginning.opened, (opened) => opened?.close());
  const dashboard = new Dashboard();
  const pages = await withPages(access, config);
  const behind = Promise.withResolvers<string>();
  const cluster = parts.adopt(
    await openCluster(
      config,
      log,
      beginning,
      () => behind.resolve(FELL_BEHIND),
      past.losses,
    ),
    (cluster) => {
      past.losses = cluster?.node.level.losses ?? 0;
      return cluster?.node.close();
    },
  );
  const server = parts.adopt(
    serverOf({ config, log, access: pages, transport, ...beginning, cluster: cluster?.node }),
    // At the same time, since the dashboard's clients are also the server's.
    async (server) => void await Promise.all([server.close(), dashboard.close()]),
  );
  parts.defer(publishLog(log, server));
  const control = parts.adopt(
    await serveControl(access, server, log, cluster),
    (control) => control?.close(),
  );
  const bridges = parts.adopt(
    new BridgeRunner(server, log, cluster?.node),
    (bridges) => bridges.close(),
  );
  const trace = parts.use(new BusTrace(server, log));
  const subscriptions = parts.use(new LoggedSubscriptions(server.broker, log));
  // Before a port is open, since whoever sees the broker listening may send it a signal.
  const running: Running = {
    config,
    log,
    load,
    manager,
    server,
    access,
    trace,
    subscriptions,
    bridges,
    dashboard,
  };
  const hangUp = () => onHangUp(running);
  const signals = parts.use(new Signals({ SIGHUP: hangUp, ...userSignals(config, log) }));
  parts.defer(() => manager.tell("STOPPING=1"));
  await trace.restart();
  // Before a port is open, so that clients find everything that the cluster knows.
  const joined = joinCluster(cluster, server).then(() => control?.begin());
  const ended = await Promise.race([joined.then(() => undefined), signals.ending, behind.promise]);
  if (ended !== undefined) return endOf(ended, server, log);
  parts.defer(await makeSnapshots(cluster, opened, log));
  // Before a port is open, so that bridges get messages from the first one on.
  await bridges.configure(config);
  await openListeners(config, server, log);
  pidFile.write();
  for (const { level, text } of config.notes) log[level](text);
  const levels = levelsOf(server, opened?.store, () => bridges.levels, cluster?.node);
  if (hasTelemetry()) {
    parts.defer(startTelemetry({ broker: server.broker, levels, version: VERSION, now: nowMs }));
    log.info("OpenTelemetry is on: metrics and spans are exported");
  }
  await dashboard.open({ server, log, store: opened?.store, levels, config: () => running.config });
  parts.defer(publishSysTopics(config.sysIntervalSeconds, server, levels));
  parts.defer(giveBackMemory(server));
  parts.defer(watchAccess(access, server.broker, log));
  parts.defer(beginLater(opened));
  manager.tell("READY=1");
  manager.watch(() => opened === undefined || opened.store.unansweredMs < manager.watchdogMs);
  const ends = [signals.ending, behind.promise, ...use === undefined ? [] : [use()]];
  return endOf(await Promise.race(ends), server, log);
}

function endOf(reason: string, server: Server, log: Logger): "again" | "over" {
  log.info(`${reason}: the broker ends`, { clients: server.broker.levels.connectedCount });
  return reason === FELL_BEHIND ? "again" : "over";
}

/** Opens the store; a node of a cluster may begin with what others have. Throws a `StartError`. */
async function begin(config: Config, log: Logger): Promise<Beginning<OpenedStore>> {
  const { cluster } = config;
  if (cluster !== undefined) {
    return await beginInCluster({ ...config, cluster }, log, () => open(config, log));
  }
  const opened = open(config, log);
  return { opened, state: opened?.state };
}

/** Opens the store; `undefined`: there is none. Throws a `StartError`. */
function open(config: Config, log: Logger): OpenedStore | undefined {
  const { persistenceLocation: directory, durability, maxStoreBytes } = config;
  if (durability === "none") {
    log.info("Nothing is stored: sessions and messages are lost when the process ends");
    return undefined;
  }
  const limit = maxStoreBytes === LEAVE_DISK_FREE ? {} : { maxBytes: maxStoreBytes };
  try {
    // Times in the store are the broker's, so both use the same clock.
    const clock = { ...SYSTEM_CLOCK, date: nowMs };
    const opened = openStore({ directory, durability, log, clock, ...limit });
    log.info("The store is open", { directory, durability });
    return opened;
  } catch (error) {
    const problem = `Cannot open the store in ${directory}: ${messageOf(error)}`;
    throw new StartError(EXIT.failed, problem);
  }
}

/** What the server needs. */
interface ServerParts extends Beginning<OpenedStore> {
  readonly config: Config;
  readonly log: Logger;
  readonly access: AccessPort | undefined;
  readonly transport: Transport | undefined;
  /** The node of the cluster, whose store replaces the other one. */
  readonly cluster: { readonly store: Store; readonly port: ClusterPort } | undefined;
}

/** Makes the server and restores what the store holds. */
function serverOf(parts: ServerParts): Server {
  const { config, log, access, transport, opened, state, cluster } = parts;
  const { maxUnfinishedBytes, maxConnectingBytes, packetTimeoutSeconds } = config;
  const server = new Server({
    options: config.broker,
    bridgeId: bridgeIdOf(config),
    log,
    ...opened === undefined ? {} : { store: opened.store },
    ...cluster === undefined ? {} : { store: cluster.store, cluster: cluster.port },
    ...transport === undefined ? {} : { transport },
    ...access === undefined ? {} : { access },
    unfinished: { maxUnfinishedBytes, maxConnectingBytes, packetTimeoutSeconds },
  });
  if (state !== undefined) server.restore(state);
  return server;
}

/** Publishes the log's lines for `log_dest topic`; the returned function ends that. */
function publishLog(log: Logger, { hub }: Server): () => void {
  log.publishTo((topicName, payload) => hub.publish({ topicName, payload }));
  return () => log.publishTo(undefined);
}

/** Starts the store's Worker a little later; the returned function cancels that. */
function beginLater(opened: OpenedStore | undefined): () => void {
  const timer = setTimeout(() => opened?.store.begin(), BEGIN_STORE_MS);
  return () => clearTimeout(timer);
}

/** Handlers for mosquitto's signals, which would end the process without one. What mosquitto does at them is not needed here. */
function userSignals({ persistence }: Config, log: Logger): SignalHandlers {
  const saved = persistence ? "acknowledged messages are stored" : "nothing is stored";
  return {
    SIGUSR1: () => log.info(`SIGUSR1: There is nothing to save: ${saved}`),
    SIGUSR2: () => log.info("SIGUSR2: Subscriptions are counted in the $SYS topics, not listed"),
  };
}

/** The parts that SIGHUP acts on. */
interface Running {
  /** The current configuration. */
  config: Config;
  readonly log: Logger;
  readonly load: () => LoadResult;
  readonly manager: ServiceManager;
  readonly server: Server;
  readonly access: OpenedAccess | undefined;
  readonly trace: BusTrace;
  readonly bridges: BridgeRunner;
  readonly subscriptions: LoggedSubscriptions;
  readonly dashboard: Dashboard;
}

/** Handles SIGHUP: reads everything again that can change. */
function onHangUp(running: Running): void {
  const { config, log, load, manager, server, access, trace, subscriptions, bridges } = running;
  manager.tell("RELOADING=1");
  running.config = reloadConfig(config, load(), server.broker, log);
  server.reloadCertificates();
  running.dashboard.reloadCertificates();
  if (access !== undefined) reloadAccess(access, server.broker, log);
  void trace.restart();
  void bridges.configure(running.config);
  subscriptions.restart();
  manager.tell("READY=1");
}
