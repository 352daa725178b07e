import { deepEqual, equal, match } from "node:assert/strict";
import { BrokerProcess } from "../support/broker_process.ts";
import { netTest } from "../support/net_test.ts";
import { publishPacket, RawClient } from "../support/raw_client.ts";
import { keepSession, READER, refuses } from "./refusals.ts";

function start(fault: "error" | "terminate", directory: string): Promise<BrokerProcess> {
  return BrokerProcess.start({
    config: `persistence_location ${directory}\nsys_interval 1\n`,
    preload: new URL("./worker_fault.ts", import.meta.url),
    environment: { MQTT_TEST_FAULT: fault },
  });
}

/** From now on the next batch meets the fault. */
async function arm(broker: BrokerProcess): Promise<void> {
  broker.signal("SIGUSR2");
  await broker.untilLog(/The fault is armed/);
}

/** Ids of the PUBACKs among what comes before the end. */
async function pubacks(client: RawClient): Promise<number[]> {
  const { packets } = await client.untilEnd();
  return packets.flatMap((packet) => packet.type === "puback" ? [packet.packetId] : []);
}

netTest(
  "an error in the store's Worker ends the broker, and no acknowledgement that waits leaves",
  async () => {
    const directory = await Deno.makeTempDir({ prefix: "flux-store-" });
    try {
      const broker = await start("error", directory);
      await keepSession(broker.port);
      using client = await RawClient.connect(broker.port);
      await client.send(publishPacket("t/1", "", 1, 1));
      equal((await client.receive())?.type, "puback");
      await arm(broker);
      for (const id of [2, 3]) await client.send(publishPacket(`t/${id}`, "", 1, id));
      deepEqual(await pubacks(client), []);
      const { code, signal } = await broker.ending(5000);
      deepEqual([code, signal], [1, null], broker.log);
      match(broker.log, /error The store's Worker failed: the broker ends/);
      // The next one has what was acknowledged.
      await using next = await start("error", directory);
      using reader = await RawClient.connect(next.port, READER);
      const packet = await reader.receive();
      equal(packet?.type === "publish" && packet.topicName, "t/1");
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);

netTest(
  "a Worker that does not answer is said, QoS 1 and 2 are refused, and the broker ends when it is told to",
  async () => {
    const directory = await Deno.makeTempDir({ prefix: "flux-store-" });
    try {
      await using broker = await start("terminate", directory);
      await keepSession(broker.port);
      await arm(broker);
      await refuses(broker.port, () => broker.untilLog(/error The store does not answer/, 15_000));
      // Nor does it keep the broker from ending well.
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
  true,
);
