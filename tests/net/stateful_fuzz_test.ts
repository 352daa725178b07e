import { strict as assert } from "node:assert";
import { statefulRun } from "../hostile/stateful.ts";

Deno.test("damaged packets over connections with a state end no broker, and stop none", async () => {
  const seed = Date.now() % 1_000_000;
  const { sent, connections, failure } = await statefulRun({ seed, count: 5000 });
  assert.equal(failure, undefined, `Seed ${seed}: ${failure}`);
  assert.ok(sent >= 5000 && connections > 100, `${sent} packets over ${connections} connections`);
});
