import { deepEqual, equal } from "node:assert/strict";
import { Trouble } from "../../lib/cluster/trouble.ts";
import { JetStream } from "../../lib/cluster/nats/mod.ts";
import { SILENT } from "../../lib/net/mod.ts";
import { connected } from "./nats/connected.ts";
import { NatsServer, natsTest, TestNode, until } from "./support.ts";

Deno.test("the same reason is told once in half a minute, and another one at once", () => {
  const told: unknown[] = [];
  let nowMs = 0;
  const log = { ...SILENT, warning: (...line: unknown[]) => void told.push(line) };
  const trouble = new Trouble(log, "Cannot", () => nowMs);
  for (const [atMs, reason] of [[0, "a"], [200, "a"], [400, "b"], [30_300, "b"], [30_400, "b"]]) {
    nowMs = atMs as number;
    trouble.tell(reason as string);
  }
  deepEqual(told, ["a", "b", "b"].map((reason) => ["Cannot", { reason }]));
});

natsTest("a node that tries again and again to read a log that is gone says so once", async () => {
  await using nats = await NatsServer.start();
  await using a = await TestNode.start(nats.url, "a");
  const other = await connected(nats);
  await new JetStream(other).call("STREAM.DELETE.FLUX_test", {});
  const lines = () => a.log.lines.filter((line) => line.includes("Cannot read the cluster's log"));
  await until("it cannot read", () => lines().length > 0, 20_000);
  // It tries five times a second.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  equal(lines().length, 1, lines().join("\n"));
  await other.close();
});
