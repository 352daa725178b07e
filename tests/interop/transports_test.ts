import { strict as assert } from "node:assert";
import type { ProtocolVersion } from "../../lib/codec/mod.ts";
import { type Certificates, certificateTest } from "../support/certificates.ts";
import { findMosquitto, testsWith } from "../support/clients.ts";
import { freePort } from "../support/free_port.ts";
import { findNodeWithMqttJs } from "../support/node_modules.ts";
import { MosquittoSub, publish } from "../support/mosquitto.ts";
import { findMqttJs, type MqttJsOptions } from "../support/mqttjs.ts";
import { connectMqttJs } from "../support/mqttjs_client.ts";
import { type Stand, STANDS } from "../support/stands.ts";
import { playAt } from "./play.ts";

const VERSIONS: readonly ProtocolVersion[] = [4, 5];
const mqttJs = await findMqttJs();
const mosquitto = await findMosquitto();

/** Options of the default listener that make it one for TLS. */
function tlsLines(files: Certificates): string {
  return `certfile ${files.path("server.crt")}\nkeyfile ${files.path("server.key")}\n`;
}

for (const { suffix, start, isCluster } of STANDS) {
  for (const version of VERSIONS) {
    testsWith(mqttJs)(
      `mqtt.js in Deno speaks version ${version} over a WebSocket${suffix}`,
      async (mqtt, t) => {
        const transport: MqttJsOptions = { protocol: "ws", path: "/mqtt" };
        await using brokers = await start({ config: "protocol websockets\n" });
        const { here, there } = brokers;
        const ports = isCluster ? [here.port, there.port] : [here.port];
        await playAt(t, version, (init) => connectMqttJs(mqtt, init, transport), ports);
      },
      isCluster || version !== 5,
    );
  }
}

/** A test with certificates and a client of this machine, at one broker and at two nodes. */
function clientTest<T>(
  found: { readonly client: T } | { readonly missing: string },
  name: string,
  fn: (client: T, files: Certificates, start: Stand["start"]) => Promise<void>,
): void {
  for (const { suffix, start, isCluster } of STANDS) {
    const whole = `${name}${suffix}`;
    if ("missing" in found) Deno.test({ name: whole, ignore: true, fn: () => {} });
    else certificateTest(whole, (files) => fn(found.client, files, start), isCluster);
  }
}

const urls: [protocol: "mqtts" | "wss", lines: string][] = [
  ["mqtts", ""],
  ["wss", "protocol websockets\n"],
];
for (const [protocol, lines] of urls) {
  clientTest(mqttJs, `mqtt.js in Deno speaks ${protocol}`, async (mqtt, files, start) => {
    await using brokers = await start({ config: lines + tlsLines(files) });
    const connect = (port: number, clientId: string) =>
      connectMqttJs(mqtt, { port, clientId, protocolVersion: 5 }, {
        protocol,
        ca: files.text("ca.crt"),
        ...protocol === "wss"
          ? { path: "/mqtt", ALPNProtocols: ["http/1.1"] }
          : { ALPNProtocols: ["mqtt"] },
      });
    const subscriber = await connect(brokers.there.port, "there");
    const publisher = await connect(brokers.here.port, "here");
    await subscriber.subscribe("deno/+", 2);
    await publisher.publish("deno/a", "x".repeat(100_000), { qos: 2 });
    assert.equal((await subscriber.inbox.next()).payload.length, 100_000);
    for (const client of [subscriber, publisher]) await client.disconnect();
  });
}

/** Listeners of every kind, on free ports, and their URLs for a client of this machine. */
function doorsOf(files: Certificates): { readonly config: string; readonly urls: string[] } {
  const doors: [protocol: string, lines: string][] = [
    ["mqtt", ""],
    ["ws", "protocol websockets\n"],
    ["mqtts", tlsLines(files)],
    ["wss", `protocol websockets\n${tlsLines(files)}`],
  ];
  const all = doors.map(([protocol, lines]) => ({ protocol, lines, port: freePort() }));
  return {
    config: "allow_anonymous true\n" +
      all.map(({ port, lines }) => `listener ${port} 127.0.0.1\n${lines}`).join(""),
    urls: all.map(({ protocol, port }) => `${protocol}://localhost:${port}/mqtt`),
  };
}

clientTest(
  await findNodeWithMqttJs(),
  "mqtt.js in Node speaks mqtt, ws, mqtts and wss",
  async (node, files, start) => {
    const urls: string[][] = [];
    await using brokers = await start(() => {
      const { config, urls: own } = doorsOf(files);
      urls.push(own);
      return { config, isPortOwn: true };
    });
    const [here, there = here] = urls as [string[], string[]?];
    const { stdout, stderr } = await new Deno.Command("node", {
      args: [node.script, files.path("ca.crt"), ...here.flatMap((url, i) => [url, there[i]!])],
      cwd: node.directory,
    }).output();
    const told = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    const expected = there.map((url) => `Received 100000 bytes from ${url}\n`).join("");
    assert.equal(told, expected, brokers.there.log);
  },
);

clientTest(
  mosquitto,
  "mosquitto's clients come with a certificate, which names the user",
  async (_, files, start) => {
    const config = `${tlsLines(files)}cafile ${files.path("ca.crt")}\n` +
      "require_certificate true\nuse_identity_as_username true\n";
    await using brokers = await start({ config });
    const { here, there } = brokers;
    const ca = ["--cafile", files.path("ca.crt")];
    const certificate = ["--cert", files.path("client.crt"), "--key", files.path("client.key")];
    // The password is not looked at.
    const args = [...ca, ...certificate, "-u", "somebody", "-P", "anything", "-t", "a"];
    await using subscriber = await MosquittoSub.start(there.port, args);
    assert.equal((await publish(here.port, [...args, "-m", "hello"])).code, 0);
    assert.deepEqual(await subscriber.take(1), ["hello"]);
    for (const { log } of [here, there]) {
      assert.match(log, /Client connected .*userName=client /);
      assert.doesNotMatch(log, /somebody/);
    }
    assert.notEqual((await publish(here.port, [...ca, "-t", "a", "-m", "x"])).code, 0);
    await here.untilLog(/Connection refused .*reason="TLS handshake: peer sent no certificates"/);
  },
);
