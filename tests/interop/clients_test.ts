import type { ProtocolVersion } from "../../lib/codec/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { findMqttJs, findPaho, testsWith } from "../support/clients.ts";
import type { ClientInit, InteropClient } from "../support/interop_client.ts";
import { connectMqttJs } from "../support/mqttjs_client.ts";
import { connectPaho } from "../support/paho_client.ts";
import { SCENARIOS, SCENARIOS_5 } from "./scenarios.ts";

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
  });
  pahoTest(`paho for Python speaks ${name} with the broker`, (python, t) => {
    return playAll(t, protocolVersion, (init) => connectPaho(python, init));
  });
}

/** Plays every scenario, each a step, against one broker, which then must end well. */
async function playAll(
  t: Deno.TestContext,
  protocolVersion: ProtocolVersion,
  connect: (init: ClientInit) => Promise<InteropClient>,
): Promise<void> {
  await using broker = await BrokerProcess.start();
  const { port } = broker;
  let count = 0;
  for (const [name, play] of [...SCENARIOS, ...protocolVersion === 5 ? SCENARIOS_5 : []]) {
    await t.step(name, async () => {
      const connected: InteropClient[] = [];
      try {
        await play({
          protocolVersion,
          connect: async (init = {}) => {
            const clientId = `client-${++count}`;
            const client = await connect({ port, clientId, protocolVersion, ...init });
            connected.push(client);
            return client;
          },
        });
      } finally {
        for (const client of connected) await client.drop();
      }
    });
  }
}
