import { strict as assert } from "node:assert";
import { DEFAULT_HTTP_ACCESS_OPTIONS } from "../../lib/auth/http/options.ts";
import { DEFAULT_JWT_OPTIONS } from "../../lib/auth/jwt/options.ts";
import { DEFAULT_LISTENER_ACCESS } from "../../lib/auth/mod.ts";
import { DEFAULT_BROKER_OPTIONS, DEFAULT_LISTENER_OPTIONS } from "../../lib/broker/mod.ts";
import {
  BRIDGE_OPTIONS,
  FOREIGN_BRIDGE_OPTIONS,
  FOREIGN_OPTIONS,
  type Option,
  OPTIONS,
  REFUSED_OPTIONS,
} from "../../lib/config/mod.ts";
import { DEFAULT_HTTP_CONFIG } from "../../lib/config/http_config.ts";
import { BOOLEAN, brokerRows, choice, integer, processRows } from "../../lib/config/rows.ts";
import { DEFAULT_PROCESS_OPTIONS } from "../../lib/config/process_options.ts";
import { parseValue, showValue } from "../../lib/config/value.ts";
import { DEFAULT_TRANSPORT_OPTIONS } from "../../lib/config/transport_options.ts";
import { DEFAULT_LOG_OPTIONS } from "../../lib/observe/mod.ts";
import { load, problems } from "./support.ts";

Deno.test("every row of the option table has a description, a unit and a default that its own type accepts", () => {
  for (const option of OPTIONS) {
    assert.match(option.description, /^[A-Z].*\.$/, option.name);
    assert.equal(typeof option.unit, "string", option.name);
    const text = showValue(option, option.default);
    if (text === "" || option.repeatable) continue;
    const parsed = parseValue(option.type, text);
    assert.deepEqual(parsed, { isValid: true, value: option.default }, option.name);
  }
});

Deno.test("a number that counts something says what: only max_qos and the port count nothing", () => {
  const bare = OPTIONS.filter((option) => option.type.kind === "integer" && option.unit === "");
  assert.deepEqual(bare.map((option) => option.name), ["port", "max_qos"]);
});

Deno.test("no name stands in the tables twice", () => {
  const names = [
    ...OPTIONS,
    ...BRIDGE_OPTIONS,
    ...FOREIGN_OPTIONS,
    ...FOREIGN_BRIDGE_OPTIONS,
    ...REFUSED_OPTIONS,
  ].map((option) => option.name);
  assert.equal(new Set(names).size, names.length);
});

const records = [
  ["broker", DEFAULT_BROKER_OPTIONS, []],
  ["listener", DEFAULT_LISTENER_OPTIONS, ["name", "allowAnonymous"]],
  ["process", DEFAULT_PROCESS_OPTIONS, []],
  ["access", DEFAULT_LISTENER_ACCESS, ["certificateUserName"]],
  ["jwt", DEFAULT_JWT_OPTIONS, []],
  ["service", DEFAULT_HTTP_ACCESS_OPTIONS, []],
  ["transport", DEFAULT_TRANSPORT_OPTIONS, []],
  ["http", DEFAULT_HTTP_CONFIG, []],
  ["log", DEFAULT_LOG_OPTIONS, ["level", "subscriptions", "destinations"]],
] as const;
for (const [record, defaults, decidedElsewhere] of records) {
  Deno.test(`every setting of the ${record} has exactly one row, whose default is its own`, () => {
    const keys = Object.keys(defaults).filter((key) =>
      !(decidedElsewhere as readonly string[]).includes(key)
    );
    const rows = OPTIONS.filter((option) => option.target.record === record);
    assert.deepEqual(rows.map(keyOf).sort(), keys.sort());
    for (const row of rows) {
      assert.deepEqual(row.default, (defaults as unknown as Record<string, unknown>)[keyOf(row)]);
    }
  });
}

Deno.test("a row whose type does not fit its setting is no TypeScript", () => {
  const brokerRow = brokerRows("The process");
  const processRow = processRows("The process");
  // @ts-expect-error: a count is no boolean
  brokerRow("x", "maxSessions", BOOLEAN, "");
  // @ts-expect-error: a boolean is no number
  brokerRow("x", "retainAvailable", integer(0, 1), "");
  // @ts-expect-error: one of the words is none of the setting's
  processRow("x", "durability", choice("always", "often"), "");
  // @ts-expect-error: the core has no such setting
  brokerRow("x", "maxSesions", integer(0, 1), "");
  assert.equal(brokerRow("x", "maxSessions", integer(0, 1), "").default, 100_000);
});

Deno.test("SIGHUP changes every option of the core but those that its tries are built on", () => {
  const fixed = OPTIONS.filter((option) => option.target.record === "broker" && !option.reloadable);
  assert.deepEqual(fixed.map((option) => option.name).sort(), [
    "allow_duplicate_messages",
    "hash_matches_parent",
    "max_topic_levels",
  ]);
});

/** Every option in the parser and the manual of mosquitto 2.1, and those of 2.0 that went. */
const MOSQUITTO_OPTIONS = `
  accept_protocol_versions acl_file address addresses allow_anonymous allow_duplicate_messages
  allow_zero_length_clientid auth_opt_x auth_plugin auth_plugin_deny_special_chars auto_id_prefix
  autosave_interval autosave_on_changes bind_address bind_interface bridge_alpn
  bridge_attempt_unsubscribe bridge_bind_address bridge_cafile bridge_capath bridge_certfile
  bridge_ciphers bridge_ciphers_tls1.3 bridge_identity bridge_insecure bridge_keyfile
  bridge_max_packet_size bridge_max_topic_alias bridge_mptcp bridge_outgoing_retain
  bridge_protocol_version bridge_psk bridge_receive_maximum bridge_reload_type bridge_require_ocsp
  bridge_session_expiry_interval bridge_tcp_keepalive bridge_tcp_user_timeout
  bridge_tls_use_os_certs bridge_tls_version cafile capath certfile check_retain_source ciphers
  ciphers_tls1.3 cleansession clientid clientid_prefixes connection connection_messages crlfile
  dhparamfile disable_client_cert_date_checks enable_control_api enable_proxy_protocol
  global_max_clients global_max_connections global_plugin http_dir idle_timeout include_dir
  keepalive_interval keyfile listener listener_allow_anonymous listener_auto_id_prefix
  local_cleansession local_clientid local_password local_username log_dest log_facility
  log_timestamp log_timestamp_format log_type max_connections max_inflight_bytes
  max_inflight_messages max_keepalive max_packet_size max_qos max_queued_bytes max_queued_messages
  max_topic_alias max_topic_alias_broker maximum_qos memory_limit message_size_limit mount_point
  mptcp notification_topic notifications notifications_local_only packet_buffer_size password
  password_file per_listener_settings persistence persistence_file persistence_location
  persistent_client_expiration pid_file plugin plugin_load plugin_opt_x plugin_use port protocol
  proxy_protocol_v2_require_tls psk_file psk_hint queue_qos0_messages remote_clientid
  remote_password remote_username require_certificate restart_timeout retain_available
  retain_expiry_interval retained_persistence retry_interval round_robin set_tcp_nodelay
  socket_domain start_type sys_interval threshold tls_engine tls_engine_kpass_sha1 tls_keyform
  tls_version topic try_private upgrade_outgoing_qos use_identity_as_username
  use_subject_as_username use_username_as_clientid user username websockets_headers_size
  websockets_log_level websockets_origin`.trim().split(/\s+/);

Deno.test("every option of mosquitto is either understood or refused by name, never unknown", () => {
  const all = [...OPTIONS, ...BRIDGE_OPTIONS, ...FOREIGN_OPTIONS, ...FOREIGN_BRIDGE_OPTIONS];
  const understood = new Set(all.map((option) => option.name));
  for (const name of MOSQUITTO_OPTIONS) {
    if (understood.has(name)) continue;
    const [first = ""] = problems({ file: `${name} x` });
    assert.match(first, /^m\.conf:1: \S+: Is not supported\. [A-Z]/, name);
  }
});

for (const { name, refused } of REFUSED_OPTIONS) {
  Deno.test(`${name} is refused with its line and what to do`, () => {
    assert.deepEqual(problems({ file: `\n${name} x` }), [
      `m.conf:2: ${name}: Is not supported. ${refused}`,
    ]);
  });
}

Deno.test("every default in the table is what a broker without configuration gets", () => {
  const { name: _name, allowAnonymous: _anonymous, ...listener } = load({}).listeners[0]!.options;
  const { name: _own, allowAnonymous: _own2, ...defaults } = DEFAULT_LISTENER_OPTIONS;
  assert.deepEqual(listener, defaults);
  assert.deepEqual(load({}).broker, DEFAULT_BROKER_OPTIONS);
});

function keyOf({ target }: Option): string {
  return target.record === "loader" ? "" : target.key;
}
