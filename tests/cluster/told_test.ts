import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ClusterNode, type ClusterOptions, hostOf } from "../../lib/cluster/mod.ts";
import { ServerLines } from "../../lib/cluster/server_lines.ts";
import { parseNatsPlaces } from "../../lib/config/mod.ts";
import { nowMs, Server, SILENT } from "../../lib/net/mod.ts";
import { Lines, NatsServer, natsTest, TestNode, until } from "./support.ts";

// What the log tells an operator whose NATS servers are away, or do not do what a node needs: once, and what would be right.

Deno.test("a lost server is told at once, and what each attempt ends in only from time to time", () => {
  const told: string[] = [];
  let nowMs = 0;
  const tell = (message: string, fields?: Readonly<Record<string, unknown>>) =>
    void told.push(`${nowMs / 1000} ${message}: ${fields?.["reason"] ?? fields?.["server"]}`);
  const lines = new ServerLines({ ...SILENT, info: tell, warning: tell }, () => nowMs);
  const mb = 1024 * 1024;
  lines.connected("a", mb);
  nowMs = 60_000;
  lines.lost("a: closed");
  for (; nowMs < 90_000; nowMs += 1000) {
    lines.lost(nowMs % 2000 === 0 ? "b: refused" : "a: refused");
  }
  lines.connected("b", mb);
  const away = "The cluster's NATS servers are not reached";
  deepEqual(told.splice(0), [
    "0 The cluster's NATS server is connected: a",
    "60 The cluster's NATS server is not connected any more: a: closed",
    `60 ${away}: b: refused`,
    `61 ${away}: a: refused`,
    "90 The cluster's NATS server is connected: b",
  ]);
  // A server that lets a node in, and closes at once.
  for (nowMs = 200_000; nowMs < 229_000; nowMs += 100) {
    lines.connected("a", mb);
    lines.lost("a: closed");
  }
  deepEqual(told, [`200 ${away}: a: closed`, "200.1 The cluster's NATS server is connected: a"]);
});

/** A node that joins in vain; its lines, when one of them is like this. */
async function linesOf(
  nats: NatsServer,
  like: RegExp,
  more: Partial<ClusterOptions> = {},
): Promise<readonly string[]> {
  const log = new Lines();
  const cluster = new ClusterNode({
    options: {
      places: parseNatsPlaces(nats.url),
      credentials: { kind: "none" },
      caCerts: [],
      name: "test",
      node: "a",
      replicas: 1,
      maxLogBytes: 64 * 1024 * 1024,
      isolationTimeoutMs: 1500,
      ...more,
    },
    log,
    nowMs,
  });
  const server = new Server({ log, store: cluster.store, cluster: cluster.port });
  const joined = cluster.join(hostOf(server));
  await until(`${like}`, () => log.lines.some((line) => like.test(line)), 20_000)
    .finally(async () => {
      await server.close();
      await cluster.close();
      await joined;
    });
  return log.lines;
}

const ENDED = { credentials: { kind: "password", user: "flux", password: "x" } } as const;
const vain: [name: string, config: string, more: Partial<ClusterOptions>, like: RegExp][] = [
  ["JetStream is off", "jetstream: disabled", {}, /waits for its cluster .*JetStream is not on at/],
  [
    "one server is asked for three replicas",
    "",
    { replicas: 3 },
    /waits for its cluster .*fewer NATS servers with JetStream than `cluster_replicas`/,
  ],
  [
    "the servers have no room for the log",
    "jetstream { max_file_store: 10MB }",
    {},
    /waits for its cluster .*has no room: `max_file_store`.*`cluster_max_log_bytes`/,
  ],
  [
    "the user may not publish under flux.>",
    `authorization { users: [ { user: flux, password: x, permissions: { publish: ["$JS.API.>"], subscribe: [">"] } } ] }`,
    ENDED,
    /do not let this node's user do what it has to.*Publish to \\"flux\.test\.beat/,
  ],
  [
    "the user may not ask JetStream",
    `authorization { users: [ { user: flux, password: x, permissions: { publish: ["flux.>"], subscribe: [">"] } } ] }`,
    ENDED,
    /do not let this node's user do what it has to.*Publish to \\"\$JS\.API\.STREAM\.INFO/,
  ],
  [
    "max_payload is small",
    "max_payload: 10000",
    {},
    /takes small messages only.*"maxPayloadBytes":10000/,
  ],
];
for (const [name, config, more, like] of vain) {
  natsTest(`where ${name}, the log says so once, and what would be right`, async () => {
    await using nats = await NatsServer.start(config);
    const lines = await linesOf(nats, like, more);
    equal(lines.filter((line) => like.test(line)).length, 1, lines.join("\n"));
  });
}

natsTest("options by which a log is made are compared with one that is there", async () => {
  await using nats = await NatsServer.start();
  {
    await using _ = await TestNode.start(nats.url, "a");
  }
  const lines = await linesOf(nats, /cluster_max_log/, { replicas: 3, maxLogBytes: 2 ** 20 });
  match(lines[0]!, /`cluster_replicas` says: `nats stream edit FLUX_test --replicas 3` changes it/);
  match(
    lines[1]!,
    /`cluster_max_log_bytes` says: `nats stream edit FLUX_test --max-bytes 1048576`/,
  );
});

natsTest("a message that does not fit is refused, and the log says why", async () => {
  await using nats = await NatsServer.start("max_payload: 10000");
  await using node = await TestNode.start(nats.url, "a");
  const { client } = await node.connect("c");
  const answer = await client.publish("t", new Uint8Array(8000), { qos: 1 }).catch(String);
  ok(answer === 0x97 || String(answer).includes("0x97"), String(answer));
  match(
    node.log.lines.join("\n"),
    /message is refused by the cluster .*fit into 10000 bytes less 4096, by `max_payload`/,
  );
  await client.disconnect();
});

natsTest("records that JetStream does not store are told", async () => {
  await using nats = await NatsServer.start();
  await using node = await TestNode.start(nats.url, "a");
  const { JetStream } = await import("../../lib/cluster/nats/mod.ts");
  const { connected } = await import("./nats/connected.ts");
  const other = await connected(nats);
  // The stream takes none so large any more.
  const jetStream = new JetStream(other);
  const { config } = await jetStream.call("STREAM.INFO.FLUX_test") as { config: object };
  await jetStream.call("STREAM.UPDATE.FLUX_test", { ...config, max_msg_size: 100 });
  const { client } = await node.connect("c");
  const published = client.publish("t", new Uint8Array(200), { qos: 1 }).catch(() => {});
  await until(
    "it is told",
    () =>
      node.log.lines.some((line) =>
        /NATS does not store the cluster's records .*exceeds maximum/.test(line)
      ),
  );
  await jetStream.call("STREAM.UPDATE.FLUX_test", { ...config, max_msg_size: -1 });
  await published;
  await client.disconnect();
  await other.close();
});
