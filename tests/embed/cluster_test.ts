import { deepEqual, equal, rejects } from "node:assert/strict";
import { MqttClient, openCluster, Server } from "../../lib/mod.ts";
import { NatsServer, natsTest, until } from "../support/nats_server.ts";

/** A program with a broker that is a node. */
async function program(servers: string, node: string) {
  const cluster = await openCluster({ servers, node });
  const server = new Server(cluster.init);
  const heard: string[] = [];
  server.on("clusterChanged", ({ change, node }) => void heard.push(`${change} ${node}`));
  await cluster.join(server);
  const place = { hostname: "127.0.0.1", port: server.listen({ port: 0 }) };
  const close = async () => {
    await server.close();
    await cluster.close();
  };
  return { cluster, server, heard, place, [Symbol.asyncDispose]: close };
}

natsTest(
  "programs are nodes of one cluster: messages cross, and each hears of the other",
  async () => {
    await using nats = await NatsServer.start();
    await using a = await program(nats.url, "a");
    const subscriber = await MqttClient.connect({ ...a.place, clientId: "s" });
    const messages = subscriber.messages();
    await subscriber.subscribe({ topicFilter: "t", qos: 1 });
    {
      await using b = await program(nats.url, "b");
      b.server.publish("t", "from b", { qos: 1, retain: true });
      const { value } = await messages.next();
      equal(new TextDecoder().decode(value!.payload), "from b");
      await until("a has heard b", () => a.heard.length === 2);
      await until("b has heard a", () => b.heard.includes("joined a"));
      equal(b.cluster.level.isConnected, true);
    }
    await until("a has heard that b is gone", () => a.heard.length === 3);
    deepEqual(a.heard, ["connected a", "joined b", "left b"]);
    await subscriber.disconnect();
  },
);

const WRONG: [what: string, init: object, says: RegExp][] = [
  ["an address of another kind", { servers: "http://x", node: "a" }, /Must be nats:/],
  ["a node's name with a dot", { servers: "nats://x", node: "a.b" }, /node must be letters/],
  ["no name", { servers: "nats://x", node: "a", name: "" }, /name must be letters/],
  ["two replicas", { servers: "nats://x", node: "a", replicas: 2 }, /replicas must be 1, 3 or 5/],
];
for (const [what, init, says] of WRONG) {
  Deno.test(`a node with ${what} is refused at once`, async () => {
    await rejects(openCluster(init as Parameters<typeof openCluster>[0]), says);
  });
}
