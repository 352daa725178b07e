import { strict as assert } from "node:assert";
import { createServer } from "node:tls";
import { MqttClient } from "../../lib/client/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { callFlux } from "../support/flux.ts";

const hasOpenssl = await (async () => {
  try {
    await new Deno.Command("openssl", { args: ["version"], stdout: "null" }).output();
    return true;
  } catch {
    // deno-lint-ignore no-console -- a test that is skipped says so
    console.log("Not run: openssl is not installed");
    return false;
  }
})();

async function openssl(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** A certificate as everybody makes it: an authority, used by a server. Returns the paths of it and its key. */
async function selfSigned(directory: string, name: string, file: string) {
  const [cert, key] = [`${directory}/${file}.crt`, `${directory}/${file}.key`];
  const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365"];
  await openssl(...made, "-subj", `/CN=${name}`, "-keyout", key, "-out", cert);
  return { cert, key };
}

/** The same, and past its time. */
async function expired(directory: string) {
  const [cert, key] = [`${directory}/old.crt`, `${directory}/old.key`];
  const request = `${directory}/old.csr`;
  const extensions = `${directory}/old.ext`;
  Deno.writeTextFileSync(extensions, "basicConstraints=critical,CA:TRUE\n");
  const subject = ["-subj", "/CN=localhost"];
  await openssl(
    "req",
    "-new",
    "-newkey",
    "rsa:2048",
    "-nodes",
    ...subject,
    "-keyout",
    key,
    "-out",
    request,
  );
  const signed = ["x509", "-req", "-in", request, "-signkey", key, "-days", "-1"];
  await openssl(...signed, "-extfile", extensions, "-out", cert);
  return { cert, key };
}

Deno.test({
  name: "pub and sub trust a self-signed certificate that --cafile names, and no other",
  ignore: !hasOpenssl,
  async fn(t) {
    const directory = await Deno.makeTempDir({ prefix: "flux-own-" });
    try {
      const own = await selfSigned(directory, "localhost", "own");
      const other = await selfSigned(directory, "localhost", "other");
      await using broker = await BrokerProcess.start({
        config: `allow_anonymous true\npersistence false
certfile ${own.cert}\nkeyfile ${own.key}\n`,
      });
      const place = ["-p", String(broker.port)];
      const pub = (...args: string[]) =>
        callFlux(["pub", ...place, "-t", "a", "-m", "x", "-q", "1", ...args]);
      await t.step("by its name", async () => {
        const { status, error } = await pub("-h", "localhost", "--cafile", own.cert);
        assert.deepEqual([status, error], [0, ""]);
      });
      await t.step("by an address with --insecure, and not without", async () => {
        const { status, error } = await pub("-h", "127.0.0.1", "--cafile", own.cert, "--insecure");
        assert.deepEqual([status, error], [0, ""]);
        const refused = await pub("-h", "127.0.0.1", "--cafile", own.cert);
        assert.equal(refused.status, 13);
        assert.match(refused.error, /does not match certificate/);
      });
      await t.step(
        "another one of the same name is not trusted, with --insecure neither",
        async () => {
          for (const flags of [[], ["--insecure"]]) {
            const { status, error } = await pub(
              "-h",
              "localhost",
              "--cafile",
              other.cert,
              ...flags,
            );
            assert.equal(status, 13);
            assert.match(error, /Cannot trust/);
          }
        },
      );
      await t.step("large messages pass both ways", async () => {
        const caCerts = [Deno.readTextFileSync(own.cert)];
        const got = Promise.withResolvers<number>();
        const client = await MqttClient.connect({
          hostname: "localhost",
          port: broker.port,
          tls: { caCerts },
          onMessage: ({ payload }) => got.resolve(payload.length),
        });
        const options = {
          qos: 1,
          noLocal: false,
          retainAsPublished: false,
          retainHandling: 0,
        } as const;
        await client.subscribe([{ topicFilter: "large", ...options }]);
        await client.publish("large", new Uint8Array(1_000_000), { qos: 1 });
        assert.equal(await got.promise, 1_000_000);
        await client.disconnect();
      });
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

Deno.test({
  name: "a self-signed certificate that has expired, or has another name, is refused",
  ignore: !hasOpenssl,
  async fn() {
    const directory = await Deno.makeTempDir({ prefix: "flux-own-" });
    try {
      const tried = [
        [await expired(directory), /expired/i],
        [await selfSigned(directory, "elsewhere", "elsewhere"), /does not match certificate/],
      ] as const;
      for (const [{ cert, key }, reason] of tried) {
        const server = createServer({
          cert: Deno.readTextFileSync(cert),
          key: Deno.readTextFileSync(key),
        });
        server.on("tlsClientError", () => {});
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
        const { port } = server.address() as { port: number };
        try {
          const caCerts = [Deno.readTextFileSync(cert)];
          await assert.rejects(
            MqttClient.connect({ hostname: "localhost", port, tls: { caCerts } }),
            reason,
          );
        } finally {
          server.close();
        }
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
