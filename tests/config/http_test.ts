import { strict as assert } from "node:assert";
import { type Given, load, problems, shown } from "./support.ts";

/** Whether the page is there without a listener of its own. */
const dashboards: [given: Given, isThere: boolean, why: string][] = [
  [{}, true, "nothing is configured"],
  [{ flags: "-p 0" }, true, "the port is another one"],
  [{ flags: "--no-dashboard" }, false, "a flag says so"],
  [{ environment: { MQTT_DASHBOARD: "false" } }, false, "a variable says so"],
  [{ file: "" }, false, "there is a file"],
  [{ file: "dashboard true" }, true, "the file asks for it"],
  [{ flags: "--listener 1883" }, false, "a listener opens the broker"],
  [{ flags: "--acl-file a" }, false, "it would be a way around the ACL"],
  [{ flags: "--password-file p" }, false, "it would be a way around passwords"],
];
for (const [given, isThere, why] of dashboards) {
  Deno.test(`${isThere ? "a" : "no"} dashboard: ${why} ${JSON.stringify(given)}`, () => {
    const { dashboard } = load(given);
    assert.equal(dashboard !== undefined, isThere);
    if (dashboard === undefined) return;
    assert.deepEqual([dashboard.port, dashboard.address], [9883, "127.0.0.1"]);
  });
}

Deno.test("an http_api listener has its hosts, users and tokens", () => {
  const file =
    "password_file p\nlistener 1883\nlistener 9883\nprotocol http_api\nhttp_host a.home\nhttp_host b.home\n" +
    "http_admin alice\nhttp_viewer bob\nhttp_token_file t";
  const config = load({ file });
  assert.deepEqual(config.listeners[1]!.http, {
    hosts: ["a.home", "b.home"],
    admins: ["alice"],
    viewers: ["bob"],
    tokenFile: "t",
  });
  assert.equal(config.listeners[0]!.http, undefined);
  assert.equal(shown(config, "http_admin", "9883"), "alice m.conf:7");
});

Deno.test("an http_api listener of this machine alone needs no users, and lets anonymous clients in", () => {
  const { listeners } = load({ file: "listener 1883\nlistener 9883 127.0.0.1\nprotocol http_api" });
  assert.deepEqual(listeners.map(({ options }) => options.allowAnonymous), [false, true]);
});

const HTTP = "listener 9883 127.0.0.1\nprotocol http_api\n";
const wrong: [file: string, problem: RegExp][] = [
  [
    "listener 9883\nprotocol http_api",
    /^m\.conf:2: protocol: Needs users, since other machines can reach it/,
  ],
  ["listener 9883 10.0.0.1\nprotocol http_api", /^m\.conf:2: protocol: Needs users/],
  [HTTP + "http_admin alice", /^m\.conf:3: http_admin: Needs a `password_file`, or `use_identity/],
  [HTTP + "http_viewer bob", /^m\.conf:3: http_viewer: Needs a `password_file`, or `use_identity/],
  ["listener 1883\nhttp_host a", /^m\.conf:2: http_host: Needs `protocol http_api`$/],
  ["listener 1883\nhttp_token_file a", /^m\.conf:2: http_token_file: Needs `protocol http_api`$/],
  ["http_admin a", /^m\.conf:1: http_admin: Must follow the `listener` line/],
  [HTTP + "mount_point a/", /^m\.conf:3: mount_point: Cannot be used with `protocol http_api`$/],
  [HTTP + "websockets_origin a", /^m\.conf:3: websockets_origin: Cannot be used with/],
  [HTTP + "enable_proxy_protocol 2", /^m\.conf:3: enable_proxy_protocol: Cannot be used with/],
  [
    "password_file p\n" + HTTP + "http_admin a\nhttp_viewer a",
    /^m\.conf:5: http_viewer: a is an http_admin already$/,
  ],
];
for (const [file, problem] of wrong) {
  Deno.test(`an http_api listener is refused: ${JSON.stringify(file)}`, () => {
    const found = problems({ file });
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0]!, problem);
  });
}
