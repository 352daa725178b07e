import { strict as assert } from "node:assert";
import { encodePacket, type Packet } from "../../lib/codec/mod.ts";
import { connect } from "node:net";
import { BrokerProcess } from "../support/broker_process.ts";
import { conversation } from "../support/conversation.ts";
import { Random } from "../support/random.ts";
import { connectPacket, publishPacket, RawClient, subscribePacket } from "../support/raw_client.ts";
import { transportTest } from "../support/transports.ts";

transportTest("a client that breaks off after any byte leaves nothing behind", async (open) => {
  await using local = await open();
  const { metrics } = local.broker;
  let opened = 0;
  for (const protocolVersion of [4, 5] as const) {
    const { length } = conversation(protocolVersion);
    opened += length;
    const cuts = Array.from({ length }, (_, i) => i + 1);
    await Promise.all(cuts.map(async (cut) => {
      const client = await RawClient.open(local.port);
      await client.write(conversation(protocolVersion).subarray(0, cut));
      // Some have been answered by now and are reset, others end in order.
      if (cut % 2 === 0) await new Promise((resolve) => setTimeout(resolve, cut % 10));
      client.close();
    }));
  }
  // On a busy machine some have gone before the broker accepts them.
  await local.until(() => metrics.connectionsAccepted === opened, 20_000);
  await local.settle();
  assert.ok(metrics.connectionsAccepted > 200);
});

for (const protocolVersion of [3, 4, 5] as const) {
  transportTest(
    `a client of version ${protocolVersion} may send one byte at a time`,
    async (open) => {
      await using local = await open();
      using client = await RawClient.open(local.port, protocolVersion);
      const bytes = conversation(protocolVersion);
      for (let i = 0; i < bytes.length; i++) await client.write(bytes.subarray(i, i + 1));
      const answers: string[] = [];
      while (answers.at(-1) !== "pingresp") answers.push((await client.receive())!.type);
      const expected = [
        ...["connack", "suback", "publish", "publish", "puback", "publish", "pubrec", "pubcomp"],
        ...["unsuback", "pingresp"],
      ];
      assert.deepEqual(answers, expected);
    },
  );
}

transportTest(
  "a client that ends its direction gets its answers, and its will is published",
  async (open) => {
    await using local = await open();
    using watcher = await RawClient.connect(local.port);
    await watcher.subscribe("gone");
    using client = await RawClient.open(local.port);
    const will = { topicName: "gone", payload: new Uint8Array(1), qos: 0, retain: false } as const;
    await client.send(connectPacket({ will }), subscribePacket("x"), publishPacket("x", "hello"));
    await client.halfClose();
    const { packets, isReset } = await client.untilEnd();
    assert.deepEqual(packets.map(({ type }) => type), ["connack", "suback", "publish"]);
    assert.equal(isReset, false);
    const last = await watcher.receive();
    assert.equal(last?.type === "publish" && last.topicName, "gone");
  },
);

transportTest(
  "those who reset their connections before they are accepted keep nobody out",
  async (_, transport) => {
    await using broker = await BrokerProcess.start({ transport, flags: ["--no-persistence"] });
    broker.signal("SIGSTOP"); // So that it finds them all when they have left.
    await Promise.all(Array.from({ length: 50 }, async () => {
      const socket = connect({ host: "127.0.0.1", port: broker.port });
      await new Promise((resolve) => socket.once("connect", resolve));
      const isGone = new Promise((resolve) => socket.once("close", resolve));
      socket.resetAndDestroy();
      await isGone;
    }));
    const startMs = performance.now();
    broker.signal("SIGCONT");
    using client = await RawClient.connect(broker.port);
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs < 3000, `It took ${tookMs} ms`);
    await client.ping();
  },
);

transportTest("random bytes end their own connection and nothing else", async (open) => {
  const random = new Random(Date.now());
  // deno-lint-ignore no-console -- so that a failure can be repeated
  console.log(`seed ${random.seed}`);
  await using local = await open();
  using other = await RawClient.connect(local.port);
  for (let round = 0; round < 20; round++) {
    await Promise.all(Array.from({ length: 10 }, async () => {
      const isIn = random.bool();
      const client = isIn ? await RawClient.connect(local.port) : await RawClient.open(local.port);
      try {
        for (let i = 0; i < 5; i++) await client.write(random.bytes(1 + random.int(2000)));
      } catch {
        // The broker was quicker.
      }
      client.close();
    }));
    await other.ping();
  }
  await local.settle(1);
});

const strangers: [name: string, bytes: string][] = [
  ["an HTTP request", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"],
  ["a TLS ClientHello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ["a packet that only a server sends", "\x20\x02\x00\x00"],
  ["a packet before CONNECT", "\xc0\x00"],
  ["a CONNECT of another protocol", "\x10\x0c\x00\x04MQQT\x04\x02\x00\x00\x00\x00"],
  ["a CONNECT larger than is accepted", "\x10\xff\xff\xff\x7f"],
];
for (const [name, bytes] of strangers) {
  transportTest(`${name} ends the connection at once`, async (open) => {
    await using local = await open();
    using client = await RawClient.open(local.port);
    await client.write(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
    const startMs = performance.now();
    const { packets } = await client.untilEnd();
    assert.deepEqual(packets, []);
    // Far from the time that a stranger has for CONNECT.
    assert.ok(performance.now() - startMs < 3000);
  });
}

for (const topicName of ["test/#", "test/+", "a/+/b", "#", ""]) {
  transportTest(`publishing to "${topicName}" ends that connection and no other`, async (open) => {
    await using local = await open();
    using other = await RawClient.connect(local.port);
    await other.subscribe("#");
    for (const protocolVersion of [3, 4, 5] as const) {
      using client = await RawClient.connect(local.port, { protocolVersion });
      const body = new TextEncoder().encode(topicName);
      const properties = protocolVersion === 5 ? [0] : [];
      const rest = [0, body.length, ...body, ...properties, 0x21];
      await client.write(Uint8Array.from([0x30, rest.length, ...rest]));
      const { packets, isReset } = await client.untilEnd();
      assert.equal(isReset, false);
      // Before 5.0 there is no word for it.
      if (protocolVersion < 5) assert.deepEqual(packets, []);
      // An empty name without a Topic Alias is a Protocol Error; a wildcard is no name. [MQTT-3.3.2-2]
      else assert.equal(reasonOf(packets[0]), topicName === "" ? 0x82 : 0x90);
    }
    await other.send(publishPacket("still/here", "x"));
    const heard = await other.receive();
    assert.equal(heard?.type === "publish" && heard.topicName, "still/here");
  });
}

transportTest(
  "a socket that stays silent, or halfway through CONNECT, is closed in time",
  async (open) => {
    await using local = await open({ connectTimeoutSeconds: 0.3 });
    const startMs = performance.now();
    using silent = await RawClient.open(local.port);
    using slow = await RawClient.open(local.port);
    await slow.write(encodePacket(connectPacket(), 5).subarray(0, 7));
    using quick = await RawClient.connect(local.port);
    assert.deepEqual(await silent.untilEnd(), { packets: [], isReset: false });
    assert.deepEqual(await slow.untilEnd(), { packets: [], isReset: false });
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs >= 290 && tookMs < 5000, `It took ${tookMs} ms`);
    await quick.ping();
  },
);

function reasonOf(packet: Packet | undefined): number | undefined {
  return packet?.type === "disconnect" ? packet.reasonCode : undefined;
}
