import { deepEqual, equal } from "node:assert/strict";
import type { ProtocolVersion } from "../../lib/codec/mod.ts";
import { Balancer } from "../support/balancer.ts";
import { findMosquitto, findPaho, findPahoC, type Found, testsWith } from "../support/clients.ts";
import { MosquittoSub, publish } from "../support/mosquitto.ts";
import { findMqttJs } from "../support/mqttjs.ts";
import { connectMqttJs } from "../support/mqttjs_client.ts";
import { whyNoNatsServer } from "../support/nats_server.ts";
import { Paho } from "../support/paho_client.ts";
import { TwoNodes } from "../support/two_nodes.ts";
import { hearOneAnother } from "./crowd.ts";
import { MOSQUITTO_SCENARIOS } from "./mosquitto_scenarios.ts";
import { readBurst } from "./paho_c.ts";
import { playAt } from "./play.ts";

const VERSIONS: readonly ProtocolVersion[] = [3, 4, 5];
const noServer = whyNoNatsServer();

/** Without the server nothing is tried. */
function withServer<T>(found: Found<T>): Found<T> {
  return noServer === undefined ? found : { missing: noServer };
}

const mqttJsTest = testsWith(withServer(await findMqttJs()));
const pahoTest = testsWith(withServer(await findPaho()));
const pahoCTest = testsWith(withServer(await findPahoC()));
const mosquittoTest = testsWith(withServer(await findMosquitto()));

for (const version of VERSIONS) {
  mqttJsTest(
    `mqtt.js speaks version ${version} with two nodes of a cluster`,
    async (mqtt, t) => {
      await using nodes = await TwoNodes.start();
      await playAt(t, version, (init) => connectMqttJs(mqtt, init), nodes.ports);
    },
    version !== 5,
  );
  pahoTest(
    `paho for Python speaks version ${version} with two nodes of a cluster`,
    async (python, t) => {
      await using nodes = await TwoNodes.start();
      await using paho = new Paho(python);
      await playAt(t, version, (init) => paho.connect(init), nodes.ports);
    },
    true,
  );
}

mosquittoTest("mosquitto's clients come to two nodes of a cluster", async (_, t) => {
  await using nodes = await TwoNodes.start();
  const [here, there] = nodes.ports;
  for (const [name, play] of MOSQUITTO_SCENARIOS) {
    await t.step(name, () => play({ here, there }));
  }
}, true);

mosquittoTest(
  "mosquitto_sub behind a load balancer moves between nodes and misses nothing",
  async () => {
    await using nodes = await TwoNodes.start();
    const [here, there] = nodes.ports;
    using balancer = new Balancer(here);
    const session = ["-V", "5", "-i", "mover", "-c", "-x", "600", "-q", "2", "-t", "moves/#"];
    await using subscriber = await MosquittoSub.start(balancer.port, session);
    const expected: string[] = [];
    for (const [i, target] of [there, here].entries()) {
      balancer.moveTo(target);
      const lines = Array.from({ length: 20 }, (_, n) => `${i} ${n}`);
      const args = ["-t", "moves/x", "-q", "2", "-l"];
      equal((await publish(target === here ? there : here, args, lines.join("\n"))).code, 0);
      expected.push(...lines);
      deepEqual(await subscriber.take(expected.length, 10_000), expected);
    }
  },
);

mqttJsTest("40 mqtt.js clients at two nodes hear one another", async (mqtt) => {
  await using nodes = await TwoNodes.start();
  await hearOneAnother(mqtt, 40, nodes.ports);
});

pahoCTest("paho in C gets from one node what another has retained", async (command) => {
  await using nodes = await TwoNodes.start({ config: "protocol websockets\n" });
  const [here, there] = nodes.ports;
  await readBurst(command, here, there);
});
