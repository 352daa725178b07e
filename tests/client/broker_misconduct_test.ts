import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";
import { encodePacket, type Packet, type Publish } from "../../lib/codec/mod.ts";
import { FakeBroker } from "../support/fake_broker.ts";

function misconductTest(name: string, fn: (broker: FakeBroker) => Promise<void>): void {
  Deno.test({
    name,
    sanitizeOps: true,
    sanitizeResources: true,
    fn: async () => {
      using broker = new FakeBroker();
      await fn(broker);
    },
  });
}

function connect(broker: FakeBroker, init = {}): Promise<MqttClient> {
  return MqttClient.connect({ hostname: "127.0.0.1", port: broker.port, ...init });
}

function publish(topicName: string, more: Partial<Publish> = {}): Packet {
  return {
    type: "publish",
    topicName,
    payload: new Uint8Array([7]),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: undefined,
    ...more,
  };
}

misconductTest("packets that are cut anywhere are put together", async (broker) => {
  const topics: string[] = [];
  const done = Promise.withResolvers<void>();
  const onMessage = ({ topicName }: Publish) => {
    topics.push(topicName);
    if (topics.length === 4) done.resolve();
  };
  const connecting = connect(broker, { onMessage });
  await broker.welcome();
  const client = await connecting;
  for (const topic of ["a", "b/c"]) {
    for (const byte of encodePacket(publish(topic), 5)) await broker.write(Uint8Array.of(byte));
  }
  const two = [encodePacket(publish("d"), 5), encodePacket(publish("e"), 5)];
  await broker.write(new Uint8Array(two.flatMap((packet) => [...packet])));
  await done.promise;
  assert.deepEqual(topics, ["a", "b/c", "d", "e"]);
  client.abort();
});

misconductTest(
  "a QoS 2 message that is sent twice comes once; a Topic Alias is resolved",
  async (broker) => {
    const messages: Publish[] = [];
    const connecting = connect(broker, {
      onMessage: (message: Publish) => messages.push(message),
      properties: { topicAliasMaximum: 1 },
    });
    await broker.welcome();
    const client = await connecting;
    await broker.send(publish("a", { qos: 2, packetId: 1, properties: { topicAlias: 1 } }));
    assert.equal((await broker.next())?.type, "pubrec");
    await broker.send(publish("a", { qos: 2, packetId: 1, dup: true }));
    assert.equal((await broker.next())?.type, "pubrec");
    await broker.send({ type: "pubrel", packetId: 1, reasonCode: 0 });
    assert.equal((await broker.next())?.type, "pubcomp");
    await broker.send(publish("", { qos: 1, packetId: 2, properties: { topicAlias: 1 } }));
    assert.equal((await broker.next())?.type, "puback");
    assert.deepEqual(messages.map(({ topicName, qos }) => [topicName, qos]), [["a", 2], ["a", 1]]);
    client.abort();
  },
);

const endings: [what: string, packet: Packet, kind: string, message: RegExp][] = [
  [
    "a Topic Alias that was never set",
    publish("", { properties: { topicAlias: 3 } }),
    "protocol",
    /no Topic Alias 3/,
  ],
  [
    "a Topic Alias above our maximum",
    publish("a", { properties: { topicAlias: 5 } }),
    "protocol",
    /Alias 5: we take 4/,
  ],
  ["a packet that only clients send", { type: "pingreq" }, "protocol", /sent pingreq/],
  [
    "DISCONNECT with a reason",
    { type: "disconnect", reasonCode: 0x8d, properties: { reasonString: "too quiet" } },
    "closed",
    /too quiet/,
  ],
];
for (const [what, packet, kind, message] of endings) {
  misconductTest(`${what} ends the connection`, async (broker) => {
    const connecting = connect(broker, { properties: { topicAliasMaximum: 4 } });
    await broker.welcome();
    const client = await connecting;
    const asked = client.publish("x", new Uint8Array(), { qos: 1 }).catch((error) => error);
    await broker.send(packet);
    const error = await client.closed;
    assert.equal(error?.kind, kind);
    assert.match(error.message, message);
    assert.equal((await asked).kind, kind);
  });
}

misconductTest("a broker that closes without a word is told to who waits", async (broker) => {
  const connecting = connect(broker);
  await broker.welcome();
  const client = await connecting;
  const asked = assert.rejects(client.unsubscribe(["x"]), { kind: "closed" });
  broker.close();
  assert.equal((await client.closed)?.kind, "closed");
  await asked;
});

misconductTest(
  "Keep Alive: PINGREQ goes out, and silence afterwards ends the connection",
  async (broker) => {
    const connecting = connect(broker, { keepAliveSeconds: 60 });
    await broker.welcome({ serverKeepAlive: 1 });
    const client = await connecting;
    assert.equal((await broker.next())?.type, "pingreq");
    await broker.send({ type: "pingresp" });
    assert.equal((await broker.next())?.type, "pingreq");
    assert.equal((await client.closed)?.kind, "timeout");
  },
);

misconductTest("a broker that does not answer CONNECT is not waited for", async (broker) => {
  const connecting = assert.rejects(connect(broker, { connectTimeoutMs: 50 }), {
    kind: "timeout",
    message: "No CONNACK within 50 ms",
  });
  await broker.accept();
  await connecting;
});

misconductTest(
  "DISCONNECT is sent after what was to be sent, and the broker may close first",
  async (broker) => {
    const connecting = connect(broker);
    await broker.welcome();
    const client = await connecting;
    const published = client.publish("x", new Uint8Array(100_000));
    const left = client.disconnect();
    assert.equal((await broker.next())?.type, "publish");
    assert.equal((await broker.next())?.type, "disconnect");
    // What comes now is neither handled nor answered.
    await broker.send(publish("a", { qos: 1, packetId: 1 }));
    broker.close();
    await Promise.all([published, left]);
    assert.equal(await client.closed, undefined);
  },
);

misconductTest("a broker that sends more than our Receive Maximum is told so", async (broker) => {
  const connecting = connect(broker, {
    manualAcknowledgement: true,
    properties: { receiveMaximum: 2 },
  });
  await broker.welcome();
  const client = await connecting;
  for (const packetId of [1, 2]) await broker.send(publish("a", { qos: 1, packetId }));
  await broker.send(publish("a", { qos: 1, packetId: 2, dup: true }));
  await broker.send(publish("a", { qos: 2, packetId: 3 }));
  const error = await client.closed;
  assert.deepEqual([error?.kind, error?.reasonCode], ["protocol", 0x93]);
  const said = await broker.next();
  assert.deepEqual([said?.type, said?.type === "disconnect" && said.reasonCode], [
    "disconnect",
    0x93,
  ]);
});
