import { strict as assert } from "node:assert";
import {
  type BridgeChangedEvent,
  type BridgeInit,
  FunctionAccess,
  type LogPort,
  MqttClient,
  openStore,
  Server,
  SILENT,
} from "../../lib/mod.ts";
import { until } from "../support/bridge_ends.ts";
import { hasMosquitto, MosquittoBroker } from "../support/mosquitto_broker.ts";

function client(port: number, clientId: string): Promise<MqttClient> {
  return MqttClient.connect({ hostname: "127.0.0.1", port, clientId });
}

/** Gathers what a program hears of its bridges. */
function hear(server: Server): BridgeChangedEvent[] {
  const heard: BridgeChangedEvent[] = [];
  server.on("bridgeChanged", (event) => heard.push(event));
  return heard;
}

/** What crosses both ways, between a program's broker and one at this port. */
async function crosses(remotePort: number): Promise<void> {
  await using server = new Server();
  const heard = hear(server);
  const port = server.listen({ port: 0 });
  const bridge = await server.bridge({
    name: "plant",
    addresses: `127.0.0.1:${remotePort}`,
    topics: [
      { pattern: "#", direction: "out", qos: 1, localPrefix: "site/", remotePrefix: "plants/7/" },
      'cmd/# in 1 "" plants/7/',
    ],
    restartTimeout: "1",
    keepAliveSeconds: 30,
  });
  await until(() => bridge.status?.state === "connected");
  const [here, there] = [await client(port, "here"), await client(remotePort, "there")];
  const [atHere, atThere] = [here.messages(), there.messages()];
  await here.subscribe(["cmd/#"]);
  await there.subscribe(["plants/7/pump"]);
  await here.publish("site/pump", "12", { qos: 1 });
  assert.equal((await atThere.next()).value?.topicName, "plants/7/pump");
  // The bridge has subscribed behind its CONNACK, at a time of its own.
  let isThere = false;
  const arrived = atHere.next().then((result) => (isThere = true, result));
  await until(async () => {
    await there.publish("plants/7/cmd/stop", "now", { qos: 1 });
    return isThere;
  });
  assert.equal((await arrived).value?.topicName, "cmd/stop");
  assert.ok(bridge.status!.counters.messagesOut >= 1);
  assert.deepEqual(server.bridges.map(({ name, state }) => [name, state]), [[
    "plant",
    "connected",
  ]]);
  for (const one of [here, there]) await one.disconnect();
  await bridge.close();
  assert.equal(bridge.status, undefined);
  assert.deepEqual(server.bridges, []);
  await until(() => heard.at(-1)?.state === "ended");
  const connected = heard.find(({ state }) => state === "connected")!;
  assert.deepEqual([connected.name, connected.reason, connected.address], [
    "plant",
    "",
    `127.0.0.1:${remotePort}`,
  ]);
  assert.ok(connected.protocolVersion >= 4);
}

Deno.test("a program's bridge carries messages both ways, and tells where it stands", async () => {
  await using remote = new Server();
  await crosses(remote.listen({ port: 0 }));
});

Deno.test({
  name: "a program's bridge to a real mosquitto",
  ignore: !hasMosquitto,
  async fn() {
    await using remote = await MosquittoBroker.start();
    await crosses(remote.port);
  },
});

Deno.test("a program hears why its bridge is not let in, and that it comes back", async () => {
  let isOpen = false;
  await using remote = new Server({
    access: new FunctionAccess({
      authenticate: ({ userName, password }) =>
        isOpen && userName === "bridge" && new TextDecoder().decode(password) === "secret",
    }),
  });
  await using server = new Server();
  const heard = hear(server);
  await using bridge = await server.bridge({
    name: "b",
    addresses: [`127.0.0.1:${remote.listen({ port: 0 })}`],
    topics: ["a/#"],
    remoteUserName: "bridge",
    remotePassword: "secret",
    restartTimeout: "1",
  });
  await until(() => heard.some(({ state }) => state === "waiting"));
  const refused = heard.find(({ state }) => state === "waiting")!;
  assert.equal(refused.reason, "credentials");
  assert.notEqual(refused.message, "");
  isOpen = true;
  await until(() => bridge.status?.state === "connected");
  assert.equal(heard.at(-1)!.state, "connected");
});

Deno.test("what a bridge had to give is in the store, and goes when the program has begun again", async () => {
  await using remote = new Server();
  const remotePort = remote.listen({ port: 0 });
  const there = await client(remotePort, "there");
  const arrived = there.messages();
  await there.subscribe(["a"]);
  const directory = await Deno.makeTempDir();
  const init: BridgeInit = {
    name: "b",
    addresses: `127.0.0.1:1`, // Nobody is there.
    topics: ["a out 1"],
    restartTimeout: "1",
  };
  for (const addresses of [init.addresses, `127.0.0.1:${remotePort}`]) {
    const opened = openStore({ directory, durability: "always", log: SILENT });
    {
      await using server = new Server({ store: opened.store, bridgeId: "site-7" });
      server.restore(opened.state);
      const port = server.listen({ port: 0 });
      await using bridge = await server.bridge({ ...init, addresses });
      if (addresses === init.addresses) {
        await until(() => server.client("$bridge/b")?.subscriptions.size === 1);
        const here = await client(port, "here");
        await here.publish("a", "12", { qos: 1 });
        await here.disconnect();
        assert.equal(bridge.status!.state === "connected", false);
      } else {
        const { value } = await arrived.next();
        assert.equal(new TextDecoder().decode(value!.payload), "12");
      }
    }
    await opened.close();
  }
  await there.disconnect();
  await Deno.remove(directory, { recursive: true });
});

const WRONG: readonly (readonly [what: string, init: Record<string, unknown>, error: RegExp])[] = [
  ["no name", { name: undefined }, /Needs a value: the name of the bridge/],
  ["no place", { addresses: [] }, /bridge "b": name: Needs an `addresses`: where the remote/],
  ["a place of another kind", { addresses: "http://x" }, /addresses: Must be HOST, HOST:PORT/],
  ["no topic", { topics: [] }, /Needs a `topics`: which messages cross/],
  ["a QoS", { topics: [{ pattern: "a", qos: 3 }] }, /topics: The QoS must be 0, 1 or 2, is "3"/],
  ["a direction", { topics: ["a up"] }, /topics: The direction must be out, in or both/],
  ["a space", { topics: [{ pattern: "a b" }] }, /topics: Cannot be .*a b/],
  ["a filter", { topics: ["a/#/b"] }, /"a\/#\/b" is not a Topic Filter/],
  ["a number", { keepAliveSeconds: -1 }, /keepAliveSeconds: Must be a whole number from/],
  ["another type", { notifications: {} }, /notifications: Cannot be \{\}/],
  ["a word", { startType: "late" }, /startType: Must be automatic, lazy or once, is "late"/],
  ["a slip", { keepaliveSeconds: 9 }, /keepaliveSeconds: Is not a setting.*keepAliveSeconds\?/],
  ["half a key pair", { keyfile: "k" }, /keyfile: Needs `certfile`, the certificate of this key/],
  ["a password alone", { remotePassword: "p" }, /remotePassword: Needs `remoteUserName`/],
];

for (const [what, part, error] of WRONG) {
  Deno.test(`a bridge is refused in words of the program: ${what}`, async () => {
    await using server = new Server();
    const init = { name: "b", addresses: "127.0.0.1:1", topics: ["a"], ...part };
    await assert.rejects(server.bridge(init as unknown as BridgeInit), (thrown: Error) => {
      assert.ok(thrown instanceof TypeError);
      assert.match(thrown.message, /^Cannot begin a bridge: bridge /);
      assert.match(thrown.message, error);
      return true;
    });
    assert.deepEqual(server.bridges, []);
  });
}

Deno.test("a bridge that is refused leaves the others as they are; two cannot be one client", async () => {
  await using remote = new Server();
  const addresses = `127.0.0.1:${remote.listen({ port: 0 })}`;
  const errors: string[] = [];
  const log: LogPort = { ...SILENT, error: (message) => void errors.push(message) };
  await using server = new Server({ log });
  const first = await server.bridge({ name: "a", addresses, topics: ["a/#"] });
  const again = server.bridge({ name: "a", addresses, topics: ["b/#"] });
  await assert.rejects(again, /"a" is a bridge already/);
  const twin = server.bridge({ name: "b", addresses, topics: ["b/#"], remoteClientId: "c" });
  const other = server.bridge({ name: "c", addresses, topics: ["b/#"], remoteClientId: "c" });
  await twin;
  await assert.rejects(other, /Has the same Client Identifier at the same/);
  assert.deepEqual(server.bridges.map(({ name }) => name), ["a", "b"]);
  await until(() => first.status?.state === "connected");
  await server.close();
  await assert.rejects(server.bridge({ name: "d", addresses, topics: ["a"] }), /server is closed/);
  assert.deepEqual(errors, []);
});
