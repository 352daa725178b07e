import { deepEqual, equal } from "node:assert/strict";
import { Collector, publishAll } from "../support/bridge_ends.ts";
import { hasMosquitto, MosquittoBroker } from "../support/mosquitto_broker.ts";
import { NatsServer, whyNoNatsServer } from "../support/nats_server.ts";
import { startNode } from "../support/two_nodes.ts";

const missing = whyNoNatsServer();
// deno-lint-ignore no-console -- whoever reads the results is to know
if (missing !== undefined) console.log(`Skipped: a bridge of two nodes: ${missing}`);
const ignore = missing !== undefined || !hasMosquitto;

/** A bridge to that port, in both directions, at the node `b`. */
function bridgeTo(port: number): string {
  return `connection far\naddress 127.0.0.1:${port}\nrestart_timeout 1\n` +
    `topic out/# out 2\ntopic in/# in 2\nbridge_node b\n`;
}

const CONNECTED = /Bridge connected/;
const numbered = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => `${from + i}`);

Deno.test({
  name:
    "what is published at one node crosses the bridge of the other, both ways, at every QoS, once",
  ignore,
  async fn() {
    await using far = await MosquittoBroker.start();
    await using nats = await NatsServer.start();
    await using a = await startNode(nats, "a", bridgeTo(far.port));
    await using b = await startNode(nats, "b", bridgeTo(far.port));
    await b.untilLog(CONNECTED, 15_000);
    await using there = await Collector.start(far.port, "out/#");
    await using here = await Collector.start(a.port, "in/#");
    for (const qos of [0, 1, 2] as const) {
      await publishAll(a.port, `out/${qos}`, numbered(10), qos);
      await publishAll(b.port, `out/${qos}`, numbered(10, 10), qos);
      await publishAll(far.port, `in/${qos}`, numbered(20), qos);
    }
    // What crosses twice has crossed before the end of what was sent behind it.
    for (const { port } of [a, b]) await publishAll(port, "out/end", ["end"], 2);
    await publishAll(far.port, "in/end", ["end"], 2);
    for (const [collector, side] of [[there, "out"], [here, "in"]] as const) {
      await collector.until((got) => got.length >= (side === "out" ? 62 : 61));
      for (const qos of [0, 1, 2]) {
        const got = collector.got.filter((_, i) => collector.topics[i] === `${side}/${qos}`);
        deepEqual(got.toSorted((x, y) => Number(x) - Number(y)), numbered(20));
      }
    }
  },
});

Deno.test({
  name: "while the node of a bridge is away nothing is lost, and of QoS 2 nothing crosses twice",
  ignore,
  async fn() {
    const directory = await Deno.makeTempDir({ prefix: "flux-bridge-" });
    try {
      await using far = await MosquittoBroker.start();
      await using nats = await NatsServer.start();
      await using a = await startNode(nats, "a");
      const start = () => startNode(nats, "b", bridgeTo(far.port), directory);
      let b = await start();
      await b.untilLog(CONNECTED, 15_000);
      await using there = await Collector.start(far.port, "out/#");
      await using here = await Collector.start(a.port, "in/#");
      for (let round = 0; round < 3; round++) {
        const publishing = Promise.all([
          publishAll(a.port, "out/1", numbered(200, 200 * round), 1),
          publishAll(a.port, "out/2", numbered(200, 200 * round), 2),
          publishAll(far.port, "in/2", numbered(200, 200 * round), 2),
        ]);
        await there.until((got) => got.length > 400 * round);
        await b.kill();
        // All is acknowledged without the bridge.
        await publishing;
        b = await start();
      }
      await using _ = b;
      const all = new Set(numbered(600));
      const of = (collector: Collector, topic: string) =>
        collector.got.filter((_, i) => collector.topics[i] === topic);
      await there.until(() => ["out/1", "out/2"].every((t) => new Set(of(there, t)).size === 600));
      await here.until(() => new Set(of(here, "in/2")).size === 600);
      deepEqual(of(there, "out/2"), [...all]);
      deepEqual(of(here, "in/2"), [...all]);
      equal(new Set(of(there, "out/1")).size, 600);
    } finally {
      await Deno.remove(directory, { recursive: true }).catch(() => {});
    }
  },
});

for (const protocol of ["mqttv311", "mqttv50"]) {
  Deno.test({
    name: `mosquitto's own bridge to one node carries what is at the other, once (${protocol})`,
    ignore,
    async fn() {
      await using nats = await NatsServer.start();
      await using a = await startNode(nats, "a");
      await using b = await startNode(nats, "b");
      const lines = [
        "connection site",
        `address 127.0.0.1:${a.port}`,
        "topic out/# out 2",
        "topic in/# in 2",
        "cleansession false",
        "restart_timeout 1",
        `bridge_protocol_version ${protocol}`,
      ];
      await using far = await MosquittoBroker.make(lines.join("\n"));
      await far.start();
      await a.untilLog(/Client connected clientId=\S*site/, 15_000);
      await using here = await Collector.start(b.port, "out/#");
      await using there = await Collector.start(far.port, "in/#");
      for (const qos of [0, 1, 2] as const) {
        await publishAll(far.port, `out/${qos}`, numbered(20), qos);
        await publishAll(b.port, `in/${qos}`, numbered(20), qos);
      }
      await publishAll(far.port, "out/end", ["end"], 2);
      await publishAll(b.port, "in/end", ["end"], 2);
      for (const [collector, side] of [[here, "out"], [there, "in"]] as const) {
        await collector.until((got) => got.length >= 61);
        for (const qos of [0, 1, 2]) {
          const got = collector.got.filter((_, i) => collector.topics[i] === `${side}/${qos}`);
          deepEqual(got, numbered(20));
        }
      }
    },
  });
}
