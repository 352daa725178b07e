import type { Config, ListenerConfig } from "../config/mod.ts";
import { loadTls, type Server, type TlsLayer } from "../net/mod.ts";
import type { Logger } from "../observe/mod.ts";
import { EXIT, messageOf } from "./output.ts";
import { placeOf } from "./place.ts";
import { StartError } from "./start_error.ts";

/** Browsers offer the first; some MQTT libraries offer the second even for WebSockets. */
const WEB_SOCKET_ALPN = ["http/1.1", "mqtt"];

/** Opens all listeners. Loads all certificates first, so that an invalid one opens no port. Throws a `StartError`. */
export async function openListeners(config: Config, server: Server, log: Logger): Promise<void> {
  const layers = new Map<ListenerConfig, TlsLayer>();
  let at = "";
  try {
    for (const listener of config.listeners) {
      at = placeOf(listener);
      if (listener.tls === undefined || listener.http !== undefined) continue;
      if (layers.size === 0) log.info("Starting MQTT broker with TLS");
      const alpnProtocols = listener.protocol === "websockets" ? WEB_SOCKET_ALPN : ["mqtt"];
      layers.set(listener, await loadTls({ ...listener.tls, alpnProtocols }, log));
    }
    if (layers.size > 0) log.info("TLS configuration loaded successfully");
    for (const listener of config.listeners) {
      at = placeOf(listener);
      if (listener.http !== undefined) continue;
      listenOn(listener, layers.get(listener), config, server, log);
    }
  } catch (error) {
    for (const layer of layers.values()) layer.close();
    throw new StartError(EXIT.failed, `Cannot listen on ${at}: ${messageOf(error)}`);
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
