import { strict as assert } from "node:assert";
import { encodePacket } from "../../lib/codec/mod.ts";
import { LocalServer } from "../support/local_server.ts";
import { netTest } from "../support/net_test.ts";
import { connectPacket, publishPacket, RawClient } from "../support/raw_client.ts";
import { clientFrame, RawWebSocket, upgradeRequest } from "../support/raw_web_socket.ts";
import { transportTest } from "../support/transports.ts";

const KB = 1024;
const MB = 1024 * KB;
const BINARY = 2;

async function listen(local: LocalServer, websocketsOrigins: string[] = []): Promise<number> {
  return await local.listen({ protocol: "websockets", websocketsOrigins });
}

/** A WebSocket with a client on it that is connected. */
async function connected(port: number): Promise<{ socket: RawWebSocket; client: RawClient }> {
  const socket = await RawWebSocket.connect(port);
  const client = RawClient.over(socket);
  await client.introduce();
  return { socket, client };
}

transportTest("clients of WebSockets and of TCP hear each other", async (open) => {
  await using local = await open();
  using tcp = await RawClient.connect(local.port);
  const { client, socket: _socket } = await connected(await listen(local));
  using _ = _socket;
  await tcp.subscribe("to/tcp");
  await client.subscribe("to/socket");
  await client.send(publishPacket("to/tcp", "hello"));
  await tcp.send(publishPacket("to/socket", new Uint8Array(100 * KB)));
  assert.equal((await tcp.receive())?.type, "publish");
  const packet = await client.receive();
  assert.equal(packet?.type === "publish" && packet.payload.length, 100 * KB);
});

netTest(
  "a packet may be cut over frames, and frames over writes [MQTT-6.0.0-2] [v3 MQTT-6.0.0-2]",
  async () => {
    await using local = new LocalServer();
    const port = await listen(local);
    const bytes = encodePacket(connectPacket(), 5);
    const whole = Uint8Array.from([...clientFrame(BINARY, bytes), ...clientFrame(BINARY, PING)]);
    for (const size of [1, 2, 5, whole.length]) {
      using socket = await RawWebSocket.connect(port);
      for (let at = 0; at < whole.length; at += size) {
        await socket.send(
          whole.subarray(at, at + size),
        );
      }
      const client = RawClient.over(socket);
      assert.equal((await client.receive())?.type, "connack");
      assert.equal((await client.receive())?.type, "pingresp");
    }
    using socket = await RawWebSocket.connect(port);
    for (const byte of bytes) await socket.send(clientFrame(BINARY, Uint8Array.of(byte)));
    assert.equal((await RawClient.over(socket).receive())?.type, "connack");
  },
);

const PING = Uint8Array.of(0xc0, 0);

netTest("frames may come in one write with the request", async () => {
  await using local = new LocalServer();
  const port = await listen(local);
  const request = new TextEncoder().encode(upgradeRequest());
  const packet = encodePacket(connectPacket({ clientId: "x".repeat(5000) }), 5);
  const bytes = Uint8Array.from([...request, ...clientFrame(BINARY, packet)]);
  using socket = new RawWebSocket(await Deno.connect({ port }));
  await socket.send(bytes);
  await socket.readResponse();
  assert.equal((await RawClient.over(socket).receive())?.type, "connack");
});

/** What a client offers, and what the broker selects; `undefined`: it refuses. */
const subprotocols: [offered: string, selected: string | undefined][] = [
  ["mqtt", "mqtt"],
  ["mqttv3.1", "mqttv3.1"],
  ["mqttv3.1, mqtt", "mqtt"],
  ["chat,mqtt , x", "mqtt"],
  ["chat", undefined],
  ["MQTT", undefined],
];
for (const [offered, selected] of subprotocols) {
  netTest(
    `offered "${offered}", the broker selects ${selected} [MQTT-6.0.0-4] [v3 MQTT-6.0.0-4]`,
    async () => {
      await using local = new LocalServer();
      using socket = new RawWebSocket(await Deno.connect({ port: await listen(local) }));
      await socket.send(new TextEncoder().encode(upgradeRequest({ subprotocols: offered })));
      const response = await socket.readResponse();
      const found = /\r\nSec-WebSocket-Protocol: (.*)\r\n/.exec(response)?.[1];
      assert.equal(found, selected);
      assert.match(response, selected === undefined ? /^HTTP\/1\.1 400 / : /^HTTP\/1\.1 101 /);
    },
  );
}

netTest("a client that offers no subprotocol is let in, and none is selected", async () => {
  await using local = new LocalServer();
  using socket = new RawWebSocket(await Deno.connect({ port: await listen(local) }));
  const request = upgradeRequest().replace(/Sec-WebSocket-Protocol: .*\r\n/, "");
  await socket.send(new TextEncoder().encode(request));
  const response = await socket.readResponse();
  assert.match(response, /^HTTP\/1\.1 101 /);
  assert.doesNotMatch(response, /Sec-WebSocket-Protocol/i);
});

const ORIGIN = "https://example.com:8080";

/** Requests, and the first line of the answer. */
const requests: [name: string, request: string, answer: RegExp][] = [
  ["/mqtt with a query", upgradeRequest({ path: "/mqtt?token=1" }), /101/],
  ["/", upgradeRequest({ path: "/" }), /101/],
  ["/mqtt/", upgradeRequest({ path: "/mqtt/" }), /101/],
  ["another path", upgradeRequest({ path: "/ws/broker" }), /101/],
  ["a plain GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", /426/],
  ["a POST", "POST /mqtt HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", /405/],
  ["HTTP/1.0", "GET /mqtt HTTP/1.0\r\n\r\n", /400/],
  ["no HTTP at all", "\x10\x0c\0\x04MQTT\r\n\r\n", /400/],
  ["a header without colon", upgradeRequest({ headers: ["nonsense"] }), /400/],
  ["version 8", upgradeRequest().replace("Version: 13", "Version: 8"), /426/],
  ["a key that is none", upgradeRequest().replace(/Key: .*/, "Key: short"), /400/],
  ["10 KB of cookies", upgradeRequest({ headers: [`Cookie: ${"x".repeat(10 * KB)}`] }), /431/],
  ["8 KB without an end", "GET /mqtt HTTP/1.1\r\nCookie: " + "x".repeat(8 * KB), /431/],
];
for (const [name, request, answer] of requests) {
  netTest(`${name} is answered with ${answer.source}`, async () => {
    await using local = new LocalServer();
    using socket = new RawWebSocket(await Deno.connect({ port: await listen(local) }));
    await socket.send(new TextEncoder().encode(request));
    const response = await socket.readResponse();
    assert.match(response.split("\r\n")[0]!, answer);
    if (answer.source === "101") return;
    assert.match(response, /\r\nConnection: close\r\n/);
    await local.until(() => local.details.some((line) => line.includes("WebSocket: ")));
  });
}

netTest("a browser's plain request hears what this port is, from fetch() too", async () => {
  await using local = new LocalServer();
  const response = await fetch(`http://127.0.0.1:${await listen(local)}/`);
  assert.equal(response.status, 426);
  assert.match(await response.text(), /This port speaks MQTT over WebSocket/);
});

netTest("with websockets_origin only these origins are let in", async () => {
  await using local = new LocalServer();
  const port = await listen(local, [ORIGIN]);
  for (
    const [headers, status] of [
      [[`Origin: ${ORIGIN}`], 101],
      [["Origin: https://example.com"], 403],
      [[], 403],
    ] as const
  ) {
    using socket = new RawWebSocket(await Deno.connect({ port }));
    await socket.send(new TextEncoder().encode(upgradeRequest({ headers })));
    assert.ok((await socket.readResponse()).startsWith(`HTTP/1.1 ${status} `));
  }
});

/** What a client sends, and the code of the Close frame that it gets. */
const faults: [name: string, frame: Uint8Array, code: number][] = [
  ["a text frame", clientFrame(1, "text"), 1003],
  ["a frame of 3 MB", clientFrame(BINARY, new Uint8Array(3 * MB)), 1009],
  ["a frame without mask", clientFrame(BINARY, PING, { isMasked: false }), 1002],
];
for (const [name, frame, code] of faults) {
  transportTest(
    `${name} ends the connection with ${code}, and its will is published [MQTT-6.0.0-1] [v3 MQTT-6.0.0-1]`,
    async (open) => {
      await using local = await open();
      using watcher = await RawClient.connect(local.port);
      await watcher.subscribe("wills");
      using socket = await RawWebSocket.connect(await listen(local));
      const will = {
        topicName: "wills",
        payload: new Uint8Array(0),
        qos: 0,
        retain: false,
      } as const;
      await RawClient.over(socket).introduce({ will });
      const ending = socket.readToEnd();
      await socket.send(frame).catch(() => {}); // It may be told before it is through.
      assert.equal(await ending, code);
      assert.equal((await watcher.receive())?.type, "publish");
      await local.settle(1);
    },
  );
}

netTest("a Ping is answered with its payload, also when packets are under way", async () => {
  await using local = new LocalServer();
  const { socket } = await connected(await listen(local));
  using _ = socket;
  await socket.send(clientFrame(9, "are you there?"));
  const pong = await socket.readFrame();
  assert.equal(pong?.opcode, 10);
  assert.equal(new TextDecoder().decode(pong.payload), "are you there?");
  await socket.send(Uint8Array.from([...clientFrame(BINARY, PING), ...clientFrame(9, "2")]));
  const opcodes = [(await socket.readFrame())?.opcode, (await socket.readFrame())?.opcode];
  assert.deepEqual(opcodes.toSorted(), [10, 2]);
});

netTest("a client's Close is answered, and then the connection ends", async () => {
  await using local = new LocalServer();
  const { client, socket } = await connected(await listen(local));
  using _ = socket;
  await client.send({ type: "disconnect", reasonCode: 0 });
  await socket.send(clientFrame(8, Uint8Array.of(0x03, 0xe8)));
  assert.equal(await socket.readToEnd(), 1000);
});

netTest("whom the broker disconnects gets the DISCONNECT and a Close", async () => {
  await using local = new LocalServer();
  const { client, socket } = await connected(await listen(local));
  using _ = socket;
  await client.write(encodePacket(connectPacket(), 5)); // A second CONNECT.
  const packet = await client.receive();
  assert.equal(packet?.type === "disconnect" && packet.reasonCode, 0x82);
  assert.equal(await socket.readToEnd(), 1000);
});

netTest("who opens no WebSocket in time is closed", async () => {
  await using local = new LocalServer({ connectTimeoutSeconds: 1 });
  const port = await listen(local);
  const silent = [await Deno.connect({ port }), await Deno.connect({ port })];
  await silent[1]!.write(new TextEncoder().encode("GET /mqtt HTTP/1.1\r\n"));
  using opened = await RawWebSocket.connect(port);
  await local.until(() => local.server.connectionCount === 3);
  for (const stream of silent) assert.equal(await stream.read(new Uint8Array(1)), null);
  assert.equal(await opened.readToEnd(), 1000);
  for (const stream of silent) stream.close();
});

transportTest("a WebSocket that is never read is evicted as a TCP connection is", async (open) => {
  const limits = { maxQueuedBytes: 2 * MB, sendTimeoutSeconds: 1 };
  await using local = await open(limits);
  const { client: stuck, socket } = await connected(await listen(local));
  await stuck.subscribe("flood");
  using publisher = await RawClient.connect(local.port);
  for (let i = 0; i < 600; i++) {
    await publisher.send(publishPacket("flood", new Uint8Array(32 * KB)));
  }
  // Pings that nobody can be answered are no reason to stay, and no memory.
  for (let i = 0; i < 100; i++) await socket.send(clientFrame(9, `${i}`));
  await publisher.ping();
  assert.ok(local.broker.levels.bufferedBytes < 4 * MB);
  await local.until(() => local.broker.metrics.slowClientsEvicted === 1, 4000);
  await local.settle(1);
  assert.equal(local.broker.levels.bufferedBytes, 0);
  socket.close();
});
