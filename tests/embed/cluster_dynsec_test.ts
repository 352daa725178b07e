import { rejects } from "node:assert/strict";
import {
  AccessChain,
  type ControlTopic,
  FileAccess,
  MqttClient,
  openCluster,
  openControlTopic,
  openDynamicAccess,
  Server,
  SILENT,
} from "../../lib/mod.ts";
import { NatsServer, natsTest, until } from "../support/nats_server.ts";
import { hashPassword } from "../../lib/auth/mod.ts";

const LISTENER = "clients";

/** A program whose broker is a node, and has dynamic security with a file of its own. */
async function program(servers: string, node: string, path: string) {
  const cluster = await openCluster({ servers, node });
  const told = { log: SILENT, maxFailureDelaySeconds: 0 };
  const dynamic = await openDynamicAccess({ path, listeners: new Set([LISTENER]), ...told });
  const files = FileAccess.open({ listeners: new Map(), ...told }) as FileAccess;
  const access = new AccessChain({ files, dynamic, log: SILENT });
  const server = new Server({ ...cluster.init, access });
  await cluster.join(server);
  let control: ControlTopic | undefined;
  const shared = await cluster.shareText("dynamic-security", () => control?.look());
  const { broker, hub } = server;
  const topic = control = await openControlTopic({
    access: dynamic,
    hub,
    shared,
    log: SILENT,
    identityOf: (clientId) => broker.clients.get(clientId)?.connection?.identity ?? undefined,
    addressesOf: () => [],
    recheck: (mayStay) => broker.recheckAccess(mayStay, Date.now()),
  });
  await topic.begin();
  const port = server.listen({ hostname: "127.0.0.1", port: 0, options: { name: LISTENER } });
  const close = async () => {
    await topic.close();
    await server.close();
    await cluster.close();
  };
  return { access: dynamic, place: { hostname: "127.0.0.1", port }, [Symbol.asyncDispose]: close };
}

const PASSWORD = new TextEncoder().encode("secret");
const DOCUMENT = JSON.stringify({
  clients: [{
    username: "admin",
    encoded_password: hashPassword(PASSWORD, 1),
    roles: [{ rolename: "admin" }],
  }],
  roles: [{
    rolename: "admin",
    acls: [{ acltype: "publishClientSend", topic: "$CONTROL/#", allow: true }],
  }],
});

function command(commands: readonly object[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ commands }));
}

natsTest("programs of one cluster have the same dynamic security", async () => {
  const directory = await Deno.makeTempDir();
  const [one, two] = ["one", "two"].map((name) => `${directory}/${name}.json`) as [string, string];
  await Deno.writeTextFile(one, DOCUMENT);
  await Deno.writeTextFile(two, "{}");
  try {
    await using nats = await NatsServer.start();
    await using a = await program(nats.url, "a", one);
    // The second one takes what the first has, before a client can come.
    await using b = await program(nats.url, "b", two);
    const login = { userName: "admin", password: PASSWORD };
    const admin = await MqttClient.connect({ ...b.place, clientId: "admin", ...login });
    const made = command([{ command: "createRole", rolename: "made" }]);
    await admin.publish("$CONTROL/dynamic-security/v1", made, { qos: 1 });
    for (const { access } of [a, b]) {
      await until("both have the role", () => access.document.roles.has("made"));
    }
    await admin.disconnect();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

natsTest("a shared text's key that NATS would read otherwise is refused", async () => {
  await using nats = await NatsServer.start();
  await using cluster = await openCluster({ servers: nats.url, node: "a" });
  await rejects(cluster.shareText("a.*", () => {}), /key must be letters/);
});
