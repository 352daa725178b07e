import { strict as assert } from "node:assert";
import { load, problems } from "./support.ts";

const SECRET = "jwt_secret_file /s\n";
const WRONG: [file: string, problem: RegExp][] = [
  ["jwt_jwks_url ftp://x/", /^m.conf:1: jwt_jwks_url: Must be a URL that begins with http/],
  ["auth_http_url localhost:80", /^m.conf:1: auth_http_url: Must be a URL/],
  [
    "jwt_jwks_url https://x/\njwt_jwks_file /f",
    /^m.conf:2: jwt_jwks_file: Cannot be used with jwt_jwks_url/,
  ],
  [
    "auth_http_url https://x/\nauth_http_form emqx\nauth_http_response json",
    /^m.conf:3: auth_http_response: Applies only to mosquitto-go-auth/,
  ],
  ["auth_http_url https://user:pw@x/", /^m.conf:1: auth_http_url: Must have no user name/],
  [
    "acl_http_url https://x/${clientid}",
    /^m.conf:1: acl_http_url: May have \$\{…\} only after the \?/,
  ],
  [
    `${SECRET}jwt_authentication_method SCRAM-SHA-256`,
    /^m.conf:2: jwt_authentication_method: Must be a name/,
  ],
  [`${SECRET}jwt_from header`, /^m.conf:2: jwt_from: Must be password or username/],
  [`${SECRET}jwt_leeway 601`, /^m.conf:2: jwt_leeway: Must be a whole number from 0 to 600/],
  ["auth_http_form vernemq", /^m.conf:1: auth_http_form: Must be mosquitto-go-auth or emqx/],
];
for (const [file, problem] of WRONG) {
  Deno.test(`what is wrong with tokens and services is told with its line: ${file.replaceAll("\n", "; ")}`, () => {
    const [first, ...others] = problems({ file });
    assert.match(first!, problem);
    assert.deepEqual(others, []);
  });
}

const NOTES: [file: string, note: RegExp | undefined][] = [
  ["jwt_audience x", /^m.conf:1: jwt_audience: Has no effect: none is set of jwt_secret_file/],
  [
    "auth_http_cache 5",
    /^m.conf:1: auth_http_cache: Has no effect: none is set of auth_http_url, acl_http_url/,
  ],
  [`${SECRET}jwt_jwks_ca_file /c`, /jwt_jwks_ca_file: Has no effect: jwt_jwks_url is not https/],
  [SECRET, /^jwt_audience is not set/],
  [`${SECRET}jwt_audience x`, undefined],
  [
    "jwt_jwks_url http://keys.example/\njwt_audience x",
    /jwt_jwks_url: Is not https: an attacker on the network can insert keys/,
  ],
  ["acl_http_url http://acl.example/", /acl_http_url: Is not https: passwords and answers/],
  ["acl_http_url http://127.0.0.1:8080/acl", undefined],
];
for (const [file, note] of NOTES) {
  Deno.test(`what does little is said: ${file.replaceAll("\n", "; ")}`, () => {
    const texts = load({ file }).notes.map(({ text }) => text).filter((text) =>
      !text.startsWith("Listener ") && !text.startsWith("To open ")
    );
    if (note === undefined) assert.deepEqual(texts, []);
    else assert(texts.some((text) => note.test(text)), texts.join("\n"));
  });
}

Deno.test("who can connect is said with tokens and a service, and no page opens beside them by itself", () => {
  const { notes, dashboard } = load({
    file: `listener 1883\npassword_file /u\n${SECRET}auth_http_url https://x/`,
  });
  assert.match(
    notes[0]!.text,
    /may connect as a user of \/u, or with a token, or as a user whom auth_http_url accepts/,
  );
  assert.equal(dashboard, undefined);
  const bare = load({ file: `listener 1883\n${SECRET}` });
  assert.match(bare.notes[0]!.text, /may connect with a token/);
  assert.equal(load({ flags: "--jwt-secret-file /s" }).dashboard, undefined);
});

const TWO = `per_listener_settings true
listener 1883
jwt_public_key_file /k
jwt_audience mqtt
listener 1884
auth_http_url https://x/auth
jwt_audience idle
listener 1885
`;

Deno.test("with per_listener_settings each listener has tokens and a service of its own", () => {
  const { listeners, notes } = load({ file: TWO });
  assert.deepEqual(
    listeners.map(({ jwt, service }) => [jwt.publicKeyFile, jwt.audience, service.authUrl]),
    [["/k", "mqtt", ""], ["", "idle", "https://x/auth"], ["", "", ""]],
  );
  const texts = notes.map(({ text }) => text);
  const says = (pattern: RegExp) => assert(texts.some((text) => pattern.test(text)), `${pattern}`);
  says(/^Listener 1883: .* may connect with a token;/);
  says(/^Listener 1884: .* may connect as a user whom auth_http_url accepts;/);
  says(/^Listener 1885 lets nobody in/);
  says(/^m.conf:7: jwt_audience: Has no effect: none is set of jwt_secret_file/);
  assert(!texts.some((text) => text.includes("jwt_audience is not set")), texts.join("\n"));
});

Deno.test("without per_listener_settings all listeners have the same tokens and service, wherever their lines stand", () => {
  const file = TWO.replace("per_listener_settings true\n", "").replace("jwt_audience idle\n", "");
  const { listeners } = load({ file });
  for (const { jwt, service } of listeners) {
    assert.deepEqual([jwt.publicKeyFile, jwt.audience, service.authUrl], [
      "/k",
      "mqtt",
      "https://x/auth",
    ]);
  }
});

Deno.test("a token's option of the command line holds for every listener", () => {
  const { listeners } = load({ file: TWO, flags: "--jwt-audience flag" });
  assert.deepEqual(listeners.map(({ jwt }) => jwt.audience), ["flag", "flag", "flag"]);
});

Deno.test("a token of a listener for anybody is said with the listener's name", () => {
  const { notes } = load({ file: `per_listener_settings true\nlistener 1883\n${SECRET}` });
  assert(notes.some(({ text }) => /^Listener 1883: jwt_audience is not set/.test(text)));
});

const PER_LISTENER_WRONG: [what: string, file: string, ...problems: RegExp[]][] = [
  [
    "before a listener",
    `${SECRET}listener 1883`,
    /^m.conf:2: jwt_secret_file: Must follow the `listener` line that it belongs to/,
  ],
  [
    "that contradict each other at one listener",
    "listener 1883\njwt_jwks_url https://x/\nlistener 1884\njwt_jwks_url https://x/\njwt_jwks_file /f",
    /^m.conf:6: jwt_jwks_file: Cannot be used with jwt_jwks_url/,
  ],
  [
    "whose form has no such answer",
    "listener 1883\nauth_http_url https://x/\nauth_http_response json\nlistener 1884\n" +
    "auth_http_url https://x/\nauth_http_form emqx\nauth_http_response json",
    /^m.conf:8: auth_http_response: Applies only to mosquitto-go-auth/,
  ],
];
for (const [what, file, ...expected] of PER_LISTENER_WRONG) {
  Deno.test(`with per_listener_settings options ${what} are told with their line`, () => {
    const found = problems({ file: `per_listener_settings true\n${file}` });
    assert.equal(found.length, expected.length, found.join("\n"));
    for (const [i, pattern] of expected.entries()) assert.match(found[i]!, pattern);
  });
}

Deno.test("per_listener_settings must come before tokens and services as well", () => {
  const [problem] = problems({ file: `${SECRET}per_listener_settings true\nlistener 1883` });
  assert.match(problem!, /^m.conf:2: .*: Must come before jwt_secret_file, .* m.conf:1/);
});

Deno.test("a wrong flag is told once, however many listeners there are", () => {
  const found = problems({ file: TWO, flags: "--jwt-username-claim=" });
  assert.equal(found.length, 1, found.join("\n"));
});
