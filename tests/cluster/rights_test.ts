import { deepEqual, match } from "node:assert/strict";
import { MqttClient } from "../../lib/client/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { NatsServer, natsTest, until } from "./support.ts";

const PAGE = new URL("../../lib/guide/running-a-cluster.md", import.meta.url);

natsTest(
  "a user with no more rights than the guide names is enough for two nodes, and one from a snapshot",
  async () => {
    const [, permissions] = /```text\n(permissions [^`]+)```/.exec(Deno.readTextFileSync(PAGE))!;
    const user = `{ user: node, password: secret, ${permissions} }`;
    await using nats = await NatsServer.start(`authorization { users: [ ${user} ] }`);
    await Deno.writeTextFile(`${nats.directory}/password`, "secret\n");
    const start = (node: string) =>
      BrokerProcess.start({
        config: `cluster ${nats.url}
cluster_node ${node}
cluster_username node
cluster_password_file ${nats.directory}/password
cluster_max_log_bytes 1048576
`,
        startLimitMs: 30_000,
      });
    await using a = await start("a");
    await using b = await start("b");
    const got: string[] = [];
    const connect = (port: number, clientId: string) =>
      MqttClient.connect({
        hostname: "127.0.0.1",
        port,
        clientId,
        cleanStart: false,
        properties: { sessionExpiryInterval: 100 },
        onMessage: ({ topicName }) => void got.push(topicName),
      });
    const publisher = await connect(a.port, "publisher");
    const subscriber = await connect(b.port, "subscriber");
    for (const topicFilter of ["t/#", "$share/g/t/#", "z"]) {
      await subscriber.subscribe({ topicFilter, qos: 1 });
    }
    for (let i = 0; i < 40; i++) {
      await publisher.publish(`t/${i}`, new Uint8Array(10_000), { qos: 1, retain: true });
    }
    await until("QoS 0 comes", async () => {
      await publisher.publish("z", "x");
      return got.includes("z");
    });
    await until("all have come", () => got.filter((topic) => topic !== "z").length >= 80);
    await until(
      "there is a snapshot",
      () => /A snapshot of the cluster was made/.test(a.log + b.log),
    );
    await using c = await start("c");
    match(c.log, /The cluster's snapshot is in the store .*retained=/);
    const isProblem = (line: string) =>
      / (warning|error) /.test(line) && !/experimental/.test(line);
    deepEqual([a, b, c].flatMap(({ log }) => log.split("\n").filter(isProblem)), []);
    for (const client of [publisher, subscriber]) await client.disconnect();
  },
);
