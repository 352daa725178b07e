import { DEFAULT_LISTENER_OPTIONS } from "../broker/mod.ts";
import { isLoopback, LOOPBACK_ADDRESS } from "../net/mod.ts";
import type { ListenerConfig, ListenerEntry } from "./config.ts";
import { DEFAULT_HTTP_CONFIG, type HttpConfig } from "./http_config.ts";
import type { TransportOptions } from "./transport_options.ts";

/** The dashboard's default port, the same as that of mosquitto's HTTP interface. */
const DEFAULT_HTTP_PORT = 9883;

/** Whether no user and no token is named, so that everybody who reaches the listener may use it. */
export function isOpenHttp({ admins, viewers, tokenFile }: HttpConfig): boolean {
  return admins.length === 0 && viewers.length === 0 && tokenFile === "";
}

/** Options that contradict the protocol: those of HTTP at another listener, or those of MQTT at an HTTP listener. */
export function* httpContradictions(
  options: TransportOptions,
  { hosts, admins, viewers, tokenFile }: HttpConfig,
): Generator<[option: string, message: string]> {
  const isHttp = options.protocol === "http_api";
  const ofHttp: [option: string, isSet: boolean][] = [
    ["http_host", hosts.length > 0],
    ["http_admin", admins.length > 0],
    ["http_viewer", viewers.length > 0],
    ["http_token_file", tokenFile !== ""],
  ];
  const notOfHttp: [option: string, isSet: boolean][] = [
    ["enable_proxy_protocol", options.enableProxyProtocol !== "none"],
    ["websockets_origin", options.websocketsOrigins.length > 0],
  ];
  for (const [option, isSet] of isHttp ? notOfHttp : ofHttp) {
    if (!isSet) continue;
    yield [
      option,
      isHttp ? "Cannot be used with `protocol http_api`" : "Needs `protocol http_api`",
    ];
  }
  const both = admins.find((user) => viewers.includes(user));
  if (both !== undefined) yield ["http_viewer", `${both} is an http_admin already`];
}

/** What is wrong with the access to an HTTP listener: strangers can reach it, or its users have no passwords. */
export function* httpProblems(
  { address, path, http, access, options }: ListenerConfig,
): Generator<[option: string, message: string]> {
  if (http === undefined) return;
  if (isOpenHttp(http) && path === "" && !isLoopback(address)) {
    yield [
      "protocol",
      "Needs users, since other machines can reach it: `http_admin USER` and `http_viewer USER` of a `password_file`, " +
      "or `http_token_file FILE`; or name the address 127.0.0.1",
    ];
  }
  const hasUsers = http.admins.length + http.viewers.length > 0;
  if (hasUsers && access.passwordFile === "" && access.certificateUserName === "none") {
    yield [
      http.admins.length > 0 ? "http_admin" : "http_viewer",
      "Needs a `password_file`, or `use_identity_as_username` and certificates",
    ];
  }
  if (options.mountPoint !== "") yield ["mount_point", "Cannot be used with `protocol http_api`"];
}

/** The dashboard without a `listener` line: for everybody on this machine, and nobody else. */
export function defaultDashboard(origin: string, entry: ListenerEntry): ListenerConfig {
  const name = `${LOOPBACK_ADDRESS}:${DEFAULT_HTTP_PORT}`;
  return {
    port: DEFAULT_HTTP_PORT,
    address: LOOPBACK_ADDRESS,
    path: "",
    protocol: "http_api",
    websocketsOrigins: [],
    http: DEFAULT_HTTP_CONFIG,
    origin,
    options: { ...DEFAULT_LISTENER_OPTIONS, name, allowAnonymous: true },
    ...entry,
    access: { ...entry.access, certificateUserName: "none" },
  };
}
