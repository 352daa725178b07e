/** Who connects to the page and does not ask is closed, and keeps nobody else out. */
import { strict as assert } from "node:assert";
import { Front } from "../../lib/http/front.ts";

/** `Deno.serve` with a front that is soon tired of waiting. */
class Fronted {
  readonly front: Front;
  readonly innerPort: number;
  readonly addresses: (string | undefined)[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(firstRequestMs: number, idleMs: number) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request, { remoteAddr: { port } }) => {
        this.addresses.push(this.front.asks(port));
        if (!request.url.endsWith("/stream")) return new Response("hello");
        this.front.streams(port);
        return new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(1)) }));
      },
    );
    this.innerPort = this.#server.addr.port;
    const limits = { firstRequestMs, idleMs, lookMs: 20 };
    this.front = new Front("127.0.0.1", 0, this.innerPort, limits);
  }

  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.front.port });
  }

  async [Symbol.asyncDispose]() {
    this.front.shut();
    await Promise.all([this.#server.shutdown(), this.front.close()]);
  }
}

const say = (connection: Deno.Conn, text: string) =>
  connection.write(new TextEncoder().encode(text));

/** Resolves when the other side has closed. */
async function closed(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(1024);
  while (await connection.read(buffer).catch(() => null) !== null);
  connection.close();
}

const slow: [what: string, text: string][] = [
  ["says nothing", ""],
  ["begins a request and does not end it", "GET / HTTP/1.1\r\nHost: x"],
  ["begins TLS and does not go on", "\x16\x03\x01"],
];
for (const [what, text] of slow) {
  Deno.test(`Who connects to the page and ${what} is closed`, async () => {
    await using fronted = new Fronted(200, 60_000);
    const connection = await fronted.connect();
    if (text !== "") await say(connection, text);
    await closed(connection);
  });
}

Deno.test("Who drips the head of its request is closed all the same", async () => {
  await using fronted = new Fronted(200, 60_000);
  const connection = await fronted.connect();
  let isClosed = false;
  const end = closed(connection).then(() => isClosed = true);
  await say(connection, "GET / HTTP/1.1\r\n");
  while (!isClosed) {
    await say(connection, "X: y\r\n").catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await end;
});

Deno.test("Who has asked is closed when it has been silent for long, in the middle of a second head as well", async () => {
  await using fronted = new Fronted(60_000, 200);
  const connection = await fronted.connect();
  await say(connection, "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /a HTTP/1.1\r\nHo");
  await closed(connection);
  assert.equal(fronted.addresses.length, 1);
  assert.match(fronted.addresses[0]!, /^127\.0\.0\.1:\d+$/);
});

Deno.test("What streams may be silent", async () => {
  await using fronted = new Fronted(100, 100);
  const response = await fetch(`http://127.0.0.1:${fronted.front.port}/stream`);
  const reader = response.body!.getReader();
  await reader.read();
  const next = reader.read().then(() => "ended", () => "ended");
  const pause = new Promise((resolve) => setTimeout(() => resolve("silent"), 500));
  assert.equal(await Promise.race([next, pause]), "silent");
  await fronted.front.close();
  await next;
});

Deno.test("One address has 64 connections, and others after these", async () => {
  await using fronted = new Fronted(60_000, 60_000);
  const connections = await Promise.all(Array.from({ length: 64 }, () => fronted.connect()));
  await closed(await fronted.connect());
  for (const connection of connections.splice(0, 10)) connection.close();
  let text: string | undefined;
  while (text !== "hello") {
    const response = await fetch(`http://127.0.0.1:${fronted.front.port}/`).catch(() => undefined);
    text = await response?.text();
  }
  for (const connection of connections) connection.close();
});

Deno.test("Who comes to the inner port past the front is known as such", async () => {
  await using fronted = new Fronted(60_000, 60_000);
  await (await fetch(`http://127.0.0.1:${fronted.innerPort}/`)).text();
  assert.deepEqual(fronted.addresses, [undefined]);
});
