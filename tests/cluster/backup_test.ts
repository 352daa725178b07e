import { deepEqual, equal } from "node:assert/strict";
import { MqttClient, openCluster, Server } from "../../lib/mod.ts";
import { DATABASE_NAME } from "../../lib/store/mod.ts";
import { NatsServer, natsTest, until } from "../support/nats_server.ts";

const SESSION = { cleanStart: false, properties: { sessionExpiryInterval: 3600 } };

/** A program's node, with its store in this directory. */
async function start(servers: string, node: string, directory: string) {
  const cluster = await openCluster({ servers, node, directory });
  const server = new Server(cluster.init);
  await cluster.join(server);
  const place = { hostname: "127.0.0.1", port: server.listen({}) };
  const close = async () => {
    await server.close();
    await cluster.close();
  };
  return { cluster, place, [Symbol.asyncDispose]: close };
}

natsTest(
  "one node's backup, put into every node's place, begins a new log with all there was",
  async () => {
    const directory = await Deno.makeTempDir({ prefix: "flux-backup-" });
    const got: string[] = [];
    const connect = (place: object, clientId: string) =>
      MqttClient.connect({
        hostname: "127.0.0.1",
        port: 0,
        ...place,
        clientId,
        ...SESSION,
        onMessage: ({ payload }) => void got.push(new TextDecoder().decode(payload)),
      });
    {
      await using nats = await NatsServer.start();
      await using a = await start(nats.url, "a", `${directory}/a`);
      await using b = await start(nats.url, "b", `${directory}/b`);
      const reader = await connect(b.place, "reader");
      await reader.subscribe({ topicFilter: "q", qos: 2 });
      await reader.disconnect();
      const publisher = await connect(a.place, "publisher");
      await publisher.publish("q", "waited", { qos: 2 });
      await publisher.publish("r", "retained", { qos: 1, retain: true });
      await publisher.disconnect();
      await until("a has all", () => a.cluster.level.behind === 0 && b.cluster.level.behind === 0);
    }
    for (const node of ["a", "b"]) {
      await Deno.mkdir(`${directory}/new-${node}`);
      const [from, to] = [`a/${DATABASE_NAME}`, `new-${node}/${DATABASE_NAME}`];
      await Deno.copyFile(`${directory}/${from}`, `${directory}/${to}`);
    }
    await using nats = await NatsServer.start();
    await using a = await start(nats.url, "a", `${directory}/new-a`);
    await using b = await start(nats.url, "b", `${directory}/new-b`);
    const reader = await connect(a.place, "reader");
    equal(reader.connack.sessionPresent, true);
    await until("what waited has come", () => got.length > 0);
    const other = await connect(b.place, "publisher");
    equal(other.connack.sessionPresent, true);
    await other.publish("q", "new", { qos: 2 });
    await until("the nodes are one again", () => got.length > 1);
    await other.subscribe({ topicFilter: "r", qos: 1 });
    await until("it has what was retained", () => got.length > 2);
    deepEqual(got, ["waited", "new", "retained"]);
    for (const client of [reader, other]) await client.disconnect();
    await Deno.remove(directory, { recursive: true });
  },
);
