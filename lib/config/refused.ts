import type { RefusedOption } from "./option.ts";

/**
 * Every other option of mosquitto 2.x. Each is an error that says what to do: none is ignored, because a broker that starts
 * without the encryption or the access control that its file asks for is worse than one that does not start.
 */
export const REFUSED_OPTIONS: readonly RefusedOption[] = [
  ...refuse(
    "Cipher suites cannot be chosen here: all that are offered are of ECDHE with AES-GCM or ChaCha20-Poly1305; remove the line",
    "ciphers ciphers_tls1.3",
  ),
  ...refuse(
    "Keys are PEM files here, not in an engine; remove the line and name the file in `keyfile`",
    "tls_engine tls_engine_kpass_sha1 tls_keyform",
  ),
  ...refuse(
    "Pre-shared keys are not supported; use certificates (`certfile`, `keyfile`), or passwords over TLS",
    "psk_file psk_hint",
  ),
  ...refuse(
    "The dates of client certificates are always checked; remove the line and renew what has expired",
    "disable_client_cert_date_checks",
  ),
  ...refuse("Has no effect in mosquitto either; remove the line", "dhparamfile retry_interval"),
  ...refuse(
    "Let clients name themselves; `pattern` lines with %u in the acl_file keep them apart by user name",
    "use_username_as_clientid",
  ),
  ...refuse(
    "A retained message stays when its publisher loses the right to it: only who reads it is checked; remove the line",
    "check_retain_source",
  ),
  ...refuse(
    "Plugins of mosquitto cannot be loaded; remove the line. A program that embeds the broker can decide for itself who connects",
    "plugin global_plugin plugin_load plugin_use auth_plugin auth_plugin_deny_special_chars",
  ),
  ...refuse("Use `log_type debug`", "websockets_log_level"),
  ...refuse("Files are not served here; remove the line and use a web server", "http_dir"),
  ...refuse(
    "Name the address instead: `listener PORT ADDRESS`",
    "bind_interface socket_domain",
  ),
  ...refuse("Multipath TCP is not supported; remove the line", "mptcp"),
  ...refuse("Holds for the whole broker here; use `auto_id_prefix`", "listener_auto_id_prefix"),
  ...refuse("Use `max_sessions`", "global_max_clients"),
  ...refuse("Use `max_qos`", "maximum_qos"),
  ...refuse("Use `persistence`", "retained_persistence"),
  ...refuse(
    "Use `max_buffered_bytes`, `max_queued_bytes` and `max_retained_bytes`, which say what gives way",
    "memory_limit",
  ),
  ...refuse("Buffers grow and shrink by themselves; remove the line", "packet_buffer_size"),
  ...refuse(
    "There is no periodic saving: what is acknowledged is stored; remove the line, and see `durability`",
    "autosave_interval autosave_on_changes persistence_file",
  ),
  ...refuse("There is no syslog; use `log_dest stderr`, which systemd collects", "log_facility"),
  ...refuse("There are no control topics; remove the line", "enable_control_api"),
  ...refuseBridge(
    "Bridges are not in this version; remove the `connection` block",
    "connection address addresses bridge_alpn bridge_attempt_unsubscribe bridge_bind_address bridge_cafile " +
      "bridge_capath bridge_certfile bridge_ciphers bridge_ciphers_tls1.3 bridge_identity bridge_insecure " +
      "bridge_keyfile bridge_max_packet_size bridge_max_topic_alias bridge_mptcp bridge_outgoing_retain " +
      "bridge_protocol_version bridge_psk bridge_receive_maximum bridge_reload_type bridge_require_ocsp " +
      "bridge_session_expiry_interval bridge_tcp_keepalive bridge_tcp_user_timeout bridge_tls_use_os_certs " +
      "bridge_tls_version cleansession clientid idle_timeout keepalive_interval local_cleansession " +
      "local_clientid local_password local_username notification_topic notifications " +
      "notifications_local_only password remote_clientid remote_password remote_username restart_timeout " +
      "round_robin start_type threshold topic try_private username",
  ),
];

/** What stands before the names that a plugin makes up. */
export const PLUGIN_PREFIXES: readonly string[] = ["auth_opt_", "plugin_opt_"];

function refuse(refused: string, names: string): RefusedOption[] {
  return names.split(" ").map((name) => ({ name, refused }));
}

function refuseBridge(refused: string, names: string): RefusedOption[] {
  return names.split(" ").map((name) => ({ name, refused, inBridge: true }));
}
