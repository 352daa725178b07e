import { strict as assert } from "node:assert";
import { hasMosquitto } from "../support/mosquitto_broker.ts";
import { bridgeRounds } from "./mosquitto_bridge.ts";
import { isLeftOut } from "../support/long.ts";

for (const protocol of ["mqttv311", "mqttv50"] as const) {
  const name =
    `a bridge of mosquitto (${protocol}) loses nothing, repeats nothing at QoS 2 and brings nothing back, when either side is killed`;
  Deno.test({
    name,
    ignore: !hasMosquitto || isLeftOut(name),
    fn: async () => {
      const result = await bridgeRounds({ protocol, kills: 1 });
      assert.ok(result.arrivedQos1 > 300 && result.arrivedQos2 > 300, JSON.stringify(result));
    },
  });
}
