import { equal } from "node:assert/strict";
import { BridgeRunner } from "../../lib/cli/bridges.ts";
import { freePort } from "../support/free_port.ts";
import { load } from "../config/support.ts";
import { NatsServer, natsTest, TestNode, until } from "./support.ts";

natsTest(
  "a bridge_queue_bytes that is changed holds at the nodes that do not have the bridge",
  async () => {
    const port = freePort();
    const configOf = (node: string, queueBytes: number) =>
      load({
        file: `cluster nats://127.0.0.1\ncluster_node ${node}\nconnection far\n` +
          `address 127.0.0.1:${port}\nremote_clientid far\ntopic out/# out 1\n` +
          `bridge_queue_bytes ${queueBytes}\n`,
      });
    await using nats = await NatsServer.start();
    await using a = await TestNode.start(nats.url, "a");
    await using b = await TestNode.start(nats.url, "b");
    const runners = [a, b].map(({ server, log, cluster }) =>
      new BridgeRunner(server, log, cluster)
    );
    await using _ = {
      [Symbol.asyncDispose]: async () => {
        for (const runner of runners) await runner.close();
      },
    };
    const configure = async (queueBytes: number) => {
      for (const [i, node] of ["a", "b"].entries()) {
        await runners[i]!.configure(configOf(node, queueBytes));
      }
    };
    await configure(10_000);
    const other = () => runners[1]!.levels[0];
    await until(
      "its session is the first's",
      () =>
        other()?.node === "a" && b.server.broker.clients.get("$bridge/far")?.bridge !== undefined,
    );
    const { client } = await b.connect("publisher");
    const fill = async () => {
      for (let i = 0; i < 1000; i++) {
        if (await client.publish("out/x", "x".repeat(300), { qos: 1 }) === 0x97) {
          return i;
        }
      }
      return 1000;
    };
    await until("the copy has the subscription", async () => await fill() < 1000);
    equal(await fill(), 0);
    await configure(100_000);
    const more = await fill();
    equal(more > 100 && more < 400, true, `${more} more`);
    await configure(50_000);
    equal(await fill(), 0);
    await client.disconnect();
  },
);
