import { strict as assert } from "node:assert";
import type { BrokerEvents, EventName } from "../../lib/mod.ts";
import { publishPacket } from "../support/raw_client.ts";
import { doorTest, type House, until } from "./doors.ts";

/** Gathers the events of these names, as they come. */
function gather(
  { server }: House,
  ...names: EventName[]
): [name: EventName, event: BrokerEvents[EventName]][] {
  const seen: [EventName, BrokerEvents[EventName]][] = [];
  for (const name of names) server.on(name, (event) => seen.push([name, event]));
  return seen;
}

doorTest("A program hears who comes and goes, and why", async (house) => {
  const seen: unknown[] = [];
  house.server.on("connected", ({ client, cleanStart, sessionPresent, keepAliveSeconds }) => {
    seen.push(["connected", client.clientId, cleanStart, sessionPresent, keepAliveSeconds]);
  });
  house.server.on("disconnected", ({ client, cause, reasonCode, reason }) => {
    seen.push(["disconnected", client.clientId, cause, reasonCode, reason]);
  });
  const leaving = await house.connect({ clientId: "leaving", keepAliveSeconds: 60 });
  await leaving.send({ type: "disconnect", reasonCode: 0 });
  await until("it has left", () => seen.length === 2);
  const lost = await house.connect({ clientId: "lost", cleanStart: false });
  lost.close();
  await until("it is lost", () => seen.length === 4);
  await house.connect({ clientId: "sent away" });
  assert(house.server.disconnect("sent away", { message: "Closing time" }));
  await until("it is sent away", () => seen.length === 6);
  assert.deepEqual(seen, [
    ["connected", "leaving", true, false, 60],
    ["disconnected", "leaving", "client", undefined, "DISCONNECT of the client"],
    ["connected", "lost", false, false, 0],
    ["disconnected", "lost", "lost", undefined, "Connection lost"],
    ["connected", "sent away", true, false, 0],
    ["disconnected", "sent away", "broker", 0x98, "Closing time"],
  ]);
});

doorTest("A program hears that a client is taken over, before the other is in", async (house) => {
  const seen = gather(house, "takenOver", "disconnected", "connected");
  await house.connect({ clientId: "c" });
  await until("it is in", () => seen.length === 1);
  await house.connect({ clientId: "c" });
  await until("the other is in", () => seen.length === 4);
  assert.deepEqual(seen.map(([name]) => name), [
    "connected",
    "takenOver",
    "disconnected",
    "connected",
  ]);
  const { client, by } = seen[1]![1] as BrokerEvents["takenOver"];
  assert.notEqual(client.remoteAddress, by.remoteAddress);
  assert.equal((seen[2]![1] as BrokerEvents["disconnected"]).reasonCode, 0x8e);
});

doorTest(
  "A program hears of subscriptions, messages, deliveries and acknowledgements",
  async (house) => {
    const seen = gather(
      house,
      "subscribed",
      "unsubscribed",
      "published",
      "delivered",
      "acknowledged",
    );
    const client = await house.connect({ clientId: "c" });
    await client.subscribe("a/#", 1);
    await client.send(publishPacket("a/b", "12.5", 1, 7));
    const packets = [await client.receive(), await client.receive()];
    const publish = packets.find((packet) => packet?.type === "publish");
    assert(publish?.type === "publish");
    await client.send({ type: "puback", packetId: publish.packetId, reasonCode: 0 });
    await client.send({ type: "unsubscribe", packetId: 9, topicFilters: ["a/#", "never"] });
    await client.receive();
    house.server.publish("a/b", "program's");
    await until("all is heard", () => seen.length === 6);
    const text = new TextDecoder();
    assert.deepEqual(
      seen.map(([name, event]) => {
        if ("receivers" in event) {
          const { client, message, receivers } = event;
          return [
            name,
            client?.clientId,
            message.topicName,
            text.decode(message.payload),
            receivers,
          ];
        }
        const { client: _, ...rest } = event as BrokerEvents["delivered"];
        return [name, rest];
      }),
      [
        ["subscribed", { topicFilter: "a/#", qos: 1 }],
        ["delivered", {
          topicName: "a/b",
          qos: 1,
          payloadBytes: 4,
          isRepeat: false,
          publisherId: "c",
        }],
        ["published", "c", "a/b", "12.5", 1],
        ["acknowledged", { topicName: "a/b", qos: 1 }],
        ["unsubscribed", { topicFilter: "a/#" }],
        ["published", undefined, "a/b", "program's", 0],
      ],
    );
  },
);

doorTest("A program hears of a will as its client's message", async (house) => {
  const seen = gather(house, "published");
  const client = await house.connect({
    clientId: "c",
    will: { topicName: "gone", payload: new Uint8Array([1]), qos: 0, retain: false },
  });
  client.close();
  await until("the will is published", () => seen.length === 1);
  const { client: publisher, message } = seen[0]![1] as BrokerEvents["published"];
  assert.deepEqual([publisher?.clientId, message.topicName, message.payload.length], [
    "c",
    "gone",
    1,
  ]);
});

doorTest("A program hears what is dropped, for whom, and why", async (house) => {
  const seen = gather(house, "dropped");
  const properties = { maximumPacketSize: 60 };
  const client = await house.connect({ clientId: "small", properties });
  await client.subscribe("a");
  const publisher = await house.connect({ clientId: "p" });
  await publisher.send(publishPacket("a", "x".repeat(100)), publishPacket("$SYS/x", "", 0));
  await until("both are dropped", () => seen.length === 2);
  assert.deepEqual(
    (seen as ["dropped", BrokerEvents["dropped"]][]).map(([, event]) => [
      event.client?.clientId,
      event.reason,
      event.topicName,
      event.publisherId,
    ]),
    [["small", "packet_too_large", "a", "p"], ["p", "reserved_topic", "$SYS/x", "p"]],
  );
});

doorTest("A program hears that a session has expired", async (house) => {
  const seen = gather(house, "sessionExpired");
  const client = await house.connect({
    clientId: "c",
    properties: { sessionExpiryInterval: 1 },
  });
  client.close();
  await until("it has expired", () => seen.length === 1);
  assert.deepEqual(seen[0]![1], { clientId: "c" });
});

doorTest(
  "Listeners that throw or reject are logged and counted, and nobody else notices",
  async ({ server, log, connect }) => {
    let calls = 0;
    server.on("connected", () => {
      calls++;
      throw new Error("out of order");
    });
    server.on("connected", () => Promise.reject(new Error("later")));
    server.on("connected", () => new Promise(() => {}));
    let told = 0;
    server.on("connected", () => void told++);
    const first = await connect();
    await connect();
    await first.ping();
    assert.deepEqual([calls, told], [2, 2]);
    await until("all four are logged", () => server.broker.metrics.programErrors === 4);
    const errors = log.filter(({ level }) => level === "error");
    assert.deepEqual(errors.map(({ fields }) => fields.event), Array(4).fill("connected"));
    assert.match(String(errors[0]!.fields.error), /out of order\n.*events_test/);
  },
);

doorTest("A listener that is disposed of hears nothing more", async ({ server, connect }) => {
  let count = 0;
  {
    using _listening = server.on("connected", () => void count++);
    await (await connect()).ping();
  }
  await (await connect()).ping();
  assert.equal(count, 1);
});

doorTest(
  "A listener may do what it likes with the broker, itself as well",
  async ({ server, open, connect }) => {
    using rejected = server.on("connected", ({ client }) => {
      server.publish("seen", client.clientId);
      if (client.clientId === "unwanted") {
        server.disconnect("unwanted");
        rejected[Symbol.dispose]();
      }
    });
    const watcher = await connect({ clientId: "watcher" });
    await watcher.subscribe("seen");
    const unwanted = await open();
    await unwanted.introduce({ clientId: "unwanted" });
    const { packets } = await unwanted.untilEnd();
    assert.deepEqual(packets, [{
      type: "disconnect",
      reasonCode: 0x98,
      properties: { reasonString: "Disconnected by the program" },
    }]);
    const seen = await watcher.receive();
    assert(seen?.type === "publish");
    assert.equal(new TextDecoder().decode(seen.payload), "unwanted");
  },
);

doorTest(
  "Events as a stream come in order, wait in bounded memory, and end with the loop",
  async ({ server, connect }) => {
    const stream = server.events("published", { limit: 3 });
    const client = await connect();
    for (let i = 0; i < 5; i++) await client.send(publishPacket(`t/${i}`, ""));
    await client.ping();
    const topics: string[] = [];
    for await (const { message } of stream) {
      topics.push(message.topicName);
      if (topics.length === 3) break;
    }
    assert.deepEqual(topics, ["t/0", "t/1", "t/2"]);
    assert.equal(stream.lost, 2);
    assert.equal(server.broker.core.observers, null);
    assert.deepEqual(await stream.next(), { value: undefined, done: true });
  },
);

doorTest(
  "A program that publishes for each message that is published stalls nobody",
  async ({ server, connect }) => {
    let count = 0;
    using _endless = server.on("published", () => {
      count++;
      server.publish("again", "");
    });
    const client = await connect();
    await client.send(publishPacket("first", ""));
    await client.ping();
    await until("it has gone round a few times", () => count > 5);
    await client.ping();
  },
);
