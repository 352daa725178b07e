import { strict as assert } from "node:assert";
import {
  Backoff,
  ClientError,
  type InFlightStore,
  MemoryInFlightStore,
  MqttClient,
  type MqttClientInit,
} from "../../lib/client/mod.ts";
import type { Packet, Properties } from "../../lib/codec/mod.ts";
import { ClientWorld, settle } from "../support/client_world.ts";
import { incoming } from "../support/session_wire.ts";

const KEPT: Properties = { sessionExpiryInterval: 60 };

/** A client that reconnects, its first connection, and what it reported. */
async function begin(init: Partial<MqttClientInit> = {}) {
  const world = new ClientWorld();
  const delays: number[] = [];
  const connecting = MqttClient.connect({
    hostname: "broker",
    port: 1883,
    clientId: "c",
    keepAliveSeconds: 0,
    ports: world,
    reconnect: true,
    properties: KEPT,
    onDisconnected: (_, delayMs) => delays.push(delayMs),
    ...init,
  });
  await world.welcome();
  const client = await connecting;
  await settle();
  world.stream.takePackets();
  return { world, client, delays };
}

const types = (packets: readonly Packet[]) => packets.map(({ type }) => type);

Deno.test("delays between attempts double up to the most, less what is drawn", () => {
  const draws = [0, 0.5, 1 - 2 ** -20];
  const backoff = new Backoff(
    { minDelayMs: 100, maxDelayMs: 700, factor: 2, jitter: 0.5 },
    () => draws.shift() ?? 0,
  );
  const delays = Array.from({ length: 5 }, () => Math.round(backoff.next()));
  assert.deepEqual(delays, [100, 150, 200, 700, 700]);
  backoff.reset();
  assert.equal(backoff.next(), 100);
});

Deno.test("a lost connection is followed by others until one is good; what was asked for goes on [MQTT-4.4.0-1]", async () => {
  const { world, client, delays } = await begin();
  const published = client.publish("a", "one", { qos: 1 });
  await settle();
  assert.deepEqual(types(world.stream.takePackets()), ["publish"]);
  world.failures.push(new ClientError("unreachable", "no"), new ClientError("dns", "no"));
  world.stream.end();
  await settle();
  assert.equal(client.isConnected, false);
  const later = client.publish("a", "two", { qos: 2 });
  const soon = client.publish("a", "three");
  const subscribed = client.subscribe("news/#");
  await world.pass(1000 + 2000 + 4000);
  assert.deepEqual(delays, [1000, 2000, 4000]);
  const [connect, ...more] = await world.welcome(true);
  assert(connect?.type === "connect" && !connect.cleanStart, "The session is to go on");
  assert.deepEqual(more, []);
  const sent = world.stream.takePackets();
  assert.deepEqual(
    sent.map((packet) => packet.type === "publish" ? [packet.packetId, packet.dup] : packet.type),
    [[1, true], "subscribe", [3, false], [0, false]],
  );
  assert.equal(await soon, 0);
  world.stream.give(
    { type: "suback", packetId: 2, reasonCodes: [0] },
    { type: "puback", packetId: 1, reasonCode: 0x10 },
    { type: "pubrec", packetId: 3, reasonCode: 0 },
    { type: "pubcomp", packetId: 3, reasonCode: 0 },
  );
  assert.deepEqual([await published, await later], [0x10, 0]);
  assert.deepEqual((await subscribed).reasonCodes, [0]);
  client.abort();
});

Deno.test("a broker that lost the session gets the subscriptions again, without those that were ended or refused", async () => {
  const { world, client } = await begin();
  const asking = client.subscribe(["a", { topicFilter: "b", qos: 1 }, "refused"]);
  await settle();
  world.stream.give({ type: "suback", packetId: 1, reasonCodes: [0, 1, 0x87] });
  await asking;
  const ending = client.unsubscribe("a");
  await settle();
  world.stream.give({ type: "unsuback", packetId: 2, reasonCodes: [0] });
  await ending;
  world.stream.end();
  await world.pass(1000);
  await world.welcome(false);
  const [subscribe] = world.stream.takePackets();
  assert(subscribe?.type === "subscribe");
  assert.deepEqual(subscribe.subscriptions.map(({ topicFilter, qos }) => [topicFilter, qos]), [
    ["b", 1],
  ]);
  world.stream.end();
  await world.pass(1000 + 2000);
  await world.welcome(true);
  assert.deepEqual(world.stream.takePackets(), []);
  client.abort();
});

Deno.test("a connection that lasted makes the next delay short again; one that did not, does not", async () => {
  const { world, client, delays } = await begin();
  for (const lastsMs of [0, 0, 20_000, 0]) {
    await world.pass(lastsMs);
    world.stream.end();
    await settle();
    await world.pass(delays.at(-1)!);
    await world.welcome(true);
  }
  assert.deepEqual(delays.slice(0, 4), [1000, 2000, 1000, 2000]);
  client.abort();
});

Deno.test("a session that another client took over is not taken back; a filter of errors decides where there is one", async () => {
  const { world, client } = await begin();
  world.stream.give({ type: "disconnect", reasonCode: 0x8e });
  const end = await client.closed;
  assert.deepEqual([end?.kind, end?.reasonCode], ["closed", 0x8e]);

  const other = await begin({ reconnect: { shouldRetry: ({ kind }) => kind !== "refused" } });
  other.world.stream.end();
  await other.world.pass(1000);
  other.world.stream.give({ type: "connack", sessionPresent: false, reasonCode: 0x86 });
  assert.equal((await other.client.closed)?.kind, "refused");
});

Deno.test("the first attempt throws, unless it is said that it goes on", async () => {
  const world = new ClientWorld();
  const init = { hostname: "b", port: 1, ports: world, keepAliveSeconds: 0 };
  world.failures.push(new ClientError("unreachable", "no"));
  await assert.rejects(MqttClient.connect({ ...init, reconnect: true }), { kind: "unreachable" });
  world.failures.push(new ClientError("unreachable", "no"));
  const connecting = MqttClient.connect({ ...init, reconnect: { initially: true } });
  await world.pass(1000);
  await world.welcome();
  (await connecting).abort();
});

Deno.test("disconnecting while an attempt waits ends the client at once, and whoever waits is told", async () => {
  const { world, client } = await begin();
  world.stream.end();
  await settle();
  const waiting = assert.rejects(client.publish("a", "x", { qos: 1 }), { kind: "closed" });
  const subscribing = assert.rejects(client.subscribe("a"), { kind: "closed" });
  await client.disconnect();
  await Promise.all([waiting, subscribing]);
  assert.equal(await client.closed, undefined);
  await assert.rejects(client.publish("a", "x"), { kind: "closed" });
  await world.pass(100_000);
  assert.deepEqual([world.streams.length, world.timerCount], [1, 0]);
});

Deno.test("credentials are asked for before each attempt", async () => {
  let count = 0;
  const { world, client } = await begin({ beforeConnect: () => ({ userName: `u${++count}` }) });
  world.stream.end();
  await world.pass(1000);
  const [connect] = await world.welcome(true);
  assert(connect?.type === "connect" && connect.userName === "u2");
  client.abort();
});

Deno.test("what waits has a limit", async () => {
  const { world, client } = await begin({ maxQueuedMessages: 2 });
  world.stream.end();
  await settle();
  const waiting = ["a", "b"].map((text) => client.publish("t", text, { qos: 1 }));
  await assert.rejects(client.publish("t", "c", { qos: 1 }), { kind: "limit", reasonCode: 0x97 });
  assert.equal(client.pendingCount, 2);
  client.abort();
  await Promise.allSettled(waiting);
});

Deno.test("nothing is written before the store has committed", async () => {
  const memory = new MemoryInFlightStore();
  let commit = Promise.withResolvers<void>();
  commit.resolve();
  const store: InFlightStore = Object.assign(
    Object.create(memory),
    Object.fromEntries(
      (["outgoing", "add", "release", "remove", "incoming", "hold", "drop"] as const).map((
        name,
      ) => [name, (memory[name] as (...args: unknown[]) => unknown).bind(memory)]),
    ),
    { commit: () => commit.promise },
  );
  const { world, client } = await begin({ inFlight: store });
  commit = Promise.withResolvers();
  const published = client.publish("a", "x", { qos: 1 });
  world.stream.give(incoming(1, 2, "y"));
  await settle();
  assert.deepEqual(world.stream.takePackets(), []);
  assert.deepEqual([[...store.outgoing()].length, [...store.incoming()]], [1, [1]]);
  commit.resolve();
  await settle();
  assert.deepEqual(types(world.stream.takePackets()), ["publish", "pubrec"]);
  world.stream.give({ type: "puback", packetId: 1, reasonCode: 0 });
  await published;
  client.abort();
});

Deno.test("a loop over messages gets them in order; while too many wait nothing is read, and acknowledgements are the loop's", async () => {
  const { world, client } = await begin({ manualAcknowledgement: true });
  const messages = client.messages(2);
  world.stream.give(incoming(1, 1, "a"), incoming(2, 1, "b"), incoming(3, 1, "c"));
  await settle();
  const first = await messages.next();
  assert.equal(first.value?.text(), "a");
  assert.deepEqual(world.stream.takePackets(), []);
  assert.equal(first.value?.acknowledge(), true);
  await settle();
  assert.deepEqual(world.stream.takePackets(), [{ type: "puback", packetId: 1, reasonCode: 0 }]);
  assert.equal((await messages.next()).value?.text(), "b");
  assert.equal((await messages.next()).value?.text(), "c");
  client.abort();
  assert.deepEqual(await messages.next(), { done: true, value: undefined });
});
