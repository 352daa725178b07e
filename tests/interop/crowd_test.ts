import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { findMosquitto, testsWith } from "../support/clients.ts";
import { MosquittoSub, publish } from "../support/mosquitto.ts";
import { findMqttJs } from "../support/mqttjs.ts";
import { hearOneAnother } from "./crowd.ts";

const CROWD = 100;

const mqttJsTest = testsWith(await findMqttJs());
const mosquittoTest = testsWith(await findMosquitto());

mqttJsTest(`${CROWD} mqtt.js clients of all versions hear one another`, async (mqtt) => {
  await using broker = await BrokerProcess.start();
  await hearOneAnother(mqtt, CROWD, [broker.port]);
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
