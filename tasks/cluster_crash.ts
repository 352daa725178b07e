// deno-lint-ignore-file no-console -- a command line tool
/**
 * Kills random nodes and NATS servers of a cluster, one at a time, while a client publishes with QoS 1 and 2 and others subscribe, and moves the
 * clients between the nodes. Nothing acknowledged may be lost, and nothing of QoS 2 repeated or out of order. A client whose node is killed
 * connects to the other one. It needs `nats-server`.
 *
 * @module
 */
import { MqttClient } from "../lib/client/mod.ts";
import { Balancer } from "../tests/support/balancer.ts";
import { BrokerProcess } from "../tests/support/broker_process.ts";
import { freePort } from "../tests/support/free_port.ts";
import { NatsCluster } from "../tests/support/nats_cluster.ts";
import { until } from "../tests/support/nats_server.ts";
import { Random } from "../tests/support/random.ts";
import { readFlags, whole } from "./flags.ts";

const USE = `Kills nodes and NATS servers of a cluster under load.

  --rounds NUMBER   How often one is killed, or clients move; default: 10
  --seed NUMBER     Which; default: 1
  --quick           No node is paused, which takes until the others take it for dead`;
const { rounds, seed, quick } = readFlags(USE, { rounds: 10, seed: whole(1, 0), quick: false });
const LIMIT_MS = 60_000;
/** A node that was silent for ten seconds is dead. */
const PAUSE_MS = 13_000;
const random = new Random(seed);

const { servers, urls } = await NatsCluster.start();
const directory = Deno.makeTempDirSync({ prefix: "flux-crash-" });
const startNode = (name: string, port: number) =>
  BrokerProcess.start({
    isPortOwn: true,
    flags: [
      ...["--cluster", urls, "--cluster-replicas", "3"],
      ...["--cluster-node", name, "--persistence-location", `${directory}/${name}`],
      ...["-p", String(port)],
    ],
  });
const mqttPorts = [freePort(), freePort()];
const nodes = await Promise.all(mqttPorts.map((port, i) => startNode(`b${i}`, port)));

/** A client with a session, which connects to one node after the other. */
interface Mover {
  readonly client: MqttClient;
  readonly balancer: Balancer;
  node: number;
}

async function connect(clientId: string, node: number, got: string[]): Promise<Mover> {
  const balancer = new Balancer(mqttPorts[node]!);
  const client = await MqttClient.connect({
    hostname: "127.0.0.1",
    port: balancer.port,
    clientId,
    cleanStart: false,
    properties: { sessionExpiryInterval: 3600 },
    reconnect: { minDelayMs: 20, maxDelayMs: 500 },
    onMessage: ({ topicName, payload }) =>
      got.push(`${topicName} ${new TextDecoder().decode(payload)}`),
  });
  return { client, balancer, node };
}

function move(mover: Mover, node: number): void {
  mover.node = node;
  mover.balancer.moveTo(mqttPorts[node]!);
}

const got: string[][] = [[], []];
const readers = await Promise.all(got.map((texts, node) => connect(`reader${node}`, node, texts)));
for (const { client } of readers) {
  await client.subscribe([{ topicFilter: "two", qos: 2 }, { topicFilter: "one", qos: 1 }]);
}
const publisher = await connect("publisher", 0, []);
const movers = [...readers, publisher];
let sent = 0;
let isOver = false;
/** What a node has refused: as `topic text`. Nobody gets that. */
const refused = new Set<string>();

async function publish(topic: string, text: string, qos: 1 | 2): Promise<void> {
  const reasonCode = await publisher.client.publish(topic, text, { qos });
  // What ends with 0x92 was taken before: the session has moved, and its node has completed the exchange.
  if (reasonCode >= 0x80 && reasonCode !== 0x92) refused.add(`${topic} ${text}`);
}

/** What is to come on a topic, in order. */
function wantedOf(topic: string): readonly string[] {
  return Array.from({ length: sent }, (_, i) => `${topic} ${i}`).filter((one) => !refused.has(one));
}

const publishing = Promise.all(Array.from({ length: 10 }, async () => {
  while (!isOver) {
    const text = `${sent++}`;
    await Promise.all([
      publish("two", text, 2),
      publish("one", text, 1),
    ]);
  }
}));

/** Kills or moves something; returns what. */
async function disturb(): Promise<string> {
  const which = random.int(9);
  if (which < 3) {
    await servers[which]!.kill();
    await servers[which]!.restart();
    return `NATS server ${which} was killed`;
  }
  if (which < 6) {
    const i = which % 2;
    await nodes[i]!.kill();
    // One time in three its clients wait for it.
    const isLeft = random.int(3) > 0;
    const moved = movers.filter(({ node }) => isLeft && node === i);
    for (const mover of moved) move(mover, 1 - i);
    // One time in two the others must go on before it is back.
    if (isLeft && random.int(2) === 0) await allReadOn();
    nodes[i] = await startNode(`b${i}`, mqttPorts[i]!);
    return `node ${i} was killed, ${moved.length} clients moved`;
  }
  if (which === 8 && !quick) return await pause(random.int(2));
  for (const mover of movers) if (random.int(2) === 0) move(mover, 1 - mover.node);
  return `clients moved to ${movers.map(({ node }) => node).join(", ")}`;
}

/** Stops a node for so long that the other takes it for dead; a client that stays with it is sent away when it goes on. */
async function pause(i: number): Promise<string> {
  const moved = movers.filter(({ node }) => node === i && random.int(2) === 0);
  nodes[i]!.signal("SIGSTOP");
  for (const mover of moved) move(mover, 1 - i);
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  nodes[i]!.signal("SIGCONT");
  return `node ${i} was paused, ${moved.length} clients moved`;
}

/** Where QoS 2 was first not as it was published; -1: nowhere. */
function firstWrong(lines: readonly string[]): number {
  const wanted = wantedOf("two");
  return lines.filter((line) => line.startsWith("two")).findIndex((line, i) => line !== wanted[i]);
}

async function allReadOn(): Promise<void> {
  const before = got.map(({ length }) => length);
  await until("it goes on", () => got.every(({ length }, i) => length > before[i]! + 50), LIMIT_MS);
}

/** How long it took until all read on, by what had happened, milliseconds. */
const failovers = new Map<string, number[]>();
let slowestMs = 0;
for (let round = 1; round <= rounds; round++) {
  await allReadOn();
  const startMs = performance.now();
  const what = await disturb();
  await allReadOn();
  const tookMs = performance.now() - startMs;
  slowestMs = Math.max(slowestMs, tookMs);
  const kind = what.replace(/ \d/, "").replace(/( to |,).*/, "");
  failovers.set(kind, [...failovers.get(kind) ?? [], tookMs]);
  console.log(`${round}: ${what}; all read on after ${tookMs.toFixed(0)} ms, ${sent} sent`);
  const wrong = got.findIndex((lines) => firstWrong(lines) >= 0);
  if (wrong < 0) continue;
  console.log(`Reader ${wrong} has had QoS 2 twice or out of order`);
  break;
}
isOver = true;
await publishing;
const wanted = { two: wantedOf("two"), one: wantedOf("one") };
const hasAll = (texts: readonly string[]) =>
  new Set(texts).size >= wanted.two.length + wanted.one.length;
await until("all have come", () => got.every(hasAll), LIMIT_MS).catch(() => {});
let mistakes = 0;
let repeated = 0;
for (const [reader, lines] of got.entries()) {
  const two = lines.filter((line) => line.startsWith("two"));
  const one = lines.filter((line) => line.startsWith("one"));
  const different = new Set(one).size;
  repeated += one.length - different;
  const wrong = firstWrong(lines);
  const isAll = two.length === wanted.two.length && different === wanted.one.length;
  if (wrong < 0 && isAll) continue;
  mistakes++;
  console.log(
    `Reader ${reader}: QoS 1 ${different} of ${wanted.one.length}, QoS 2 ${two.length} of ${wanted.two.length}`,
  );
  if (wrong >= 0) console.log(`  of QoS 2 the first wrong one is at ${wrong}: ${two[wrong]}`);
}
for (const [kind, times] of failovers) {
  const sorted = times.toSorted((a, b) => a - b);
  const [middle, most] = [sorted[sorted.length >> 1]!, sorted.at(-1)!].map((ms) => ms.toFixed(0));
  console.log(
    `${kind}, ${times.length} times: all read on after ${middle} ms (median), at most ${most}`,
  );
}
console.log(
  mistakes === 0
    ? `2 × ${sent} messages to 2 readers, ${refused.size} refused: QoS 2 all once and in order, QoS 1 all, ${repeated} of them twice; slowest round ${
      slowestMs.toFixed(0)
    } ms`
    : `Seed ${seed} is wrong`,
);
if (mistakes > 0) {
  for (const { log } of nodes) {
    console.log(log.split("\n").filter((l) => / (error|warning) /.test(l)));
  }
}
for (const { client, balancer } of movers) {
  await client.disconnect();
  balancer[Symbol.dispose]();
}
for (const node of nodes) await node.stop();
for (const server of servers) await server[Symbol.asyncDispose]();
Deno.removeSync(directory, { recursive: true });
Deno.exit(mistakes === 0 ? 0 : 1);
