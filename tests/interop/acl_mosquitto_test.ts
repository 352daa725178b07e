import { strict as assert } from "node:assert";
import { hasPrograms } from "../support/programs.ts";
import { Random } from "../support/random.ts";
import { CLIENTS, compareRights, randomAcl } from "./acl_mosquitto.ts";

const ignore = !hasPrograms("random ACL files beside a real mosquitto", "mosquitto");
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
