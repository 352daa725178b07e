import { equal } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { DATABASE_NAME } from "../../lib/store/mod.ts";
import { NatsServer, natsTest } from "../support/nats_server.ts";
import { Cluster, connect, retainFifty } from "./snapshot_cluster.ts";
import { contentOf } from "./stored_content.ts";

/** Makes a store one that a program of an earlier version has written. */
function age(directory: string, more = ""): void {
  using db = new DatabaseSync(`${directory}/${DATABASE_NAME}`);
  const { changes } = db.prepare(
    "UPDATE cluster SET position = json_remove(position, '$.rules') WHERE position LIKE '%\"rules\"%'",
  ).run();
  equal(changes, 1);
  db.exec(more);
}

natsTest(
  "nodes whose stores are of an earlier version start from what the first of them has after an upgrade, once",
  async () => {
    await using nats = await NatsServer.start();
    await using cluster = new Cluster(nats);
    const a = await cluster.start("a");
    await cluster.start("b");
    const publisher = await connect(a, "publisher");
    await publisher.subscribe({ topicFilter: "t", qos: 1 });
    await retainFifty(publisher);
    await publisher.disconnect();
    await cluster.stop();
    age(`${cluster.directory}/a`);
    // By its rules a word did not count that did for the other one.
    age(`${cluster.directory}/b`, "DELETE FROM retained WHERE topic_name = 'r/7'");
    const upgraded = await cluster.start("a");
    // The store writes with this that it is an upgraded one's.
    await (await connect(upgraded, "publisher")).disconnect();
    await cluster.snapshot();
    const follower = await cluster.start("b");
    equal(follower.log.includes("The broker starts from the cluster's snapshot"), true);
    for (const broker of [follower, upgraded]) await broker.stop();
    equal(await contentOf(`${cluster.directory}/b`), await contentOf(`${cluster.directory}/a`));
    for (const node of ["a", "b"]) {
      const again = await cluster.start(node);
      equal(again.log.includes("The broker starts from the cluster's snapshot"), false, node);
    }
  },
);
