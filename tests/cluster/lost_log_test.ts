import { deepEqual, ok } from "node:assert/strict";
import { MqttClient } from "../../lib/client/mod.ts";
import { JetStream, Tail } from "../../lib/cluster/nats/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { isLeftOut } from "../support/long.ts";
import { connected } from "./nats/connected.ts";
import { NatsServer, natsTest, until } from "./support.ts";

const STREAM = {
  name: "S",
  subjects: ["S.a"],
  num_replicas: 1,
  max_bytes: -1,
  max_msgs_per_subject: -1,
  duplicate_window: 120e9,
};

/** Puts texts into the stream, which may be just being made. */
async function put(jetStream: JetStream, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) await jetStream.publish("S.a", new TextEncoder().encode(text));
}

natsTest(
  "Tail finds that a stream was deleted and made anew, and reads that from its beginning",
  async () => {
    await using server = await NatsServer.start();
    const nats = await connected(server);
    const jetStream = new JetStream(nats);
    await jetStream.ensureStream(STREAM);
    await put(jetStream, "0", "1", "2");
    const got: string[] = [];
    const tail = new Tail(nats, jetStream, "S", 1, {
      message: (sequence, _, payload) => {
        got.push(`${sequence} ${new TextDecoder().decode(payload)}`);
      },
      gap: (expected, from) => got.push(`gap ${expected} ${from}`),
      trouble: () => {},
    });
    await until("all have come", () => got.length === 3);
    await jetStream.call("STREAM.DELETE.S");
    await jetStream.ensureStream(STREAM);
    await put(jetStream, "new");
    await until("the new one is read", () => got.includes("1 new"), 60_000);
    deepEqual(got, ["1 0", "2 1", "3 2", "gap 4 1", "1 new"]);
    tail.close();
    await nats.close();
  },
);

const NAME =
  "nodes whose servers have lost the log start on a new one with what they have, and say so";
if (!isLeftOut(NAME)) {
  natsTest(NAME, async () => {
    await using nats = await NatsServer.start();
    const start = (node: string, directory: string) =>
      BrokerProcess.start({
        startLimitMs: 60_000,
        flags: ["--cluster", nats.url, "--cluster-node", node, "--persistence-location", directory],
      });
    const directory = await Deno.makeTempDir({ prefix: "flux-lost-" });
    await using a = await start("a", `${directory}/a`);
    await using b = await start("b", `${directory}/b`);
    const connect = (port: number, clientId: string, got: string[] = []) =>
      MqttClient.connect({
        hostname: "127.0.0.1",
        port,
        clientId,
        cleanStart: false,
        properties: { sessionExpiryInterval: 3600 },
        onMessage: ({ payload }) => void got.push(new TextDecoder().decode(payload)),
      });
    const reader = await connect(b.port, "reader");
    await reader.subscribe({ topicFilter: "q", qos: 2 });
    await reader.disconnect();
    const publisher = await connect(a.port, "publisher");
    for (let i = 0; i < 5; i++) await publisher.publish("q", `${i}`, { qos: 2 });
    publisher.abort();
    const other = await connected(nats);
    await new JetStream(other).call("STREAM.DELETE.FLUX_flux");
    await a.stop();
    await using again = await start("a", `${directory}/a`);
    ok(again.log.includes("The cluster's log is another one"), again.log);
    // The other one finds it out by itself.
    await b.untilLog(/is another one, or shorter[^]*Listening address/, 60_000);
    const port = Number(/[^]*Listening address=\S+ port=(\d+)/.exec(b.log)![1]);
    const got: string[] = [];
    const publishing = await connect(again.port, "publisher");
    await publishing.publish("q", "5", { qos: 2 });
    const reading = await connect(port, "reader", got);
    await until("all have come", () => got.length >= 6, 60_000);
    deepEqual(got, ["0", "1", "2", "3", "4", "5"]);
    for (const client of [publishing, reading]) await client.disconnect();
    await other.close();
    await Deno.remove(directory, { recursive: true });
  });
}
