// deno-lint-ignore-file no-console -- a command line tool
/**
 * Kills random nodes and NATS servers of a cluster, one at a time, while a client publishes with QoS 2 at one node and others subscribe at
 * both. Nothing acknowledged may be lost, repeated or out of order. It needs `nats-server`.
 *
 * @module
 */
import { MqttClient } from "../lib/client/mod.ts";
import { BrokerProcess } from "../tests/support/broker_process.ts";
import { freePort } from "../tests/support/free_port.ts";
import { NatsServer, until } from "../tests/support/nats_server.ts";
import { Random } from "../tests/support/random.ts";
import { readFlags, whole } from "./flags.ts";

const USE = `Kills nodes and NATS servers of a cluster under load.

  --rounds NUMBER   How many are killed; default: 10
  --seed NUMBER     Which; default: 1`;
const { rounds, seed } = readFlags(USE, { rounds: 10, seed: whole(1, 0) });
const LIMIT_MS = 60_000;
const random = new Random(seed);

const ports = [freePort(), freePort(), freePort()];
const routePorts = [freePort(), freePort(), freePort()];
const routes = routePorts.map((port) => `nats://127.0.0.1:${port}`).join(", ");
const servers = await Promise.all(ports.map((port, i) => {
  const cluster = `server_name: n${i}
cluster { name: crash, listen: "127.0.0.1:${routePorts[i]}", routes: [${routes}] }`;
  return NatsServer.start(cluster, Deno.makeTempDirSync({ prefix: "flux-nats-" }), port);
}));
const directory = Deno.makeTempDirSync({ prefix: "flux-crash-" });
const startNode = (name: string, port: number) =>
  BrokerProcess.start({
    isPortOwn: true,
    flags: [
      ...["--cluster", servers.map(({ url }) => url).join(","), "--cluster-replicas", "3"],
      ...["--cluster-node", name, "--persistence-location", `${directory}/${name}`],
      ...["-p", String(port)],
    ],
  });
const mqttPorts = [freePort(), freePort()];
const nodes = await Promise.all(mqttPorts.map((port, i) => startNode(`b${i}`, port)));

/** A client with a session that reconnects. */
function connect(clientId: string, node: number, got: string[]): Promise<MqttClient> {
  return MqttClient.connect({
    hostname: "127.0.0.1",
    port: mqttPorts[node]!,
    clientId,
    cleanStart: false,
    properties: { sessionExpiryInterval: 3600 },
    reconnect: true,
    onMessage: ({ payload }) => got.push(new TextDecoder().decode(payload)),
  });
}

const got: string[][] = [[], []];
const readers = await Promise.all(got.map((texts, node) => connect(`reader${node}`, node, texts)));
for (const reader of readers) await reader.subscribe({ topicFilter: "k", qos: 2 });
const publisher = await connect("publisher", 0, []);
let sent = 0;
let isOver = false;
const publishing = Promise.all(Array.from({ length: 10 }, async () => {
  while (!isOver) await publisher.publish("k", `${sent++}`, { qos: 2 });
}));

for (let round = 1; round <= rounds; round++) {
  const before = got.map(({ length }) => length);
  await until("it runs", () => got.every(({ length }, i) => length > before[i]! + 50), LIMIT_MS);
  const which = random.int(5);
  const startMs = performance.now();
  if (which < 3) {
    await servers[which]!.kill();
    await servers[which]!.restart();
  } else {
    const i = which - 3;
    await nodes[i]!.kill();
    nodes[i] = await startNode(`b${i}`, mqttPorts[i]!);
  }
  const killed = got.map(({ length }) => length);
  await until("it goes on", () => got.every(({ length }, i) => length > killed[i]!), LIMIT_MS);
  const what = which < 3 ? `NATS server ${which}` : `node ${which - 3}`;
  const tookMs = (performance.now() - startMs).toFixed(0);
  console.log(`${round}: ${what} was killed; all read on after ${tookMs} ms, ${sent} sent`);
}
isOver = true;
await publishing;
await until("all have come", () => got.every(({ length }) => length >= sent), LIMIT_MS);
let mistakes = 0;
for (const [node, texts] of got.entries()) {
  const wrong = texts.findIndex((text, i) => text !== `${i}`);
  if (wrong < 0 && texts.length === sent) continue;
  mistakes++;
  console.log(`Reader at node ${node}: ${texts.length} of ${sent}; at ${wrong}: ${texts[wrong]}`);
}
console.log(mistakes === 0 ? `${sent} messages, all once and in order` : `Seed ${seed} is wrong`);
for (const client of [...readers, publisher]) await client.disconnect();
for (const node of nodes) await node.stop();
for (const server of servers) await server[Symbol.asyncDispose]();
Deno.removeSync(directory, { recursive: true });
Deno.exit(mistakes === 0 ? 0 : 1);
