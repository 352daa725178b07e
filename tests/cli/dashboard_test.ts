import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { certificateTest } from "../support/certificates.ts";
import { freePort } from "../support/free_port.ts";

Deno.test("a broker whose file names an http_api listener says where its dashboard is, and serves it", async () => {
  await using broker = await BrokerProcess.start({
    config:
      `listener ${freePort()} 127.0.0.1\nlistener ${freePort()} 127.0.0.1\nprotocol http_api\n`,
    flags: [],
    isPortOwn: true,
  });
  await broker.untilLog(/Dashboard: http:\/\/127\.0\.0\.1:\d+/);
  const url = /Dashboard: (\S+)/.exec(broker.log)![1];
  const response = await fetch(`${url}/health/ready`);
  assert.deepEqual(await response.json(), { status: "ready" });
});

Deno.test("a dashboard that nobody asked for and whose port is taken is a warning, and the broker goes on", async () => {
  using _taken = take(9883);
  await using broker = await BrokerProcess.start({ flags: ["--dashboard"] });
  await broker.untilLog(/warning There is no dashboard: cannot listen on port 9883/);
});

Deno.test("a dashboard that is configured and whose port is taken is an error, and the broker ends", async () => {
  using taken = take(0);
  const config =
    `listener ${freePort()} 127.0.0.1\nlistener ${taken.port} 127.0.0.1\nprotocol http_api\n`;
  const broker = await BrokerProcess.start({ config, isPortOwn: true });
  const { code } = await broker.ending(5000);
  assert.equal(code, 1);
  assert.match(broker.log, /error Cannot listen on port \d+ \(flux\.conf:2\)/);
});

/** Somebody listens there, be it this test or another program. */
function take(port: number): Disposable & { readonly port: number } {
  try {
    const listener = Deno.listen({ hostname: "127.0.0.1", port });
    return { port: listener.addr.port, [Symbol.dispose]: () => listener.close() };
  } catch {
    return { port, [Symbol.dispose]() {} };
  }
}

certificateTest(
  "a dashboard behind TLS tells when its certificate ends, and sets cookies for TLS only",
  async (files) => {
    const broker = await BrokerProcess.start({
      config:
        `listener ${freePort()} 127.0.0.1\nlistener ${freePort()} 127.0.0.1\nprotocol http_api\n` +
        `certfile ${files.directory}/server.crt\nkeyfile ${files.directory}/server.key\n`,
      isPortOwn: true,
    });
    const client = Deno.createHttpClient({
      caCerts: [await Deno.readTextFile(`${files.directory}/ca.crt`)],
    });
    await broker.untilLog(/Dashboard: https:\/\//);
    const port = /Dashboard: https:\/\/127\.0\.0\.1:(\d+)/.exec(broker.log)![1];
    const metrics = await fetch(`https://localhost:${port}/metrics`, { client });
    assert.match(
      await metrics.text(),
      /^fluxmqtt_certificate_expiry_timestamp_seconds\{listener="127\.0\.0\.1:\d+"\} \d+$/m,
    );
    const logOut = await fetch(`https://localhost:${port}/api/v1/session`, {
      client,
      method: "DELETE",
      headers: { "x-flux-mqtt": "1" },
    });
    await logOut.body?.cancel();
    assert.match(logOut.headers.get("set-cookie")!, /; Secure/);
    client.close();
    await broker.stop();
  },
);

certificateTest(
  "a dashboard asks for client certificates, takes its users from them, and takes new certificates at SIGHUP",
  async (files) => {
    await files.openssl("req -new -key client.key -subj /CN=ann -out ann.csr");
    await Deno.writeTextFile(files.path("ext"), "extendedKeyUsage=clientAuth\n");
    await files.openssl(
      "x509 -req -in ann.csr -CA ca.crt -CAkey ca.key -days 9 -extfile ext -out ann.crt",
    );
    const port = freePort();
    await using broker = await BrokerProcess.start({
      config: `per_listener_settings true\nlistener ${freePort()} 127.0.0.1\n` +
        `listener ${port} 127.0.0.1\nprotocol http_api\n` +
        `certfile ${files.directory}/server.crt\nkeyfile ${files.directory}/server.key\n` +
        `cafile ${files.directory}/ca.crt\nrequire_certificate true\nuse_identity_as_username true\n` +
        `http_viewer ann\nmax_connections 3\n`,
      isPortOwn: true,
    });
    await broker.untilLog(/Dashboard: https:\/\//);
    const url = `https://localhost:${port}/api/v1/session`;
    const caCerts = [files.text("ca.crt")];
    const stranger = Deno.createHttpClient({ caCerts });
    await assert.rejects(fetch(url, { client: stranger }));
    stranger.close();
    await broker.untilLog(/Connection refused .*TLS handshake/);
    const as = (name: string) =>
      Deno.createHttpClient({
        caCerts,
        cert: files.text(`${name}.crt`),
        key: files.text("client.key"),
      });
    const ann = as("ann");
    const session = await (await fetch(url, { client: ann })).json();
    assert.deepEqual([session.role, session.userName, session.by], [
      "viewer",
      "ann",
      "certificate",
    ]);
    ann.close();
    const other = as("client");
    assert.equal((await (await fetch(url, { client: other })).json()).role, null);
    other.close();
    // More than three at one time are not let in.
    const sockets = [];
    for (let i = 0; i < 5; i++) sockets.push(await Deno.connect({ port }));
    const closed = await Promise.race(
      sockets.map(async (socket) => await socket.read(new Uint8Array(1)).catch(() => null)),
    );
    assert.equal(closed, null);
    for (const socket of sockets) socket.close();
    // A new certificate, for another name: whoever comes next sees it.
    await files.openssl("req -new -key server.key -subj /CN=renewed -out new.csr");
    await Deno.writeTextFile(files.path("san"), "subjectAltName=DNS:localhost,DNS:renewed\n");
    await files.openssl(
      "x509 -req -in new.csr -CA ca.crt -CAkey ca.key -days 9 -extfile san -out server.crt",
    );
    broker.signal("SIGHUP");
    await broker.untilLog(/the configuration is read again/);
    const { X509Certificate } = await import("node:crypto");
    const { connect } = await import("node:tls");
    const seen = await new Promise<string>((resolve, reject) => {
      const socket = connect({
        host: "127.0.0.1",
        port,
        servername: "localhost",
        ca: caCerts,
        cert: files.text("ann.crt"),
        key: files.text("client.key"),
      }, () => {
        resolve(new X509Certificate(socket.getPeerCertificate().raw).subject);
        socket.destroy();
      });
      socket.on("error", reject);
    });
    assert.match(seen, /CN=renewed/);
  },
);
