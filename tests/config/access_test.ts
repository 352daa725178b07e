import { strict as assert } from "node:assert";
import { DEFAULT_LISTENER_ACCESS } from "../../lib/auth/mod.ts";
import { load, problems, shown } from "./support.ts";

const FILES =
  "password_file /p\nscram_file /s\nacl_file /a\nacl_subscribe mosquitto\nclientid_prefixes x-";
const ALL = {
  passwordFile: "/p",
  scramFile: "/s",
  aclFile: "/a",
  aclSubscribe: "mosquitto",
  clientIdPrefixes: "x-",
  certificateUserName: "none",
  dynamicSecurityFile: "",
};

Deno.test("access control is the same for every listener, wherever its lines stand", () => {
  const { listeners } = load({ file: `listener 1883\n${FILES}\nlistener 1884` });
  assert.deepEqual(listeners.map(({ access }) => access), [ALL, ALL]);
});

Deno.test("with per_listener_settings each listener has its own", () => {
  const file = `per_listener_settings true\nlistener 1883\n${FILES}\nlistener 1884\nacl_file /b`;
  const config = load({ file });
  assert.deepEqual(config.listeners.map(({ access }) => access), [
    ALL,
    { ...DEFAULT_LISTENER_ACCESS, aclFile: "/b" },
  ]);
  assert.equal(shown(config, "acl_file", "1884"), "/b m.conf:9");
});

Deno.test("a variable holds for every listener", () => {
  const file = "per_listener_settings true\nlistener 1883\nacl_file /a\nlistener 1884";
  const { listeners } = load({ file, environment: { MQTT_ACL_FILE: "/v" } });
  assert.deepEqual(listeners.map(({ access }) => access.aclFile), ["/v", "/v"]);
});

Deno.test("acl_subscribe is strict or mosquitto", () => {
  assert.match(
    problems({ file: "acl_subscribe none" })[0]!,
    /^m\.conf:1: acl_subscribe: Must be strict or/,
  );
});

const notes: [file: string, text: RegExp][] = [
  ["listener 1883", /^Listener 1883 lets nobody in: .*`flux-mqtt passwd -c FILE USER` makes one/],
  ["listener 1883\npassword_file /p", /^Listener 1883: .* may connect as a user of \/p/],
  [
    "listener 1883\npassword_file /p\nallow_anonymous true",
    /without a password \(allow_anonymous is true\), or as a user of \/p$/,
  ],
];
for (const [file, text] of notes) {
  Deno.test(`${JSON.stringify(file)} says who may connect: ${text.source}`, () => {
    const found = load({ file }).notes.map((note) => note.text);
    assert(found.some((note) => text.test(note)), found.join("\n"));
  });
}
