import type { ForeignOption } from "./option.ts";
import { BOOLEAN, BYTES, choice, COUNT, COUNT_OR_MINUS_ONE, integer, PATH, TEXT } from "./rows.ts";

/** How `memory_limit` is divided among `max_retained_bytes`, `max_total_queued_bytes` and `max_buffered_bytes`: like their defaults. */
const MEMORY_SHARES = [4 / 6, 1 / 6, 1 / 6] as const;

/**
 * Options of mosquitto that have no effect here, or another name. A file may have them; the log notes each once. What would change
 * the meaning of the file is refused: single values here, whole options in `refused.ts`.
 */
export const FOREIGN_OPTIONS: readonly ForeignOption[] = [
  {
    name: "maximum_qos",
    type: integer(0, 2),
    isHere: "`max_qos`",
    means: (value) => [["max_qos", String(value)]],
  },
  {
    name: "global_max_clients",
    type: COUNT_OR_MINUS_ONE,
    isHere: "`max_sessions`, where no limit is 0 instead of -1",
    means: (value) => [["max_sessions", String(Math.max(0, Number(value)))]],
    refusedValues: { 0: "No client could connect; no limit is -1" },
  },
  {
    name: "retained_persistence",
    type: BOOLEAN,
    isHere: "`persistence`",
    means: (value) => [["persistence", String(value)]],
  },
  {
    name: "memory_limit",
    type: BYTES,
    isHere:
      "`max_retained_bytes` (four sixths of it), `max_total_queued_bytes` and `max_buffered_bytes` " +
      "(one sixth each)",
    means: (value) => memoryShares(Number(value)),
  },
  {
    name: "listener_auto_id_prefix",
    type: { kind: "text", maxLength: 50 },
    isHere: "`auto_id_prefix` of this listener alone",
    means: (value) => [["auto_id_prefix", String(value)]],
    ofListener: true,
  },
  ...without("there is no periodic saving: acknowledged messages are stored", [
    ["autosave_interval", COUNT_OR_MINUS_ONE],
    ["autosave_on_changes", BOOLEAN],
  ]),
  ...without("the store's files are named by the broker; `persistence_location` is its directory", [
    ["persistence_file", TEXT],
  ]),
  ...without("retained messages are removed when they expire, not at intervals", [
    ["retain_expiry_interval", COUNT],
  ]),
  ...without("it does nothing in mosquitto either", [["retry_interval", TEXT]]),
  ...without("keys are exchanged by elliptic curves, which need no parameters", [
    ["dhparamfile", PATH],
  ]),
  ...without("buffers grow and shrink by themselves", [["packet_buffer_size", COUNT]]),
  ...without("WebSockets have no log of their own: use `log_type`", [
    ["websockets_log_level", COUNT_OR_MINUS_ONE],
  ]),
  ...without("there are no such plugins, whose names would need the check", [
    ["auth_plugin_deny_special_chars", BOOLEAN],
  ]),
  ...without("clients connect with plain TCP", [
    ["mptcp", BOOLEAN],
  ]),
  ...without("there are no engines for TLS", [["tls_engine_kpass_sha1", TEXT]]),
  {
    name: "tls_keyform",
    type: choice("pem"),
    noEffect: "keys are PEM files",
    refusedValues: { engine: "Keys are PEM files here; name the file in `keyfile`" },
  },
  {
    name: "enable_control_api",
    type: BOOLEAN,
    noEffect:
      "the broker has no control topic except that of dynamic security, which comes with its plugin",
    refusedValues: {
      true:
        "The broker has no control topic except that of dynamic security, which comes with its plugin; remove the line",
    },
  },
  {
    name: "disable_client_cert_date_checks",
    type: BOOLEAN,
    noEffect: "the dates of client certificates are always checked",
    refusedValues: {
      true: "The dates of client certificates are always checked; remove the line and renew " +
        "expired certificates",
    },
  },
];

/** The same for lines of a `connection` block. */
export const FOREIGN_BRIDGE_OPTIONS: readonly ForeignOption[] = [
  ...without("a bridge needs no password at its own broker", [
    ["local_password", TEXT],
  ]),
  ...without("bridges connect with plain TCP", [
    ["bridge_mptcp", BOOLEAN],
  ]),
  ...without("MQTT's pings notice a dead connection; see `keepalive_interval`", [
    ["bridge_tcp_keepalive", TEXT],
    ["bridge_tcp_user_timeout", COUNT],
  ]),
  ...without("a changed bridge restarts at once, and keeps its messages", [
    ["bridge_reload_type", choice("immediate", "lazy")],
  ]),
  {
    name: "bridge_fatal_sub_errors",
    type: BOOLEAN,
    noEffect:
      "a subscription that the remote broker refuses is logged and counted, and the bridge stays",
    refusedValues: {
      true: "A bridge stays when the remote broker refuses a subscription; remove the line, and " +
        "watch the count `subscription_refused`",
    },
  },
  {
    name: "bridge_require_ocsp",
    type: BOOLEAN,
    noEffect: "revocation is not checked",
    refusedValues: {
      true: "Deno does not check whether a certificate was revoked; remove the line",
    },
  },
  ...renamed([
    ["addresses", "address"],
    ["clientid", "remote_clientid"],
    ["username", "remote_username"],
    ["password", "remote_password"],
  ]),
];

function renamed(names: readonly (readonly [theirs: string, ours: string])[]): ForeignOption[] {
  return names.map(([name, ours]) => ({
    name,
    type: { kind: "text", maxLength: 65_535 },
    isHere: `\`${ours}\``,
    means: (value) => [[ours, String(value)]],
    isAlias: true,
  }));
}

function without(
  noEffect: string,
  options: readonly (readonly [name: string, type: ForeignOption["type"]])[],
): ForeignOption[] {
  return options.map(([name, type]) => ({ name, type, noEffect }));
}

/** A `memory_limit` of 0 means no limit, so it sets nothing. */
function memoryShares(bytes: number): (readonly [name: string, text: string])[] {
  if (bytes === 0) return [];
  const names = ["max_retained_bytes", "max_total_queued_bytes", "max_buffered_bytes"];
  // No share may round to 0, which means no limit.
  return names.map((
    name,
    index,
  ) => [name, String(Math.max(1, Math.floor(bytes * MEMORY_SHARES[index]!)))]);
}
