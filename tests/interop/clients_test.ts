import type { ProtocolVersion } from "../../lib/codec/mod.ts";
import { findPaho, testsWith } from "../support/clients.ts";
import { findMqttJs } from "../support/mqttjs.ts";
import { connectMqttJs } from "../support/mqttjs_client.ts";
import { Paho } from "../support/paho_client.ts";
import { playAll } from "./play.ts";

const VERSIONS: readonly [protocolVersion: ProtocolVersion, name: string][] = [
  [3, "MQTT 3.1"],
  [4, "MQTT 3.1.1"],
  [5, "MQTT 5.0"],
];

const mqttJsTest = testsWith(await findMqttJs());
const pahoTest = testsWith(await findPaho());

for (const [protocolVersion, name] of VERSIONS) {
  mqttJsTest(`mqtt.js speaks ${name} with the broker`, (mqtt, t) => {
    return playAll(t, protocolVersion, (init) => connectMqttJs(mqtt, init));
  }, protocolVersion === 3);
  pahoTest(`paho for Python speaks ${name} with the broker`, async (python, t) => {
    await using paho = new Paho(python);
    await playAll(t, protocolVersion, (init) => paho.connect(init));
  }, protocolVersion < 5);
}
