import { strict as assert } from "node:assert";
import { EventBus, type Message, Server } from "../../lib/mod.ts";
import { publishPacket, RawClient } from "../support/raw_client.ts";
import { RawWebSocket } from "../support/raw_web_socket.ts";
import { doorTest, until } from "./doors.ts";

doorTest(
  "clients() lists who is here and who is away, client() says all of one",
  async ({ server, connect }) => {
    const here = await connect({ clientId: "here" });
    await here.subscribe("a/#", 1);
    const away = await connect({ clientId: "away", properties: { sessionExpiryInterval: 600 } });
    away.close();
    await until("one is away", () => [...server.clients()].some(({ isConnected }) => !isConnected));
    const rows = [...server.clients()].map(({ clientId, isConnected }) => [clientId, isConnected]);
    assert.deepEqual(rows.toSorted(), [["away", false], ["here", true]]);
    assert.deepEqual([...server.client("here")!.subscriptions.keys()], ["a/#"]);
    assert.equal(server.client("away")!.sessionExpirySeconds, 600);
    assert.equal(server.client("nobody"), undefined);
  },
);

doorTest(
  "disconnect() tells the client its Reason Code, and deleteSession() ends what it leaves",
  async ({ server, connect }) => {
    const properties = { sessionExpiryInterval: 600 };
    const client = await connect({ clientId: "c", properties });
    assert(server.disconnect("c", { reasonCode: 0x9c, message: "Go elsewhere" }));
    const { packets } = await client.untilEnd();
    assert.deepEqual(packets, [
      { type: "disconnect", reasonCode: 0x9c, properties: { reasonString: "Go elsewhere" } },
    ]);
    assert(!server.disconnect("c"));
    // Banned is for CONNACK only, and Success is none.
    for (const reasonCode of [0x8a, 0] as const) {
      assert.throws(() => server.disconnect("c", { reasonCode }), RangeError);
    }
    assert.equal(server.client("c")!.isConnected, false);
    assert(server.deleteSession("c"));
    assert.equal(server.client("c"), undefined);
    assert(!server.deleteSession("c"));
  },
);

doorTest(
  "publish() reaches clients with all that was said about the message",
  async ({ server, connect }) => {
    const client = await connect();
    await client.subscribe("a", 1);
    server.publish("a", "12.5", { qos: 1, properties: { contentType: "text/plain" } });
    const packet = await client.receive();
    assert(packet?.type === "publish");
    assert.equal(new TextDecoder().decode(packet.payload), "12.5");
    assert.deepEqual([packet.qos, packet.properties?.contentType], [1, "text/plain"]);
    assert.throws(() => server.publish("a/+", ""), TypeError);
    const properties = { contentType: "a\0b" };
    assert.throws(() => server.publish("a", "", { properties }), { name: "EncodeError" });
  },
);

doorTest(
  "A subscription of the bus may disconnect its publisher, which is told when the turn ends",
  async ({ server, connect }) => {
    const bus = new EventBus(server.hub);
    bus.subscribe("forbidden", ({ publisherId }) => void server.disconnect(publisherId));
    const watcher = await connect();
    await watcher.subscribe("forbidden");
    const client = await connect({ clientId: "c" });
    await client.send(publishPacket("forbidden", "1"));
    const { packets } = await client.untilEnd();
    assert.deepEqual(packets.map(({ type }) => type), ["disconnect"]);
    assert.equal((await watcher.receive())?.type, "publish");
    bus.close();
  },
);

Deno.test("retained() gives what matches, one at a time, while others have their turn", async () => {
  await using server = new Server();
  for (let i = 0; i < 5000; i++) server.publish(`t/${i}`, String(i), { retain: true });
  server.publish("other", "x", { retain: true });
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const topics = new Set<string>();
  let last: Message | undefined;
  for await (const message of server.retained("t/#")) topics.add((last = message).topicName);
  clearInterval(timer);
  assert.equal(topics.size, 5000);
  assert.equal(new TextDecoder().decode(last!.payload), last!.topicName.slice(2));
  assert(turns > 0);
  assert.throws(() => server.retained("a/#/b"), TypeError);
});

Deno.test("retained() of something that is left early holds nothing", async () => {
  await using server = new Server();
  server.publish("a", "1", { retain: true });
  server.publish("b", "2", { retain: true });
  for await (const { topicName } of server.retained("#")) {
    assert.equal(topicName, "a");
    break;
  }
});

/** Two ends of a connection in memory. */
function pair() {
  const up = new TransformStream<Uint8Array, Uint8Array>();
  const down = new TransformStream<Uint8Array, Uint8Array>();
  const reader = down.readable.getReader();
  const writer = up.writable.getWriter();
  const client = RawClient.over({
    read: async (buffer) => {
      const { value, done } = await reader.read();
      if (done) return null;
      assert(value.length <= buffer.length);
      buffer.set(value);
      return value.length;
    },
    write: async (bytes) => {
      await writer.write(bytes.slice());
      return bytes.length;
    },
    closeWrite: () => writer.close(),
    close: () => {
      reader.cancel().catch(() => {});
      writer.abort().catch(() => {});
    },
  });
  return { client, stream: { readable: up.readable, writable: down.writable } };
}

Deno.test("attach() serves MQTT over streams in memory, large packets included", async () => {
  await using server = new Server();
  const { client, stream } = pair();
  assert(server.attach(stream));
  await client.introduce({ clientId: "inside" });
  assert.equal(server.client("inside")!.remoteAddress, "attached");
  await client.subscribe("a");
  const payload = crypto.getRandomValues(new Uint8Array(60_000));
  await client.send(publishPacket("a", payload));
  const packet = await client.receive();
  assert(packet?.type === "publish");
  assert.deepEqual(packet.payload, payload);
  await client.halfClose();
  await until("it is gone", () => server.connectionCount === 0);
});

Deno.test("attach() serves a connection that the program has accepted itself", async () => {
  await using server = new Server();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = listener.accept();
  const client = await RawClient.open((listener.addr as Deno.NetAddr).port);
  const options = { maxConnections: 1, name: "own" };
  const stream = await accepting;
  assert(
    server.attach(stream, {
      remoteAddress: "192.0.2.7:1024",
      options: { ...options, allowAnonymous: true },
    }),
  );
  await client.introduce({ clientId: "c" });
  assert.equal(server.client("c")!.listener, "own");
  client.close();
  await until("it is gone", () => server.connectionCount === 0);
});

Deno.test("attach() lets nobody in by itself who comes from elsewhere", async () => {
  await using server = new Server();
  const { client, stream } = pair();
  assert(server.attach(stream, { remoteAddress: "192.0.2.7:1024" }));
  await client.send({
    type: "connect",
    protocolVersion: 5,
    clientId: "c",
    keepAliveSeconds: 0,
    cleanStart: true,
  });
  const connack = await client.receive();
  assert(connack?.type === "connack");
  assert.equal(connack.reasonCode, 0x87);
});

Deno.test("attach() counts connections of one object of options, also where they come from here and from elsewhere", async () => {
  await using server = new Server();
  const options = { maxConnections: 1 };
  let taken = 0;
  for (let i = 0; i < 100; i++) {
    const remoteAddress = i % 2 === 0 ? "127.0.0.1:1024" : "192.0.2.7:1024";
    if (server.attach(pair().stream, { remoteAddress, options })) taken++;
  }
  // Some more are taken only to be told why they may not stay.
  assert(taken < 40, `${taken} were taken`);
});

Deno.test("attach() to a server that is closed says no, and closes the streams", async () => {
  const server = new Server();
  await server.close();
  const { client, stream } = pair();
  assert(!server.attach(stream));
  assert.equal((await client.untilEnd()).packets.length, 0);
});

Deno.test("attach() of a stream that fails ends that client alone", async () => {
  await using server = new Server();
  const readable = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("out of order")),
  });
  assert(server.attach({ readable, writable: new WritableStream() }));
  await until("it is gone", () => server.connectionCount === 0);
});

Deno.test("upgrade() serves MQTT beside a program's own pages", async () => {
  await using server = new Server();
  await using http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request, info) =>
      new URL(request.url).pathname === "/mqtt"
        ? server.upgrade(request, info)
        : new Response("a page"),
  );
  const { port } = http.addr;
  using socket = await RawWebSocket.connect(port);
  const client = RawClient.over(socket);
  await client.introduce({ clientId: "browser" });
  assert.match(server.client("browser")!.remoteAddress, /^127\.0\.0\.1:\d+$/);
  await client.subscribe("a");
  server.publish("a", "1");
  assert.equal((await client.receive())?.type, "publish");
  const page = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal(await page.text(), "a page");
  const plain = await fetch(`http://127.0.0.1:${port}/mqtt`);
  assert.deepEqual([plain.status, plain.headers.get("upgrade")], [426, "websocket"]);
  await plain.body?.cancel();
  await server.close();
});

Deno.test("upgrade() refuses a WebSocket that does not offer mqtt", async () => {
  await using server = new Server();
  const request = new Request("http://localhost/mqtt", {
    headers: { upgrade: "websocket", "sec-websocket-protocol": "chat" },
  });
  const response = server.upgrade(request);
  assert.equal(response.status, 400);
  await response.body?.cancel();
});

doorTest(
  "Handlers of the bus that throw or reject are logged and counted, with or without onError",
  async ({ server, log, connect }) => {
    const bus = new EventBus(server.hub);
    bus.subscribe("a", () => {
      throw new Error("out of order");
    });
    bus.subscribe("a", () => Promise.reject(new Error("later")));
    const angry = new EventBus(server.hub, {
      onError: () => {
        throw new Error("onError too");
      },
    });
    angry.subscribe("a", () => Promise.reject(new Error("told")));
    let told = 0;
    bus.subscribe("a", () => void told++);
    const client = await connect();
    await client.send(publishPacket("a", "1"));
    await client.ping();
    await until("all are logged", () => server.broker.metrics.programErrors === 3);
    assert.equal(told, 1);
    const errors = log.filter(({ level }) => level === "error").map(({ message, fields }) =>
      `${message}: ${String(fields.error).split("\n")[0]}`
    );
    assert.deepEqual(errors.toSorted(), [
      "A handler of the bus for a has failed: Error: later",
      "A handler of the bus for a has failed: Error: onError too",
      "A handler of the bus for a has failed: Error: out of order",
    ]);
    bus.close();
    angry.close();
  },
);
