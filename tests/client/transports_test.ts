import { strict as assert } from "node:assert";
import { MqttClient, type UrlClientInit } from "../../lib/client/mod.ts";
import { type Certificates, certificateTest } from "../support/certificates.ts";
import { LocalServer } from "../support/local_server.ts";
import { netTest } from "../support/net_test.ts";
import { talkOver } from "./talk.ts";

/** A message of 300 KB there and back. */
async function talk(url: string, init: UrlClientInit = {}): Promise<void> {
  await talkOver(await MqttClient.connect(url, { keepAliveSeconds: 0, ...init }));
}

netTest("mqtt:// and ws:// URLs, with a path and without", async () => {
  await using server = new LocalServer();
  const port = await server.listen({ protocol: "websockets" });
  await talk(`mqtt://127.0.0.1:${server.port}`);
  await talk(`ws://127.0.0.1:${port}`);
  await talk(`ws://127.0.0.1:${port}/mqtt`, { webSocket: { headers: { "X-Token": "t" } } });
});

netTest("a unix:// URL, with a WebSocket in it too", async () => {
  const directory = await Deno.makeTempDir({ prefix: "flux-client-" });
  try {
    await using server = new LocalServer();
    const options = { allowAnonymous: true };
    await server.listen({ path: `${directory}/plain`, options });
    await server.listen({ path: `${directory}/ws`, protocol: "websockets", options });
    await talk(`unix://${directory}/plain`);
    await talk(`unix://${directory}/ws`, { webSocket: {} });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

certificateTest(
  "mqtts:// and wss:// URLs: with our certificate, and with another name",
  async (files) => {
    await using server = new LocalServer();
    const tls = { ...files.server, cafile: files.path("ca.crt"), requireCertificate: true };
    const options = { allowAnonymous: true };
    const tlsPort = await server.listen({ options }, tls);
    const wssPort = await server.listen({ options, protocol: "websockets" }, {
      ...tls,
      alpnProtocols: ["http/1.1"],
    });
    const openPort = await server.listen({ options }, files.server);
    const ours = {
      caCerts: [files.text("ca.crt")],
      cert: files.text("client.crt"),
      key: files.text("client.key"),
    };
    await talk(`mqtts://localhost:${tlsPort}`, { tls: ours });
    await talk(`wss://localhost:${wssPort}`, { tls: ours });
    const { caCerts } = ours;
    await talk(`mqtts://127.0.0.1:${openPort}`, { tls: { caCerts, serverName: "localhost" } });
    await refusedByCertificate(openPort, files);
  },
);

async function refusedByCertificate(port: number, files: Certificates): Promise<void> {
  const caCerts = [files.text("ca.crt")];
  for (const tls of [{}, { caCerts, serverName: "elsewhere.example" }]) {
    await assert.rejects(MqttClient.connect(`mqtts://localhost:${port}`, { tls }), {
      kind: "certificate",
    });
  }
}

netTest(
  "errors say which part failed: the name, the network, the broker, TLS where there is none",
  async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const cases: [url: string, kind: string][] = [
      ["mqtt://no-such-host.invalid", "dns"],
      [`mqtt://127.0.0.1:${port}`, "unreachable"],
      [`ws://127.0.0.1:${port}`, "unreachable"],
      [`unix:///nowhere/${port}`, "unreachable"],
    ];
    for (const [url, kind] of cases) {
      await assert.rejects(MqttClient.connect(url), (error: Error & { kind?: string }) => {
        assert.equal(error.kind, kind, `${url}: ${error.message}`);
        return true;
      });
    }
  },
);

netTest(
  "a broker that is restarted gets its client back, with what was published meanwhile",
  async () => {
    const first = new LocalServer();
    const port = first.port;
    const client = await MqttClient.connect(`mqtt://127.0.0.1:${port}`, {
      clientId: "c",
      reconnect: { minDelayMs: 5, maxDelayMs: 20 },
      properties: { sessionExpiryInterval: 60 },
    });
    await client.subscribe({ topicFilter: "t", qos: 1 });
    const messages = client.messages();
    await first.server.close();
    const published = Promise.all(
      [1, 2, 3].map((i) => client.publish("t", String(i), { qos: 2 })),
    );
    const second = new LocalServer();
    second.server.listen({ port });
    await published;
    const texts: string[] = [];
    for await (const message of messages) if (texts.push(message.text()) === 3) break;
    assert.deepEqual(texts, ["1", "2", "3"]);
    await client.disconnect();
    await second.server.close();
  },
);
