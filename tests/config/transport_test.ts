import { strict as assert } from "node:assert";
import { type Given, load, problems } from "./support.ts";

const TLS = { certfile: "c", keyfile: "k", requireCertificate: false, minVersion: "TLSv1.2" };
const FILES = "certfile c\nkeyfile k\n";

/** What a listener's block comes to. */
const blocks: [lines: string, tls: unknown, proxy: unknown, userName: string][] = [
  ["", undefined, undefined, "none"],
  [FILES, TLS, undefined, "none"],
  [FILES + "tls_version tlsv1.3", { ...TLS, minVersion: "TLSv1.3" }, undefined, "none"],
  [FILES + "cafile a", { ...TLS, cafile: "a" }, undefined, "none"],
  [
    FILES + "cafile a\ncapath d\ncrlfile r\nrequire_certificate true",
    { ...TLS, cafile: "a", capath: "d", crlfile: "r", requireCertificate: true },
    undefined,
    "none",
  ],
  [
    FILES + "cafile a\nrequire_certificate true\nuse_identity_as_username true",
    { ...TLS, cafile: "a", requireCertificate: true },
    undefined,
    "common_name",
  ],
  [
    FILES + "cafile a\nrequire_certificate true\nuse_subject_as_username true",
    { ...TLS, cafile: "a", requireCertificate: true },
    undefined,
    "subject",
  ],
  [
    "enable_proxy_protocol 1",
    undefined,
    { version: 1, requireTls: false, requireCertificate: false },
    "none",
  ],
  [
    "enable_proxy_protocol 2\nproxy_protocol_v2_require_tls true\nrequire_certificate true\nuse_identity_as_username true",
    undefined,
    { version: 2, requireTls: true, requireCertificate: true },
    "common_name",
  ],
];
for (const [lines, tls, proxy, userName] of blocks) {
  Deno.test(`a listener with ${JSON.stringify(lines)}`, () => {
    const { listeners: [listener] } = load({ file: `listener 8883\n${lines}` });
    assert.deepEqual(listener!.tls, tls);
    assert.deepEqual(listener!.proxy, proxy);
    assert.equal(listener!.access.certificateUserName, userName);
  });
}

/** Encryption or proof that is half asked for. */
const contradictions: [lines: string, problem: RegExp][] = [
  ["certfile c", /^m\.conf:2: certfile: Needs `keyfile`/],
  ["keyfile k", /^m\.conf:2: keyfile: Needs `certfile`/],
  ["cafile a", /^m\.conf:2: cafile: Needs TLS/],
  ["capath a", /^m\.conf:2: capath: Needs TLS/],
  ["tls_version tlsv1.3", /^m\.conf:2: tls_version: Needs TLS/],
  [
    FILES + "tls_version tlsv1.1",
    /^m\.conf:4: tls_version: Cannot be tlsv1\.1\. TLS 1\.1 is insecure/,
  ],
  [
    FILES + "require_certificate true",
    /^m\.conf:4: require_certificate: Needs `cafile` or `capath`/,
  ],
  [
    FILES + "use_identity_as_username true",
    /^m\.conf:4: use_identity_as_username: Needs `require_certificate true`/,
  ],
  [
    FILES + "use_subject_as_username true",
    /^m\.conf:4: use_subject_as_username: Needs `require_certificate true`/,
  ],
  [
    FILES +
    "cafile a\nrequire_certificate true\nuse_identity_as_username true\nuse_subject_as_username true",
    /^m\.conf:7: use_subject_as_username: Cannot be true with/,
  ],
  ["enable_proxy_protocol 3", /^m\.conf:2: enable_proxy_protocol: Must be none, 1 or 2/],
  [
    FILES + "enable_proxy_protocol 2",
    /^m\.conf:2: certfile: Cannot be used with `enable_proxy_protocol`/,
  ],
  [
    "enable_proxy_protocol 1\nrequire_certificate true",
    /^m\.conf:3: require_certificate: Needs `enable_proxy_protocol 2`/,
  ],
  [
    "enable_proxy_protocol 1\nproxy_protocol_v2_require_tls true",
    /Needs `enable_proxy_protocol 2`/,
  ],
  [
    "enable_proxy_protocol 2\nrequire_certificate true\nuse_subject_as_username true",
    /^m\.conf:4: use_subject_as_username: Cannot be used with/,
  ],
  ["ciphers ALL", /^m\.conf:2: ciphers: Is not supported\. Cipher suites cannot be chosen/],
  ["psk_file p", /^m\.conf:2: psk_file: Is not supported\. Pre-shared keys/],
  ["http_dir /srv", /^m\.conf:2: http_dir: Is not supported\. Files are not served/],
];
for (const [lines, problem] of contradictions) {
  Deno.test(`a listener with ${JSON.stringify(lines)} is a problem: ${problem.source}`, () => {
    const found = problems({ file: `listener 8883\n${lines}` });
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0]!, problem);
  });
}

Deno.test("a WebSocket listener, its origins and the length of its requests", () => {
  const config = load({
    file:
      "websockets_headers_size 4096\nlistener 8080\nprotocol websockets\nwebsockets_origin https://a.example\nwebsockets_origin https://b.example:8443",
  });
  assert.equal(config.websocketsHeadersSize, 4096);
  assert.equal(config.listeners[0]!.protocol, "websockets");
  assert.deepEqual(config.listeners[0]!.websocketsOrigins, [
    "https://a.example",
    "https://b.example:8443",
  ]);
});

for (const [text, bytes] of [["0", 8192], ["512", 1024], ["1024", 1024], ["65535", 65_535]]) {
  Deno.test(`websockets_headers_size ${text} is ${bytes} bytes`, () => {
    assert.equal(load({ file: `websockets_headers_size ${text}` }).websocketsHeadersSize, bytes);
  });
}

Deno.test("a listener on a Unix socket has its path for a name", () => {
  const { listeners } = load({ file: "listener 0 /run/mqtt.sock\nlistener 1883" });
  const { path, address, options } = listeners[0]!;
  assert.deepEqual([path, address, options.name], ["/run/mqtt.sock", "", "/run/mqtt.sock"]);
  assert.equal(listeners[1]!.path, "");
  assert.deepEqual(problems({ file: "listener 0 /a\nlistener 0 /a" }), [
    "m.conf:2: listener: /a is used by the listener of m.conf:1; give one of them another port or address",
  ]);
});

const ENABLED = { MQTT_TLS_ENABLED: "true", MQTT_CERT_PATH: "c", MQTT_KEY_PATH: "k" };

/** Where listeners are with `MQTT_TLS_ENABLED`, which of them have TLS, and whether everybody may come in. */
const besides: [given: Given, listeners: string[]][] = [
  [{}, ["127.0.0.1:1883 anonymous", "127.0.0.1:8883 TLS anonymous"]],
  [{ flags: "-p 1884" }, ["127.0.0.1:1884 anonymous", "127.0.0.1:8883 TLS anonymous"]],
  [
    { environment: { MQTT_PORT: "1", MQTT_TLS_PORT: "2" } },
    ["127.0.0.1:1 anonymous", "127.0.0.1:2 TLS anonymous"],
  ],
  [
    { environment: { MQTT_PORT: "0", MQTT_TLS_PORT: "0" } },
    ["127.0.0.1:0 anonymous", "127.0.0.1:0 (TLS) TLS anonymous"],
  ],
  [{ environment: { MQTT_BIND_ADDRESS: "0.0.0.0" } }, ["0.0.0.0:1883", "0.0.0.0:8883 TLS"]],
  [{ file: "port 1884" }, ["1884", "8883 TLS"]],
  [{ file: "listener 1884" }, ["1884", "127.0.0.1:8883 TLS"]],
];
for (const [given, expected] of besides) {
  Deno.test(`MQTT_TLS_ENABLED with ${JSON.stringify(given)} listens on ${expected.join(" and ")}`, () => {
    const { listeners } = load({ ...given, environment: { ...ENABLED, ...given.environment } });
    const found = listeners.map(({ options: { name, allowAnonymous }, tls }) => {
      if (tls !== undefined) assert.deepEqual(tls, TLS);
      return [name, ...tls === undefined ? [] : ["TLS"], ...allowAnonymous ? ["anonymous"] : []]
        .join(" ");
    });
    assert.deepEqual(found, expected);
  });
}

Deno.test("MQTT_TLS_ENABLED=false is as if it were not there", () => {
  const { listeners } = load({ environment: { ...ENABLED, MQTT_TLS_ENABLED: "false" } });
  assert.deepEqual(listeners.map(({ options: { name } }) => name), ["127.0.0.1:1883"]);
});
