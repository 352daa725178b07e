import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { hashPassword, parsePasswordHash } from "../../lib/auth/mod.ts";
import type { MqttClient } from "../../lib/client/mod.ts";
import { freePort } from "../support/free_port.ts";
import { Administrator, connectAs, pluginLines, subscription } from "../interop/dynsec.ts";

const CONTROL = "$CONTROL/dynamic-security/v1";

/** A broker with a file of dynamic security: an administrator, and alice whose role lets her do all under `a/`. */
async function withBroker(
  use: (broker: BrokerProcess, path: string) => Promise<void>,
  lines: (path: string) => string = pluginLines,
  init: { readonly isPortOwn?: boolean } = {},
): Promise<void> {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/dynsec.json`;
  await Deno.writeTextFile(path, JSON.stringify(file()));
  try {
    await using broker = await BrokerProcess.start({ config: lines(path), ...init });
    await use(broker, path);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function file() {
  const allow = (acltype: string, topic: string) => ({ acltype, topic, allow: true });
  return {
    defaultACLAccess: { publishClientReceive: true, unsubscribe: true },
    clients: [client("admin", "secret", "admin"), client("alice", "pw", "own")],
    roles: [
      {
        rolename: "admin",
        acls: ["publishClientSend", "publishClientReceive", "subscribePattern"]
          .flatMap((type) => [allow(type, "$CONTROL/#"), allow(type, "#")]),
      },
      {
        rolename: "own",
        acls: ["publishClientSend", "subscribePattern"].map((type) => allow(type, "a/#")),
      },
    ],
  };
}

function client(username: string, password: string, rolename: string) {
  const parsed = parsePasswordHash(hashPassword(new TextEncoder().encode(password), 101));
  assert("hash" in parsed && parsed.hash.kind === "pbkdf2");
  const { digest, salt, iterations } = parsed.hash;
  return {
    username,
    password: digest.toBase64(),
    salt: salt.toBase64(),
    iterations,
    roles: [{ rolename }],
  };
}

/** Why the broker closes the client. */
async function closedWith(client: MqttClient): Promise<number | undefined> {
  return (await client.closed)?.reasonCode;
}

const text = new TextEncoder();

Deno.test({
  name:
    "Who loses the right to a subscription is disconnected and has lost it, also in a session that is away",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await withBroker(async ({ port }) => {
      await using administrator = await Administrator.connect(port);
      const here = await connectAs(port, "alice", "pw", "here");
      assert.deepEqual((await here.subscribe([subscription("a/#")])).reasonCodes, [1]);
      const away = await connectSession(port, false);
      assert.deepEqual((await away.subscribe([subscription("$share/g/a/#")])).reasonCodes, [1]);
      await away.disconnect();

      const rule = { rolename: "own", acltype: "subscribePattern", topic: "a/#" };
      await administrator.do({ command: "removeRoleACL", ...rule });
      assert.equal(await closedWith(here), 0x87);
      // The right is back, the subscriptions are not.
      await administrator.do({ command: "addRoleACL", ...rule, allow: true });
      await administrator.client.publish("a/1", text.encode("x"), { qos: 1 });
      const back = await connectSession(port, true);
      assert.equal(back.connack.sessionPresent, true);
      assert.deepEqual((await back.unsubscribe(["$share/g/a/#"])).reasonCodes, [0x11]);
      await back.disconnect();
    });
  },
});

/** Connects to a session that outlives its connection. */
async function connectSession(port: number, isResumed: boolean) {
  const { MqttClient } = await import("../../lib/client/mod.ts");
  const client = await MqttClient.connect({
    hostname: "127.0.0.1",
    port,
    clientId: "away",
    userName: "alice",
    password: text.encode("pw"),
    cleanStart: !isResumed,
    properties: { sessionExpiryInterval: 600 },
  });
  return client;
}

Deno.test({
  name:
    "Lists that are asked for too often in one message are not all answered, and others are served meanwhile",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await withBroker(async ({ port }, path) => {
      const many = JSON.parse(await Deno.readTextFile(path)) as ReturnType<typeof file>;
      const [, alice] = many.clients;
      for (let i = 0; i < 2000; i++) {
        many.clients.push({ ...alice!, username: `client ${i}` });
      }
      await Deno.writeTextFile(path, JSON.stringify(many));
      await using administrator = await Administrator.connect(port);
      await using other = await connectAs(port, "alice", "pw", "other");
      const listing = { command: "listClients", verbose: true };
      const [one] = await administrator.ask(listing);

      const oneBytes = JSON.stringify(one!.data).length;
      assert.ok(oneBytes > 100_000, `${oneBytes} bytes`);

      const order: string[] = [];
      const asked = administrator.ask(...Array.from({ length: 500 }, () => listing))
        .finally(() => order.push("answered"));
      await other.publish("a/1", text.encode("x"), { qos: 1 });
      order.push("served");
      const answers = await asked;
      assert.deepEqual(order, ["served", "answered"]);
      assert.equal(answers.length, 500);
      const listed = answers.filter(({ data }) => data !== undefined).length;
      assert.ok(listed * oneBytes > 4_000_000 && listed * oneBytes < 5_000_000, `${listed} lists`);
      assert.deepEqual(
        new Set(answers.slice(listed).map(({ error }) => error)),
        new Set(["Answer too long"]),
      );
      // The next message is answered as ever.
      const [{ totalCount }] = [
        (await administrator.ask(listing))[0]!.data as { totalCount: number },
      ];
      assert.equal(totalCount, 2002);
    });
  },
});

Deno.test({
  name: "A session of before a restart loses what its client may no longer subscribe to",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const directory = await Deno.makeTempDir();
    const path = `${directory}/dynsec.json`;
    const config = `${pluginLines(path)}persistence true\npersistence_location ${directory}\n`;
    try {
      await Deno.writeTextFile(path, JSON.stringify(file()));
      {
        await using broker = await BrokerProcess.start({ config });
        const away = await connectSession(broker.port, false);
        await away.subscribe([subscription("a/#")]);
        await away.disconnect();
        await broker.kill();
      }
      const changed = file();
      changed.roles[1]!.acls = [];
      await Deno.writeTextFile(path, JSON.stringify(changed));
      await using broker = await BrokerProcess.start({ config });
      const back = await connectSession(broker.port, true);
      assert.equal(back.connack.sessionPresent, true);
      assert.deepEqual((await back.unsubscribe(["a/#"])).reasonCodes, [0x11]);
      await back.disconnect();
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

Deno.test({
  name: "Rights to publish and to receive change under a connected client, which stays",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await withBroker(async ({ port }) => {
      await using administrator = await Administrator.connect(port);
      const alice = await connectAs(port, "alice", "pw", "c1");
      const received: string[] = [];
      alice.onMessage = ({ topicName }) => void received.push(topicName);
      await alice.subscribe([subscription("a/#")]);
      assert.equal(await alice.publish("a/1", text.encode("x"), { qos: 1 }), 0);
      assert.equal(await alice.publish("b", text.encode("x"), { qos: 1 }), 0x87);

      const deny = { rolename: "own", acltype: "publishClientReceive", topic: "a/2", allow: false };
      await administrator.do({ command: "addRoleACL", ...deny }, {
        command: "addRoleACL",
        rolename: "own",
        acltype: "publishClientSend",
        topic: "a/1",
        priority: 5,
        allow: false,
      });
      assert.equal(await alice.publish("a/1", text.encode("x"), { qos: 1 }), 0x87);
      for (const topic of ["a/2", "a/3"]) {
        await administrator.client.publish(topic, text.encode("x"), { qos: 1 });
      }
      await administrator.do({ command: "removeRoleACL", ...deny });
      await administrator.client.publish("a/2", text.encode("x"), { qos: 1 });
      await alice.unsubscribe(["a/#"]);
      assert.deepEqual(received, ["a/1", "a/3", "a/2"]);
      await alice.disconnect();
    });
  },
});

const ends: [what: string, command: object][] = [
  ["is disabled", { command: "disableClient", username: "alice" }],
  ["is deleted", { command: "deleteClient", username: "alice" }],
  ["has a new password", { command: "setClientPassword", username: "alice", password: "new" }],
  ["must have another Client Identifier", {
    command: "setClientId",
    username: "alice",
    clientid: "c2",
  }],
];
Deno.test({
  name: `A client is disconnected at once when it ${ends.map(([what]) => what).join(", or ")}`,
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    for (const [what, command] of ends) {
      await withBroker(async ({ port }) => {
        await using administrator = await Administrator.connect(port);
        const alice = await connectAs(port, "alice", "pw", "c1");
        await administrator.do(command);
        assert.equal(await closedWith(alice), 0x87, what);
        await assert.rejects(connectAs(port, "alice", "pw", "c1"), what);
      });
    }
  },
});

Deno.test({
  name: "Commands reach nobody but the broker, are not retained, and are nobody's without a rule",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await withBroker(async ({ port }) => {
      await using administrator = await Administrator.connect(port);
      await using curious = await Administrator.connect(port);
      const seen: string[] = [];
      const answered = curious.client.onMessage;
      curious.client.onMessage = (message) => {
        seen.push(message.topicName);
        answered?.(message, curious.client);
      };
      await curious.client.subscribe([subscription("$CONTROL/#")]);
      await administrator.do({ command: "createClient", username: "bob", password: "pw" });
      await administrator.do({
        command: "setDefaultACLAccess",
        acls: [
          { acltype: "publishClientSend", allow: true },
          { acltype: "subscribe", allow: true },
        ],
      });
      const retained = await administrator.client.publish(CONTROL, text.encode("{}"), {
        qos: 1,
        retain: true,
      });
      assert.equal(retained, 0x87);
      const alice = await connectAs(port, "alice", "pw", "c1");
      const refused = await alice.publish(CONTROL, text.encode("{}"), { qos: 1 });
      assert.equal(refused, 0x87, "No default lets anybody in");
      const answer = await alice.subscribe([subscription(`${CONTROL}/response`)]);
      assert.deepEqual(answer.reasonCodes, [0x87]);
      await alice.disconnect();
      assert.deepEqual([...new Set(seen)], [`${CONTROL}/response`]);
    });
  },
});

Deno.test({
  name: "A listener without dynamic security is no way to its commands",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const ports = [freePort(), freePort()];
    const lines = (path: string) =>
      `plugin_load sec mosquitto_dynamic_security.so\nplugin_opt_config_file ${path}\n` +
      `allow_anonymous true\nlistener ${ports[0]} 127.0.0.1\nlistener ${
        ports[1]
      } 127.0.0.1\nplugin_use sec\n`;
    await withBroker(
      async () => {
        const open = await connectAs(ports[0]!, undefined, undefined, "open");
        assert.equal(await open.publish("any", text.encode("x"), { qos: 1 }), 0x10);
        assert.equal(await open.publish(CONTROL, text.encode("{}"), { qos: 1 }), 0x87);
        await open.disconnect();
        const closed = await connectAs(ports[1]!, undefined, undefined, "closed");
        assert.equal(await closed.publish("any", text.encode("x"), { qos: 1 }), 0x87);
        await closed.disconnect();
      },
      lines,
      { isPortOwn: true },
    );
  },
});

Deno.test({
  name: "Answers carry what the commands gave along; what is no command is said to be none",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await withBroker(async ({ port }) => {
      await using administrator = await Administrator.connect(port);
      const { ask } = { ask: administrator.ask.bind(administrator) };
      assert.deepEqual(
        await ask(
          { command: "getRole", rolename: "none", correlationData: "7" },
          { command: "frobnicate" },
          7,
          { correlationData: "x" },
          { command: "GETDEFAULTACLACCESS", correlationData: "8" },
        ),
        [
          { command: "getRole", error: "Role not found", correlationData: "7" },
          { command: "frobnicate", error: "Unknown command" },
          { command: "Unknown command", error: "Command not an object" },
          { command: "Unknown command", error: "Missing command" },
          {
            command: "getDefaultACLAccess",
            data: {
              acls: [
                { acltype: "publishClientSend", allow: false },
                { acltype: "publishClientReceive", allow: true },
                { acltype: "subscribe", allow: false },
                { acltype: "unsubscribe", allow: true },
              ],
            },
            correlationData: "8",
          },
        ],
      );
      assert.deepEqual(await administrator.askText("{"), [
        { command: "Unknown command", error: "Payload not valid JSON" },
      ]);
      assert.deepEqual(await administrator.askText("{}"), [
        { command: "Unknown command", error: "Invalid/missing commands" },
      ]);
      const [details] = await ask({ command: "getClient", username: "admin" });
      const { connections } = (details!.data as { client: { connections: unknown[] } }).client;
      assert.equal(connections.length, 1);
    });
  },
});

Deno.test({
  name: "What cannot be written does not hold, and is answered with an error",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await withBroker(async ({ port }, path) => {
      await using administrator = await Administrator.connect(port);
      // A directory cannot be replaced by a file.
      await Deno.remove(path);
      await Deno.mkdir(path);
      const create = { command: "createRole", rolename: "new" };
      const [answer] = await administrator.ask(create);
      assert.equal(answer?.error, "Cannot write the file, nothing has changed");
      const [role] = await administrator.ask({ command: "getRole", rolename: "new" });
      assert.equal(role?.error, "Role not found");
      await Deno.remove(path);
      await administrator.do(create, { command: "getRole", rolename: "new" });
      const saved = JSON.parse(await Deno.readTextFile(path));
      assert.deepEqual(saved.roles.map(({ rolename }: { rolename: string }) => rolename), [
        "admin",
        "new",
        "own",
      ]);
    });
  },
});

Deno.test({
  name: "What somebody writes into the file by hand holds, and commands keep it",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await withBroker(async (broker, path) => {
      await using administrator = await Administrator.connect(broker.port);
      // With the same hashes: a new one is a new password.
      const changed = JSON.parse(await Deno.readTextFile(path)) as ReturnType<typeof file>;
      changed.clients.push(client("bob", "pw", "own"));
      await Deno.writeTextFile(path, JSON.stringify(changed));
      await administrator.do({ command: "createRole", rolename: "new" });
      const saved = JSON.parse(await Deno.readTextFile(path));
      const names = saved.clients.map(({ username }: { username: string }) => username);
      assert.deepEqual(names, ["admin", "alice", "bob"]);
      await (await connectAs(broker.port, "bob", "pw", "c2")).disconnect();

      const alice = await connectAs(broker.port, "alice", "pw", "c1");
      await Deno.writeTextFile(path, JSON.stringify({ ...changed, clients: [changed.clients[0]] }));
      assert.equal(await closedWith(alice), 0x87, "It is read by itself");
    });
  },
});

Deno.test({
  name:
    "A change that was answered outlives kill -9; who may not unsubscribe keeps its subscription",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const directory = await Deno.makeTempDir();
    const path = `${directory}/dynsec.json`;
    await Deno.writeTextFile(path, JSON.stringify(file()));
    const config = pluginLines(path);
    try {
      {
        await using broker = await BrokerProcess.start({ config });
        await using administrator = await Administrator.connect(broker.port);
        await administrator.do(
          {
            command: "createClient",
            username: "bob",
            password: "pw",
            roles: [{ rolename: "own" }],
          },
          {
            command: "addRoleACL",
            rolename: "own",
            acltype: "unsubscribeLiteral",
            topic: "a/kept",
            allow: false,
          },
        );
        await broker.kill();
      }
      await using broker = await BrokerProcess.start({ config });
      const bob = await connectAs(broker.port, "bob", "pw", "c1");
      const received: string[] = [];
      bob.onMessage = ({ topicName }) => void received.push(topicName);
      await bob.subscribe([subscription("a/kept"), subscription("a/left")]);
      const ended = await bob.unsubscribe(["a/kept", "a/left", "a/none"]);
      assert.deepEqual(ended.reasonCodes, [0x87, 0, 0x11]);
      for (const topic of ["a/left", "a/kept"]) {
        await bob.publish(topic, text.encode("x"), { qos: 1 });
      }
      await bob.unsubscribe(["a/none"]);
      assert.deepEqual(received, ["a/kept"]);
      await bob.disconnect();
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
