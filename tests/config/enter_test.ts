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
