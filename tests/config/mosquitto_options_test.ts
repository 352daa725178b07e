import { strict as assert } from "node:assert";
import { load, problems } from "./support.ts";

/**
 * What becomes of a line that mosquitto 2.1 takes. `works`: the same meaning, and nothing is said. `notice`: the broker starts, and says once
 * what the line is here. `error`: the file is refused, with a reason and a way out.
 */
type Outcome = "works" | "notice" | "error";
/** Where a line stands: before all listeners, in a listener of TCP, WebSockets or TLS, or in a bridge. */
type Place = "top" | "listener" | "websockets" | "tls" | "bridge";

const BEFORE: Readonly<Record<Place, string>> = {
  top: "",
  listener: "listener 1884\n",
  websockets: "listener 1884\nprotocol websockets\n",
  tls: "listener 8883\n",
  bridge: "connection b\n",
};
/** What the manual wants beside the line: certificates, an address, and so on. */
const CERTIFICATE = "certfile server.crt\nkeyfile server.key\n";
const REQUIRED = `${CERTIFICATE}cafile ca.crt\nrequire_certificate true\n`;
const BRIDGE = "address far.example\ntopic # out\n";
const DYNSEC = "plugin_opt_config_file d.json\n";
const BESIDE: Readonly<Record<Place, string>> = {
  top: "",
  listener: "",
  websockets: "",
  tls: CERTIFICATE,
  bridge: BRIDGE,
};

/** The names are those of mosquitto's `src/conf.c`, in its order: all of mosquitto.conf(5), and those that the manual leaves out. */
// deno-fmt-ignore
const OPTIONS: readonly [line: string, place: Place, outcome: Outcome, beside?: string][] = [
  ["accept_protocol_versions 3,4,5", "listener", "works"],
  ["acl_file acl", "top", "works"],
  ["address far.example", "bridge", "works", "topic # out"],
  ["addresses far.example", "bridge", "works", "topic # out"],
  ["allow_anonymous true", "top", "works"],
  ["allow_duplicate_messages true", "top", "works"],
  ["allow_zero_length_clientid true", "top", "works"],
  ["auth_opt_db_host localhost", "top", "error"],
  ["auth_plugin /usr/lib/auth.so", "top", "error"],
  ["auth_plugin_deny_special_chars true", "top", "notice"],
  ["auto_id_prefix auto-", "top", "works"],
  ["autosave_interval 1800", "top", "notice"],
  ["autosave_on_changes false", "top", "notice"],
  ["bind_address 127.0.0.1", "top", "works"],
  ["bind_interface lo", "listener", "works"],
  ["bridge_alpn mqtt", "bridge", "works"],
  ["bridge_attempt_unsubscribe true", "bridge", "works"],
  ["bridge_bind_address 127.0.0.1", "bridge", "works"],
  ["bridge_cafile ca.crt", "bridge", "works"],
  ["bridge_capath certs", "bridge", "works"],
  ["bridge_certfile client.crt", "bridge", "works", `${BRIDGE}bridge_keyfile client.key`],
  ["bridge_ciphers ECDHE", "bridge", "error"],
  ["bridge_ciphers_tls1.3 TLS_AES_256_GCM_SHA384", "bridge", "error"],
  ["bridge_fatal_sub_errors false", "bridge", "notice"],
  ["bridge_identity me", "bridge", "error"],
  ["bridge_insecure false", "bridge", "works"],
  ["bridge_keyfile client.key", "bridge", "works", `${BRIDGE}bridge_certfile client.crt`],
  ["bridge_max_packet_size 1000", "bridge", "works"],
  ["bridge_max_topic_alias 10", "bridge", "works"],
  ["bridge_mptcp true", "bridge", "notice"],
  ["bridge_outgoing_retain true", "bridge", "works"],
  ["bridge_protocol_version mqttv50", "bridge", "works"],
  ["bridge_psk 0123456789abcdef", "bridge", "error"],
  ["bridge_receive_maximum 20", "bridge", "works"],
  ["bridge_reload_type lazy", "bridge", "notice"],
  ["bridge_require_ocsp false", "bridge", "notice"],
  ["bridge_session_expiry_interval 3600", "bridge", "works"],
  ["bridge_tcp_keepalive 60 10 3", "bridge", "notice"],
  ["bridge_tcp_user_timeout 10000", "bridge", "notice"],
  ["bridge_tls_use_os_certs true", "bridge", "works"],
  ["bridge_tls_version tlsv1.2", "bridge", "works", `${BRIDGE}bridge_cafile ca.crt`],
  ["cafile ca.crt", "tls", "works"],
  ["capath certs", "tls", "works"],
  ["certfile server.crt", "tls", "works", "keyfile server.key"],
  ["check_retain_source true", "top", "works"],
  ["ciphers DEFAULT:!aNULL", "tls", "error"],
  ["ciphers_tls1.3 TLS_AES_256_GCM_SHA384", "tls", "error"],
  ["cleansession false", "bridge", "works"],
  ["clientid me", "bridge", "works"],
  ["clientid_prefixes secure-", "top", "works"],
  ["connection c", "top", "works", BRIDGE],
  ["connection_messages true", "top", "works"],
  ["crlfile revoked.crl", "tls", "works", REQUIRED],
  ["dhparamfile dh.pem", "tls", "notice"],
  ["disable_client_cert_date_checks false", "tls", "notice"],
  ["enable_control_api false", "top", "notice"],
  ["enable_proxy_protocol 2", "listener", "works"],
  ["global_max_clients 500", "top", "notice"],
  ["global_max_connections 500", "top", "works"],
  ["global_plugin /usr/lib/mosquitto_dynamic_security.so", "top", "works", DYNSEC],
  ["http_dir /var/www", "websockets", "error"],
  ["idle_timeout 60", "bridge", "works"],
  ["include_dir conf.d", "top", "works"],
  ["keepalive_interval 60", "bridge", "works"],
  ["keyfile server.key", "tls", "works", "certfile server.crt"],
  ["listener 1885 127.0.0.1", "top", "works"],
  ["listener_allow_anonymous true", "listener", "works"],
  ["listener_auto_id_prefix auto-", "listener", "notice"],
  ["local_cleansession false", "bridge", "works"],
  ["local_clientid here", "bridge", "works"],
  ["local_password secret", "bridge", "notice"],
  ["local_username name", "bridge", "works"],
  ["log_dest syslog", "top", "works"],
  ["log_facility 5", "top", "works"],
  ["log_timestamp true", "top", "works"],
  ["log_timestamp_format %Y-%m-%dT%H:%M:%S", "top", "works"],
  ["log_type error", "top", "works"],
  ["max_connections 100", "listener", "works"],
  ["max_inflight_bytes 0", "top", "works"],
  ["max_inflight_messages 20", "top", "works"],
  ["max_keepalive 65535", "top", "works"],
  ["max_packet_size 2000000", "top", "works"],
  ["max_qos 1", "listener", "works"],
  ["max_queued_bytes 0", "top", "works"],
  ["max_queued_messages 1000", "top", "works"],
  ["max_topic_alias 10", "listener", "works"],
  ["max_topic_alias_broker 10", "listener", "works"],
  ["maximum_qos 1", "listener", "notice"],
  ["memory_limit 600000", "top", "notice"],
  ["message_size_limit 0", "top", "works"],
  ["mount_point m/", "listener", "works"],
  ["mptcp true", "listener", "notice"],
  ["notification_topic state", "bridge", "works"],
  ["notifications true", "bridge", "works"],
  ["notifications_local_only true", "bridge", "works"],
  ["packet_buffer_size 4096", "top", "notice"],
  ["password secret", "bridge", "works", `${BRIDGE}remote_username name`],
  ["password_file passwords", "top", "works"],
  ["per_listener_settings false", "top", "works"],
  ["persistence true", "top", "works"],
  ["persistence_file mosquitto.db", "top", "notice"],
  ["persistence_location data", "top", "works"],
  ["persistent_client_expiration 2m", "top", "works"],
  ["pid_file mosquitto.pid", "top", "works"],
  ["plugin /usr/lib/mosquitto_dynamic_security.so", "top", "works", DYNSEC],
  ["plugin_load d /usr/lib/mosquitto_dynamic_security.so", "top", "works", `${DYNSEC}listener 1884\nplugin_use d`],
  ["plugin_opt_config_file d.json", "top", "works", "plugin /usr/lib/mosquitto_dynamic_security.so"],
  ["plugin_use d", "top", "works", `plugin_load d /usr/lib/mosquitto_dynamic_security.so\n${DYNSEC}listener 1884`],
  ["port 1883", "top", "works"],
  ["protocol mqtt", "listener", "works"],
  ["proxy_protocol_v2_require_tls true", "listener", "works", "enable_proxy_protocol 2"],
  ["psk_file psk", "top", "error"],
  ["psk_hint hint", "listener", "error"],
  ["queue_qos0_messages false", "top", "works"],
  ["remote_clientid me", "bridge", "works"],
  ["remote_password secret", "bridge", "works", `${BRIDGE}remote_username name`],
  ["remote_username name", "bridge", "works"],
  ["require_certificate true", "tls", "works", `${CERTIFICATE}cafile ca.crt`],
  ["restart_timeout 10 30 60", "bridge", "works"],
  ["retain_available true", "top", "works"],
  ["retain_expiry_interval 5", "top", "notice"],
  ["retained_persistence true", "top", "notice"],
  ["retry_interval 20", "top", "notice"],
  ["round_robin false", "bridge", "works"],
  ["set_tcp_nodelay true", "top", "works"],
  ["socket_domain ipv4", "listener", "works"],
  ["start_type automatic", "bridge", "works"],
  ["sys_interval 10", "top", "works"],
  ["threshold 10", "bridge", "works"],
  ["tls_engine pkcs11", "tls", "error"],
  ["tls_engine_kpass_sha1 5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "tls", "notice"],
  ["tls_keyform pem", "tls", "notice"],
  ["tls_version tlsv1.2", "tls", "works"],
  ["topic a/# out 1", "bridge", "works", "address far.example"],
  ["try_private true", "bridge", "works"],
  ["upgrade_outgoing_qos false", "top", "works"],
  ["use_identity_as_username true", "tls", "works", REQUIRED],
  ["use_subject_as_username true", "tls", "works", REQUIRED],
  ["use_username_as_clientid false", "listener", "works"],
  ["user mosquitto", "top", "notice"],
  ["username name", "bridge", "works"],
  ["websockets_headers_size 4096", "top", "works"],
  ["websockets_log_level 7", "top", "notice"],
  ["websockets_origin https://page.example", "websockets", "works"],
];

/** Values of 2.1 that are others here, or would be refused where the rest of the option works. */
// deno-fmt-ignore
const VALUES: readonly [line: string, place: Place, outcome: Outcome, beside?: string][] = [
  ["bridge_require_ocsp true", "bridge", "error"],
  ["bridge_tls_version tlsv1.2", "bridge", "notice"],
  ["bridge_tls_version tlsv1.3", "bridge", "works", `${BRIDGE}bridge_cafile ca.crt`],
  ["crlfile revoked.crl", "tls", "notice"],
  ["disable_client_cert_date_checks true", "tls", "error"],
  ["enable_control_api true", "top", "error"],
  ["autosave_interval -1", "top", "notice"],
  ["websockets_log_level -1", "top", "notice"],
  ["enable_proxy_protocol 1", "listener", "works"],
  ["log_dest dlt", "top", "error"],
  ["log_dest stdout unbuffered", "top", "works"],
  ["log_type websockets", "top", "works"],
  ["protocol http_api", "listener", "error"],
  ["proxy_protocol_v2_require_tls true", "listener", "notice"],
  ["round_robin true", "bridge", "notice"],
  ["socket_domain ipv6", "listener", "error"],
  ["start_type lazy", "bridge", "works"],
  ["start_type once", "bridge", "works"],
  ["tls_keyform engine", "tls", "error"],
  ["tls_version tlsv1.1", "tls", "error"],
  ["tls_version tlsv1.3", "tls", "works"],
  ["topic # out", "bridge", "notice"],
];

/** What the rows need of files and of the machine. */
const SURROUNDINGS = {
  files: { "conf.d/a.conf": "" },
  interfaces: { lo: ["127.0.0.1"] },
} as const;

function check(line: string, place: Place, outcome: Outcome, beside = BESIDE[place]): void {
  const [name = ""] = line.split(" ");
  // What is beside it stands before it, except where that belongs below a line of plugins or bridges.
  const isOpening = /^(plugin|global_plugin|plugin_load|connection)$/.test(name);
  const lines = isOpening ? [line, beside] : [BEFORE[place] + beside, line];
  const file = lines.join("\n").replace(/\n+/g, "\n").replace(/^\n/, "");
  const at = `m.conf:${file.split("\n").indexOf(line) + 1}: ${name}: `;
  const given = { file, ...SURROUNDINGS };
  if (outcome === "error") {
    const [first = "", ...more] = problems(given);
    assert.deepEqual(more, []);
    assert.match(first.slice(at.length), /^(Is not supported\. |Cannot be |Needs )\S.{20,}/s);
    assert.ok(first.startsWith(at), first);
    return;
  }
  const notes = load(given).notes.map(({ text }) => text).filter((text) =>
    text.includes(`${name}: `)
  );
  assert.equal(notes.length, outcome === "notice" ? 1 : 0, notes.join("\n"));
}

for (const [line, ...rest] of [...OPTIONS, ...VALUES]) {
  Deno.test(`a line of mosquitto 2.1, "${line}": ${rest[1]}`, () => check(line, ...rest));
}

Deno.test("of all options of mosquitto 2.1 a dozen are errors at most", () => {
  const errors = OPTIONS.filter(([, , outcome]) => outcome === "error").map(([line]) => line);
  assert.ok(errors.length <= 12, errors.join("\n"));
});
