import { strict as assert } from "node:assert";
import { FOREIGN_OPTIONS, REFUSED_OPTIONS } from "../../lib/config/mod.ts";
import { type Given, load, problems, shown } from "./support.ts";

/** Lines of files that work with mosquitto. */
const LINES: Readonly<Record<string, string>> = {
  maximum_qos: "1",
  global_max_clients: "500",
  retained_persistence: "false",
  memory_limit: "600000",
  listener_auto_id_prefix: "door-",
  autosave_interval: "1800",
  autosave_on_changes: "false",
  persistence_file: "mosquitto.db",
  retain_expiry_interval: "5",
  retry_interval: "not-used",
  dhparamfile: "/etc/mosquitto/dh param.pem",
  packet_buffer_size: "4096",
  websockets_log_level: "7",
  auth_plugin_deny_special_chars: "true",
  mptcp: "true",
  tls_engine_kpass_sha1: "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",
  tls_keyform: "pem",
  enable_control_api: "false",
  use_username_as_clientid: "false",
  disable_client_cert_date_checks: "false",
};

/** What is said of a line. */
function told(given: Given, start: string): string[] {
  return load(given).notes.map(({ text }) => text).filter((text) => text.startsWith(start));
}

for (const { name, noEffect } of FOREIGN_OPTIONS) {
  Deno.test(`${name} of a file for mosquitto does not stop the start, and is said once`, () => {
    const file = `listener 1883\n${name} ${LINES[name]}`;
    const [note = "", ...more] = told({ file }, `m.conf:2: ${name}: `);
    assert.deepEqual(more, []);
    const what = noEffect === undefined ? "Means here: " : `Has no effect: ${noEffect}`;
    assert(note.startsWith(`m.conf:2: ${name}: ${what}`), note);
  });

  Deno.test(`${name} with a slip of the hand is a problem`, () => {
    if (
      ["retry_interval", "persistence_file", "dhparamfile", "tls_engine_kpass_sha1"].includes(name)
    ) return;
    const text = name === "listener_auto_id_prefix" ? "x".repeat(51) : "frobnicate";
    const [problem = ""] = problems({ file: `listener 1883\n${name} ${text}` });
    assert.match(problem, new RegExp(`^m\\.conf:2: ${name}: Must be .*, is "${text}"$`));
  });
}

const renamed: [line: string, option: string, shownAs: string][] = [
  ["maximum_qos 1", "max_qos 1883", "1 m.conf:2"],
  ["global_max_clients 500", "max_sessions", "500 m.conf:2"],
  ["global_max_clients -1", "max_sessions", "0 m.conf:2"],
  ["retained_persistence false", "persistence", "false m.conf:2"],
  ["memory_limit 600000", "max_retained_bytes", "400000 m.conf:2"],
  ["memory_limit 600000", "max_total_queued_bytes", "100000 m.conf:2"],
  ["memory_limit 600000", "max_buffered_bytes", "100000 m.conf:2"],
  ["memory_limit 1", "max_buffered_bytes", "1 m.conf:2"],
  ["memory_limit 0", "max_buffered_bytes", "268435456 default"],
  ["listener_auto_id_prefix door-", "auto_id_prefix 1883", "door- m.conf:2"],
];
for (const [line, option, expected] of renamed) {
  Deno.test(`${line} is ${option} ${expected}`, () => {
    const [name = "", listener = ""] = option.split(" ");
    assert.equal(shown(load({ file: `listener 1883\n${line}` }), name, listener), expected);
  });
}

Deno.test("what a name of mosquitto's means here is told with its value", () => {
  assert.deepEqual(told({ file: "memory_limit 600000" }, "m.conf:1:"), [
    "m.conf:1: memory_limit: Means here: max_retained_bytes 400000, max_total_queued_bytes 100000, " +
    "max_buffered_bytes 100000",
  ]);
  assert.deepEqual(told({ file: "memory_limit 0" }, "m.conf:1:"), [
    "m.conf:1: memory_limit: Means here: no limit",
  ]);
});

Deno.test("a name of mosquitto's works as a variable and as a flag", () => {
  const variable = load({ environment: { MQTT_MAXIMUM_QOS: "1" } });
  assert.equal(variable.listeners[0]?.options.maxQos, 1);
  const flag = load({
    flags: "--maximum-qos 1 --autosave-interval 5 --retained-persistence=false",
  });
  assert.equal(flag.listeners[0]?.options.maxQos, 1);
  assert.equal(flag.durability, "none");
  assert(flag.notes.some(({ text }) => text.startsWith("--autosave-interval: Has no effect: ")));
});

const refused: [line: string, problem: RegExp][] = [
  ["global_max_clients 0", /Cannot be 0\. No client could connect; no limit is -1$/],
  ["tls_keyform engine", /Cannot be engine\. Keys are PEM files/],
  [
    "enable_control_api true",
    /Cannot be true\. The broker has no control topic except that of dynamic security/,
  ],
  [
    "enable_control_api 1",
    /Cannot be true\. The broker has no control topic except that of dynamic security/,
  ],
  ["disable_client_cert_date_checks true", /Cannot be true\. The dates of client certificates/],
];
for (const [line, problem] of refused) {
  Deno.test(`${line} would change what the file means, and stays an error`, () => {
    const found = problems({ file: `listener 1883\n${line}` });
    assert.equal(found.length, 1);
    assert.match(found[0]!, problem);
  });
}

Deno.test("listener_auto_id_prefix is for its listener alone, auto_id_prefix for the others", () => {
  const file = "auto_id_prefix a-\nlistener 1883\nlistener_auto_id_prefix b-\nlistener 1884";
  const { listeners, broker } = load({ file });
  assert.deepEqual(listeners.map(({ options }) => options.autoIdPrefix), ["b-", undefined]);
  assert.equal(broker.autoIdPrefix, "a-");
  assert.deepEqual(problems({ file: "listener_auto_id_prefix a-" }), [
    "m.conf:1: auto_id_prefix: Must follow the `listener` line that it belongs to",
  ]);
});

Deno.test("of mosquitto's options beside bridges and plugins, at most a dozen are refused by name", () => {
  const refused = REFUSED_OPTIONS.filter(({ name, inBridge }) => !inBridge && !/plugin/.test(name));
  assert(refused.length <= 12, refused.map(({ name }) => name).join(" "));
});
