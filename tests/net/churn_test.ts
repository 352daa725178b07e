import { strict as assert } from "node:assert";
import { encodePacket } from "../../lib/codec/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { Random } from "../support/random.ts";
import { connectPacket, publishPacket, RawClient, subscribePacket } from "../support/raw_client.ts";
import { transportTest } from "../support/transports.ts";

/** Connections over all: the system gives each descriptor hundreds of times. */
const CONNECTIONS = 10_000;
const AT_ONCE = 50;

/** How a connection ends. */
const ENDS = ["goodbye", "close", "reset", "half", "silent", "early"] as const;

/** One connection. Whoever connects says its own name to itself: hearing another would be a descriptor mixed up. */
async function visit(port: number, name: string, end: typeof ENDS[number]): Promise<void> {
  const client = await RawClient.open(port);
  try {
    if (end === "silent") return;
    const connect = encodePacket(connectPacket({ clientId: name }), 5);
    if (end === "early") return await client.write(connect.subarray(0, 5));
    await client.write(connect);
    await client.send(subscribePacket(name), publishPacket(name, name));
    // What is not read becomes a reset when the connection is closed.
    if (end === "reset") return await client.ping().then(() => client.send({ type: "pingreq" }));
    if (end === "half") await client.halfClose();
    assert.equal((await client.receive())?.type, "connack");
    assert.equal((await client.receive())?.type, "suback");
    const own = await client.receive();
    assert.ok(own?.type === "publish");
    assert.equal(new TextDecoder().decode(own.payload), name);
    if (end === "half") assert.equal(await client.receive(), undefined);
    if (end === "goodbye") await client.send({ type: "disconnect", reasonCode: 0 });
  } finally {
    client.close();
  }
}

transportTest(
  `${CONNECTIONS} connections that come and go leave no descriptor, and never get another's bytes`,
  async (_, transport) => {
    const random = new Random(Date.now());
    // deno-lint-ignore no-console -- so that a failure can be repeated
    console.log(`seed ${random.seed}`);
    await using broker = await BrokerProcess.start({ transport, flags: ["--no-persistence"] });
    using steady = await RawClient.connect(broker.port);
    const before = broker.descriptorCount();
    let started = 0;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (started < CONNECTIONS) {
        const name = `visitor-${started++}`;
        await visit(broker.port, name, ENDS[random.int(ENDS.length)]!);
      }
    }));
    await steady.ping();
    const deadlineMs = performance.now() + 5000;
    while (broker.descriptorCount() > before && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(broker.descriptorCount(), before);
    await steady.ping();
  },
  true,
);
