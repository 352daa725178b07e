import { strict as assert } from "node:assert";
import { createServer } from "node:tls";
import { MqttClient, type MqttClientInit } from "../../lib/client/mod.ts";
import { type Certificates, certificateTest } from "../support/certificates.ts";
import { LocalServer } from "../support/local_server.ts";
import { netTest } from "../support/net_test.ts";
import { SocksProxy } from "../support/socks_proxy.ts";
import { talkOver } from "./talk.ts";

/** A message of 300 KB there and back. */
async function talk(init: MqttClientInit): Promise<void> {
  await talkOver(await MqttClient.connect({ keepAliveSeconds: 0, ...init }));
}

/** From where the client came, as the broker has logged it. */
function addressOfClient({ details }: LocalServer): string | undefined {
  const line = details.find((line) => line.startsWith("Client connected"));
  return /"address":"([^":]+)/.exec(line ?? "")?.[1];
}

/** A listener that wants a certificate of the client, and what such a client has. */
async function securely(server: LocalServer, files: Certificates, isWebSocket = false) {
  const tls = { ...files.server, cafile: files.path("ca.crt"), requireCertificate: true };
  const port = await server.listen(
    { options: { allowAnonymous: true }, ...isWebSocket ? { protocol: "websockets" } : {} },
    { ...tls, ...isWebSocket ? { alpnProtocols: ["http/1.1"] } : {} },
  );
  const [cert, key] = [files.text("client.crt"), files.text("client.key")];
  return { port, tls: { caCerts: [files.text("ca.crt")], cert, key } };
}

certificateTest("localAddress: TCP, TLS and a WebSocket in TLS come from there", async (files) => {
  await using server = new LocalServer();
  const secure = await securely(server, files);
  const web = await securely(server, files, true);
  const from = { clientId: "from", localAddress: "127.0.0.7" };
  const places = [
    { hostname: "127.0.0.1", port: server.port },
    { hostname: "localhost", ...secure },
    { hostname: "127.0.0.1", ...secure },
    { hostname: "localhost", ...web, webSocket: {} },
  ];
  for (const place of places) {
    server.details.length = 0;
    await talk({ ...place, ...from });

    assert.equal(addressOfClient(server), "127.0.0.7");
    await server.settle();
  }
  const { tls: { cert, key }, port } = secure;
  // Nobody is trusted who is not named, and no other name.
  for (const tls of [{ cert, key }, { ...secure.tls, serverName: "elsewhere.example" }]) {
    const wrong = { hostname: "localhost", port, tls, ...from };
    await assert.rejects(MqttClient.connect(wrong), { kind: "certificate" });
  }
});

netTest(
  "localAddress: an address that is not this machine's, and a port where nobody is",
  async () => {
    await using server = new LocalServer();
    const place = { hostname: "127.0.0.1", port: server.port };
    await assert.rejects(MqttClient.connect({ ...place, localAddress: "192.0.2.1" }), {
      kind: "unreachable",
    });
    const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    free.close();
    const nobody = { hostname: "127.0.0.1", port: free.addr.port, localAddress: "127.0.0.7" };
    await assert.rejects(MqttClient.connect(nobody), { kind: "unreachable" });
  },
);

certificateTest("a server of another name gets our certificate too", async (files) => {
  await using server = new LocalServer();
  const { port, tls } = await securely(server, files);
  await talk({ hostname: "127.0.0.1", port, tls: { ...tls, serverName: "localhost" } });
});

certificateTest("trustsAnyone: whoever signed it, and whatever its name", async (files) => {
  await using server = new LocalServer();
  const port = await server.listen({ options: { allowAnonymous: true } }, files.server);
  const tls = { trustsAnyone: true, serverName: "elsewhere.example" };
  await talk({ hostname: "127.0.0.1", port, tls });
  const insecure = { hostname: "127.0.0.1", port, tls: { insecure: true } };
  await assert.rejects(MqttClient.connect(insecure), { kind: "certificate" });
});

certificateTest("minVersion TLSv1.3 refuses a server of 1.2", async (files) => {
  const caCerts = [files.text("ca.crt")];
  const server = createServer({
    cert: files.text("server.crt"),
    key: files.text("server.key"),
    maxVersion: "TLSv1.2",
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  try {
    const { port } = server.address() as { port: number };
    const tls = { caCerts, minVersion: "TLSv1.3" } as const;
    await assert.rejects(MqttClient.connect({ hostname: "localhost", port, tls }), {
      kind: "certificate",
      message: /ProtocolVersion/i,
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  await using modern = new LocalServer();
  const port = await modern.listen({ options: { allowAnonymous: true } }, files.server);
  await talk({ hostname: "localhost", port, tls: { caCerts, minVersion: "TLSv1.3" } });
});

certificateTest("a SOCKS5 proxy leads to TCP, TLS and WebSockets", async (files) => {
  await using server = new LocalServer();
  await using open = new SocksProxy();
  await using closed = new SocksProxy("me:secret");
  const secure = await securely(server, files);
  const web = await server.listen({ protocol: "websockets" });
  const proxy = { hostname: "127.0.0.1", port: open.port };
  await talk({ hostname: "broker.example", port: server.port, proxy });
  await talk({ hostname: "127.0.0.1", port: server.port, proxy });
  await talk({ hostname: "localhost", ...secure, proxy });
  await talk({ hostname: "broker.example", port: web, webSocket: {}, proxy });
  assert.deepEqual(open.asked, [
    `broker.example:${server.port}`,
    `127.0.0.1:${server.port}`,
    `localhost:${secure.port}`,
    `broker.example:${web}`,
  ]);
  const named = { hostname: "127.0.0.1", port: closed.port, userName: "me" };
  const place = { hostname: "broker.example", port: server.port };
  await talk({ ...place, proxy: { ...named, password: "secret" } });
  assert.deepEqual(closed.shown, ["me:secret"]);
  await server.settle();
});

netTest("what a SOCKS5 proxy refuses is told", async () => {
  await using open = new SocksProxy();
  await using closed = new SocksProxy("me:secret");
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  free.close();
  const hostname = "127.0.0.1";
  const cases = [
    [{ hostname, port: open.port }, /leads? to broker\.example:\d+: connection refused/],
    [{ hostname, port: closed.port }, /it wants a name and a password/],
    [{ hostname, port: closed.port, userName: "me", password: "x" }, /refuses the name or/],
    [{ hostname, port: free.addr.port }, /Cannot connect to broker\.example/],
  ] as const;
  for (const [proxy, message] of cases) {
    const place = { hostname: "broker.example", port: free.addr.port, proxy };
    await assert.rejects(MqttClient.connect(place), { kind: "unreachable", message });
  }
  await using broker = new LocalServer();
  const noProxy = { hostname: "x.example", port: 1, proxy: { hostname, port: broker.port } };
  await assert.rejects(MqttClient.connect(noProxy), /leads? to x\.example:1: /);
});
