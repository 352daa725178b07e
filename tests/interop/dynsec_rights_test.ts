import { strict as assert } from "node:assert";
import { hasPrograms } from "../support/programs.ts";
import { Random } from "../support/random.ts";
import { compareDynamicRights, findPlugin, randomFile } from "./dynsec_rights.ts";

const hasPlugin = await findPlugin() !== undefined;
const what = "random files of dynamic security beside a real mosquitto";
// deno-lint-ignore no-console -- whoever reads the results is to know
if (!hasPlugin) console.log(`Skipped: ${what}: mosquitto_dynamic_security.so is not here`);
const ignore = !hasPrograms(what, "mosquitto") || !hasPlugin;
const SEEDS = Number(Deno.env.get("DYNSEC_SEEDS") ?? 5);

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test({
    name: `A file of random roles (seed ${seed}) means to us what it means to mosquitto's plugin`,
    ignore,
    sanitizeOps: true,
    sanitizeResources: true,
    async fn() {
      const text = randomFile(new Random(seed));
      const { differences, checks } = await compareDynamicRights(text);
      assert.ok(checks > 500);
      assert.deepEqual(differences, [], text);
    },
  });
}
