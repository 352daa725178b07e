import type { HttpAccessOptions, JwtOptions, ListenerAccess } from "../auth/mod.ts";
import { DEFAULT_BROKER_OPTIONS, DEFAULT_LISTENER_OPTIONS } from "../broker/mod.ts";
import { DEFAULT_LOG_OPTIONS } from "../observe/mod.ts";
import { DEFAULT_BRIDGE_SETTINGS } from "./bridge_settings.ts";
import { DEFAULT_CLUSTER_SETTINGS } from "./cluster_settings.ts";
import { DEFAULT_HTTP_CONFIG } from "./http_config.ts";
import type { OptionRecords } from "./option.ts";
import { DEFAULT_PROCESS_OPTIONS } from "./process_options.ts";
import { DEFAULT_TRANSPORT_OPTIONS } from "./transport_options.ts";

/** The defaults of access control, copied from the room `auth`, so that the configuration does not load it. */
const DEFAULT_ACCESS: ListenerAccess = {
  passwordFile: "",
  scramFile: "",
  aclFile: "",
  aclSubscribe: "strict",
  clientIdPrefixes: "",
  certificateUserName: "none",
  dynamicSecurityFile: "",
};

/** The defaults of tokens, copied for the same reason. */
const DEFAULT_JWT: JwtOptions = {
  secretFile: "",
  publicKeyFile: "",
  jwksFile: "",
  jwksUrl: "",
  jwksCaFile: "",
  jwksRefreshSeconds: 300,
  from: "password",
  userNameClaim: "sub",
  clientIdClaim: "",
  aclClaim: "",
  audience: "",
  issuer: "",
  leewaySeconds: 30,
  requireExpiry: true,
  authenticationMethod: "JWT",
};

/** The defaults of a service, copied for the same reason. */
const DEFAULT_SERVICE: HttpAccessOptions = {
  authUrl: "",
  aclUrl: "",
  form: "mosquitto-go-auth",
  params: "json",
  response: "status",
  timeoutSeconds: 5,
  maxRequests: 32,
  cacheSeconds: 30,
  negativeCacheSeconds: 5,
  cacheSize: 10_000,
  onFailure: "deny",
  caFile: "",
  headerFile: "",
};

/** The defaults of every record. */
export const DEFAULTS: OptionRecords = {
  broker: DEFAULT_BROKER_OPTIONS,
  listener: DEFAULT_LISTENER_OPTIONS,
  transport: DEFAULT_TRANSPORT_OPTIONS,
  http: DEFAULT_HTTP_CONFIG,
  access: DEFAULT_ACCESS,
  jwt: DEFAULT_JWT,
  service: DEFAULT_SERVICE,
  log: DEFAULT_LOG_OPTIONS,
  process: DEFAULT_PROCESS_OPTIONS,
  bridge: DEFAULT_BRIDGE_SETTINGS,
  cluster: DEFAULT_CLUSTER_SETTINGS,
};
