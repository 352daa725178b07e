import { deepEqual, equal } from "node:assert/strict";
import { MqttClient } from "../../lib/client/mod.ts";
import { clusterStatus } from "../../lib/cluster/mod.ts";
import { NatsServer, natsTest, until } from "../support/nats_server.ts";
import { RawClient } from "../support/raw_client.ts";
import {
  Cluster,
  connect,
  leaveUnreleased,
  padded,
  retainFifty,
  SESSION,
} from "./snapshot_cluster.ts";
import { contentOf, hashOf } from "./stored_content.ts";

natsTest(
  "the log is cut behind snapshots, and an empty node then has everything: retained messages, sessions, queues",
  async () => {
    await using nats = await NatsServer.start();
    await using cluster = new Cluster(nats);
    const a = await cluster.start("a");
    const b = await cluster.start("b");
    // Sessions that stay away from now on, of both nodes, and with all that a session can have.
    for (const [broker, clientId] of [[a, "one"], [b, "two"]] as const) {
      const client = await connect(broker, clientId);
      await client.subscribe([{ topicFilter: "k/#", qos: 2 }, { topicFilter: "l", qos: 1 }]);
      await client.disconnect();
    }
    const shared = await connect(a, "member");
    await shared.subscribe({ topicFilter: "$share/g/k/#", qos: 1 });
    await shared.disconnect();
    const raw = await RawClient.connect(b.port, { clientId: "raw", ...SESSION });
    await raw.send({
      type: "subscribe",
      packetId: 1,
      properties: {},
      subscriptions: [{
        topicFilter: "flight",
        qos: 2,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0,
      }],
    });
    equal((await raw.receive())?.type, "suback");
    const publisher = await connect(a, "publisher");
    // It is not acknowledged, and another one is not released: both states outlive the node.
    await publisher.publish("flight", "in flight", { qos: 2 });
    equal((await raw.receive())?.type, "publish");
    await leaveUnreleased(b);
    raw.close();

    let sent = 0;
    await retainFifty(publisher);
    const publish = async (count: number) => {
      await Promise.all(Array.from({ length: count }, () => {
        const text = padded(`${sent++}`);
        return publisher.publish("k/x", text, { qos: 2 });
      }));
    };
    // One is made, and then a second one, behind which the log may be cut at the first.
    while (await cluster.first() === 1) {
      await publish(300);
      await cluster.snapshot();
    }
    await publish(30);
    await publisher.publish("r/0", "", { qos: 1, retain: true });
    await publisher.disconnect();

    const { snapshot } = await clusterStatus(cluster.options);
    equal(snapshot!.sequence + 1 >= await cluster.first(), true);
    const c = await cluster.start("c");
    equal(c.log.includes("The broker starts from the cluster's snapshot"), true);
    equal(c.log.includes("has lost what this node"), false, c.log);
    for (const broker of [c, b, a]) await broker.stop();
    const contents = await Promise.all(
      ["a", "b", "c"].map((node) => contentOf(`${cluster.directory}/${node}`)),
    );
    const counts = ["one", "two", "member", "raw", "unreleased", "publisher"].map((clientId) =>
      contents[0]!.split("\n").filter((line) => line.startsWith(`["${clientId}"`)).length
    );
    deepEqual(counts, [1, 1, 1, 1, 1, 1]);
    equal(contents[0]!.match(/^\["r\//gm)?.length, 49);
    const hashes = await Promise.all(contents.map(hashOf));
    if (new Set(hashes).size > 1) deepEqual(contents[2]!.split("\n"), contents[0]!.split("\n"));
    equal(new Set(hashes).size, 1);

    // Queues are not only stored: they are delivered, in order and once, by the node that was empty.
    const again = await cluster.start("c");
    const got: string[] = [];
    const one = await connect(again, "one", got);
    equal(one.connack.sessionPresent, true);
    await until("all has come", () => got.length >= sent + 1);
    deepEqual(got, ["k/unreleased u", ...Array.from({ length: sent }, (_, i) => `k/x ${i}`)]);
    await one.disconnect();
  },
);

natsTest(
  "a node that was stopped for longer than the log reaches back starts again by itself, from the snapshot",
  async () => {
    await using nats = await NatsServer.start();
    await using cluster = new Cluster(nats);
    const a = await cluster.start("a");
    const b = await cluster.start("b");
    const reader = await connect(b, "reader");
    await reader.subscribe({ topicFilter: "last", qos: 2 });
    await reader.disconnect();
    b.signal("SIGSTOP");
    const publisher = await connect(a, "publisher");
    // More than b has asked for, and gets when it goes on: one record for each.
    while (await cluster.first() < 350) {
      for (let i = 0; i < 80; i++) {
        await publisher.publish(`r/${i % 40}`, "x".repeat(4000), { qos: 1, retain: true });
      }
      await cluster.snapshot();
    }
    await publisher.publish("last", "1", { qos: 2 });
    b.signal("SIGCONT");
    await b.untilLog(/starts from the cluster's snapshot[^]*Listening address/, 30_000);
    const port = Number(/[^]*Listening address=\S+ port=(\d+)/.exec(b.log)![1]);
    const got: string[] = [];
    const again = await MqttClient.connect({
      hostname: "127.0.0.1",
      port,
      clientId: "reader",
      ...SESSION,
      onMessage: ({ topicName }) => got.push(topicName),
    });
    equal(again.connack.sessionPresent, true);
    await until("it has come", () => got.includes("last"));
    await again.subscribe({ topicFilter: "r/+", qos: 0 });
    await until("retained messages have come", () => got.length >= 41);
    deepEqual(
      got.toSorted(),
      ["last", ...Array.from({ length: 40 }, (_, i) => `r/${i}`)].toSorted(),
    );
    for (const client of [again, publisher]) await client.disconnect();
  },
  true,
);
