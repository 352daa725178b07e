import { strict as assert } from "node:assert";
import { parseArguments } from "../../lib/config/mod.ts";
import { type Given, load, problems, shown } from "./support.ts";

const precedence: [given: Given, expected: string][] = [
  [{}, "-1 default"],
  [{ file: "max_queued_messages 1" }, "1 m.conf:1"],
  [{ environment: { MQTT_MAX_QUEUED_MESSAGES: "2" } }, "2 MQTT_MAX_QUEUED_MESSAGES (environment)"],
  [{ flags: "--max-queued-messages 3" }, "3 --max-queued-messages"],
  [
    { file: "max_queued_messages 1", environment: { MQTT_MAX_QUEUED_MESSAGES: "2" } },
    "2 MQTT_MAX_QUEUED_MESSAGES (environment)",
  ],
  [{ file: "max_queued_messages 1", flags: "--max-queued-messages=3" }, "3 --max-queued-messages"],
  [
    {
      file: "max_queued_messages 1",
      environment: { MQTT_MAX_QUEUED_MESSAGES: "2" },
      flags: "--max-queued-messages 3",
    },
    "3 --max-queued-messages",
  ],
  [
    { file: "max_queued_messages 1", environment: { MQTT_MAX_QUEUED_MESSAGES: "" } },
    "1 m.conf:1",
  ],
];
for (const [given, expected] of precedence) {
  Deno.test(`max_queued_messages of ${JSON.stringify(given)} is ${expected}`, () => {
    const config = load(given);
    assert.equal(shown(config, "max_queued_messages"), expected);
    assert.equal(config.broker.maxQueuedMessages, Number(expected.split(" ")[0]));
  });
}

const booleans: [given: Given, expected: string][] = [
  [
    { environment: { MQTT_HASH_MATCHES_PARENT: "false" } },
    "false MQTT_HASH_MATCHES_PARENT (environment)",
  ],
  [
    { environment: { MQTT_HASH_MATCHES_PARENT: "0" } },
    "false MQTT_HASH_MATCHES_PARENT (environment)",
  ],
  [
    { environment: { MQTT_HASH_MATCHES_PARENT: "No" } },
    "false MQTT_HASH_MATCHES_PARENT (environment)",
  ],
  [
    { environment: { MQTT_HASH_MATCHES_PARENT: "YES" } },
    "true MQTT_HASH_MATCHES_PARENT (environment)",
  ],
  [{ flags: "--no-hash-matches-parent" }, "false --no-hash-matches-parent"],
  [{ flags: "--hash-matches-parent" }, "true --hash-matches-parent"],
  [{ flags: "--hash-matches-parent=false" }, "false --hash-matches-parent"],
  [{ flags: "--hash-matches-parent false" }, "false --hash-matches-parent"],
  [
    { file: "hash_matches_parent true", flags: "--no-hash-matches-parent" },
    "false --no-hash-matches-parent",
  ],
];
for (const [given, expected] of booleans) {
  Deno.test(`hash_matches_parent of ${JSON.stringify(given)} is ${expected}`, () => {
    assert.equal(shown(load(given), "hash_matches_parent"), expected);
  });
}

const levels: [given: Given, level: string][] = [
  [{}, "info"],
  [{ file: "log_type error" }, "error"],
  [{ file: "log_type error\nlog_type warning" }, "warning"],
  [{ file: "log_type warning\nlog_type debug" }, "debug"],
  [{ file: "log_type notice" }, "info"],
  [{ file: "log_type error\nlog_type subscribe" }, "info"],
  [{ file: "log_type all" }, "debug"],
  [{ file: "log_type all\nlog_type none" }, "none"],
  [{ file: "log_type none\nlog_type error" }, "error"],
  [{ file: "log_type error", environment: { MQTT_LOG: "debug" } }, "debug"],
  [{ environment: { MQTT_LOG: "Warning" } }, "warning"],
  [{ environment: { MQTT_LOG_TYPE: "error, warning" } }, "warning"],
  [{ environment: { MQTT_LOG: "error" }, flags: "-v" }, "debug"],
  [{ file: "log_type all", flags: "-q" }, "none"],
  [{ flags: "--log-type debug" }, "debug"],
];
for (const [given, level] of levels) {
  Deno.test(`the log's level of ${JSON.stringify(given)} is ${level}`, () => {
    assert.equal(load(given).log.level, level);
  });
}

const destinations: [file: string, expected: unknown][] = [
  ["", [{ type: "stderr" }]],
  ["log_dest stdout", [{ type: "stdout" }]],
  ["log_dest file /a b.log", [{ type: "file", path: "/a b.log" }]],
  ["log_dest stderr\nlog_dest stderr", [{ type: "stderr" }]],
  ["log_dest none", []],
  ["log_dest topic\nlog_dest stdout", [{ type: "topic" }, { type: "stdout" }]],
  ["log_dest syslog", [{ type: "syslog", facility: 3 }]],
  ["log_facility 0\nlog_dest syslog", [{ type: "syslog", facility: 16 }]],
  ["log_dest syslog\nlog_dest syslog\nlog_facility 7", [{ type: "syslog", facility: 23 }]],
  ["log_dest stderr\nlog_dest none\nlog_dest stdout", [{ type: "stdout" }]],
];
for (const [file, expected] of destinations) {
  Deno.test(`a file with ${JSON.stringify(file)} logs to ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(load({ file }).log.destinations, expected);
  });
}

const badVariables: [environment: Record<string, string>, problem: string][] = [
  [{ MQTT_MAX_QOS: "3" }, 'MQTT_MAX_QOS (environment): Must be a whole number from 0 to 2, is "3"'],
  [
    { MQTT_LOG: "loud" },
    'MQTT_LOG (environment): Must be debug, info, warning or error, is "loud"',
  ],
  [
    { MQTT_TLS_ENABLED: "true", MQTT_CERT_PATH: "c" },
    "MQTT_TLS_ENABLED (environment): Needs MQTT_KEY_PATH, the path of a file in PEM",
  ],
  [
    { MQTT_TLS_ENABLED: "perhaps" },
    'MQTT_TLS_ENABLED (environment): Must be true or false, is "perhaps"',
  ],
  [
    { MQTT_INCLUDE_DIR: "/d" },
    "MQTT_INCLUDE_DIR (environment): Works in a file only: name one with `-c FILE`",
  ],
];
for (const [environment, problem] of badVariables) {
  Deno.test(`${JSON.stringify(environment)} is the problem ${JSON.stringify(problem)}`, () => {
    assert.deepEqual(problems({ environment }), [problem]);
  });
}

Deno.test("a plugin in the environment is refused, as in a file", () => {
  const [problem = ""] = problems({ environment: { MQTT_AUTH_PLUGIN: "/p" } });
  assert.match(
    problem,
    /^MQTT_AUTH_PLUGIN \(environment\): Is not supported\. Plugins of mosquitto/,
  );
  assert.deepEqual(problems({ environment: { MQTT_PLUGIN: "/p" } }), [
    "MQTT_PLUGIN (environment): Works in a file only: name one with `-c FILE`",
  ]);
});

const ignoredVariables: [environment: Record<string, string>, note: RegExp][] = [
  [
    { MQTT_MAX_QUEUED_MESAGES: "5" },
    /: Is ignored: it is not an option; did you mean MQTT_MAX_QUEUED_MESSAGES\?$/,
  ],
  [
    { MQTT_FROBNICATE: "secret" },
    /^MQTT_FROBNICATE \(environment\): Is ignored: it is not an option$/,
  ],
  [{ MQTT_PASSWORD: "secret" }, /^MQTT_PASSWORD \(environment\): Is ignored/],
  [{ MQTT_USER: "secret" }, /Is ignored: clients use this variable; write user in the file$/],
  [{ MQTT_CERT_PATH: "secret" }, /Is ignored: TLS is not switched on$/],
  [{ MQTT_PORT: "tcp://10.0.0.1:1883" }, /Is ignored: it is the address of a Service, not a port$/],
];
for (const [environment, expected] of ignoredVariables) {
  Deno.test(`${JSON.stringify(environment)} gets a note that does not tell its value`, () => {
    const texts = load({ environment }).notes.map((note) => note.text);
    const found = texts.filter((text) => text.includes("Is ignored"));
    assert.equal(found.length, 1);
    assert.match(found[0]!, expected);
    assert(!found[0]!.includes("secret"));
  });
}

Deno.test("variables that do not begin with MQTT_ are nobody's business", () => {
  assert.deepEqual(load({ environment: { MAX_QOS: "9", mqtt_max_qos: "9" } }), load({}));
});

const badFlags: [args: string, problem: RegExp][] = [
  ["--max-qoss 1", /^--max-qoss: Is not a flag; did you mean --max-qos\?$/],
  ["--frobnicate", /^--frobnicate: Is not a flag$/],
  ["-x", /^-x: Is not a flag$/],
  ["--max-qos", /^--max-qos: Needs a value$/],
  ["--max-qos --verbose", /^--max-qos: Needs a value$/],
  ["-c", /^-c: Needs a value$/],
  ["--no-max-qos", /^--no-max-qos: Is not a flag/],
  ["--no-retain-available=true", /^--no-retain-available: Takes no value/],
  ["--auth-plugin p", /^--auth-plugin: Is not supported\. Plugins of mosquitto cannot be loaded/],
  [
    "--psk-file p",
    /^--psk-file: Is not supported\. Pre-shared keys are not supported/,
  ],
  ["-d", /^-d: The broker stays in the foreground/],
  ["--test-config", /^--test-config: Use the command `check`$/],
];
for (const [args, expected] of badFlags) {
  Deno.test(`the command line ${args} is a problem: ${expected.source}`, () => {
    const found = parseArguments(args.split(" ")).problems;
    assert.equal(found.length, 1);
    assert.match(found[0]!, expected);
  });
}

Deno.test("a command line is taken apart into command, file and flags", () => {
  const args = "-c a.conf check --max-connections -1 -p 1884 -v --retain-available=no x".split(" ");
  assert.deepEqual(parseArguments(args), {
    command: "check",
    operands: ["x"],
    file: "a.conf",
    wantsHelp: false,
    wantsVersion: false,
    problems: [],
    flags: [
      { name: "max_connections", text: "-1", flag: "--max-connections" },
      { name: "port", text: "1884", flag: "-p" },
      { name: "log_type", text: "all", flag: "-v" },
      { name: "retain_available", text: "no", flag: "--retain-available" },
    ],
  });
});
