import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { findMosquitto, testsWith } from "../support/clients.ts";
import { MosquittoSub, publish } from "../support/mosquitto.ts";
import { findMqttJs } from "../support/mqttjs.ts";
import { connectMqttJs } from "../support/mqttjs_client.ts";

const CROWD = 100;

const mqttJsTest = testsWith(await findMqttJs());
const mosquittoTest = testsWith(await findMosquitto());

mqttJsTest(`${CROWD} mqtt.js clients of all versions hear one another`, async (mqtt) => {
  await using broker = await BrokerProcess.start();
  const clients = await Promise.all(
    Array.from({ length: CROWD }, (_, i) =>
      connectMqttJs(mqtt, {
        port: broker.port,
        clientId: `member-${i}`,
        protocolVersion: ([3, 4, 5] as const)[i % 3]!,
      })),
  );
  await Promise.all(clients.map((client) => client.subscribe("crowd/+", 1)));
  await Promise.all(clients.map((client, i) => client.publish(`crowd/${i}`, "here", { qos: 1 })));
  const everybody = clients.map((_, i) => `crowd/${i}`).toSorted();
  for (const { inbox } of clients) {
    const heard = (await inbox.take(CROWD)).map(({ topic }) => topic);
    assert.deepEqual(heard.toSorted(), everybody);
  }
  await Promise.all(clients.map((client) => client.disconnect()));
});

mosquittoTest(`${CROWD} mosquitto_sub processes get one message each`, async () => {
  await using broker = await BrokerProcess.start();
  const { port } = broker;
  const subscribers = await Promise.all(
    Array.from({ length: CROWD }, () => MosquittoSub.start(port, ["-t", "crowd/all", "-q", "1"])),
  );
  assert.equal((await publish(port, ["-t", "crowd/all", "-q", "1", "-m", "hello"])).code, 0);
  for (const subscriber of subscribers) {
    assert.deepEqual(await subscriber.take(1), ["hello"]);
    await subscriber.stop();
  }
});
