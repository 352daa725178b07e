import type { RefusedOption } from "./option.ts";

const CIPHERS =
  "Cipher suites cannot be chosen: only ECDHE with AES-GCM or ChaCha20-Poly1305 is offered; remove the line";

/**
 * Options of mosquitto 2.x that are errors here, each with what to do: a broker that starts without the encryption or the access
 * control that its file asks for is worse than one that does not start. Harmless options are in `foreign.ts`.
 */
export const REFUSED_OPTIONS: readonly RefusedOption[] = [
  ...refuse(CIPHERS, "ciphers ciphers_tls1.3"),
  ...refuse(
    "Keys are PEM files here, not in an engine; remove the line and name the file in `keyfile`",
    "tls_engine",
  ),
  ...refuse(
    "Pre-shared keys are not supported; use certificates (`certfile`, `keyfile`), or passwords over TLS",
    "psk_file psk_hint",
  ),
  ...refuse(
    "Plugins of mosquitto cannot be loaded, other than dynamic security, which is built in; remove the line. Tokens (`jwt_public_key_file`) and services over HTTP (`auth_http_url`) need none, and a " +
      "program that embeds the broker can decide for itself who connects",
    "auth_plugin",
  ),
  ...refuse("Files are not served here; remove the line and use a web server", "http_dir"),
  ...refuseBridge(
    "Pre-shared keys are not supported; use certificates (`bridge_cafile`, `bridge_certfile`), or a password over TLS",
    "bridge_identity bridge_psk",
  ),
  ...refuseBridge(CIPHERS, "bridge_ciphers bridge_ciphers_tls1.3"),
];

/** The refused option that stands for all option names that plugins invent. */
export const PLUGINS = "auth_plugin";
/** The prefixes of these names. */
export const PLUGIN_PREFIXES: readonly string[] = ["auth_opt_", "plugin_opt_"];

function refuse(refused: string, names: string): RefusedOption[] {
  return names.split(" ").map((name) => ({ name, refused }));
}

function refuseBridge(refused: string, names: string): RefusedOption[] {
  return refuse(refused, names).map((option) => ({ ...option, inBridge: true }));
}
