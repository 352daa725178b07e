import { deepEqual, ok } from "node:assert/strict";
import { NatsConnection, type NatsTls } from "../../../lib/cluster/nats/mod.ts";
import { hasOpenssl, makeCertificates } from "../../../tasks/certs.ts";
import { NatsServer, natsTest, until } from "../../support/nats_server.ts";

// Servers that do not speak NATS, or stop in the middle of it. A client must not wait for one for ever, and must not grow by it: it goes to
// the next server, which is a real one here.

const encoder = new TextEncoder();
const INFO = 'INFO {"server_name":"x","max_payload":1048576,"headers":true}\r\n';
const TLS_INFO = 'INFO {"tls_required":true}\r\n';
const MB = 1024 * 1024;

/** What a server does with a connection; `say` resolves to false when the client has gone. */
type Behaviour = (say: (text: string | Uint8Array) => Promise<boolean>) => Promise<void>;

const silence = () => new Promise<void>(() => {});
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function says(...texts: (string | Uint8Array)[]): Behaviour {
  return async (say) => {
    for (const text of texts) await say(text);
    await silence();
  };
}

/** Lets the client in, and says more as soon as it has subscribed. */
function letsIn(...texts: (string | Uint8Array)[]): Behaviour {
  return says(INFO, "PONG\r\n", ...texts);
}

/** Says the same again and again, with so much time between. */
function goesOn(first: string, again: string | Uint8Array, ms = 0): Behaviour {
  return async (say) => {
    if (first !== "") await say(first);
    while (await say(again)) await pause(ms);
  };
}

const random = crypto.getRandomValues(new Uint8Array(65_536));
const long = "x".repeat(32_768);

const BEHAVIOURS: readonly [name: string, behaviour: Behaviour][] = [
  ["says nothing", silence],
  ["closes at once", () => Promise.resolve()],
  ["closes behind INFO", async (say) => void await say(INFO)],
  ["closes in INFO", async (say) => void await say(INFO.slice(0, 20))],
  ["closes behind PONG", async (say) => void await say(`${INFO}PONG\r\n`)],
  ["is another program", says("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ["sends random bytes", goesOn("", random)],
  ["sends a line without an end", goesOn("INFO ", long)],
  ["sends INFO a byte at a time", goesOn("INFO {", " ", 300)],
  ["sends an INFO that is no JSON", says("INFO {{{\r\n")],
  ["sends an INFO that is null", says("INFO null\r\n")],
  ["sends no INFO but +OK", goesOn("+OK\r\n", "+OK\r\n", 50)],
  ["lets nobody in, and goes on with INFO", goesOn(INFO, INFO.repeat(100), 1)],
  ["refuses", says(INFO, "-ERR 'Authorization Violation'\r\n")],
  ["refuses before INFO", says("-ERR 'maximum connections exceeded'\r\n")],
  ["refuses in a line that is too long", says(INFO, `-ERR '${"x".repeat(MB)}'\r\n`)],
  ["never answers behind INFO", says(INFO)],
  ["never answers when it has let somebody in", letsIn()],
  ["stops in the middle of a message", letsIn("MSG a 1 1000000\r\nhalf")],
  ["sends a message a byte at a time", goesOn(`${INFO}PONG\r\nMSG a 1 50000000\r\n`, "x", 1000)],
  ["sends a message that is longer than it says", letsIn("MSG a 1 2\r\nlong\r\n")],
  ["sends a message of sizes that cannot be", letsIn("MSG a 1 99999999999\r\n")],
  ["sends a message with a negative size", letsIn("MSG a 1 -5\r\n")],
  ["sends a message without a size", letsIn("MSG a\r\n")],
  ["sends headers longer than the message", letsIn("HMSG a 1 20 10\r\n")],
  ["sends headers that are torn", letsIn("HMSG T 1 12 14\r\nNATS/1.0\r\nab\r\n\r\n")],
  [
    "sends headers that are random",
    letsIn("HMSG T 1 100 100\r\n", random.subarray(0, 100), "\r\n"),
  ],
  ["asks and never reads", goesOn(`${INFO}PONG\r\n`, "PING\r\n".repeat(10_000))],
  ["asks for TLS and says nothing", says(TLS_INFO)],
  ["asks for TLS and closes", async (say) => void await say(TLS_INFO)],
  ["asks for TLS and does not speak it", says(TLS_INFO, random)],
];

/** A server that behaves so, whoever comes. */
function broken(behaviour: Behaviour) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  let count = 0;
  const serve = async (conn: Deno.Conn) => {
    count++;
    open.add(conn);
    const say = async (text: string | Uint8Array) => {
      const bytes = typeof text === "string" ? encoder.encode(text) : text;
      try {
        for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
        return true;
      } catch {
        return false;
      }
    };
    await behaviour(say);
    if (open.delete(conn)) conn.close();
  };
  const accepting = (async () => {
    for await (const conn of listener) void serve(conn);
  })();
  return {
    port: listener.addr.port,
    get count() {
      return count;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of open) conn.close();
      open.clear();
      await accepting;
    },
  };
}

/** Fails where a client does not find its way from this server to a real one. */
async function tryOne(
  name: string,
  behaviour: Behaviour,
  nats: NatsServer,
  tls: NatsTls,
): Promise<void> {
  await using server = broken(behaviour);
  const at: string[] = [];
  const client = new NatsConnection({
    places: [server.port, nats.port].map((port) => ({ hostname: "127.0.0.1", port, isTls: false })),
    credentials: { kind: "none" },
    tls,
    name,
    onConnect: (server) => void at.push(server),
  });
  let headers: unknown;
  client.subscribe("T", (message) => headers = message.headers);
  try {
    await until(name, () => at.at(-1) === nats.url, 50_000);
    ok(server.count >= 1, name);
    const asked = client.request("nobody", new Uint8Array(0), { timeoutMs: 5000 });
    ok(String(await asked.catch(String)).includes("Nobody answers"), name);
    ok(headers === undefined || typeof headers === "object");
  } finally {
    await client.close();
  }
}

/** A certificate of the client's own: connections are made in another way then. */
async function withCertificate(): Promise<NatsTls> {
  const directory = await Deno.makeTempDir({ prefix: "flux-broken-" });
  await makeCertificates({ directory });
  const read = (name: string) => Deno.readTextFileSync(`${directory}/${name}`);
  const own = { cert: read("client.crt"), key: read("client.key") };
  const tls = { caCerts: [read("ca.crt")], own };
  await Deno.remove(directory, { recursive: true });
  return tls;
}

natsTest("a client leaves a server that is broken, in whatever way, for the next one", async () => {
  await using nats = await NatsServer.start();
  const ways = [{ caCerts: [] }, ...await hasOpenssl() ? [await withCertificate()] : []];
  const before = Deno.memoryUsage().rss;
  const tries = ways.flatMap((tls) =>
    BEHAVIOURS.map(async ([name, behaviour]) => {
      try {
        await tryOne(name, behaviour, nats, tls);
      } catch (error) {
        return `${name}: ${error}`;
      }
    })
  );
  deepEqual((await Promise.all(tries)).filter((why) => why !== undefined), []);
  const grownMb = (Deno.memoryUsage().rss - before) / MB;
  ok(grownMb < 1000, `${grownMb} MB`);
});
