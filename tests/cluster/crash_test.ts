import { equal, match } from "node:assert/strict";
import { isLeftOut } from "../support/long.ts";
import { whyNoNatsServer } from "../support/nats_server.ts";

const NAME =
  "nodes and NATS servers are killed ten times under load: nothing acknowledged is lost, QoS 2 comes once and in order";
const reason = whyNoNatsServer();
// deno-lint-ignore no-console -- a skipped test says why
if (reason !== undefined) console.log(`Skipped: ${NAME}: ${reason}`);

Deno.test({
  name: NAME,
  ignore: reason !== undefined || isLeftOut(NAME),
  fn: async () => {
    const task = new URL("../../tasks/cluster_crash.ts", import.meta.url).pathname;
    const args = ["run", "-A", "--no-check", task, "--rounds", "10", "--quick"];
    const { code, stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" })
      .output();
    const text = new TextDecoder().decode(stdout);
    equal(code, 0, text);
    match(text, /QoS 2 all once and in order/);
  },
});
