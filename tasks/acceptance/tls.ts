import { strict as assert } from "node:assert";
import { BrokerProcess } from "../../tests/support/broker_process.ts";
import { Certificates } from "../../tests/support/certificates.ts";
import { MosquittoSub, publish } from "../../tests/support/mosquitto.ts";
import { makeCertificates } from "../certs.ts";

const TOPIC = "test/tls";

/** A key and a self-signed certificate, each as the guide's commands make them, and as ours does. */
export async function tryCertificate(): Promise<string> {
  return await withCertificates(async (files) => {
    await makeCertificates({ directory: files.directory });
    const ours = await files.openssl("x509 -in server.crt -text -noout");
    assert.match(ours, /Subject: CN = localhost/);
    assert.match(ours, /DNS:localhost, IP Address:127\.0\.0\.1/);
    for (const form of ["", " -traditional"]) {
      await makeAsGuide(files, form);
      assert.match(
        await files.openssl("x509 -in server.crt -text -noout"),
        /Subject: CN = localhost/,
      );
      await using broker = await startWithTls(files, "0");
      await broker.untilLog(/MQTTS server configured on port \d+/);
    }
    return "openssl reads it, and the broker starts with ours, with PKCS#1 and with PKCS#8";
  });
}

/** The three lines of the log, word for word. */
export async function tryMqttsStarts(): Promise<string> {
  return await withCertificates(async (files) => {
    await makeAsGuide(files);
    await using broker = await startWithTls(files, "8883");
    const lines = [
      "Starting MQTT broker with TLS",
      "TLS configuration loaded successfully",
      "MQTTS server configured on port 8883",
    ];
    for (const line of lines) await broker.untilLog(new RegExp(` ${line}$`, "m"));
    return lines.join("; ");
  });
}

/** A subscriber and a publisher over TLS. */
export async function tryMqtts(): Promise<string> {
  return await withCertificates(async (files) => {
    await makeAsGuide(files);
    await using broker = await startWithTls(files, "0");
    const port = await tlsPort(broker);
    await using subscriber = await MosquittoSub.start(port, overTls(files));
    await sendHello(port, overTls(files), "over TLS");
    assert.deepEqual(await subscriber.take(1), ["over TLS"]);
    return "The message arrives";
  });
}

/** Subscribers and publishers with TLS and without. */
export async function tryBoth(): Promise<string> {
  return await withCertificates(async (files) => {
    await makeAsGuide(files);
    await using broker = await startWithTls(files, "0");
    const port = await tlsPort(broker);
    await using plain = await MosquittoSub.start(broker.port, ["-t", TOPIC]);
    await using secure = await MosquittoSub.start(port, overTls(files));
    await sendHello(broker.port, ["-t", TOPIC], "without TLS");
    await plain.take(1);
    await secure.take(1);
    await sendHello(port, overTls(files), "over TLS");
    for (const subscriber of [plain, secure]) {
      assert.deepEqual(await subscriber.take(2), ["without TLS", "over TLS"]);
    }
    return "Both subscribers got both messages";
  });
}

async function sendHello(port: number, args: readonly string[], text: string): Promise<void> {
  const { code, output } = await publish(port, [...args, "-m", text]);
  assert.equal(code, 0, output);
}

function overTls(files: Certificates): string[] {
  return ["--cafile", files.path("server.crt"), "--insecure", "-t", TOPIC];
}

async function makeAsGuide(files: Certificates, form = ""): Promise<void> {
  await files.openssl(`genrsa${form} -out server.key 2048`);
  await files.openssl(
    "req -new -x509 -key server.key -out server.crt -days 365 -subj /CN=localhost",
  );
}

async function startWithTls(files: Certificates, tlsPort: string): Promise<BrokerProcess> {
  return await BrokerProcess.start({
    environment: {
      MQTT_TLS_ENABLED: "true",
      MQTT_CERT_PATH: files.path("server.crt"),
      MQTT_KEY_PATH: files.path("server.key"),
      MQTT_TLS_PORT: tlsPort,
    },
  });
}

async function tlsPort(broker: BrokerProcess): Promise<number> {
  const pattern = /MQTTS server configured on port (\d+)/;
  await broker.untilLog(pattern);
  return Number(pattern.exec(broker.log)![1]);
}

async function withCertificates(fn: (files: Certificates) => Promise<string>): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "flux-certs-" });
  try {
    return await fn(new Certificates(directory));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
