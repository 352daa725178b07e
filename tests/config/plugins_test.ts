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

const wrong: [what: string, file: string, problem: RegExp][] = [
  [
    "another plugin",
    "plugin /usr/lib/go-auth.so",
    /^m\.conf:1: plugin: Cannot load \/usr\/lib\/go-auth\.so: .* tokens \(`jwt_public_key_file`\) and services over HTTP \(`auth_http_url`\)/,
  ],
  [
    "mosquitto's plugin for ACL files",
    "plugin /usr/lib/mosquitto_acl_file.so",
    /; use `acl_file FILE` instead of this one$/,
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
