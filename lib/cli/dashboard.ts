import type {
  HttpContext,
  HttpListenerInit,
  HttpServer,
  HttpTls,
  SettingView,
} from "../http/mod.ts";
import { type Config, type ListenerConfig, loadConfig } from "../config/mod.ts";
import {
  DEFAULT_UNFINISHED_LIMITS,
  loadTls,
  ReadBuffers,
  ServedWebSocket,
  type Server,
  type TlsLayer,
} from "../net/mod.ts";
import { type Logger, LogTail, type SysLevels } from "../observe/mod.ts";
import type { SqliteStore } from "../store/mod.ts";
import { VERSION } from "../version.ts";
import { EXIT, messageOf } from "./output.ts";
import { placeOf } from "./place.ts";
import { StartError } from "./start_error.ts";

/**
 * How long after the other listeners the default dashboard is opened, in milliseconds: clients that waited for the broker's start are
 * served first.
 */
const OPEN_PAGE_MS = 150;

/** What the dashboard, its API and the metrics need. */
export interface DashboardInit {
  /** The broker's server. */
  readonly server: Server;
  /** The log, whose lines the dashboard shows. */
  readonly log: Logger;
  /** Absent: nothing is stored. */
  readonly store: SqliteStore | undefined;
  /** Counters and levels. */
  readonly levels: () => SysLevels;
  /** The current configuration. */
  readonly config: () => Config;
}

/** Whether there is any HTTP listener. */
export function hasDashboard({ listeners, dashboard }: Config): boolean {
  return dashboard !== undefined || listeners.some(({ http }) => http !== undefined);
}

/** The HTTP listeners: the configured ones, and the default dashboard. The room `http` is loaded only if there is one. */
export class Dashboard {
  #http: HttpServer | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #opening: Promise<void> = Promise.resolve();
  readonly #layers: TlsLayer[] = [];

  /**
   * Opens the configured listeners, and soon after them the default dashboard, which is left out if its port is taken. Throws a
   * `StartError` if a configured one cannot be opened.
   */
  async open(init: DashboardInit): Promise<void> {
    const { listeners, dashboard } = init.config();
    for (const listener of listeners.filter(({ http }) => http !== undefined)) {
      try {
        await this.#listen(init, listener);
      } catch (error) {
        const problem = `Cannot listen on ${placeOf(listener)}: ${messageOf(error)}`;
        throw new StartError(EXIT.failed, problem);
      }
    }
    if (dashboard === undefined) return;
    this.#timer = setTimeout(
      () => this.#opening = this.#openDefault(init, dashboard),
      OPEN_PAGE_MS,
    );
  }

  /** Closes all of them. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#opening;
    await this.#http?.close();
    for (const layer of this.#layers) layer.close();
  }

  /** Reads certificates, keys and revocation lists again. If they are invalid, the old ones stay in use and the log says so. */
  reloadCertificates(): void {
    for (const layer of this.#layers) layer.reload();
  }

  async #openDefault(init: DashboardInit, listener: ListenerConfig): Promise<void> {
    try {
      await this.#listen(init, listener);
    } catch (error) {
      const place = placeOf(listener);
      init.log.warning(`There is no dashboard: cannot listen on ${place}: ${messageOf(error)}`);
    }
  }

  async #listen(init: DashboardInit, listener: ListenerConfig): Promise<void> {
    this.#http ??= await load(init);
    const { tls } = listener;
    const layer = tls === undefined
      ? undefined
      : await loadTls({ ...tls, alpnProtocols: ["http/1.1"] }, init.log);
    if (layer !== undefined) this.#layers.push(layer);
    await listenOn(this.#http, listener, init.log, layer);
  }
}

/** Loads the room `http`, which other starts do not pay for. */
async function load(init: DashboardInit): Promise<HttpServer> {
  const { HttpServer } = await import("../http/mod.ts");
  return new HttpServer(contextOf(init));
}

async function listenOn(
  http: HttpServer,
  listener: ListenerConfig,
  log: Logger,
  layer: TlsLayer | undefined,
): Promise<void> {
  const port = await http.listen(await listenInit(listener, log, layer));
  const { address, path, tls } = listener;
  const host = address === "" ? Deno.hostname() : address.includes(":") ? `[${address}]` : address;
  const scheme = tls === undefined ? "http" : "https";
  log.info(`Dashboard: ${path === "" ? `${scheme}://${host}:${port}` : path}`);
}

async function listenInit(
  listener: ListenerConfig,
  log: Logger,
  layer: TlsLayer | undefined,
): Promise<HttpListenerInit> {
  const { address: hostname, port, path, options, access, http } = listener;
  const { hosts = [], admins = [], viewers = [], tokenFile = "" } = http ?? {};
  return {
    hostname,
    port,
    path,
    options,
    hosts,
    admins,
    viewers,
    clientIdPrefixes: access.clientIdPrefixes,
    ...tokenFile === "" ? {} : { tokens: await Deno.readTextFile(tokenFile) },
    certificateUserName: access.certificateUserName,
    ...layer === undefined ? {} : { tls: httpTls(layer, options.name, log) },
  };
}

/** The TLS of MQTT listeners, client certificates included, for HTTP streams. */
function httpTls(layer: TlsLayer, listener: string, log: Logger): HttpTls {
  const buffers = new ReadBuffers(DEFAULT_UNFINISHED_LIMITS);
  return {
    open: (below, peer) =>
      layer.open(below, peer, buffers, (reason) => {
        const { remoteAddress: address } = peer;
        log.info("Connection refused", { address, listener, reason: `TLS handshake: ${reason}` });
      }),
  };
}

function contextOf({ server, log, store, levels, config }: DashboardInit): HttpContext {
  const { listeners, dashboard } = config();
  const all = dashboard === undefined ? listeners : [...listeners, dashboard];
  return {
    broker: server.broker,
    hub: server.hub,
    log,
    tail: log.tail ?? new LogTail(),
    version: VERSION,
    levels,
    adopt: (socket, peer, options, pauseMs) =>
      server.adopt(new ServedWebSocket(socket, { pauseMs }), peer, options),
    settings: () => settingsOf(config()),
    listeners: all.map((listener) => ({
      name: listener.options.name,
      protocol: listener.protocol,
      address: listener.address,
      port: listener.port,
      path: listener.path,
      origin: listener.origin,
      isTls: listener.tls !== undefined,
      certfile: listener.tls?.certfile ?? "",
      allowAnonymous: listener.options.allowAnonymous,
      maxConnections: listener.options.maxConnections,
      aclFile: listener.access.aclFile,
      isAclStrict: listener.access.aclSubscribe === "strict",
    })),
    checkConfiguration,
    ...store === undefined ? {} : { backUp: () => store.backUp() },
    metrics: {
      topicPrefixes: config().metricsTopicPrefix,
      hasExporterNames: config().metricsCompat === "mosquitto_exporter",
    },
    logLevel: () => log.options.level,
    setLogLevel: (level) => log.setLevel(level),
  };
}

function settingsOf({ settings }: Config): readonly SettingView[] {
  return settings.map(({ option, listener, text, origin }) => ({
    name: option.name,
    theme: option.theme,
    listener,
    value: text,
    origin,
    description: option.description,
    isReloadable: option.reloadable,
  }));
}

/** Checks only the text, neither the files that it names nor the environment. */
function checkConfiguration(text: string): readonly string[] {
  const result = loadConfig({
    file: "configuration",
    readFile: () => text,
    listDirectory: () => [],
    environment: {},
    flags: [],
    user: { name: "", isRoot: false },
  });
  return result.isValid ? [] : result.problems;
}
