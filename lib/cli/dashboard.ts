import type { HttpContext, HttpListenerInit, HttpServer, SettingView } from "../http/mod.ts";
import { type Config, type ListenerConfig, loadConfig } from "../config/mod.ts";
import type { Server } from "../net/mod.ts";
import { type BrokerLevels, type Logger, LogTail } from "../observe/mod.ts";
import { VERSION } from "../version.ts";
import { messageOf } from "./output.ts";
import { placeOf } from "./place.ts";

/**
 * When the page that nobody asked for is loaded, milliseconds after the ports are open: those who waited for the broker to come up are
 * served first.
 */
const OPEN_PAGE_MS = 150;

/** What the page, its API and the metrics are made of. */
export interface DashboardInit {
  /** The broker on the network. */
  readonly server: Server;
  /** The log; what it writes is shown. */
  readonly log: Logger;
  /** Counters and levels. */
  readonly levels: () => BrokerLevels;
  /** The configuration as it holds now. */
  readonly config: () => Config;
}

/** Whether anything is to be spoken over HTTP. */
export function hasDashboard({ listeners, dashboard }: Config): boolean {
  return dashboard !== undefined || listeners.some(({ http }) => http !== undefined);
}

/**
 * Opens the listeners for HTTP that are configured, and soon after the page that nobody asked for; the function returned ends it
 * all. `failed`: one that is configured cannot be opened, which is logged.
 */
export async function openDashboard(
  init: DashboardInit,
): Promise<(() => Promise<void>) | "failed"> {
  const config = init.config();
  const configured = config.listeners.filter(({ http }) => http !== undefined);
  let http: HttpServer | undefined;
  for (const listener of configured) {
    try {
      http ??= await load(init);
      await listenOn(http, listener, init.log);
    } catch (error) {
      init.log.error(`Cannot listen on ${placeOf(listener)}: ${messageOf(error)}`);
      await http?.close();
      return "failed";
    }
  }
  const { dashboard } = config;
  let opening = Promise.resolve();
  const timer = setTimeout(() => {
    if (dashboard !== undefined) opening = openDefault(dashboard);
  }, OPEN_PAGE_MS);
  const openDefault = async (listener: ListenerConfig) => {
    try {
      http ??= await load(init);
      await listenOn(http, listener, init.log);
    } catch (error) {
      init.log.warning(
        `There is no dashboard: cannot listen on ${placeOf(listener)}: ${messageOf(error)}`,
      );
    }
  };
  return async () => {
    clearTimeout(timer);
    await opening;
    await http?.close();
  };
}

/** The room is loaded by those who want it: the start of others does not pay for it. */
async function load(init: DashboardInit): Promise<HttpServer> {
  const { HttpServer } = await import("../http/mod.ts");
  return new HttpServer(contextOf(init));
}

async function listenOn(
  http: HttpServer,
  listener: ListenerConfig,
  log: Logger,
): Promise<void> {
  const port = await http.listen(await listenInit(listener));
  const { address, path, tls } = listener;
  const host = address === "" ? Deno.hostname() : address.includes(":") ? `[${address}]` : address;
  const scheme = tls === undefined ? "http" : "https";
  log.info(`Dashboard: ${path === "" ? `${scheme}://${host}:${port}` : path}`);
}

async function listenInit(listener: ListenerConfig): Promise<HttpListenerInit> {
  const { address: hostname, port, path, options, access, tls, http } = listener;
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
    ...tls === undefined ? {} : {
      tls: {
        cert: await Deno.readTextFile(tls.certfile),
        key: await Deno.readTextFile(tls.keyfile),
      },
    },
  };
}

function contextOf({ server, log, levels, config }: DashboardInit): HttpContext {
  const { listeners, dashboard } = config();
  const all = dashboard === undefined ? listeners : [...listeners, dashboard];
  return {
    broker: server.broker,
    hub: server.hub,
    log,
    tail: log.tail ?? new LogTail(),
    version: VERSION,
    levels,
    adopt: (stream, peer, options) => server.adopt(stream, peer, options),
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

/** Only the text itself is looked at: neither the files that it names nor the environment. */
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
