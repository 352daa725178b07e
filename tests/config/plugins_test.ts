import { strict as assert } from "node:assert";
import { load, problems } from "./support.ts";

const SO = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so";
const LINES = `plugin ${SO}\nplugin_opt_config_file /d.json\n`;

/** The file of dynamic security of each listener. */
function files(file: string): string[] {
  return load({ file }).listeners.map(({ access }) => access.dynamicSecurityFile);
}

const ways: [what: string, file: string, expected: string[]][] = [
  ["plugin", LINES + "listener 1883\nlistener 1884", ["/d.json", "/d.json"]],
  ["plugin below a listener", `listener 1883\nlistener 1884\n${LINES}`, ["/d.json", "/d.json"]],
  ["plugin by its name alone", LINES.replace(SO, "mosquitto_dynamic_security.so"), ["/d.json"]],
  ["plugin of Windows", LINES.replace(SO, "C:\\m\\mosquitto_dynamic_security.dll"), ["/d.json"]],
  [
    "plugin of one listener by per_listener_settings",
    `per_listener_settings true\nlistener 1883\nlistener 1884\n${LINES}`,
    ["", "/d.json"],
  ],
  [
    "global_plugin with per_listener_settings",
    `per_listener_settings true\nglobal_${LINES}listener 1883\nlistener 1884`,
    ["/d.json", "/d.json"],
  ],
  [
    "plugin_load and plugin_use",
    `plugin_load sec ${SO}\nplugin_opt_config_file /d.json\nlistener 1883\nplugin_use sec\nlistener 1884`,
    ["/d.json", ""],
  ],
];
for (const [what, file, expected] of ways) {
  Deno.test(`${what} names the file of dynamic security`, () => {
    assert.deepEqual(files(file), expected);
  });
}

const DIRECTORY = "/usr/lib";
const FILES = `plugin ${DIRECTORY}/mosquitto_password_file.so
plugin_opt_password_file /p with spaces
plugin ${DIRECTORY}/mosquitto_acl_file.so
plugin_opt_acl_file /a
`;
/** Lines as mosquitto 2.1's own guide has them; the files of users and rules of each listener. */
const standIns: [what: string, file: string, expected: (readonly [string, string])[]][] = [
  ["before all listeners", `${FILES}listener 1883\nlistener 1884`, [
    ["/p with spaces", "/a"],
    ["/p with spaces", "/a"],
  ]],
  ["as global_plugin", FILES.replaceAll(/^plugin /gm, "global_plugin "), [[
    "/p with spaces",
    "/a",
  ]]],
  ["below a listener", `listener 1883\nlistener 1884\n${FILES}`, [
    ["/p with spaces", "/a"],
    ["/p with spaces", "/a"],
  ]],
  [
    "below a listener with settings of its own",
    `per_listener_settings true\nlistener 1883\nlistener 1884\n${FILES}`,
    [["", ""], ["/p with spaces", "/a"]],
  ],
];
for (const [what, file, expected] of standIns) {
  Deno.test(`plugins of mosquitto 2.1 ${what} are password_file and acl_file`, () => {
    const { listeners, notes } = load({ file });
    const found = listeners.map(({ access }) => [access.passwordFile, access.aclFile]);
    assert.deepEqual(found, expected);
    for (
      const line of [
        "password_file: Means here: password_file /p with spaces",
        "acl_file: Means here: acl_file /a",
      ]
    ) {
      assert.equal(notes.filter(({ text }) => text.includes(`plugin_opt_${line}`)).length, 1);
    }
  });
}

Deno.test("the plugin of mosquitto 2.1 that stores by SQLite is the store, and its options are noted", () => {
  const file =
    `global_plugin ${DIRECTORY}/mosquitto_persist_sqlite.so\nplugin_opt_db_file /var/m.sqlite3\nplugin_opt_sync full\n${FILES}`;
  const config = load({ file });
  assert.equal(config.persistence, true);
  const texts = config.notes.map(({ text }) => text);
  assert.ok(texts.includes("m.conf:1: global_plugin: Means here: persistence true"));
  for (const name of ["2: plugin_opt_db_file", "3: plugin_opt_sync"]) {
    assert.equal(
      texts.filter((text) => text.startsWith(`m.conf:${name}: Has no effect: `)).length,
      1,
    );
  }
  assert.equal(config.listeners[0]!.access.passwordFile, "/p with spaces");
});

const wrong: [what: string, file: string, problem: RegExp][] = [
  [
    "another plugin",
    "plugin /usr/lib/go-auth.so",
    /^m\.conf:1: plugin: Cannot load \/usr\/lib\/go-auth\.so: .* tokens \(`jwt_public_key_file`\) and services over HTTP \(`auth_http_url`\)/,
  ],
  [
    "mosquitto's plugin for ACL files under a name",
    "plugin_load acl /usr/lib/mosquitto_acl_file.so",
    /; use `acl_file FILE` instead of this one$/,
  ],
  [
    "a plugin for the passwords of all listeners that have settings of their own",
    "per_listener_settings true\nglobal_plugin /usr/lib/mosquitto_password_file.so",
    /^m\.conf:2: global_plugin: .*; use `password_file FILE` instead of this one$/,
  ],
  [
    "mosquitto's plugin for ACL files without its file",
    "plugin /usr/lib/mosquitto_acl_file.so",
    /^m\.conf:1: plugin: Needs a line plugin_opt_acl_file FILE below it$/,
  ],
  [
    "an empty file of such a plugin",
    "plugin mosquitto_acl_file.so\nplugin_opt_acl_file",
    /^m\.conf:2: acl_file: Needs a value: a path$/,
  ],
  [
    "another option below such a plugin",
    "plugin mosquitto_acl_file.so\nplugin_opt_acl_file /a\nplugin_opt_password_file /p",
    /^m\.conf:3: plugin_opt_password_file: Is not supported/,
  ],
  [
    "a name that only looks like it",
    "plugin /usr/lib/not_mosquitto_dynamic_security.so",
    /^m\.conf:1: plugin: Cannot load /,
  ],
  [
    "a plugin without its file",
    `plugin ${SO}`,
    /^m\.conf:1: plugin: Needs a line plugin_opt_config_file FILE below it; `mosquitto_ctrl dynsec init/,
  ],
  [
    "the file without its plugin",
    "plugin_opt_config_file /d.json",
    /^m\.conf:1: plugin_opt_config_file: Must follow the line of its plugin/,
  ],
  [
    "an option of other plugins",
    `${LINES}plugin_opt_backends files`,
    /^m\.conf:3: plugin_opt_backends: Is not supported\. Plugins of mosquitto cannot be loaded/,
  ],
  [
    "a plugin_use without plugin_load",
    "listener 1883\nplugin_use sec",
    /^m\.conf:2: plugin_use: Needs a line above it: plugin_load sec/,
  ],
  [
    "a plugin_load without a name",
    `plugin_load ${SO}`,
    /^m\.conf:1: plugin_load: Must be NAME PATH/,
  ],
  [
    "two files",
    `per_listener_settings true\nlistener 1883\n${LINES}listener 1884\n${
      LINES.replace("/d", "/e")
    }`,
    /^m\.conf:7: plugin_opt_config_file: There can be only one such file, and \/d\.json is named at m\.conf:4$/,
  ],
];
for (const [what, file, expected] of wrong) {
  Deno.test(`${what} is a problem: ${expected.source.slice(0, 60)}`, () => {
    const [problem = "", ...more] = problems({ file });
    assert.match(problem, expected);
    assert.deepEqual(more, []);
  });
}

Deno.test("a plugin_load that no listener uses is said, and does nothing", () => {
  const file = `plugin_load sec ${SO}\nplugin_opt_config_file /d.json\nlistener 1883`;
  assert.deepEqual(files(file), [""]);
  const told = load({ file }).notes.map(({ text }) => text);
  assert(told.includes("m.conf:1: plugin_load: Has no effect: no listener has plugin_use sec"));
});

Deno.test("a dashboard beside dynamic security is no way around it", () => {
  const config = load({ file: `${LINES}dashboard true` });
  assert.equal(config.dashboard?.access.dynamicSecurityFile, "/d.json");
});
