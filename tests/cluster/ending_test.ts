import { equal, match } from "node:assert/strict";
import { Lines } from "../support/lines.ts";
import { MAIN } from "../support/main_module.ts";
import { START_FLAGS } from "../support/start_flags.ts";
import { NatsServer, natsTest } from "./support.ts";

natsTest(
  "a node that waits for its cluster ends at SIGTERM, and opens no port before",
  async () => {
    await using nats = await NatsServer.start();
    // One server cannot keep three copies: the node waits.
    const flags = ["--cluster", nats.url, "--cluster-replicas", "3", "--no-persistence"];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", ...START_FLAGS, MAIN, "-p", "0", "--no-dashboard", ...flags],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const lines = new Lines(child.stderr);
    const has = (like: RegExp) => lines.until((all) => all.some((line) => like.test(line)), 20_000);
    await has(/The broker waits for its cluster.*`cluster_replicas`/);
    child.kill("SIGTERM");
    equal((await child.status).code, 0);
    await lines.ended;
    const text = lines.all.join("\n");
    match(text, /SIGTERM: the broker ends/);
    equal(/Listening address/.test(text), false, text);
  },
);
