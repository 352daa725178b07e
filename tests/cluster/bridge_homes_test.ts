import { deepEqual, equal, match } from "node:assert/strict";
import { BRIDGE_HOPS } from "../../lib/broker/mod.ts";
import { clusterBridges } from "../../lib/observe/mod.ts";
import { callFlux } from "../support/flux.ts";
import { NatsCluster } from "../support/nats_cluster.ts";
import { NatsServer, natsTest, TestNode, until } from "./support.ts";

const ID = "$bridge/far";
const FAR = { clientId: ID, mayBeHere: true, isPinned: false };

natsTest(
  "of two claims at once the first in the log counts, and later a claim moves the bridge",
  async () => {
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a");
    await using b = await TestNode.start(nats.url, "b");
    const all = [a, b].map(({ cluster }) => cluster.bridges);
    for (const homes of all) homes.offer([FAR]);
    await until("both are heard", () => all.every((one) => one.candidates(ID).length === 2));
    deepEqual(all.map((one) => one.homeOf(ID)), [undefined, undefined]);
    for (const homes of all) homes.claim(ID);
    await until("it is at one node", () => {
      const [one, other] = all.map((homes) => homes.homeOf(ID));
      return one !== undefined && one === other;
    });
    const first = all[0]!.homeOf(ID)!;
    const second = first === "a" ? "b" : "a";
    const { out } = await callFlux(
      ["cluster", "status", "--cluster", nats.url, "--cluster-name", "test"],
    );
    match(out, new RegExp(`^Bridge far: at ${first}$`, "m"));
    all[second === "a" ? 0 : 1]!.claim(ID);
    await until("it has moved", () => all.every((homes) => homes.homeOf(ID) === second));
    await until("all know", () => {
      const { nodes } = a.cluster.level;
      return clusterBridges(nodes).every(({ clientId, node }) =>
        clientId === ID && node === second
      );
    });
  },
);

natsTest("a node that dies leaves its bridges to another", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  const b = await TestNode.start(nats.url, "b");
  for (const { cluster: { bridges } } of [a, b]) bridges.offer([FAR]);
  b.cluster.bridges.claim(ID);
  const homes = a.cluster.bridges;
  await until("it is at b", () => homes.homeOf(ID) === "b" && homes.isThere("b"));
  await b.cluster.close();
  await b.server.close();
  // It has no session, so it is nobody's where another node finds that out.
  await until("b has it no more", () => homes.homeOf(ID) === undefined);
});

natsTest(
  "a node whose server has no majority knows that it may have its bridges no more",
  async () => {
    await using nats = await NatsCluster.start();
    const options = { replicas: 3, deadAfterMs: 10_000 };
    await using a = await TestNode.start(nats.urls, "a", undefined, options);
    const { bridges } = a.cluster;
    bridges.offer([FAR]);
    await until("it is reached", () => bridges.isReached && a.cluster.level.log !== undefined);
    // The one that leads goes on answering.
    const { leader } = a.cluster.level.log!;
    const others = nats.servers.filter((_, i) => `n${i}` !== leader);
    equal(others.length, 2);
    await Promise.all(others.map((server) => server.kill()));
    const killedMs = performance.now();
    await until("it is not", () => !bridges.isReached, 10_000);
    // Others wait for so long.
    const tookMs = performance.now() - killedMs;
    equal(tookMs > 3000 && tookMs < 9000, true, `${tookMs} ms`);
    for (const server of others) await server.restart();
    await until("it is again", () => bridges.isReached, 30_000);
  },
  true,
);

natsTest("to other brokers' bridges the nodes are one broker", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  await using b = await TestNode.start(nats.url, "b");
  const names = await Promise.all([a, b].map(async (node) => {
    const properties = { userProperties: [[BRIDGE_HOPS, "other"]] as const };
    const { client } = await node.connect(`far ${node.port}`, { properties });
    const { userProperties } = client.connack.properties ?? {};
    await client.disconnect();
    return userProperties?.find(([name]) => name === BRIDGE_HOPS)?.[1];
  }));
  match(names[0]!, /^\d+$/);
  equal(names[1], names[0]);
});

natsTest("a bridge whose node is away, or that is cut off, is at no node", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  await using b = await TestNode.start(nats.url, "b");
  const listed = (node: TestNode) => clusterBridges(node.cluster.level.nodes);
  a.cluster.bridges.offer([{ ...FAR, mayBeHere: false, isPinned: true }]);
  await until("b knows of it", () => listed(b).length === 1);
  deepEqual(listed(b), [{ clientId: ID, node: "" }]);
  b.cluster.bridges.offer([FAR]);
  b.cluster.bridges.claim(ID);
  const at = (node: TestNode) => listed(node)[0]?.node;
  await until("it is at b", () => at(a) === "b");
  await nats.kill();
  await until("b does not have it any more", () => at(b) === "", 20_000);
  // Others that still hear it take the bridge.
  const said = () => b.cluster.level.nodes.find(({ node }) => node === "b");
  deepEqual([said()?.mayHave, said()?.known], [undefined, [ID]]);
  b.cluster.bridges.offer([{ ...FAR, isPinned: true }]);
  equal(at(b), "b");
});

natsTest("of more bridges than are known of a node others take none away from it", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  await using b = await TestNode.start(nats.url, "b");
  const all = Array.from({ length: 1001 }, (_, i) => ({ ...FAR, clientId: `${ID}${i}` }));
  const homes = b.cluster.bridges;
  for (const { cluster: { bridges } } of [a, b]) bridges.offer(all);
  await until("the last is known", () => homes.candidates(`${ID}1000`).join() === "a,b");
  a.cluster.bridges.offer([FAR]);
  await until("it is not there any more", () => homes.candidates(`${ID}1000`).join() === "b");
  deepEqual(homes.candidates(ID), ["a", "b"]);
});
