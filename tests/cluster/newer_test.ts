import { equal, match } from "node:assert/strict";
import { JetStream } from "../../lib/cluster/nats/mod.ts";
import { connected } from "./nats/connected.ts";
import { NatsServer, natsTest, TestNode, until } from "./support.ts";

/** Version 9, the name `new`, a start, the number 1, no entries, and whatever else that version has. */
function newerRecord(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(40);
  bytes.set([9, 3]);
  const view = new DataView(bytes.buffer);
  view.setFloat64(2, 1_800_000_000_000);
  view.setFloat64(10, 1);
  bytes.set(new TextEncoder().encode("new"), 28);
  return bytes;
}

natsTest("a node that meets a record of a later version says so and takes no part", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  const { client } = await a.connect("one", {
    cleanStart: false,
    properties: { sessionExpiryInterval: 60 },
  });
  await client.publish("x", "1", { qos: 1 });
  const other = await connected(nats);
  const jetStream = new JetStream(other);
  // What is no record at all stops nobody.
  await jetStream.publish("flux.test.log", new Uint8Array(50).fill(200));
  await client.publish("x", "2", { qos: 1 });
  equal(a.cluster.isReady, true);
  await jetStream.publish("flux.test.log", newerRecord());
  await until("it takes no part", () => !a.cluster.isReady);
  match(a.log.lines.join("\n"), /record of a later version: update this node.*"version":9/);
  // So that its clients find a node that is up to date: as when it had no servers.
  equal((await client.closed)?.reasonCode, 0x9c);
  await other.close();
});
