import { equal, ok } from "node:assert/strict";
import type { Publish } from "../../lib/codec/mod.ts";
import { DATABASE_NAME } from "../../lib/store/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { netTest } from "../support/net_test.ts";
import { publishPacket, RawClient } from "../support/raw_client.ts";
import { fillStore, takeAll } from "./filling.ts";
import { accepts, keepSession, LARGE, refuses } from "./refusals.ts";

const MAX_BYTES = 2_000_000;

/** Whether a retained message of QoS 0 is kept. */
async function retains(port: number, topicName: string): Promise<boolean> {
  using client = await RawClient.connect(port);
  await client.send({ ...publishPacket(topicName, LARGE) as Publish, retain: true });
  await client.ping();
  await client.subscribe(topicName);
  await client.send({ type: "pingreq" });
  const packet = await client.receive();
  return packet?.type === "publish";
}

netTest(
  "a store that was full when the broker ended is full when the next one begins",
  async () => {
    const location = await Deno.makeTempDir({ prefix: "flux-store-" });
    const config = `max_store_bytes ${MAX_BYTES}\npersistence_location ${location}\n`;
    try {
      const first = await BrokerProcess.start({ config });
      await keepSession(first.port);
      await fillStore(first.port);
      await first.kill();
      await using second = await BrokerProcess.start({ config });
      equal(await fillStore(second.port), 0);
    } finally {
      await Deno.remove(location, { recursive: true });
    }
  },
);

netTest(
  "a store that has grown to max_store_bytes refuses QoS 1 and 2, serves the rest, and recovers when it is taken from",
  async () => {
    const config = `max_store_bytes ${MAX_BYTES}\nsys_interval 1\n`;
    await using broker = await BrokerProcess.start({ config });
    const { port } = broker;
    await keepSession(port);
    ok(await retains(port, "r/before"));
    for (let round = 1; round <= 2; round++) {
      const count = await fillStore(port);
      ok(count > 3);
      await refuses(port, () => broker.untilLog(/The store is full/));
      equal(await retains(port, "r/after"), false);
      const { size } = await Deno.stat(`${broker.directory}/data/${DATABASE_NAME}`);
      ok(size < MAX_BYTES * 1.2, `${size} bytes`);
      equal(await takeAll(port, count), count);
      await broker.untilLog((log) => log.split("The store has room again").length === 1 + round);
      await accepts(port);
    }
  },
);
