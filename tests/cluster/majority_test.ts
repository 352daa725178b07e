import { deepEqual, equal } from "node:assert/strict";
import { openCluster, Server } from "../../lib/mod.ts";
import { NatsCluster } from "../support/nats_cluster.ts";
import { natsTest, until } from "../support/nats_server.ts";
import { Lines } from "./support.ts";

natsTest(
  "a node that has nothing to write is not ready either where a majority of the servers is away",
  async () => {
    await using nats = await NatsCluster.start();
    const log = new Lines();
    const node = await openCluster({ servers: nats.urls, node: "a", replicas: 3, log });
    const server = new Server(node.init);
    await node.join(server);
    await until("it has nothing to write", () => node.level.isReady && node.level.waiting === 0);
    await nats.servers[1]!.kill();
    await nats.servers[2]!.kill();
    await until("it is not ready", () => !node.level.isReady && node.level.isConnected, 60_000);
    const isIt = (line: string) => line.includes("a majority of its NATS servers has to be there");
    equal(log.lines.filter(isIt).length, 1, log.lines.join("\n"));
    await nats.servers[1]!.restart();
    await until("it is ready again", () => node.level.isReady, 40_000);
    deepEqual(log.lines.filter((line) => line.startsWith("error")), []);
    await server.close();
    await node.close();
  },
);
