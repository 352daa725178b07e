import { equal, match } from "node:assert/strict";
import { callFlux } from "../support/flux.ts";
import { freePort } from "../support/free_port.ts";
import { NatsCluster } from "../support/nats_cluster.ts";
import { NatsServer, natsTest, TestNode, until } from "./support.ts";

natsTest("cluster status tells the nodes, how far each is, and who is connected", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  await using b = await TestNode.start(nats.url, "b");
  const one = await a.connect("one");
  const two = await a.connect("two", {
    cleanStart: false,
    properties: { sessionExpiryInterval: 60 },
  });
  await one.client.publish("x", "1", { qos: 1 });
  await one.client.publish("x", "2", { qos: 1 });
  await until(
    "both have read it",
    () => b.server.broker.clients.has("two") && a.cluster.level.behind === 0,
  );
  await until("they know each other", () => a.cluster.level.nodes.length === 2);
  const { status, out } = await callFlux(
    ["cluster", "status", "--cluster", nats.url, "--cluster-name", "test"],
  );
  equal(status, 0);
  match(out, /^a +\d+ +0 +0 +2 +2 +1$/m);
  match(out, /^b +\d+ +0 +0 +0 +1 +0$/m);
  match(out, /^Log: record \d+, /m);
  const { isReady, node, nodes } = a.cluster.level;
  equal(isReady && node === "a" && nodes.every(({ own }) => own <= 1), true);
  for (const { client } of [one, two]) await client.disconnect();
});

natsTest("two brokers of one name see each other, and say so", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "same");
  await using b = await TestNode.start(nats.url, "same");
  await until(
    "both know",
    () => [a, b].every(({ log }) => log.lines.some((line) => line.includes("this node's name"))),
  );
  equal(a.cluster.isReady, false);
});

natsTest("cluster status says why it cannot tell anything, and what would be right", async () => {
  const status = async (...args: string[]) => await callFlux(["cluster", "status", ...args]);
  const nobody = `nats://127.0.0.1:${freePort()},nats://127.0.0.1:${freePort()}`;
  const away = await status("--cluster", nobody);
  equal(away.status, 1);
  // Each of the two was tried.
  equal(away.error.match(/Cannot connect to nats:\/\/127/g)?.length, 2, away.error);
  await using nats = await NatsServer.start();
  const empty = await status("--cluster", nats.url);
  equal(empty.status, 0);
  equal(empty.out, "There is no log yet: no node has started\n");
  {
    await using _ = await TestNode.start(nats.url, "a");
  }
  const over = await status("--cluster", nats.url, "--cluster-name", "test");
  match(over.out, /^No node is heard: none runs, or none reaches these servers\nLog: record \d+, /);
});

natsTest("cluster status says that JetStream is off, or has no majority", async () => {
  const status = async (servers: string) =>
    await callFlux(["cluster", "status", "--cluster", servers]);
  await using off = await NatsServer.start("jetstream: disabled");
  const isOff = await status(off.url);
  equal(isOff.status, 1);
  match(isOff.error, /JetStream is not on at these servers: `jetstream \{\}` in their/);
  const { servers: [first, ...others] } = await NatsCluster.start();
  for (const other of others) await other[Symbol.asyncDispose]();
  const isAlone = await status(first!.url);
  await first![Symbol.asyncDispose]();
  equal(isAlone.status, 1);
  match(isAlone.error, /JetStream does not answer: a majority of its servers has to be there/);
});

Deno.test("cluster status without a cluster says what is missing", async () => {
  const { status, error } = await callFlux(["cluster", "status"]);
  equal(status, 2);
  match(error, /--cluster URL/);
});
