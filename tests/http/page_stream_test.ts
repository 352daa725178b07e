import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";
import { takePackets } from "../../lib/http/page/mqtt_bytes.js";
import { Message } from "../../lib/http/page/mqtt_message.js";
import { until } from "../support/bridge_ends.ts";
import { HttpBroker } from "./support.ts";

const CONNECT = Uint8Array.of(0x10, 13, 0, 4, 77, 81, 84, 84, 5, 2, 0, 0, 0, 0, 0);
/** To `#`, with the Subscription Identifier 1. */
const SUBSCRIBE = Uint8Array.of(0x82, 9, 0, 1, 2, 0x0b, 1, 0, 1, 0x23, 0);

/** A page's WebSocket that follows everything, as the page reads it. */
async function follow(broker: HttpBroker) {
  const socket = new WebSocket(`ws://127.0.0.1:${broker.port}/mqtt`, ["mqtt"]);
  socket.binaryType = "arraybuffer";
  const seen = { frames: 0, isSubscribed: false, messages: [] as Message[] };
  socket.onmessage = ({ data }) => {
    seen.frames++;
    const rest = takePackets(new Uint8Array(data), (firstByte, body) => {
      if (firstByte >> 4 === 9) seen.isSubscribed = true;
      if (firstByte >> 4 === 3) seen.messages.push(new Message(firstByte, body));
    });
    assert.equal(rest.length, 0, "Small frames carry whole packets");
  };
  await new Promise((resolve) => socket.onopen = resolve);
  socket.send(CONNECT);
  socket.send(SUBSCRIBE);
  await until(() => seen.isSubscribed);
  return { seen, [Symbol.dispose]: () => socket.close() };
}

Deno.test("a page that follows everything gets all messages in few frames, in order", async () => {
  await using broker = await HttpBroker.start();
  using page = await follow(broker);
  const { seen } = page;
  const place = { hostname: "127.0.0.1", port: broker.mqttPort };
  const client = await MqttClient.connect({ ...place, clientId: "meter" });
  const framesBefore = seen.frames;
  const startMs = performance.now();
  // Each waits for its acknowledgement, so each comes in a turn of its own.
  for (let i = 0; i < 400; i++) await client.publish(`load/${i}`, `${i}`, { qos: 1 });
  await until(() => seen.messages.length === 400);
  const tookMs = performance.now() - startMs;
  await client.disconnect();
  const frames = seen.frames - framesBefore;
  assert.ok(frames <= tookMs / 50 + 3, `${frames} frames in ${tookMs} ms`);
  assert.deepEqual(
    seen.messages.map(({ topic, payload }) => `${topic} ${new TextDecoder().decode(payload)}`),
    Array.from({ length: 400 }, (_, i) => `load/${i} ${i}`),
  );
});

Deno.test("what a page keeps of a message is a copy, without the bytes around it", async () => {
  await using broker = await HttpBroker.start();
  using page = await follow(broker);
  const { seen } = page;
  const client = await MqttClient.connect({
    hostname: "127.0.0.1",
    port: broker.mqttPort,
    clientId: "meter",
  });
  await client.publish("a/ü", "12", { properties: { userProperties: [["k", "v"]] } });
  await until(() => seen.messages.length === 1);
  await client.disconnect();
  const { topic, payload, properties, retain } = seen.messages[0]!.kept();
  assert.equal(topic, "a/ü");
  assert.equal(retain, false);
  assert.deepEqual(properties, { subscriptionIdentifiers: [1], userProperties: [["k", "v"]] });
  assert.equal(payload.buffer.byteLength, 2);
});
