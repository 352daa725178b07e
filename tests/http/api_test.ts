import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";
import type { SubscriptionRequest } from "../../lib/codec/mod.ts";
import { openStore } from "../../lib/store/mod.ts";
import { HttpBroker } from "./support.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function connect(broker: HttpBroker, clientId: string, init = {}): Promise<MqttClient> {
  return MqttClient.connect({ hostname: "127.0.0.1", port: broker.mqttPort, clientId, ...init });
}

function filter(topicFilter: string, qos: 0 | 1 | 2): SubscriptionRequest {
  return { topicFilter, qos, noLocal: false, retainAsPublished: false, retainHandling: 0 };
}

/** All items of a list, page by page. */
// deno-lint-ignore no-explicit-any -- what they are the test says
async function all(broker: HttpBroker, path: string, limit: number): Promise<any[]> {
  const items = [];
  for (let after = "";;) {
    const query = `${path.includes("?") ? "&" : "?"}limit=${limit}&after=${after}`;
    const page = await broker.json(path + query);
    assert.ok(page.items.length <= limit);
    items.push(...page.items);
    if (page.next === null) return items;
    after = page.next;
  }
}

Deno.test("clients are listed by pages, sorted by any column in both directions, and filtered", async () => {
  await using broker = await HttpBroker.start();
  const clients = await Promise.all(
    ["pump-1", "pump-2", "door", "lamp"].map((clientId) => connect(broker, clientId)),
  );
  await clients[0]!.subscribe([filter("a/#", 0), filter("b", 1)]);
  await clients[3]!.subscribe([filter("c", 0)]);
  const ids = async (query: string) =>
    (await all(broker, `/api/v1/clients?${query}`, 1)).map(({ clientId }) => clientId);
  assert.deepEqual(await ids(""), ["door", "lamp", "pump-1", "pump-2"]);
  assert.deepEqual(await ids("order=desc"), ["pump-2", "pump-1", "lamp", "door"]);
  assert.deepEqual(await ids("sort=subscriptionCount"), ["door", "pump-2", "lamp", "pump-1"]);
  assert.deepEqual(await ids("sort=subscriptionCount&order=desc"), [
    "pump-1",
    "lamp",
    "door",
    "pump-2",
  ]);
  assert.deepEqual(await ids("filter=PUMP"), ["pump-1", "pump-2"]);
  assert.deepEqual(await ids("connected=false"), []);
  const { items: [first] } = await broker.json("/api/v1/clients?filter=pump-1");
  assert.equal(first.subscriptionCount, 2);
  assert.equal(first.protocolVersion, 5);
  assert.match(first.remoteAddress, /^127\.0\.0\.1:\d+$/);
  for (const client of clients) await client.disconnect();
});

Deno.test("ten thousand sessions and topics are paged through, each once", async () => {
  await using broker = await HttpBroker.start();
  const message = (topicName: string) => ({
    topicName,
    payload: encode("x"),
    qos: 0 as const,
    retain: true,
    properties: undefined,
    expiresAtMs: Infinity,
    publisherId: "",
  });
  const numbers = Array.from({ length: 10_000 }, (_, i) => i);
  broker.server.restore({
    sessions: numbers.map((i) => ({
      clientId: `c${i}`,
      expirySeconds: Infinity,
      expiresAtMs: Infinity,
      subscriptions: [{
        topicFilter: `t/${i}`,
        qos: 1,
        noLocal: false,
        retainAsPublished: false,
        subscriptionIdentifier: 0,
      }],
      deliveries: [],
      received: [],
      will: undefined,
    })),
    retained: numbers.map((i) => message(`r/${i}/x`)),
  });
  const lists: [path: string, name: (item: Record<string, string>) => string | undefined][] = [
    ["/api/v1/clients", ({ clientId }) => clientId],
    ["/api/v1/clients?sort=queuedMessages&order=desc", ({ clientId }) => clientId],
    ["/api/v1/subscriptions", ({ topicFilter }) => topicFilter],
    ["/api/v1/retained", ({ topicName }) => topicName],
    ["/api/v1/retained/levels?below=r", ({ level }) => level],
  ];
  for (const [path, name] of lists) {
    const items = await all(broker, path, 997);
    assert.equal(new Set(items.map(name)).size, 10_000, path);
    assert.equal(items.length, 10_000, path);
  }
});

Deno.test("one client is told with its subscriptions, and one that is not there is a problem", async () => {
  await using broker = await HttpBroker.start();
  const client = await connect(broker, "a/b c", { properties: { sessionExpiryInterval: 60 } });
  await client.subscribe([filter("home/#", 1)]);
  const path = `/api/v1/clients/${encodeURIComponent("a/b c")}`;
  const told = await broker.json(path);
  assert.deepEqual([told.clientId, told.isConnected, told.slowness], ["a/b c", true, []]);
  const { items } = await broker.json(
    `/api/v1/subscriptions?clientId=${encodeURIComponent("a/b c")}`,
  );
  assert.deepEqual(items, [{
    clientId: "a/b c",
    topicFilter: "home/#",
    qos: 1,
    noLocal: false,
    retainAsPublished: false,
    subscriptionIdentifier: 0,
  }]);
  const response = await broker.fetch("/api/v1/clients/nobody");
  assert.equal(response.status, 404);
  assert.equal((await response.json()).detail, "There is no session of client nobody");
  await client.disconnect();
});

Deno.test("a client is disconnected with 0x98, and its session deleted", async () => {
  await using broker = await HttpBroker.start();
  const client = await connect(broker, "pump", { properties: { sessionExpiryInterval: 3600 } });
  const kicked = await broker.fetch("/api/v1/clients/pump/disconnect", { method: "POST" });
  assert.equal(kicked.status, 204);
  await assert.rejects(
    client.publish("a", encode("x"), { qos: 1 }),
    /AdministrativeAction|0x98|closed|ended/i,
  );
  assert.equal((await broker.json("/api/v1/clients/pump")).isConnected, false);
  const again = await broker.fetch("/api/v1/clients/pump/disconnect", { method: "POST" });
  assert.equal(again.status, 409);
  await again.body?.cancel();
  assert.equal((await broker.fetch("/api/v1/clients/pump", { method: "DELETE" })).status, 204);
  assert.equal(broker.server.broker.clients.has("pump"), false);
  assert.match(
    broker.tail.after(0, 100).at(-1)!.text,
    /^Session deleted at the dashboard clientId=pump/,
  );
});

Deno.test("a message published by the API arrives, and is read, browsed and deleted where it is retained", async () => {
  await using broker = await HttpBroker.start();
  const got: [string, string][] = [];
  const arrived = Promise.withResolvers<void>();
  const client = await connect(broker, "listener", {
    onMessage: ({ topicName, payload }: { topicName: string; payload: Uint8Array }) => {
      got.push([topicName, new TextDecoder().decode(payload)]);
      if (got.length === 3) arrived.resolve();
    },
  });
  await client.subscribe([filter("home/#", 0)]);
  const topics = ["home/cellar/temperature", "home/cellar", "home/attic/light"];
  for (const topic of topics) {
    const body = { topic, payload: "12.5", qos: 1, retain: true, contentType: "text/plain" };
    const response = await broker.fetch("/api/v1/publish", { method: "POST", body });
    assert.equal(response.status, 204);
  }
  await arrived.promise;
  assert.deepEqual(got.map(([topic]) => topic), topics);

  assert.deepEqual(await all(broker, "/api/v1/retained/levels", 1), [
    { level: "home", messages: 3, hasMessage: false },
  ]);
  assert.deepEqual(await all(broker, "/api/v1/retained/levels?below=home", 1), [
    { level: "attic", messages: 1, hasMessage: false },
    { level: "cellar", messages: 2, hasMessage: true },
  ]);
  const listed = await all(broker, "/api/v1/retained?filter=home/%23", 2);
  assert.deepEqual(listed.map(({ topicName }) => topicName).toSorted(), topics.toSorted());
  const message = await broker.json("/api/v1/retained/message?topic=home/cellar");
  assert.deepEqual(
    [message.payload, message.payloadBase64, message.qos, message.contentType, message.expiresAtMs],
    ["12.5", "MTIuNQ==", 1, "text/plain", null],
  );
  const one = await broker.fetch("/api/v1/retained/message?topic=home/cellar", {
    method: "DELETE",
  });
  assert.equal(one.status, 204);
  const dry = await broker.fetch("/api/v1/retained?filter=home/%23&dryRun=true", {
    method: "DELETE",
  });
  assert.deepEqual(await dry.json(), { deleted: 2, isDryRun: true, hasMore: false });
  assert.equal(broker.server.broker.core.retained.size, 2);
  const wet = await broker.fetch("/api/v1/retained?filter=home/%23", { method: "DELETE" });
  assert.deepEqual(await wet.json(), { deleted: 2, isDryRun: false, hasMore: false });
  assert.equal(broker.server.broker.core.retained.size, 0);
  await client.disconnect();
});

Deno.test("a page of retained messages that is asked for twice is a problem", async () => {
  await using broker = await HttpBroker.start();
  for (const topicName of ["a", "b", "c"]) {
    broker.server.hub.publish({ topicName, payload: encode("x"), retain: true });
  }
  const { next } = await broker.json("/api/v1/retained?limit=1");
  assert.equal((await broker.json(`/api/v1/retained?limit=1&after=${next}`)).items.length, 1);
  const response = await broker.fetch(`/api/v1/retained?limit=1&after=${next}`);
  assert.equal(response.status, 410);
  await response.body?.cancel();
});

const wrongMessages: [body: Record<string, unknown>, detail: RegExp][] = [
  [{ topic: "a/#" }, /^topic: must be a Topic Name, is "a\/#"$/],
  [{ topic: "$SYS/x" }, /^topic: names that begin with \$/],
  [{ topic: "a", qos: 3 }, /^qos: must be 0, 1 or 2$/],
  [{ topic: "a", retain: "yes" }, /^retain: must be true or false$/],
  [{ topic: "a", payload: 1 }, /^payload: must be a text$/],
  [{ topic: "a", payloadBase64: "?" }, /^payloadBase64: must be base64$/],
  [{ topic: "a", messageExpirySeconds: -1 }, /^messageExpirySeconds: must be a whole number/],
  [{ topic: "a", userProperties: [{ name: "x" }] }, /^userProperties: must be a list of objects/],
  [{}, /^topic: must be a text$/],
  [{ topic: "a", contentType: "a\0b" }, /^Cannot encode contentType: it has U\+0000/],
  [{ topic: "a", userProperties: [{ name: "a", value: "\ud800" }] }, /^Cannot encode userProp/],
];
for (const [body, detail] of wrongMessages) {
  Deno.test(`a message is refused: ${JSON.stringify(body)}`, async () => {
    await using broker = await HttpBroker.start();
    const response = await broker.fetch("/api/v1/publish", { method: "POST", body });
    assert.equal(response.status, 400);
    assert.match((await response.json()).detail, detail);
  });
}

Deno.test("a viewer reads and changes nothing; what an ACL forbids an admin's API may not do either", async () => {
  await using broker = await HttpBroker.start({
    users: { alice: "secret", bob: "hidden" },
    acl: "user alice\ntopic readwrite home/#\nuser bob\ntopic read home/#\n",
    listener: { admins: ["alice"], viewers: ["bob"] },
  });
  const bob = { cookie: await broker.logIn("bob", "hidden") };
  const alice = { cookie: await broker.logIn("alice", "secret") };
  const publish = async (topic: string, headers: Record<string, string>) => {
    const body = { topic, payload: "x", retain: true };
    const response = await broker.fetch("/api/v1/publish", { method: "POST", body, headers });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await publish("home/a", bob), 403);
  assert.equal(await publish("garden/a", alice), 403);
  assert.equal(await publish("home/a", alice), 204);
  const put = { method: "PUT", body: { level: "debug" } };
  const refused = await broker.fetch("/api/v1/log/level", { ...put, headers: bob });
  assert.equal((await refused.json()).detail, "A viewer may look, but change nothing");
  assert.equal((await broker.fetch("/api/v1/log/level", { ...put, headers: alice })).status, 204);
  assert.equal(broker.level, "debug");
  broker.server.hub.publish({ topicName: "garden/b", payload: encode("x"), retain: true });
  const { items } = await broker.json("/api/v1/retained", bob);
  assert.deepEqual(items.map(({ topicName }: { topicName: string }) => topicName), ["home/a"]);
  const hidden = await broker.fetch("/api/v1/retained/message?topic=garden/b", { headers: bob });
  assert.equal(hidden.status, 404);
  await hidden.body?.cancel();

  const explain = (query: string) => broker.json(`/api/v1/access/explain?${query}`, bob);
  const told = await explain("action=publish&topic=home/a&userName=bob");
  assert.equal(told.isAllowed, false);
  assert.match(told.reason, /^No line of .*\/acl lets it write there$/);
  const read = await explain("action=subscribe&topic=home/%23&userName=bob");
  assert.equal(read.isAllowed, true);
  assert.match(read.reason, /\/acl:4: topic read home\/#$/);
});

Deno.test("a page user's WebSocket is a client with that user's rights, without a password", async () => {
  await using broker = await HttpBroker.start({
    users: { alice: "secret", bob: "hidden" },
    listener: { admins: ["alice"], viewers: ["bob"] },
  });
  const outcome = async (userName: string, password: string) => {
    const cookie = await broker.logIn(userName, password);
    const socket = new WebSocket(
      `ws://127.0.0.1:${broker.port}/mqtt`,
      // Deno's own form, which the types of a browser do not know.
      { protocols: ["mqtt"], headers: { cookie } } as unknown as string[],
    );
    socket.binaryType = "arraybuffer";
    const packets: number[][] = [];
    const done = Promise.withResolvers<void>();
    socket.onmessage = ({ data }) => {
      packets.push([...new Uint8Array(data)]);
      if (packets.length === 2) done.resolve();
    };
    socket.onclose = () => done.resolve();
    socket.onopen = () => {
      socket.send(Uint8Array.of(0x10, 13, 0, 4, 77, 81, 84, 84, 5, 2, 0, 0, 0, 0, 0)); // CONNECT
      socket.send(Uint8Array.of(0x32, 7, 0, 1, 97, 0, 1, 0, 120)); // PUBLISH QoS 1 to "a"
    };
    await done.promise;
    const [connack, puback] = packets;
    const { userName: known } = [...broker.server.broker.clients.values()].at(-1)!.identity;
    socket.close();
    return [connack![0], known, puback![0], puback!.length > 4 ? puback![4] : 0];
  };
  // A viewer's PUBLISH is refused with 0x87; an admin's has nobody who subscribed.
  assert.deepEqual(await outcome("alice", "secret"), [0x20, "alice", 0x40, 0x10]);
  assert.deepEqual(await outcome("bob", "hidden"), [0x20, "bob", 0x40, 0x87]);
});

Deno.test("a WebSocket without a session is refused where users are named", async () => {
  await using broker = await HttpBroker.start({
    users: { alice: "secret" },
    listener: { admins: ["alice"] },
  });
  const socket = new WebSocket(`ws://127.0.0.1:${broker.port}/mqtt`, ["mqtt"]);
  const ended = Promise.withResolvers<boolean>();
  socket.onopen = () => ended.resolve(true);
  socket.onerror = (event) => (event.preventDefault(), ended.resolve(false));
  assert.equal(await ended.promise, false);
});

Deno.test("the log is followed by its sequence, and says its level", async () => {
  await using broker = await HttpBroker.start();
  broker.tail.add(5, "warning", "First", { a: 1 });
  const first = await broker.json("/api/v1/log");
  assert.deepEqual(first, {
    items: [{ sequence: 1, atMs: 5, level: "warning", text: "First a=1" }],
    last: 1,
    level: "info",
  });
  assert.deepEqual((await broker.json("/api/v1/log?after=1")).items, []);
  broker.tail.add(6, "error", "Second", undefined);
  assert.deepEqual(
    (await broker.json("/api/v1/log?after=1")).items.map(({ text }: { text: string }) => text),
    ["Second"],
  );
});

Deno.test("listeners, options with their origin, and the check of a text", async () => {
  await using broker = await HttpBroker.start();
  const { items } = await broker.json("/api/v1/listeners");
  assert.deepEqual(items.map(({ name }: { name: string }) => name), ["1883", "9883"]);
  const configuration = await broker.json("/api/v1/configuration");
  assert.equal(configuration.items[0].origin, "m.conf:3");
  const check = async (text: string) => {
    const response = await broker.fetch("/api/v1/configuration/check", {
      method: "POST",
      body: { text },
    });
    return await response.json();
  };
  assert.deepEqual(await check("max_qos 1"), { isValid: true, problems: [] });
  assert.deepEqual(await check("nonsense 1"), {
    isValid: false,
    problems: ["configuration:1: nonsense"],
  });
});

Deno.test("what is not well is said in words", async () => {
  await using broker = await HttpBroker.start();
  const { broker: core } = broker.server;
  const client = await connect(broker, "pump-7", { properties: { sessionExpiryInterval: 60 } });
  await client.subscribe([filter("a", 1)]);
  await client.disconnect();
  await new Promise((resolve) => setTimeout(resolve, 1100)); // The first sample is from before.
  core.metrics.countDrop("queue_full");
  core.metrics.countDrop("queue_full");
  const { warnings, gauges, version } = await broker.json("/api/v1/overview");
  assert.equal(version, "1.2.3");
  assert.equal(gauges.clients, 0);
  // On a machine that does much else at the same time the broker may be late as well.
  const ofDrops = warnings.filter(({ text }: { text: string }) => !text.includes("is late"));
  assert.deepEqual(ofDrops, [{
    level: "warning",
    text: "2 messages dropped in the last 10 minutes: queue_full",
  }]);
});

Deno.test("gauges come as server-sent events, and the stream ends with the broker", async () => {
  const broker = await HttpBroker.start();
  const response = await broker.fetch("/api/v1/events");
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while ((text.match(/event: gauges/g) ?? []).length < 2) text += (await reader.read()).value ?? "";
  assert.match(text, /data: \{"clients":0,"sessions":0,.*"atMs":\d+,/);
  await broker[Symbol.asyncDispose]();
  while (!(await reader.read()).done);
});

Deno.test("An administrator subscribes and unsubscribes a client, under the client's rights", async () => {
  await using broker = await HttpBroker.start({
    users: { ann: "secret" },
    acl: "user ann\ntopic readwrite home/#\n",
  });
  const client = await MqttClient.connect({
    hostname: "127.0.0.1",
    port: broker.mqttPort,
    clientId: "pump",
    userName: "ann",
    password: new TextEncoder().encode("secret"),
  });
  const seen: string[] = [];
  client.onMessage = ({ topicName }) => void seen.push(topicName);
  const path = "/api/v1/clients/pump/subscriptions";
  const add = (body: object) => broker.fetch(path, { method: "POST", body });
  await client.publish("home/kept", new Uint8Array(1), { qos: 1, retain: true });
  const added = await add({ topicFilter: "home/#", qos: 1 });
  assert.deepEqual([added.status, await added.json()], [200, { qos: 1 }]);
  await client.publish("home/door", new Uint8Array(1), { qos: 1 });
  for (let i = 0; i < 500 && seen.length < 2; i++) await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(seen, ["home/kept", "home/door"]);
  const refused = await add({ topicFilter: "garden/#" });
  assert.equal(refused.status, 403);
  assert.match((await refused.json()).detail, /^pump is refused: NotAuthorized \(0x87\)$/);
  for (
    const [body, detail] of [
      [{ topicFilter: "a/#/b" }, /^topicFilter: must be a Topic Filter/],
      [{ topicFilter: "home/x", qos: 3 }, /^qos: must be 0, 1 or 2$/],
      [{ topicFilter: "$share/g/home/x", noLocal: true }, /^noLocal: does not go with a shared/],
    ] as const
  ) {
    const response = await add(body);
    assert.equal(response.status, 400);
    assert.match((await response.json()).detail, detail);
  }
  const remove = async (query: string) => {
    const response = await broker.fetch(`${path}?topicFilter=${query}`, { method: "DELETE" });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await remove("home/%23"), 204);
  assert.equal(await remove("home/%23"), 404);
  await client.publish("home/door", new Uint8Array(1), { qos: 1 });
  assert.deepEqual(seen.length, 2);
  await client.disconnect();
  const gone = await broker.fetch(path, { method: "POST", body: { topicFilter: "home/x" } });
  assert.equal(gone.status, 404);
  await gone.body?.cancel();
});

Deno.test("A backup is the file of the store; without a store there is none", async () => {
  await using broker = await HttpBroker.start();
  const none = await broker.fetch("/api/v1/backup", { method: "POST" });
  assert.equal(none.status, 409);
  assert.equal((await none.json()).detail, "There is no durable store");
  const directory = await Deno.makeTempDir();
  const { store, close } = openStore({
    directory,
    durability: "interval",
    log: { debugOn: false, debug() {}, info() {}, warning() {}, error() {} },
  });
  await using stored = await HttpBroker.start({ backUp: () => store.backUp() });
  const response = await stored.fetch("/api/v1/backup", { method: "POST" });
  assert.equal(response.headers.get("content-type"), "application/vnd.sqlite3");
  const bytes = new Uint8Array(await response.arrayBuffer());
  assert.equal(new TextDecoder().decode(bytes.subarray(0, 15)), "SQLite format 3");
  await close();
  await Deno.remove(directory, { recursive: true });
});
