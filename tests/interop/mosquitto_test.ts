import { BrokerProcess } from "../support/broker_process.ts";
import { findMosquitto, testsWith } from "../support/clients.ts";
import { MOSQUITTO_SCENARIOS } from "./mosquitto_scenarios.ts";

const mosquittoTest = testsWith(await findMosquitto());

for (const [name, play] of MOSQUITTO_SCENARIOS) {
  // The first scenario of the other versions publishes by 3.1 as well.
  const isLong = / -V 31 /.test(name);
  mosquittoTest(name, async () => {
    await using broker = await BrokerProcess.start();
    await play({ here: broker.port, there: broker.port });
  }, isLong);
}
