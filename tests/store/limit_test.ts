import { equal, ok } from "node:assert/strict";
import type { Publish } from "../../lib/codec/mod.ts";
import { DATABASE_NAME } from "../../lib/store/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { netTest } from "../support/net_test.ts";
import { publishPacket, RawClient } from "../support/raw_client.ts";
import { accepts, keepSession, LARGE, READER, refuses } from "./refusals.ts";

const MAX_BYTES = 2_000_000;

/** Publishes to the absent reader until there is no room; returns how many of them the broker has. */
async function fill(port: number): Promise<number> {
  using client = await RawClient.connect(port);
  for (let count = 0; count < 100; count++) {
    await client.send(publishPacket("t/fill", LARGE, 1, 1 + count));
    const packet = await client.receive();
    ok(packet?.type === "puback");
    if (packet.reasonCode === 0x97) return count;
  }
  throw new Error("There is no limit");
}

/** The reader comes and takes all that waits for it; returns how many of those were for filling. */
async function take(port: number): Promise<number> {
  using reader = await RawClient.connect(port, READER);
  let count = 0;
  for (let before = -1; before < count;) {
    before = count;
    await reader.send({ type: "pingreq" });
    for (;;) {
      const packet = await reader.receive();
      if (packet?.type === "pingresp") break;
      if (packet?.type !== "publish") throw new Error(`Got ${packet?.type}`);
      const { qos, packetId, topicName } = packet;
      if (qos === 1) await reader.send({ type: "puback", packetId, reasonCode: 0 });
      if (qos === 2) await reader.send({ type: "pubrec", packetId, reasonCode: 0x80 });
      if (topicName === "t/fill") count++;
    }
  }
  return count;
}

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
      await fill(first.port);
      await first.kill();
      await using second = await BrokerProcess.start({ config });
      equal(await fill(second.port), 0);
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
      const count = await fill(port);
      ok(count > 3);
      await refuses(port, () => broker.untilLog(/The store is full/));
      equal(await retains(port, "r/after"), false);
      const { size } = await Deno.stat(`${broker.directory}/data/${DATABASE_NAME}`);
      ok(size < MAX_BYTES * 1.2, `${size} bytes`);
      equal(await take(port), count);
      await broker.untilLog((log) => log.split("The store has room again").length === 1 + round);
      await accepts(port);
    }
  },
);
