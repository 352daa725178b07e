import { strict as assert } from "node:assert";
import { DEFAULT_BRIDGE_OPTIONS } from "../support/bridge_options.ts";
import { load, problems } from "./support.ts";

/** A block that is right, but for what a test adds. */
const BLOCK = "connection cloud\naddress broker.example\ntopic # both 1";

const addresses: [text: string, scheme: string, hostname: string, port: number, path: string][] = [
  ["broker.example", "mqtt", "broker.example", 1883, ""],
  ["broker.example:1884", "mqtt", "broker.example", 1884, ""],
  ["mqtt://10.0.0.7", "mqtt", "10.0.0.7", 1883, ""],
  ["mqtts://broker.example", "mqtts", "broker.example", 8883, ""],
  ["ws://broker.example", "ws", "broker.example", 80, "/mqtt"],
  ["wss://broker.example:8443/broker", "wss", "broker.example", 8443, "/broker"],
  ["[fe80::7]:1884", "mqtt", "fe80::7", 1884, ""],
  ["fe80::7:1884", "mqtt", "fe80::7", 1884, ""],
];
for (const [text, scheme, hostname, port, path] of addresses) {
  Deno.test(`address ${text} is ${scheme} at ${hostname}, port ${port}`, () => {
    const [bridge] = load({ file: `connection c\ntopic #\naddress ${text}` }).bridges;
    assert.deepEqual(bridge!.options.addresses, [{ scheme, hostname, port, path }]);
  });
}

const topics: [
  line: string,
  direction: string,
  qos: number,
  pattern: string,
  local: string,
  remote: string,
][] = [
  ["#", "out", 0, "#", "", ""],
  ["a/+ in", "in", 0, "a/+", "", ""],
  ["# both 2 local/ remote/", "both", 2, "#", "local/", "remote/"],
  ['# out 1 "" plant/7/', "out", 1, "#", "", "plant/7/"],
  ['"" out 0 here there', "out", 0, "", "here", "there"],
  ['"two words/#" in 1 "my plant/" ""', "in", 1, "two words/#", "my plant/", ""],
  ['a"b out', "out", 0, 'a"b', "", ""],
];
for (const [line, direction, qos, pattern, localPrefix, remotePrefix] of topics) {
  Deno.test(`topic ${line} is understood as mosquitto understands it`, () => {
    const [bridge] = load({ file: `connection c\naddress b\ntopic ${line}` }).bridges;
    const expected = { pattern, direction, qos, localPrefix, remotePrefix };
    assert.deepEqual(bridge!.options.topics, [expected]);
  });
}

const wrong: [lines: string, problem: RegExp, why: string][] = [
  ["address b", /^m\.conf:1: address: Must follow the `connection` line/, "no block"],
  ["connection c\ntopic #", /^m\.conf:1: connection: Needs an `address`/, "no address"],
  ["connection c\naddress b", /^m\.conf:1: connection: Needs a `topic`/, "no topic"],
  [
    `${BLOCK}\n${BLOCK}`,
    /^m\.conf:4: connection: "cloud" is a bridge already, at m\.conf:1$/,
    "a name twice",
  ],
  [`${BLOCK}\ntopic # in`, /^m\.conf:4: topic: "#" is bridged in by an earlier/, "a topic twice"],
  [
    `${BLOCK}\ntopic a/# up`,
    /^m\.conf:4: topic: The direction must be out, in or both/,
    "a direction",
  ],
  [`${BLOCK}\ntopic a/# out 3`, /^m\.conf:4: topic: The QoS must be 0, 1 or 2/, "a QoS"],
  [
    `${BLOCK}\ntopic "" out 0 a`,
    /^m\.conf:4: topic: The pattern "" needs both prefixes/,
    "no pattern",
  ],
  [`${BLOCK}\ntopic a#b out`, /^m\.conf:4: topic: "a#b" is not a Topic Filter$/, "a bad filter"],
  [
    `${BLOCK}\ntopic x out 0 a/+/ b/`,
    /^m\.conf:4: topic: The local prefix must be without/,
    "a wildcard",
  ],
  [
    `${BLOCK}\ntopic "missing quote`,
    /^m\.conf:4: topic: The quotation mark before missing is not closed$/,
    "a quotation mark alone",
  ],
  [`${BLOCK}\naddress http://b`, /^m\.conf:4: address: Must be HOST, HOST:PORT/, "a strange URL"],
  [
    `${BLOCK}\nrestart_timeout 30 5`,
    /^m\.conf:4: restart_timeout: Must be seconds/,
    "a cap below the base",
  ],
  [
    `${BLOCK}\nkeepalive_interval -1`,
    /^m\.conf:4: keepalive_interval: Must be a whole number from 0/,
    "no time",
  ],
  [
    `${BLOCK}\nbridge_psk 1234`,
    /^m\.conf:4: bridge_psk: Is not supported\. Pre-shared keys/,
    "PSK",
  ],
  [
    `${BLOCK}\nbridge_tls_version tlsv1.1`,
    /^m\.conf:4: bridge_tls_version: Cannot be tlsv1\.1\. TLS 1\.1 is insecure/,
    "a version",
  ],
  [
    `${BLOCK}\nbridge_bind_address eth0`,
    /^m\.conf:4: bridge_bind_address: Must be an address of this machine, is "eth0"/,
    "an interface in the place of its address",
  ],
  [
    `${BLOCK}\nbridge_certfile c.pem`,
    /^m\.conf:4: bridge_certfile: Needs `bridge_keyfile`/,
    "no key",
  ],
  [
    `${BLOCK}\nremote_password x`,
    /^m\.conf:4: remote_password: Needs `remote_username`/,
    "whose password?",
  ],
  [
    `listener 1884\n${BLOCK}\naddress localhost:1884`,
    /^m\.conf:5: address: localhost:1884 is this broker's own listener \(m\.conf:1\)$/,
    "itself",
  ],
  [
    `${BLOCK}\nremote_clientid x\nconnection two\naddress broker.example\ntopic a/#\nremote_clientid x`,
    /^m\.conf:5: connection: Has the same Client Identifier at the same remote broker as the bridge at m\.conf:1/,
    "two that push each other out",
  ],
];
for (const [lines, problem, why] of wrong) {
  Deno.test(`A connection block is refused with its line: ${why}`, () => {
    const found = problems({ file: lines });
    assert.match(found[0]!, problem);
    assert.equal(found.length, 1, found.join("\n"));
  });
}

const clouds: [preset: string, lines: string, problem: RegExp][] = [
  ["aws-iot-core", "topic a out 2", /"a" breaks a rule of AWS IoT Core: the highest QoS is 1/],
  ["aws-iot-core", "topic 1/2/3/4/5/6/7/8/9 out 1", /a topic may have 8 levels at most/],
  ["aws-iot-core", "topic a\nkeepalive_interval 1300", /accepts at most 1200 seconds/],
  ["azure-event-grid", "topic a out 2", /the highest QoS is 1/],
  ["azure-iot-hub", "topic a out 1", /the topic must be devices\/DEVICE/],
  [
    "azure-iot-hub",
    "topic devices/d/messages/events/ out 1\nbridge_protocol_version mqttv50",
    /speaks 3\.1\.1 only/,
  ],
  ["hivemq-cloud", "topic a", /needs `remote_username` and a password/],
];
for (const [preset, lines, problem] of clouds) {
  Deno.test(`bridge_preset ${preset} says which rule is broken: ${lines.replace("\n", ", ")}`, () => {
    const file = `connection c\naddress mqtts://cloud.example\nbridge_preset ${preset}\n` +
      `bridge_certfile c\nbridge_keyfile k\n${lines}`;
    const found = problems({ file });
    assert.match(found.join("\n"), problem);
    assert.equal(found.length, 1, found.join("\n"));
  });
}

Deno.test("restart_timeout is mosquitto's: one number, base and cap, and what counts as stable", () => {
  const cases = [["7", [7, 7, 10]], ["5 30", [5, 30, 10]], ["5 30 60", [5, 30, 60]]] as const;
  for (const [text, expected] of cases) {
    const { options } = load({ file: `${BLOCK}\nrestart_timeout ${text}` }).bridges[0]!;
    const { restartBaseSeconds, restartCapSeconds, stableSeconds } = options;
    assert.deepEqual([restartBaseSeconds, restartCapSeconds, stableSeconds], expected);
  }
});

Deno.test("A preset sets what its cloud wants, and nothing that the block says itself", () => {
  const file = "connection c\naddress mqtts://cloud.example\nbridge_preset aws-iot-core\n" +
    "bridge_certfile c\nbridge_keyfile k\nbridge_max_rate 7\ntopic a out 1";
  const { options } = load({ file }).bridges[0]!;
  assert.equal(options.maxRate, 7);
  assert.equal(options.maxPacketSizeBytes, 131_072);
  assert.equal(options.notificationsLocalOnly, true);
  assert.equal(options.tls?.usesOsCerts, true);
});

Deno.test("The defaults of the lines are those of a bridge", () => {
  const { options } = load({ file: "connection c\naddress b\ntopic #" }).bridges[0]!;
  const { name: _name, addresses: _addresses, topics: _topics, remoteClientId, ...rest } = options;
  const { name: _n, addresses: _a, topics: _t, remoteClientId: _r, ...defaults } =
    DEFAULT_BRIDGE_OPTIONS;
  assert.deepEqual({ ...defaults, ...rest }, { ...rest, ...defaults });
  assert.equal(remoteClientId, "c.localhost");
});

Deno.test("mosquitto's other names are understood, a listener between does not end the block, and a password is not shown", () => {
  const file =
    "connection c\naddresses one two:1884\nusername u\nlistener 1885\npassword s3cret\n" +
    "clientid id\ntopic #\nlocal_cleansession true";
  const { bridges, notes } = load({ file });
  const { options, settings } = bridges[0]!;
  assert.equal(options.addresses.length, 2);
  assert.equal(options.remoteUserName, "u");
  assert.equal(options.remotePassword, "s3cret");
  assert.equal(options.remoteClientId, "id");
  assert.equal(options.cleanSession, false);
  assert.equal(options.localCleanSession, true);
  assert(!JSON.stringify([settings, notes]).includes("s3cret"));
});

for (const [given, used] of [[0, 5], [4, 5], [5, 5], [6, 6]] as const) {
  Deno.test(`keepalive_interval ${given} is ${used}: mosquitto starts with it, so it is no error`, () => {
    const { bridges: [bridge], notes } = load({ file: `${BLOCK}\nkeepalive_interval ${given}` });
    assert.equal(bridge!.options.keepAliveSeconds, used);
    const told = notes.filter(({ text }) => text.includes("keepalive_interval"))
      .map(({ text }) => text);
    const text =
      "m.conf:4: keepalive_interval: Has no effect: 5 seconds are the least, and are used";
    assert.deepEqual(told, given < used ? [text] : []);
  });
}
