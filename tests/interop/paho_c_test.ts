import { BrokerProcess } from "../support/broker_process.ts";
import { findPahoC, testsWith } from "../support/clients.ts";
import { readBurst } from "./paho_c.ts";

testsWith(await findPahoC())(
  "paho in C gets a burst of messages over a WebSocket at once",
  async (command) => {
    await using broker = await BrokerProcess.start({ config: "protocol websockets\n" });
    await readBurst(command, broker.port, broker.port);
  },
);
