import { strict as assert } from "node:assert";
import { encodePacket } from "../../lib/codec/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { netTest } from "../support/net_test.ts";
import { publishPacket, RawClient } from "../support/raw_client.ts";

netTest("chatty clients do not keep a quiet one waiting", async () => {
  await using broker = await BrokerProcess.start();
  using quiet = await RawClient.connect(broker.port);
  const chatty = [await RawClient.connect(broker.port), await RawClient.connect(broker.port)];
  const one = encodePacket(publishPacket("chat/room", new Uint8Array(20)), 5);
  const many = new Uint8Array(one.length * 4000);
  for (let at = 0; at < many.length; at += one.length) many.set(one, at);
  let isOver = false;
  let sentMessages = 0;
  const talking = chatty.map(async (client) => {
    while (!isOver) {
      await client.write(many);
      sentMessages += 4000;
    }
  });
  const waitsMs: number[] = [];
  for (let i = 0; i < 100; i++) {
    const startMs = performance.now();
    await quiet.ping();
    waitsMs.push(performance.now() - startMs);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  isOver = true;
  await Promise.all(talking);
  for (const client of chatty) client.close();
  waitsMs.sort((a, b) => a - b);
  assert.ok(sentMessages > 100_000, `Nobody was chatty: ${sentMessages} messages`);
  // Turns of 64 KB take a few milliseconds; a client that is served to its end first takes seconds.
  assert.ok(waitsMs[50]! < 100, `Half of the answers took ${waitsMs[50]} ms and more`);
  assert.ok(waitsMs[98]! < 1000, `One answer took ${waitsMs[98]} ms`);
});
