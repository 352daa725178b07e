import { equal, match } from "node:assert/strict";
import { MqttClient } from "../../lib/client/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { NatsServer, natsTest, until } from "./support.ts";

/** Where the broker listens at last: after it has started again that is another free port. */
function portOf({ log }: BrokerProcess): number {
  return Number([...log.matchAll(/Listening .*port=(\d+)/g)].at(-1)![1]);
}

natsTest(
  "a broker whose name another one had starts again by itself when that is gone",
  async () => {
    await using nats = await NatsServer.start();
    const init = { config: `cluster ${nats.url}\ncluster_node same\n`, startLimitMs: 30_000 };
    await using first = await BrokerProcess.start(init);
    const second = await BrokerProcess.start(init);
    await first.untilLog(/Another broker has this node's name/, 20_000);
    await second.stop();
    await first.untilLog(/Another broker has written[^]*Listening/, 30_000);
    await until("it takes part again", async () => {
      const port = portOf(first);
      try {
        const client = await MqttClient.connect({ hostname: "127.0.0.1", port, clientId: "c" });
        equal(await client.publish("t", "x", { qos: 1 }), 0);
        await client.disconnect();
        return true;
      } catch {
        return false;
      }
    });
    match(first.log, /has written into the log as this node, which has to start again/);
  },
);
