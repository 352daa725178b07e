import type { AccessPort, ClusterPort, Store } from "../broker/mod.ts";
import type { ClusterHost } from "../cluster/mod.ts";
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
import { openCluster } from "./cluster_options.ts";
import { BridgeRunner } from "./bridges.ts";
import { BusTrace } from "./bus_trace.ts";
import { Dashboard, hasDashboard } from "./dashboard.ts";
import { giveBackMemory } from "./give_back.ts";
import { ServiceManager } from "./notify.ts";
import { LoggedSubscriptions } from "./logged_subscriptions.ts";
import { openListeners } from "./open_listeners.ts";
import { openTransport } from "./open_transport.ts";
import { EXIT, messageOf } from "./output.ts";
import { PidFile } from "./pid_file.ts";
import { levelsOf, publishSysTopics } from "./publish_sys.ts";
import { reloadConfig } from "./reload.ts";
import { type SignalHandlers, Signals } from "./signals.ts";
import { StartError } from "./start_error.ts";

/**
 * When the store's Worker is started, milliseconds after the ports are open, unless there is something to write before: starting a thread
 * stops all others for 20 to 50 milliseconds, and those who waited for the broker to come up are served first.
 */
const BEGIN_STORE_MS = 100;

/**
 * Runs the broker until a signal ends it; returns the exit status. `load` reads the configuration again, for SIGHUP. With `use`, which is
 * called when clients can connect, the broker ends as soon as that is done, with its word for why.
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
    await runUntilSignal(config, log, load, use);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    for (const problem of error.problems) log.error(problem);
    await log.flush();
    return error.status;
  }
  log.info("The broker has ended");
  await log.flush();
  log.close();
  return EXIT.ok;
}

/** Puts the parts together, one line each; what was begun last ends first. Throws `StartError`. */
async function runUntilSignal(
  config: Config,
  log: Logger,
  load: () => LoadResult,
  use: (() => Promise<string>) | undefined,
): Promise<void> {
  await using parts = new AsyncDisposableStack();
  const access = await openAccess(config, log);
  const transport = await openTransport(config, log);
  const pidFile = parts.use(new PidFile(config.pidFile));
  const manager = parts.adopt(ServiceManager.ofProcess(log), (manager) => manager.close());
  const opened = parts.adopt(open(config, log), (opened) => opened?.close());
  const dashboard = new Dashboard();
  const pages = await withPages(access, config);
  const cluster = parts.adopt(
    await openCluster(config, log, opened),
    (cluster) => cluster?.close(),
  );
  const server = parts.adopt(
    serverOf({ config, log, access: pages, transport, opened, cluster }),
    // At one time: clients of the page are the server's as well.
    async (server) => void await Promise.all([server.close(), dashboard.close()]),
  );
  parts.defer(publishLog(log, server));
  parts.defer(await serveControl(access, server, log));
  const bridges = parts.adopt(new BridgeRunner(server, log), (bridges) => bridges.close());
  const trace = parts.use(new BusTrace(server, log));
  const subscriptions = parts.use(new LoggedSubscriptions(server.broker, log));
  // Before a port is open: whoever sees the broker listening may send it a signal.
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
  // Before a port is open: clients find all that the cluster knows.
  await Promise.race([cluster?.join(clusterHost(server)), signals.ending]);
  // Before a port is open: what is published from the first moment on waits for them.
  await bridges.configure(config);
  await openListeners(config, server, log);
  pidFile.write();
  for (const { level, text } of config.notes) log[level](text);
  const levels = levelsOf(server, opened?.store, () => bridges.levels);
  if (hasTelemetry()) {
    parts.defer(startTelemetry({ broker: server.broker, levels, version: VERSION, now: nowMs }));
    log.info("OpenTelemetry is on: metrics and spans are exported");
  }
  await dashboard.open({ server, log, store: opened?.store, levels, config: () => running.config });
  parts.defer(publishSysTopics(config.sysIntervalSeconds, server, levels));
  parts.defer(giveBackMemory(server.broker));
  parts.defer(watchAccess(access, server.broker, log));
  parts.defer(beginLater(opened));
  manager.tell("READY=1");
  manager.watch(() => opened === undefined || opened.store.unansweredMs < manager.watchdogMs);
  const reason = await (use === undefined ? signals.ending : Promise.race([signals.ending, use()]));
  log.info(`${reason}: the broker ends`, { clients: server.broker.levels.connectedCount });
}

/** Opens the store; undefined where there is none. Throws `StartError`. */
function open(config: Config, log: Logger): OpenedStore | undefined {
  const { persistenceLocation: directory, durability, maxStoreBytes } = config;
  if (durability === "none") {
    log.info("Nothing is stored: sessions and messages end with the process");
    return undefined;
  }
  const limit = maxStoreBytes === LEAVE_DISK_FREE ? {} : { maxBytes: maxStoreBytes };
  try {
    // The store's times are the broker's: both are by one clock.
    const clock = { ...SYSTEM_CLOCK, date: nowMs };
    const opened = openStore({ directory, durability, log, clock, ...limit });
    log.info("The store is open", { directory, durability });
    return opened;
  } catch (error) {
    const problem = `Cannot open the store in ${directory}: ${messageOf(error)}`;
    throw new StartError(EXIT.failed, problem);
  }
}

/** What a server is made of. */
interface ServerParts {
  readonly config: Config;
  readonly log: Logger;
  readonly access: AccessPort | undefined;
  readonly transport: Transport | undefined;
  readonly opened: OpenedStore | undefined;
  /** In the place of the store, and what else belongs to a node. */
  readonly cluster: { readonly store: Store; readonly port: ClusterPort } | undefined;
}

/** The server as it is configured, with what the store remembers. */
function serverOf(parts: ServerParts): Server {
  const { config, log, access, transport, opened, cluster } = parts;
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
  if (opened !== undefined) server.restore(opened.state);
  return server;
}

/** The server, for the cluster's node in it. */
function clusterHost(server: Server): ClusterHost {
  const { broker } = server;
  return {
    applyShared: (shared) => server.applyShared(shared),
    applyClaim: (claim) => server.applyClaim(claim),
    applySession: (...change) => server.applySession(...change),
    settleAway: (clientIds) => server.settleAway(clientIds),
    firstPending: (clientId) => server.broker.firstPending(clientId),
    subscriptionsOf: (clientId) =>
      server.broker.clients.get(clientId)?.session.subscriptions.values() ?? [],
    deliverForwarded: (message) => server.deliverForwarded(message),
    get counts() {
      return { clients: broker.levels.connectedCount, sessions: broker.clients.size };
    },
  };
}

/** Lets the log's lines for topics out, as messages of the broker; the function returned ends that. */
function publishLog(log: Logger, { hub }: Server): () => void {
  log.publishTo((topicName, payload) => hub.publish({ topicName, payload }));
  return () => log.publishTo(undefined);
}

/** Starts the store's Worker a little later; the function returned takes that back. */
function beginLater(opened: OpenedStore | undefined): () => void {
  const timer = setTimeout(() => opened?.store.begin(), BEGIN_STORE_MS);
  return () => clearTimeout(timer);
}

/** What mosquitto does at these signals needs nobody's doing here; without a handler they would end the process. */
function userSignals({ persistence }: Config, log: Logger): SignalHandlers {
  const saved = persistence ? "what is acknowledged is stored" : "nothing is stored";
  return {
    SIGUSR1: () => log.info(`SIGUSR1: Nothing is to be saved: ${saved}`),
    SIGUSR2: () => log.info("SIGUSR2: Subscriptions are counted in the $SYS topics, not listed"),
  };
}

/** What SIGHUP needs. */
interface Running {
  /** As it holds now. */
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

/** What SIGHUP does: everything that can change is read again. */
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
