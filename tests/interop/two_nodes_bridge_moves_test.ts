import { deepEqual, equal, ok } from "node:assert/strict";
import { MqttClient } from "../../lib/client/mod.ts";
import { Collector, publishAll, until } from "../support/bridge_ends.ts";
import type { BrokerProcess } from "../support/broker_process.ts";
import { isLeftOut } from "../support/long.ts";
import { hasMosquitto, MosquittoBroker } from "../support/mosquitto_broker.ts";
import { NatsServer, whyNoNatsServer } from "../support/nats_server.ts";
import { startNode } from "../support/two_nodes.ts";

const missing = whyNoNatsServer();
// deno-lint-ignore no-console -- whoever reads the results is to know
if (missing !== undefined) console.log(`Skipped: a bridge that moves: ${missing}`);
const ignore = missing !== undefined || !hasMosquitto;

/** A bridge to that port, in both directions, at any node. */
function bridgeTo(port: number): string {
  return `connection far\naddress 127.0.0.1:${port}\nrestart_timeout 1\n` +
    `remote_clientid cluster.far\ntopic out/# out 2\ntopic in/# in 2\n`;
}

const CONNECTED = /Bridge connected/;
const numbered = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => `${from + i}`);
const of = ({ got, topics }: Collector, topic: string) => got.filter((_, i) => topics[i] === topic);
const connects = ({ log }: BrokerProcess) => log.match(/Bridge connected/g)?.length ?? 0;

/** Waits until one of the nodes has connected its bridge `count` times in all; returns it. */
async function bridgeOf(nodes: readonly BrokerProcess[], before = 0): Promise<BrokerProcess> {
  const all = () => nodes.reduce((sum, node) => sum + connects(node), 0);
  await until(() => all() > before, 40_000, () => nodes.map(({ log }) => log).join("\n---\n"));
  return nodes.find((node) => connects(node) > 0)!;
}

Deno.test({
  name:
    "the node of a bridge is killed under load: another has it, nothing is lost, QoS 2 not twice",
  ignore,
  async fn() {
    await using far = await MosquittoBroker.start();
    await using nats = await NatsServer.start();
    await using a = await startNode(nats, "a", bridgeTo(far.port));
    await using b = await startNode(nats, "b", bridgeTo(far.port));
    const first = await bridgeOf([a, b]);
    const second = first === a ? b : a;
    await using there = await Collector.start(far.port, "out/#");
    await using here = await Collector.start(second.port, "in/#");
    const publishing = Promise.all([
      publishAll(second.port, "out/1", numbered(2000), 1),
      publishAll(second.port, "out/2", numbered(2000), 2),
      publishAll(far.port, "in/1", numbered(2000), 1),
      publishAll(far.port, "in/2", numbered(2000), 2),
    ]);
    await Promise.all([there, here].map((end) => end.until((got) => got.length > 300)));
    await first.kill();
    await publishing;
    await second.untilLog(CONNECTED, 30_000);
    await publishAll(second.port, "out/2", numbered(100, 2000), 2);
    await publishAll(far.port, "in/2", numbered(100, 2000), 2);
    const isWhole = (end: Collector, side: string) =>
      new Set(of(end, `${side}/1`)).size === 2000 && of(end, `${side}/2`).length >= 2100;
    await there.until(() => isWhole(there, "out"), 20_000);
    await here.until(() => isWhole(here, "in"), 20_000);
    // mosquitto may send what is new before what has waited, so the order says nothing here.
    for (const got of [of(there, "out/2"), of(here, "in/2")]) {
      deepEqual(got.toSorted((x, y) => Number(x) - Number(y)), numbered(2100));
    }
  },
});

Deno.test({
  name: "a node of a bridge that is paused has it no more when it goes on, and nobody is kicked on",
  ignore: ignore ||
    isLeftOut(
      "a node of a bridge that is paused has it no more when it goes on, and nobody is kicked on",
    ),
  async fn() {
    await using far = await MosquittoBroker.start();
    await using nats = await NatsServer.start();
    await using a = await startNode(nats, "a", bridgeTo(far.port));
    await using b = await startNode(nats, "b", bridgeTo(far.port));
    const first = await bridgeOf([a, b]);
    const second = first === a ? b : a;
    await using there = await Collector.start(far.port, "out/#");
    const before = connects(first);
    equal(connects(second), 0);
    Deno.kill(first.pid, "SIGSTOP");
    try {
      await publishAll(second.port, "out/2", numbered(100), 2);
      await second.untilLog(CONNECTED, 30_000);
      await there.until((got) => got.length >= 100);
    } finally {
      Deno.kill(first.pid, "SIGCONT");
    }
    await first.untilLog(/The bridge is at another node/, 10_000);
    // What is under `$SYS/` is each node's own.
    for (const [node, state] of [[first, "0"], [second, "1"]] as const) {
      await using states = await Collector.start(
        node.port,
        "$SYS/broker/connection/cluster.far/state",
      );
      await states.until((got) => got.at(-1) === state);
    }
    await publishAll(first.port, "out/2", numbered(100, 100), 2);
    await there.until((got) => got.length >= 200);
    // Longer than restart_timeout.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    deepEqual([connects(first), connects(second)], [before, 1]);
    deepEqual(there.got, numbered(200));
  },
});

Deno.test({
  name:
    "a bridge with one node waits for that, and goes to another with what waits when that is named",
  ignore: ignore ||
    isLeftOut(
      "a bridge with one node waits for that, and goes to another with what waits when that is named",
    ),
  async fn() {
    const directories = ["a", "b"].map(() => Deno.makeTempDirSync({ prefix: "flux-bridge-" }));
    try {
      await using far = await MosquittoBroker.start();
      await using nats = await NatsServer.start();
      const start = (node: "a" | "b", at: string) =>
        startNode(
          nats,
          node,
          `${bridgeTo(far.port)}bridge_node ${at}\n`,
          directories[node === "a" ? 0 : 1],
        );
      let a = await start("a", "b");
      let b = await start("b", "b");
      await b.untilLog(CONNECTED, 15_000);
      await using there = await Collector.start(far.port, "out/#");
      await b.kill();
      await publishAll(a.port, "out/2", numbered(100), 2);
      await a.untilLog(/taken for dead/, 30_000);
      await publishAll(a.port, "out/2", numbered(100, 100), 2);
      b = await start("b", "b");
      await b.untilLog(CONNECTED, 20_000);
      await there.until((got) => got.length >= 200);
      equal(connects(a), 0);
      await b.kill();
      await publishAll(a.port, "out/2", numbered(100, 200), 2);
      await a.kill();
      b = await start("b", "a");
      a = await start("a", "a");
      await a.untilLog(CONNECTED, 20_000);
      await there.until((got) => got.length >= 300);
      deepEqual(there.got, numbered(300));
      equal(connects(b), 0);
      for (const node of [a, b]) await node.kill();
    } finally {
      for (const directory of directories) {
        await Deno.remove(directory, { recursive: true }).catch(() => {});
      }
    }
  },
});

Deno.test({
  name:
    "what waits for a remote broker that is away waits at every node, up to bridge_queue_bytes, and moves",
  ignore,
  async fn() {
    await using far = await MosquittoBroker.make();
    await using nats = await NatsServer.start();
    const config = `${bridgeTo(far.port)}bridge_queue_bytes 1000000\n`;
    await using a = await startNode(nats, "a", config);
    await using b = await startNode(nats, "b", config);
    const AT = /The bridge is at this node/;
    await until(() => AT.test(a.log) || AT.test(b.log), 20_000);
    const [first, second] = AT.test(a.log) ? [a, b] : [b, a];
    await second.untilLog(/The bridge is at another node/, 10_000);
    // What is published before the log has the bridge's subscription does not wait for it.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    // Each takes some hundred bytes: as many as this are more than a client's queue may have without a store.
    const client = await MqttClient.connect({ hostname: "127.0.0.1", port: second.port });
    const sent: string[] = [];
    let refusal: unknown;
    for (let i = 0; i < 10_000 && refusal === undefined; i++) {
      const payload = `${i} `.padEnd(300, "x");
      const reasonCode = await client.publish("out/1", payload, { qos: 1 });
      if (reasonCode >= 0x80) refusal = reasonCode;
      else sent.push(payload);
    }
    equal(refusal, 0x97);
    ok(sent.length > 1200, `${sent.length} wait`);
    await first.kill();
    await far.start();
    await using there = await Collector.start(far.port, "out/#");
    await second.untilLog(CONNECTED, 40_000);
    await there.until((got) => got.length >= sent.length, 20_000);
    deepEqual(there.got, sent);
    await client.disconnect();
  },
});
