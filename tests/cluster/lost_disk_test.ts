import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { MqttClient } from "../../lib/client/mod.ts";
import type { ObjectInfo } from "../../lib/cluster/nats/mod.ts";
import type { BrokerProcess } from "../support/broker_process.ts";
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
import { contentOf } from "./stored_content.ts";

/** Two nodes with everything that a session can have at the second one; `sent` messages of `k/x` wait for "reader". */
class Content {
  sent = 0;

  private constructor(
    readonly cluster: Cluster,
    readonly first: BrokerProcess,
    readonly publisher: MqttClient,
  ) {}

  static async make(cluster: Cluster): Promise<Content> {
    const a = await cluster.start("a");
    const b = await cluster.start("b");
    const reader = await connect(b, "reader");
    await reader.subscribe({ topicFilter: "k/#", qos: 2 });
    await reader.disconnect();
    await leaveUnreleased(b);
    const publisher = await connect(a, "publisher");
    await retainFifty(publisher);
    await b.kill();
    return new Content(cluster, a, publisher);
  }

  async publish(count: number): Promise<void> {
    await Promise.all(
      Array.from(
        { length: count },
        () => this.publisher.publish("k/x", padded(`${this.sent++}`), { qos: 2 }),
      ),
    );
  }

  /** Publishes until the log is cut off behind a snapshot. */
  async cut(): Promise<void> {
    while (await this.cluster.first() < 100) {
      await this.publish(300);
      await this.cluster.snapshot();
    }
  }

  /** The second node comes, and has everything. */
  async check(): Promise<void> {
    const { cluster } = this;
    const b = await cluster.start("b");
    const got: string[] = [];
    await this.publish(1);
    const reader = await connect(b, "reader", got);
    equal(reader.connack.sessionPresent, true);
    await until("all has come", () => got.length > this.sent, 10_000).catch(() => {});
    deepEqual(got, [
      "k/unreleased u",
      ...Array.from({ length: this.sent }, (_, i) => `k/x ${i}`),
    ]);
    // It is not published again when it is sent again.
    const unreleased = await RawClient.connect(b.port, { clientId: "unreleased", ...SESSION });
    await unreleased.send({ type: "pubrel", packetId: 7, reasonCode: 0, properties: {} });
    const answer = await unreleased.receive();
    equal(answer?.type === "pubcomp" ? answer.reasonCode : answer?.type, 0);
    unreleased.close();
    await reader.disconnect();
    await this.publisher.disconnect();
    // What the readers have acknowledged is told to the other node within 200 ms.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await cluster.stop();
    const contents = await Promise.all(
      ["a", "b"].map((node) => contentOf(`${cluster.directory}/${node}`)),
    );
    // Up to where a session is done with its former node may know, which the session's own node need not.
    const [first, second] = contents.map((content) =>
      content.split("\n").map((line) => line.replace(/(@\d+(?:,\w+)*)@\d+"/, '$1"'))
    );
    deepEqual(
      second!.filter((line) => !first!.includes(line)),
      first!.filter((line) => !second!.includes(line)),
    );
    equal(second!.length, first!.length);
    equal(contents[0]!.match(/^\["r\//gm)?.length, 50);
  }
}

for (const isCut of [false, true]) {
  natsTest(
    `a node whose disk is empty comes back with everything, ${
      isCut ? "from the snapshot" : "from the log"
    }`,
    async () => {
      await using nats = await NatsServer.start();
      await using cluster = new Cluster(nats);
      const content = await Content.make(cluster);
      if (isCut) await content.cut();
      await content.publish(20);
      await Deno.remove(`${cluster.directory}/b`, { recursive: true });
      await content.check();
    },
    isCut,
  );
}

type Tear = (cluster: Cluster, info: ObjectInfo) => Promise<void>;
const torn: readonly [how: string, tear: Tear][] = [
  ["has lost its chunks", ({ objects }, { nuid }) => objects.deleteChunks(nuid)],
  ["is not what its digest says", async ({ objects }, info) => {
    const { revision } = (await objects.info("snapshot"))!;
    const digest = `SHA-256=${"A".repeat(43)}=`;
    ok(await objects.publish({ ...info, digest }, revision));
  }],
];

for (const [how, tear] of torn) {
  natsTest(
    `a snapshot that ${how} is refused, and another one made for a node that needs it`,
    async () => {
      await using nats = await NatsServer.start();
      await using cluster = new Cluster(nats);
      const content = await Content.make(cluster);
      await content.cut();
      await Deno.remove(`${cluster.directory}/b`, { recursive: true });
      // The other node stands meanwhile, or it might put a new one in its place before anybody reads this one.
      content.first.stand();
      await tear(cluster, (await cluster.objects.info("snapshot"))!.info);
      const said = cluster.damageSaid();
      const checked = content.check();
      await Promise.race([said, checked]);
      content.first.goOn();
      await checked;
      match(cluster.logOf("b"), /snapshot is damaged/);
    },
    true,
  );
}
