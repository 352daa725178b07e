import { equal, match } from "node:assert/strict";
import { BrokerProcess } from "../support/broker_process.ts";
import { MqttClient } from "../../lib/client/mod.ts";
import { callFlux } from "../support/flux.ts";
import { freePort } from "../support/free_port.ts";

Deno.test("store delete deletes the session of a bridge that is gone, with what waits in it, and no other", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const lines = `persistence_location ${directory}/data\n`;
    const bridge = (name: string) =>
      `connection ${name}\naddress 127.0.0.1:${freePort()}\ntopic # out 1\n`;
    {
      await using broker = await BrokerProcess.start({
        config: `${lines}${bridge("kept")}${bridge("gone")}`,
      });
      const client = await MqttClient.connect({ hostname: "127.0.0.1", port: broker.port });
      for (let i = 0; i < 300; i++) await client.publish("a", `${i}`, { qos: 1 });
      await client.disconnect();
      const early = await callFlux(["store", "delete", "-d", `${directory}/data`, "$bridge/gone"]);
      equal(early.status, 1);
      match(early.error, /another broker has it/);
      await broker.stop();
    }
    const file = `${directory}/flux.conf`;
    await Deno.writeTextFile(file, `${lines}${bridge("kept")}`);
    const flux = (...args: string[]) => callFlux(["store", ...args]);
    match((await flux("list", "-c", file)).out, /^\$bridge\/gone .*orphan/m);
    const kept = await flux("delete", "-c", file, "$bridge/kept");
    equal(kept.status, 1);
    match(kept.error, /a bridge in the configuration/);
    equal((await flux("delete", "-c", file, "nobody")).status, 1);
    const gone = await flux("delete", "-c", file, "$bridge/gone");
    equal(gone.error, "");
    match(gone.out, /^Deleted \$bridge\/gone, for which 30\d messages waited$/m);
    const list = (await flux("list", "-c", file)).out;
    equal(list.includes("$bridge/gone"), false);
    match(list, /^\$bridge\/kept +\S+ +1 +30\d /m);
    equal((await flux("verify", "-c", file)).status, 0);
    match((await flux("compact", "-c", file)).out, / now$/m);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
