import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";
import { ClientActivity } from "../../lib/http/client_activity.ts";
import { until } from "../support/bridge_ends.ts";
import { HttpBroker } from "./support.ts";

function connect(broker: HttpBroker, clientId: string): Promise<MqttClient> {
  const properties = { sessionExpiryInterval: 60 };
  return MqttClient.connect({
    hostname: "127.0.0.1",
    port: broker.mqttPort,
    clientId,
    cleanStart: false,
    properties,
  });
}

Deno.test("a client's rates and events are told from the first question about it on", async () => {
  await using broker = await HttpBroker.start();
  const pump = await connect(broker, "pump");
  assert.equal(broker.server.broker.core.observers, null);
  const before = (await broker.json("/api/v1/clients/pump")).activity;
  assert.deepEqual([before.publishedPerSecond, before.deliveredPerSecond, before.events], [
    0,
    0,
    [],
  ]);
  await pump.subscribe(["cmd/#"]);
  for (let i = 0; i < 5; i++) await pump.publish("cmd/x", "1", { qos: 1 });
  await pump.unsubscribe(["cmd/#"]);
  const { activity } = await broker.json("/api/v1/clients/pump");
  for (const rate of [activity.publishedPerSecond, activity.deliveredPerSecond]) {
    assert.ok(rate > 0 && rate <= 0.5, `${rate}`);
  }
  const textsOf = async () =>
    (await broker.json("/api/v1/clients/pump")).activity.events
      .map(({ text }: { text: string }) => text);
  assert.deepEqual(await textsOf(), ["Unsubscribed from cmd/#", "Subscribed to cmd/#: QoS 0"]);
  await pump.disconnect();
  await until(async () => (await textsOf()).length === 3);
  const again = await connect(broker, "pump");
  assert.deepEqual((await textsOf()).slice(0, 2), [
    "Connected, to its session",
    "Disconnected: by itself",
  ]);
  await again.disconnect();
});

Deno.test("few clients are looked at at one time, and none for long after the last question", async () => {
  await using broker = await HttpBroker.start();
  const { core } = broker.server.broker;
  let nowMs = 1000;
  const activity = new ClientActivity(broker.server.broker, () => nowMs);
  activity.look("first");
  const first = activity.look("kept").sinceMs;
  nowMs += 10;
  for (let i = 0; i < 31; i++) activity.look(`c-${i}`);
  assert.equal(activity.look("kept").sinceMs, first);
  assert.equal(activity.look("first").sinceMs, nowMs, "It had made way");
  nowMs += 15_001;
  activity.look("kept");
  activity.sweep();
  assert.notEqual(core.observers, null);
  nowMs += 15_001;
  activity.sweep();
  assert.equal(core.observers, null);
});
