import { deepEqual, equal } from "node:assert/strict";
import { MqttClient } from "../../lib/client/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { NatsServer, natsTest, until } from "../support/nats_server.ts";

/** Which modules of the cluster's room a broker loads. */
async function loaded(flags: readonly string[]): Promise<boolean> {
  const coverage = await Deno.makeTempDir({ prefix: "flux-coverage-" });
  const broker = await BrokerProcess.start({ flags, coverage });
  await broker.stop();
  const urls: string[] = [];
  for (const { name } of Deno.readDirSync(coverage)) {
    if (!name.endsWith(".json")) continue;
    urls.push(JSON.parse(await Deno.readTextFile(`${coverage}/${name}`)).url);
  }
  await Deno.remove(coverage, { recursive: true });
  equal(urls.some((url) => url.includes("/lib/net/server.ts")), true);
  return urls.some((url) => url.includes("/lib/cluster/"));
}

natsTest("no module of the cluster is loaded without a cluster", async () => {
  await using nats = await NatsServer.start();
  equal(await loaded([]), false);
  equal(await loaded(["--cluster", nats.url]), true);
});

natsTest(
  "a node is killed and starts again: what was acknowledged is there, QoS 2 once and in order",
  async () => {
    await using nats = await NatsServer.start();
    const flags = ["--cluster", nats.url, "--persistence-location"];
    const directory = await Deno.makeTempDir({ prefix: "flux-cluster-" });
    const start = (node: string, port = "0") =>
      BrokerProcess.start({
        isPortOwn: true,
        flags: [...flags, `${directory}/${node}`, "--cluster-node", node, "-p", port],
      });
    await using b = await start("b");
    let a = await start("a");
    const { port } = a;
    const got: string[] = [];
    const reader = await MqttClient.connect({
      hostname: "127.0.0.1",
      port: b.port,
      clientId: "reader",
      onMessage: ({ payload }) => got.push(new TextDecoder().decode(payload)),
    });
    await reader.subscribe({ topicFilter: "k", qos: 2 });
    const publisher = await MqttClient.connect({
      hostname: "127.0.0.1",
      port,
      clientId: "publisher",
      cleanStart: false,
      properties: { sessionExpiryInterval: 3600 },
      reconnect: true,
    });
    let sent = 0;
    let isOver = false;
    const publishing = Promise.all(Array.from({ length: 10 }, async () => {
      while (!isOver) await publisher.publish("k", `${sent++}`, { qos: 2 });
    }));
    for (let round = 0; round < 1; round++) {
      const before = got.length;
      await until("it runs", () => got.length > before + 100);
      await a.kill();
      a = await start("a", String(port));
    }
    const before = got.length;
    await until("it goes on", () => got.length > before + 100);
    isOver = true;
    await publishing;
    await until("all have come", () => got.length >= sent);
    deepEqual(got, Array.from({ length: sent }, (_, i) => `${i}`));
    await publisher.disconnect();
    await reader.disconnect();
    await a.stop();
    await Deno.remove(directory, { recursive: true });
  },
);
