import { strict as assert } from "node:assert";
import type { MqttClient } from "../../lib/client/mod.ts";

/** A message of 300 KB there and back, over a new connection, which ends then. */
export async function talkOver(client: MqttClient): Promise<void> {
  const payload = "x".repeat(300_000);
  await client.subscribe({ topicFilter: "t", qos: 1 });
  const messages = client.messages();
  const published = client.publish("t", payload, { qos: 2 });
  const { value } = await messages.next();
  assert.equal(value?.text(), payload);
  assert.equal(await published, 0);
  await client.disconnect();
  assert.equal(await client.closed, undefined);
}
