import { strict as assert } from "node:assert";
import { Random } from "../support/random.ts";
import { CLIENTS, compareRights, hasMosquitto, randomAcl } from "./acl_mosquitto.ts";

const ignore = !await hasMosquitto();
const SEEDS = Number(Deno.env.get("ACL_SEEDS") ?? 5);

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test({
    name: `An ACL file of random lines (seed ${seed}) means to us what it means to mosquitto`,
    ignore,
    sanitizeOps: true,
    sanitizeResources: true,
    async fn() {
      const text = randomAcl(new Random(seed));
      const { differences } = await compareRights(text, CLIENTS);
      assert.deepEqual(differences, [], text);
    },
  });
}
