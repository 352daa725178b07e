import { strict as assert } from "node:assert";
import type { ProtocolVersion } from "../../lib/codec/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { type Certificates, certificateTest } from "../support/certificates.ts";
import { findMosquitto, testsWith } from "../support/clients.ts";
import { freePort } from "../support/free_port.ts";
import { findNodeWithMqttJs } from "../support/node_modules.ts";
import { MosquittoSub, publish } from "../support/mosquitto.ts";
import { findMqttJs, type MqttJsOptions } from "../support/mqttjs.ts";
import { connectMqttJs } from "../support/mqttjs_client.ts";
import { playAll } from "./play.ts";

const VERSIONS: readonly ProtocolVersion[] = [4, 5];
const mqttJs = await findMqttJs();
const mosquitto = await findMosquitto();

/** The port of the TLS listener that `MQTT_TLS_ENABLED` adds. */
function tlsPort(broker: BrokerProcess): number {
  return Number(/MQTTS server configured on port (\d+)/.exec(broker.log)![1]);
}

/** The guide's variables, on free ports. */
function environment(files: Certificates): Record<string, string> {
  return {
    MQTT_TLS_ENABLED: "true",
    MQTT_CERT_PATH: files.path("server.crt"),
    MQTT_KEY_PATH: files.path("server.key"),
    MQTT_TLS_PORT: "0",
  };
}

/** Options of the default listener that make it one for TLS. */
function tlsLines(files: Certificates): string {
  return `certfile ${files.path("server.crt")}\nkeyfile ${files.path("server.key")}\n`;
}

for (const version of VERSIONS) {
  testsWith(mqttJs)(`mqtt.js in Deno speaks version ${version} over a WebSocket`, (mqtt, t) => {
    const transport: MqttJsOptions = { protocol: "ws", path: "/mqtt" };
    const config = "protocol websockets\n";
    return playAll(t, version, (init) => connectMqttJs(mqtt, init, transport), { config });
  }, version !== 5);
}

/** A test with certificates and a client of this machine. */
function clientTest<T>(
  found: { readonly client: T } | { readonly missing: string },
  name: string,
  fn: (client: T, files: Certificates) => Promise<void>,
): void {
  if ("missing" in found) Deno.test({ name, ignore: true, fn: () => {} });
  else certificateTest(name, (files) => fn(found.client, files));
}

const urls: [protocol: "mqtts" | "wss", lines: string][] = [
  ["mqtts", ""],
  ["wss", "protocol websockets\n"],
];
for (const [protocol, lines] of urls) {
  clientTest(mqttJs, `mqtt.js in Deno speaks ${protocol}`, async (mqtt, files) => {
    await using broker = await BrokerProcess.start({ config: lines + tlsLines(files) });
    const init = { port: broker.port, clientId: "deno", protocolVersion: 5 } as const;
    const client = await connectMqttJs(mqtt, init, {
      protocol,
      ca: files.text("ca.crt"),
      ...protocol === "wss"
        ? { path: "/mqtt", ALPNProtocols: ["http/1.1"] }
        : { ALPNProtocols: ["mqtt"] },
    });
    await client.subscribe("deno/+", 2);
    await client.publish("deno/a", "x".repeat(100_000), { qos: 2 });
    assert.equal((await client.inbox.next()).payload.length, 100_000);
    await client.disconnect();
  });
}

clientTest(
  await findNodeWithMqttJs(),
  "mqtt.js in Node speaks mqtt, ws, mqtts and wss",
  async (node, files) => {
    const doors: [protocol: string, lines: string][] = [
      ["mqtt", ""],
      ["ws", "protocol websockets\n"],
      ["mqtts", tlsLines(files)],
      ["wss", `protocol websockets\n${tlsLines(files)}`],
    ];
    const all = doors.map(([protocol, lines]) => ({ protocol, lines, port: freePort() }));
    await using broker = await BrokerProcess.start({
      config: "allow_anonymous true\n" +
        all.map(({ port, lines }) => `listener ${port} 127.0.0.1\n${lines}`).join(""),
      isPortOwn: true,
    });
    const urls = all.map(({ protocol, port }) => `${protocol}://localhost:${port}/mqtt`);
    const { stdout, stderr } = await new Deno.Command("node", {
      args: [node.script, files.path("ca.crt"), ...urls],
      cwd: node.directory,
    }).output();
    const told = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    const expected = urls.map((url) => `Received 100000 bytes from ${url}\n`).join("");
    assert.equal(told, expected, broker.log);
  },
);

clientTest(
  mosquitto,
  "mosquitto's clients come with a certificate, which names the user",
  async (_, files) => {
    const config = `${tlsLines(files)}cafile ${files.path("ca.crt")}\n` +
      "require_certificate true\nuse_identity_as_username true\n";
    await using broker = await BrokerProcess.start({ config });
    const ca = ["--cafile", files.path("ca.crt")];
    const certificate = ["--cert", files.path("client.crt"), "--key", files.path("client.key")];
    // The password is not looked at.
    const args = [...ca, ...certificate, "-u", "somebody", "-P", "anything", "-t", "a"];
    await using subscriber = await MosquittoSub.start(broker.port, args);
    assert.equal((await publish(broker.port, [...args, "-m", "hello"])).code, 0);
    assert.deepEqual(await subscriber.take(1), ["hello"]);
    assert.match(broker.log, /Client connected .*userName=client /);
    assert.doesNotMatch(broker.log, /somebody/);
    assert.notEqual((await publish(broker.port, [...ca, "-t", "a", "-m", "x"])).code, 0);
    await broker.untilLog(/Connection refused .*reason="TLS handshake: peer sent no certificates"/);
  },
);

clientTest(
  mosquitto,
  "the guide's variables start both, and clients of both hear each other",
  async (_, files) => {
    // As the guide makes them.
    await files.openssl("genrsa -out server.key 2048");
    await files.openssl(
      "req -new -x509 -key server.key -out server.crt -days 365 -subj /CN=localhost",
    );
    assert.match(
      await files.openssl("x509 -in server.crt -text -noout"),
      /Subject: CN = localhost/,
    );
    await using broker = await BrokerProcess.start({ environment: environment(files) });
    await broker.untilLog(/MQTTS server configured on port \d+/);
    assert.match(broker.log, / Starting MQTT broker with TLS$/m);
    assert.match(broker.log, / TLS configuration loaded successfully/);
    const secure = ["--cafile", files.path("server.crt"), "--insecure", "-t", "test/tls"];
    const plain = ["-t", "test/tls"];
    await using atPlain = await MosquittoSub.start(broker.port, plain);
    await using atSecure = await MosquittoSub.start(tlsPort(broker), secure);
    assert.equal((await publish(broker.port, [...plain, "-m", "from 1883"])).code, 0);
    await atPlain.take(1);
    await atSecure.take(1);
    assert.equal((await publish(tlsPort(broker), [...secure, "-m", "from 8883"])).code, 0);
    assert.deepEqual(await atPlain.take(2), ["from 1883", "from 8883"]);
    assert.deepEqual(await atSecure.take(2), ["from 1883", "from 8883"]);
  },
);

certificateTest(
  "openssl s_client finds a good chain and mqtt; old versions of TLS are refused",
  async (files) => {
    await using broker = await BrokerProcess.start({ environment: environment(files) });
    await broker.untilLog(/MQTTS server configured on port \d+/);
    const connect = `s_client -connect 127.0.0.1:${
      tlsPort(broker)
    } -CAfile ca.crt -verify_return_error`;
    for (const version of ["tls1_2", "tls1_3"]) {
      const told = await files.openssl(`${connect} -alpn mqtt -${version}`);
      assert.match(told, /Verify return code: 0 \(ok\)|Verification: OK/);
      assert.match(told, /ALPN protocol: mqtt/);
    }
    const old = `${connect} -tls1_1 -cipher ALL:@SECLEVEL=0`;
    await assert.rejects(files.openssl(old), /alert handshake failure|no protocols available/);
    await assert.rejects(files.openssl(`${connect} -alpn http/1.1`), /no application protocol/);
  },
);

certificateTest(
  "SIGHUP reads the certificate again at once, and a bad one keeps the old",
  async (files) => {
    await using broker = await BrokerProcess.start({ environment: environment(files) });
    await broker.untilLog(/MQTTS server configured on port \d+/);
    const before = await files.connect(tlsPort(broker));
    broker.signal("SIGHUP");
    await broker.untilLog(/The certificate is read again/);
    const good = files.text("server.crt");
    await Deno.writeTextFile(files.path("server.crt"), "nonsense");
    broker.signal("SIGHUP");
    await broker.untilLog(/error The old certificate stays: Cannot read .*server\.crt/);
    (await files.connect(tlsPort(broker))).close();
    await Deno.writeTextFile(files.path("server.crt"), good);
    before.close();
  },
);

certificateTest(
  "a key or certificate that is no good ends the start with its name",
  async (files) => {
    const environmentOf = environment(files);
    await assert.rejects(
      BrokerProcess.start({
        environment: { ...environmentOf, MQTT_KEY_PATH: files.path("client.key") },
      }),
      /Cannot listen on port 0 \(MQTT_TLS_ENABLED \(environment\)\): Cannot use .*client\.key: it is not the key of .*server\.crt/,
    );
  },
);
