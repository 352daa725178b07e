import { deepEqual, equal, ok } from "node:assert/strict";
import { BridgeRunner } from "../../lib/cli/bridges.ts";
import { Server } from "../../lib/net/mod.ts";
import { load } from "../config/support.ts";
import { NatsServer, natsTest, TestNode, until } from "./support.ts";

/** The configuration of a node, with a bridge to that port where one is given. */
function configOf(node: string, port?: number) {
  const block = port === undefined
    ? ""
    : `connection far\naddress 127.0.0.1:${port}\nremote_clientid far\ntopic out/# out 2\n`;
  return load({ file: `cluster nats://127.0.0.1\ncluster_node ${node}\n${block}` });
}

natsTest(
  "a node whose configuration has a bridge no more gives it to another, with what waits",
  async () => {
    await using far = new Server();
    const port = far.listen({});
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
    const stateOf = (i: number) => runners[i]!.levels.map(({ state, node }) => `${state} ${node}`);
    for (const [i, node] of ["a", "b"].entries()) await runners[i]!.configure(configOf(node, port));
    await until("it is at the first", () => stateOf(0)[0] === "connected a");
    deepEqual(stateOf(1), ["elsewhere a"]);
    const { client } = await b.connect("publisher");
    const publish = (text: string) => client.publish("out/x", text, { qos: 2 });
    const got: string[] = [];
    far.hub.subscribe("out/#", ({ payload }) => void got.push(new TextDecoder().decode(payload)));
    await publish("1");
    await runners[0]!.configure(configOf("a"));
    await publish("2");
    await until("it is at the other", () => stateOf(1)[0] === "connected b");
    await publish("3");
    await until("all have crossed", () => got.length >= 3);
    deepEqual(got, ["1", "2", "3"]);
    deepEqual(runners.map((_, i) => stateOf(i)), [[], ["connected b"]]);
    // It does not come back where it was.
    await runners[0]!.configure(configOf("a", port));
    await until("the first knows", () => stateOf(0)[0] === "elsewhere b");
    equal(runners[1]!.levels[0]!.connects, 1);
    await until("the second knows", () => b.cluster.bridges.candidates("$bridge/far").length === 2);
    // The second node ends: its process may need longer for that than others wait.
    await runners[1]!.close();
    const closedMs = performance.now();
    await until("it is at the first again", () => stateOf(0)[0] === "connected a");
    const tookMs = performance.now() - closedMs;
    ok(tookMs < 2500, `${tookMs} ms`);
    await publish("4");
    await until("that has crossed", () => got.length >= 4);
    deepEqual(got, ["1", "2", "3", "4"]);
    await client.disconnect();
  },
);
