import { equal, match, notEqual, ok } from "node:assert/strict";
import type { BrokerProcess } from "../support/broker_process.ts";
import { MosquittoSub, publish, subscribeToEnd } from "../support/mosquitto.ts";
import { NatsServer, whyNoNatsServer } from "../support/nats_server.ts";
import { hasPrograms } from "../support/programs.ts";
import { startNode } from "../support/two_nodes.ts";
import { ctrl, initFile, pluginLines, runCtrl } from "./dynsec.ts";

const missing = whyNoNatsServer();
// deno-lint-ignore no-console -- whoever reads the results is to know
if (missing !== undefined) console.log(`Skipped: dynamic security at two nodes: ${missing}`);
const ignore = missing !== undefined || !hasPrograms(
  "dynamic security at two nodes by mosquitto_ctrl",
  "mosquitto_ctrl",
  "mosquitto_pub",
  "mosquitto_sub",
);

/** A node whose dynamic security has a file of its own. */
async function node(nats: NatsServer, name: string, path: string): Promise<BrokerProcess> {
  return await startNode(nats, name, pluginLines(path));
}

const PUMP = ["-u", "pump", "-P", "pw1"];

/** Whether `pump` may publish there, as mosquitto_pub hears it. */
async function mayPublish(port: number, topic: string, login = PUMP): Promise<boolean> {
  const { code, output } = await publish(port, [
    ...["-V", "5", "-q", "1", ...login, "-t", topic, "-m", "x", "-d"],
  ]);
  return code === 0 && /PUBACK \(Mid: 1, RC:(0|16)\)/.test(output);
}

/** What is changed at one node holds at the other within moments. */
async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (const endMs = performance.now() + 5000; performance.now() < endMs;) {
    if (await isSo()) return;
  }
  ok(false, what);
}

/** What a test has: a server of NATS, files of nodes, and a first node with its file. */
interface Scene {
  readonly nats: NatsServer;
  readonly path: (node: string) => string;
  readonly a: BrokerProcess;
}

function sceneTest(name: string, run: (scene: Scene) => Promise<void>): void {
  Deno.test({
    name,
    ignore,
    async fn() {
      const directory = await Deno.makeTempDir();
      const path = (node: string) => `${directory}/${node}.json`;
      try {
        await initFile(path("a"));
        await using nats = await NatsServer.start();
        await using a = await node(nats, "a", path("a"));
        await run({ nats, path, a });
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}

/** The same with a second node, which begins with the file of the first. */
function twoNodesTest(
  name: string,
  run: (scene: Scene & { readonly b: BrokerProcess }) => Promise<void>,
): void {
  sceneTest(name, async (scene) => {
    const { nats, path } = scene;
    await Deno.copyFile(path("a"), path("b"));
    await using b = await node(nats, "b", path("b"));
    await run({ ...scene, b });
  });
}

twoNodesTest(
  "what mosquitto_ctrl changes at one node of a cluster is felt at the clients of the other",
  async ({ nats, path, a, b }) => {
    await ctrl(a.port, "createClient", "pump", "-p", "pw1");
    await ctrl(a.port, "createRole", "sensor");
    await ctrl(a.port, "addRoleACL", "sensor", "publishClientSend", "pumps/#", "allow");
    await ctrl(a.port, "addRoleACL", "sensor", "subscribePattern", "pumps/#", "allow");
    await ctrl(a.port, "addRoleACL", "sensor", "publishClientReceive", "pumps/#", "allow");
    await ctrl(a.port, "addClientRole", "pump", "sensor");
    await until(() => mayPublish(b.port, "pumps/1"), "a new client comes to the other node");
    equal(await mayPublish(b.port, "other"), false);
    // And the other way round, on what the first has changed.
    await ctrl(b.port, "addRoleACL", "sensor", "publishClientSend", "other", "allow");
    await until(() => mayPublish(a.port, "other"), "a new rule holds at the first node");
    match(await ctrl(a.port, "getRole", "sensor"), /publishClientSend\s*:\s*allow\s*:\s*other/);
    equal(await Deno.readTextFile(path("a")), await Deno.readTextFile(path("b")));
    // A client that is connected to the other node loses its right, and then its connection.
    const login = ["-V", "5", ...PUMP, "-i", "pump-1", "-q", "1", "-t", "pumps/#", "-d"];
    await using reader = await MosquittoSub.start(b.port, login);
    await ctrl(a.port, "disableClient", "pump");
    await reader.untilLine(/Received DISCONNECT \(135\)/);
    equal(await mayPublish(b.port, "pumps/1"), false);
    // Commands, which have passwords, are in no log: neither in the brokers' nor in the cluster's.
    for (const { log } of [a, b]) ok(!/was left alone/.test(log), log);
    const kept = new Deno.Command("grep", { args: ["-rla", "createClient", nats.directory] });
    equal(new TextDecoder().decode(kept.outputSync().stdout), "");
  },
);

twoNodesTest("commands to two nodes at a time are all kept", async ({ a, b }) => {
  // One after the other at each node: mosquitto_ctrl takes any answer for its own.
  const names = Array.from({ length: 12 }, (_, i) => `role-${String(i).padStart(2, "0")}`);
  const create = async ({ port }: BrokerProcess, rest: number) => {
    for (const [i, name] of names.entries()) {
      if (i % 2 === rest) await ctrl(port, "createRole", name);
    }
  };
  await Promise.all([create(a, 0), create(b, 1)]);
  for (const { port } of [a, b]) {
    const roles = await ctrl(port, "listRoles");
    equal(roles.slice(0, roles.indexOf("Warning")), ["admin", ...names, ""].join("\n"));
  }
});

sceneTest(
  "a node that was away, or has another file, has the rules of the others before it opens",
  async ({ nats, path, a }) => {
    await initFile(path("b"));
    const before = await Deno.readTextFile(path("b"));
    await ctrl(a.port, "createClient", "pump", "-p", "pw1");
    await using b = await node(nats, "b", path("b"));
    match(b.log, /replaced by what the other nodes have.*copy=/);
    equal(await Deno.readTextFile(`${path("b")}.replaced`), before);
    equal(await Deno.readTextFile(path("b")), await Deno.readTextFile(path("a")));
    match(await ctrl(b.port, "listClients"), /^admin\npump\n/);
    // A file that was changed by hand is everybody's.
    const text = await Deno.readTextFile(path("b"));
    await Deno.writeTextFile(path("b"), text.replace('"pump"', '"motor"'));
    await until(
      async () => /^admin\nmotor\n/.test(await ctrl(a.port, "listClients")),
      "the file that was changed by hand at the other node",
    );
  },
);

sceneTest(
  "without the cluster's servers nothing is changed, and what held before holds",
  async ({ nats, path, a }) => {
    await ctrl(a.port, "createClient", "pump", "-p", "pw1");
    const before = await Deno.readTextFile(path("a"));
    await nats.kill();
    const login = ["-h", "127.0.0.1", "-p", `${a.port}`, "-u", "admin", "-P", "secret"];
    const refused = await runCtrl([...login, "dynsec", "createRole", "sensor"]);
    match(refused.output, /Cannot tell the other nodes/);
    match(await ctrl(a.port, "listClients"), /^admin\npump\n/);
    equal(await Deno.readTextFile(path("a")), before);
    notEqual((await subscribeToEnd(a.port, [...PUMP.slice(0, 3), "wrong", "-t", "x"])).code, 0);
    await nats.restart();
    await until(
      async () => (await runCtrl([...login, "dynsec", "createRole", "sensor"])).code === 0,
      "a command once the servers are back",
    );
  },
);
