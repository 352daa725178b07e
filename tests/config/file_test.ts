import { strict as assert } from "node:assert";
import { load, problems, shown } from "./support.ts";

const good: [file: string, option: string, shownAs: string, why: string][] = [
  ["max_sessions 5", "max_sessions", "5 m.conf:1", "a name, a space, a value"],
  ["max_sessions\t 5 ", "max_sessions", "5 m.conf:1", "tabs and spaces around the value"],
  ["max_sessions 5\r\n", "max_sessions", "5 m.conf:1", "line ends of Windows"],
  ["\ufeffmax_sessions 5", "max_sessions", "5 m.conf:1", "a byte order mark"],
  ["# a\n\n   # b\nmax_sessions 5", "max_sessions", "5 m.conf:4", "comments and empty lines"],
  ["max_sessions 5 # few", "max_sessions", "5 m.conf:1", "a comment behind a number"],
  ["pid_file /a b #c", "pid_file", "/a b #c m.conf:1", "a path goes to the end of its line"],
  ["retain_available 0", "retain_available", "false m.conf:1", "0 is false, as in mosquitto"],
  ["retain_available 1", "retain_available", "true m.conf:1", "1 is true, as in mosquitto"],
  ["max_queued_messages 0", "max_queued_messages", "0 m.conf:1", "0 where it means no limit"],
  [
    "global_max_connections -1",
    "global_max_connections",
    "-1 m.conf:1",
    "-1 where it means no limit",
  ],
  [
    "persistent_client_expiration 2m",
    "persistent_client_expiration",
    "5184000s m.conf:1",
    "m is a month",
  ],
  [
    "persistent_client_expiration 14d",
    "persistent_client_expiration",
    "1209600s m.conf:1",
    "d is a day",
  ],
  [
    "persistent_client_expiration 1y",
    "persistent_client_expiration",
    "31536000s m.conf:1",
    "y is a year",
  ],
  [
    "queue_full_policy drop_oldest",
    "queue_full_policy",
    "drop_oldest m.conf:1",
    "one of several words",
  ],
  ["max_sessions 5\nmax_sessions 6", "max_sessions", "6 m.conf:2", "the last line counts"],
  [
    "log_dest stdout\nlog_dest file /l",
    "log_dest",
    "stdout, file /l m.conf:1, m.conf:2",
    "lines that add up",
  ],
  ["persistence false", "persistence", "false m.conf:1", "persistence may be off"],
];
for (const [file, option, expected, why] of good) {
  Deno.test(`a file with ${JSON.stringify(file)} is understood: ${why}`, () => {
    assert.equal(shown(load({ file }), option), expected);
  });
}

const bad: [file: string, problem: RegExp][] = [
  ["max_sesions 5", /^m\.conf:1: max_sesions: Is not an option; did you mean max_sessions\?$/],
  ["max-qos 1", /^m\.conf:1: max-qos: Is not an option; did you mean max_qos\?$/],
  ["frobnicate 1", /^m\.conf:1: frobnicate: Is not an option$/],
  ["max_sessions", /^m\.conf:1: max_sessions: Needs a value: a whole number from 0 to 2147483647$/],
  ["max_sessions # none", /^m\.conf:1: max_sessions: Needs a value/],
  ["max_sessions many", /^m\.conf:1: max_sessions: Must be a whole number .*, is "many"$/],
  ["max_sessions 1.5", /is "1\.5"$/],
  ["max_sessions 010", /is "010"$/],
  ["max_sessions 5 6", /is "5 6"$/],
  ["max_sessions -1", /Must be a whole number from 0/],
  ["max_packet_size 19", /Must be a whole number from 20 to 268435460, is "19"$/],
  ["max_inflight_messages 65536", /from 0 to 65535/],
  ["max_qos 3", /^m\.conf:1: max_qos: Must be a whole number from 0 to 2, is "3"$/],
  ["retain_available yes", /^m\.conf:1: retain_available: Must be true or false, is "yes"$/],
  ["retain_available True", /Must be true or false, is "True"$/],
  ["queue_full_policy drop", /Must be drop_new, drop_oldest or disconnect, is "drop"$/],
  ["persistent_client_expiration 14", /Must be a number and s, h, d, w, m \(30 days\) or y/],
  ["persistent_client_expiration 0d", /is "0d"$/],
  [`auto_id_prefix ${"x".repeat(51)}`, /Must be text of at most 50 characters/],
  ["pid_file", /Needs a value: a path$/],
  ["user", /^m\.conf:1: user: Needs a value: text of at most /],
  ["clientid_prefixes", /^m\.conf:1: clientid_prefixes: Needs a value: text/],
  ["bind_address", /^m\.conf:1: bind_address: Needs a value: text/],
  ["persistence_file", /^m\.conf:1: persistence_file: Needs a value: text/],
  ["connection b\naddress x\ntopic #\npassword", /^m\.conf:4: password: Needs a value: text/],
  ["log_type loud", /Must be error, warning, .* or none, is "loud"$/],
  ["log_dest file", /Cannot be file\. It needs a path: `log_dest file PATH`$/],
  ["log_dest /var/log/x", /Must be stderr, stdout, syslog, topic, none or file PATH/],
  ["log_dest syslog local3", /Must be stderr, .* is "syslog local3"$/],
  ["log_dest dlt", /Cannot be dlt\. Is not supported; use syslog/],
  ["log_facility 8", /^m\.conf:1: log_facility: Must be 0, 1, .* or 7, is "8"$/],
  ["persistence maybe", /^m\.conf:1: persistence: /],
  ["durability often", /^m\.conf:1: durability: Must be always, interval or none/],
  [
    "listener 1883\nprotocol http_api",
    /^m\.conf:2: protocol: Needs users, since other machines can reach it: `http_admin USER`/,
  ],
  ["metrics_topic_prefix home/#", /^m\.conf:1: metrics_topic_prefix: Must be the first levels of/],
  [
    "metrics_topic_prefix a\n".repeat(101),
    /^m\.conf:101: metrics_topic_prefix: There may be 100 at most$/,
  ],
  ["metrics_compat grafana", /^m\.conf:1: metrics_compat: Must be none or mosquitto_exporter/],
  ["listener", /^m\.conf:1: listener: Needs a value: a port/],
  ["listener mqtt", /is "mqtt"$/],
  ["listener 65536", /Must be a port from 1 to 65535/],
  ["listener 0", /or 0 and the path of a Unix socket, is "0"$/],
  ["listener 1883 a b", /is "1883 a b"$/],
  ["listener 1883\naccept_protocol_versions 4, 6", /Must be 3, 4 and 5 separated by commas/],
  ["mount_point a/", /^m\.conf:1: mount_point: Must follow the `listener` line/],
  ["max_topic_alias 1", /Must follow the `listener` line/],
  ["listener_allow_anonymous true", /Must follow the `listener` line/],
  ["listener 1883\nmount_point a/#", /^m\.conf:2: mount_point: Must be a topic without \+ and #/],
];
for (const [file, expected] of bad) {
  Deno.test(`a file with ${JSON.stringify(file)} is one problem: ${expected.source}`, () => {
    const found = problems({ file });
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0]!, expected);
  });
}

Deno.test("all problems of a file are told at once, in its order", () => {
  const file = "max_qos 9\nlistener 70000\nmax_topic_alias 5\nplugin /p\nmax_sesions 1\n";
  assert.deepEqual(problems({ file }).map((problem) => problem.split(": ", 2).join(" ")), [
    "m.conf:1 max_qos",
    "m.conf:2 listener",
    "m.conf:4 plugin",
    "m.conf:5 max_sesions",
  ]);
});

Deno.test("an included file includes no others", () => {
  const found = problems({ file: "include_dir d", files: { "d/a.conf": "include_dir d" } });
  assert.match(found[0]!, /^d\/a\.conf:1: include_dir: Must stand in the main file/);
});

Deno.test("an included directory that is not there is told, and the broker starts as mosquitto does", () => {
  const texts = load({ file: "include_dir none" }).notes.map((note) => note.text);
  assert(texts.includes("m.conf:1: include_dir: Has no effect: there is no directory none"));
});

Deno.test("an option set twice says so, and the later one counts", () => {
  const { notes } = load({ file: "max_sessions 5\nmax_sessions 6" });
  const texts = notes.map((note) => note.text);
  assert(texts.includes("m.conf:2: max_sessions: Replaces the value of m.conf:1"));
});

Deno.test("included files are read by letter, A before a, and each begins without a listener", () => {
  const files = {
    "d/b.conf": "max_sessions 2",
    "d/A.conf": "max_sessions 3",
    "d/01.conf": "max_sessions 1",
    "d/a.conf": "max_sessions 4",
    "d/B.conf": "max_sessions 5\nlistener 1885",
    "d/README": "this is no configuration",
  };
  const config = load({ file: "listener 1884\ninclude_dir d/\nmax_qos 1", files });
  const replaced = config.notes.filter((note) => note.text.includes("Replaces"));
  assert.deepEqual(replaced.map((note) => note.text.split(": ")[0]), [
    "d/A.conf:1",
    "d/a.conf:1",
    "d/B.conf:1",
    "d/b.conf:1",
  ]);
  assert.equal(shown(config, "max_sessions"), "2 d/b.conf:1");
  assert.equal(shown(config, "max_qos", "1884"), "1 m.conf:3");
  assert.equal(shown(config, "max_qos", "1885"), "2 default");
});
