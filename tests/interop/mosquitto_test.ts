import { BrokerProcess } from "../support/broker_process.ts";
import { findMosquitto, testsWith } from "../support/clients.ts";
import { MOSQUITTO_SCENARIOS } from "./mosquitto_scenarios.ts";

const mosquittoTest = testsWith(await findMosquitto());

for (const [name, play] of MOSQUITTO_SCENARIOS) {
  mosquittoTest(name, async () => {
    await using broker = await BrokerProcess.start();
    await play({ here: broker.port, there: broker.port });
  });
}
