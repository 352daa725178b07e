import { strict as assert } from "node:assert";
import {
  ClientError,
  LoadConnection,
  loadTopic,
  MqttClient,
  type MqttClientInit,
} from "../../lib/client/mod.ts";
import { EncodeError, type ProtocolVersion, type Publish, type Qos } from "../../lib/codec/mod.ts";
import { LocalServer } from "../support/local_server.ts";

const OPTIONS = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (string: string) => new TextEncoder().encode(string);

function clientTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true });
}

/** A client, and what comes to it. */
async function connect(port: number, init: Partial<MqttClientInit> = {}) {
  const messages: Publish[] = [];
  const waiting: (() => void)[] = [];
  const client = await MqttClient.connect({
    hostname: "127.0.0.1",
    port,
    onMessage: (message) => {
      messages.push(message);
      for (const told of waiting.splice(0)) told();
    },
    ...init,
  });
  const take = async (count: number) => {
    while (messages.length < count) await new Promise<void>((told) => waiting.push(told));
    return messages;
  };
  return { client, take };
}

const versions: ProtocolVersion[] = [3, 4, 5];
for (const protocolVersion of versions) {
  clientTest(
    `a message of each QoS goes out and comes in, version ${protocolVersion}`,
    async () => {
      await using server = new LocalServer();
      const { client, take } = await connect(server.port, { protocolVersion, clientId: "a" });
      const { reasonCodes } = await client.subscribe(
        ([0, 1, 2] as const).map((qos) => ({ topicFilter: `q/${qos}`, qos, ...OPTIONS })),
      );
      assert.deepEqual(reasonCodes, [0, 1, 2]);
      for (const qos of [0, 1, 2] as const) {
        assert.equal(await client.publish(`q/${qos}`, bytes(`hello ${qos}`), { qos }), 0);
      }
      const messages = await take(3);
      assert.deepEqual(
        messages.map(({ topicName, payload, qos }) => [topicName, text(payload), qos]).sort(),
        [["q/0", "hello 0", 0], ["q/1", "hello 1", 1], ["q/2", "hello 2", 2]],
      );
      await client.unsubscribe(["q/0"]);
      await client.disconnect();
      assert.equal(await client.closed, undefined);
    },
  );
}

clientTest("a large message arrives whole: it comes in many pieces", async () => {
  await using server = new LocalServer();
  const { client, take } = await connect(server.port);
  const payload = crypto.getRandomValues(new Uint8Array(60_000));
  const large = new Uint8Array(20 * payload.length);
  for (let i = 0; i < 20; i++) large.set(payload, i * payload.length);
  await client.subscribe([{ topicFilter: "large", qos: 1, ...OPTIONS }]);
  await client.publish("large", large, { qos: 1 });
  const [message] = await take(1);
  assert.deepEqual(message!.payload, large);
  await client.disconnect();
});

clientTest("a hundred publications at once keep to the broker's Receive Maximum", async () => {
  await using server = new LocalServer({ maxInflightMessages: 3 });
  const { client, take } = await connect(server.port);
  assert.equal(client.connack.properties?.receiveMaximum, 3);
  await client.subscribe([{ topicFilter: "many", qos: 0, ...OPTIONS }]);
  const codes = await Promise.all(
    Array.from(
      { length: 100 },
      (_, i) => client.publish("many", bytes(String(i)), { qos: (1 + i % 2) as Qos }),
    ),
  );
  assert(codes.every((code) => code < 0x80));
  const messages = await take(100);
  assert.equal(new Set(messages.map(({ payload }) => text(payload))).size, 100);
  await client.disconnect();
});

clientTest("what cannot be encoded is thrown to who asked for it, and hurts nobody", async () => {
  await using server = new LocalServer();
  const { client } = await connect(server.port);
  await assert.rejects(client.publish("\ud800", bytes("x"), { qos: 1 }), EncodeError);
  await assert.rejects(client.publish("\ud800", bytes("x")), EncodeError);
  assert.equal(await client.publish("x", bytes("x"), { qos: 2 }), 0);
  await client.disconnect();
});

clientTest("a session that goes on has its messages in the handler of connect", async () => {
  await using server = new LocalServer();
  const session = {
    clientId: "kept",
    cleanStart: false,
    properties: { sessionExpiryInterval: 60 },
  };
  const first = await connect(server.port, session);
  await first.client.subscribe([{ topicFilter: "s", qos: 1, ...OPTIONS }]);
  await first.client.disconnect();
  const other = await connect(server.port);
  for (const word of ["one", "two", "three"]) {
    await other.client.publish("s", bytes(word), { qos: 1 });
  }

  // Disconnecting in the handler leaves the others to the next connection.
  const got: string[] = [];
  const eager = await MqttClient.connect({
    hostname: "127.0.0.1",
    port: server.port,
    ...session,
    onMessage: ({ payload }, client) => {
      got.push(text(payload));
      client.disconnect();
    },
  });
  assert.equal(await eager.closed, undefined);
  assert.deepEqual(got, ["one"]);
  const last = await connect(server.port, { ...session, properties: {} });
  const messages = await last.take(2);
  assert.deepEqual(messages.map(({ payload }) => text(payload)), ["two", "three"]);
  await last.client.disconnect();
  await other.client.disconnect();
});

clientTest(
  "the will is published where the client aborts, and not where it disconnects",
  async () => {
    await using server = new LocalServer();
    const watcher = await connect(server.port);
    await watcher.client.subscribe([{ topicFilter: "will/#", qos: 0, ...OPTIONS }]);
    const will = (name: string) => ({
      will: { topicName: `will/${name}`, payload: bytes("gone"), qos: 0, retain: false } as const,
    });
    const polite = await connect(server.port, will("polite"));
    await polite.client.disconnect();
    const rude = await connect(server.port, will("rude"));
    rude.client.abort();
    const [message] = await watcher.take(1);
    assert.equal(message!.topicName, "will/rude");
    await watcher.client.disconnect();
  },
);

clientTest("who is refused gets a ClientError with the Reason Code", async () => {
  await using server = new LocalServer({}, { allowAnonymous: false });
  for (const [protocolVersion, reasonCode] of [[4, 5], [5, 0x87]] as const) {
    await assert.rejects(connect(server.port, { protocolVersion }), (error) => {
      assert(error instanceof ClientError);
      assert.deepEqual([error.kind, error.reasonCode], ["refused", reasonCode]);
      return true;
    });
  }
  await assert.rejects(
    LoadConnection.open({ hostname: "127.0.0.1", port: server.port }, "load"),
    { kind: "refused", reasonCode: 5 },
  );
});

clientTest("a broker that ends says so to whoever waits", async () => {
  const server = new LocalServer();
  const { client } = await connect(server.port);
  await server.server.close();
  const error = await client.closed;
  assert.deepEqual([error?.kind, error?.reasonCode], ["closed", 0x8b]);
  await assert.rejects(client.publish("x", bytes("x")), { kind: "closed" });
  await assert.rejects(client.publish("x", bytes("x"), { qos: 1 }), { kind: "closed" });
  await client.disconnect();
});

clientTest("a load connection sends and receives each QoS", async () => {
  await using server = new LocalServer();
  const place = { hostname: "127.0.0.1", port: server.port };
  for (const qos of [0, 1, 2] as const) {
    const enough = Promise.withResolvers<void>();
    let count = 0;
    const subscriber = await LoadConnection.open(place, "s", { topicFilter: "load", qos });
    subscriber.onPublish = () => void (++count === 500 && enough.resolve());
    const publisher = await LoadConnection.open(place, "p");
    const topic = loadTopic("load");
    for (let i = 0; i < 500; i++) publisher.publish(topic.name, topic.bytes, bytes("x"), qos);
    publisher.flush();
    await enough.promise;
    publisher.close();
    subscriber.close();
    await server.until(() => server.server.connectionCount === 0);
  }
});
