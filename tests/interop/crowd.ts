import { strict as assert } from "node:assert";
import type { MqttJs } from "../support/mqttjs.ts";
import { connectMqttJs } from "../support/mqttjs_client.ts";

/** So many mqtt.js clients of all versions, at these ports in turn, each publish to all of them. */
export async function hearOneAnother(
  mqtt: MqttJs,
  count: number,
  ports: readonly number[],
): Promise<void> {
  const clients = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      connectMqttJs(mqtt, {
        port: ports[i % ports.length]!,
        clientId: `member-${i}`,
        protocolVersion: ([3, 4, 5] as const)[i % 3]!,
      })),
  );
  await Promise.all(clients.map((client) => client.subscribe("crowd/+", 1)));
  await Promise.all(clients.map((client, i) => client.publish(`crowd/${i}`, "here", { qos: 1 })));
  const everybody = clients.map((_, i) => `crowd/${i}`).toSorted();
  for (const { inbox } of clients) {
    const heard = (await inbox.take(count)).map(({ topic }) => topic);
    assert.deepEqual(heard.toSorted(), everybody);
  }
  await Promise.all(clients.map((client) => client.disconnect()));
}
