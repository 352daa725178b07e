import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { type Certificates, certificateTest } from "../support/certificates.ts";
import { findMosquitto } from "../support/clients.ts";
import { MosquittoSub, publish } from "../support/mosquitto.ts";
import { type Stand, STANDS } from "../support/stands.ts";

const mosquitto = await findMosquitto();
// deno-lint-ignore no-console -- whoever reads the results is to know
if ("missing" in mosquitto) console.log(`Skipped: ${mosquitto.missing}`);

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

for (const { suffix, start, isCluster } of STANDS) {
  const name = `the guide's variables start both, and clients of both hear each other${suffix}`;
  if ("missing" in mosquitto) Deno.test({ name, ignore: true, fn: () => {} });
  else certificateTest(name, (files) => hearBoth(files, start), isCluster);
}

async function hearBoth(files: Certificates, start: Stand["start"]): Promise<void> {
  // As the guide makes them.
  await files.openssl("genrsa -out server.key 2048");
  await files.openssl(
    "req -new -x509 -key server.key -out server.crt -days 365 -subj /CN=localhost",
  );
  assert.match(
    await files.openssl("x509 -in server.crt -text -noout"),
    /Subject: CN = localhost/,
  );
  await using brokers = await start({ environment: environment(files) });
  const { here, there } = brokers;
  for (const broker of [here, there]) {
    await broker.untilLog(/MQTTS server configured on port \d+/);
    assert.match(broker.log, / Starting MQTT broker with TLS$/m);
    assert.match(broker.log, / TLS configuration loaded successfully/);
  }
  const secure = ["--cafile", files.path("server.crt"), "--insecure", "-t", "test/tls"];
  const plain = ["-t", "test/tls"];
  await using atPlain = await MosquittoSub.start(there.port, plain);
  await using atSecure = await MosquittoSub.start(tlsPort(there), secure);
  assert.equal((await publish(here.port, [...plain, "-m", "from 1883"])).code, 0);
  await atPlain.take(1);
  await atSecure.take(1);
  assert.equal((await publish(tlsPort(here), [...secure, "-m", "from 8883"])).code, 0);
  assert.deepEqual(await atPlain.take(2), ["from 1883", "from 8883"]);
  assert.deepEqual(await atSecure.take(2), ["from 1883", "from 8883"]);
}

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
