import { strict as assert } from "node:assert";
import process from "node:process";
import { connect } from "node:net";
import { type AccessPort, type AuthenticationVerdict, OPEN_ACCESS } from "../../lib/broker/mod.ts";
import { encodePacket } from "../../lib/codec/mod.ts";
import { Server } from "../../lib/net/mod.ts";
import { connectPacket, publishPacket, RawClient, subscribePacket } from "../support/raw_client.ts";
import { type TransportName, transportOf, transportTest } from "../support/transports.ts";

/** How long processor time is watched, milliseconds. */
const WATCH_MS = 500;

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => boolean): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += 5) {
    assert.ok(waitedMs < 3000, `Not so: ${holds}`);
    await wait(5);
  }
}

/** Milliseconds of processor that this process uses meanwhile. */
async function usedMs(): Promise<number> {
  const before = process.cpuUsage();
  await wait(WATCH_MS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** A server that lets nobody in before the test does. */
async function openSlow(transport: TransportName) {
  const asked: ((verdict: AuthenticationVerdict) => void)[] = [];
  const access: AccessPort = {
    ...OPEN_ACCESS,
    authenticate: (_, reply) => void asked.push(reply),
  };
  const server = new Server({ access, ...await transportOf(transport) });
  return {
    asked,
    server,
    port: server.listen({ port: 0 }),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

const leavings: [how: string, leave: (client: ReturnType<typeof connect>) => void][] = [
  ["hangs up", (client) => client.destroy()],
  ["ends its direction", (client) => client.end()],
  ["resets its connection", (client) => client.resetAndDestroy()],
];
for (const [how, leave] of leavings) {
  transportTest(`a client that ${how} while it is authenticated is gone`, async (_, transport) => {
    await using slow = await openSlow(transport);
    const client = connect({ host: "127.0.0.1", port: slow.port });
    const isClosed = new Promise((resolve) => client.once("close", resolve));
    client.on("error", () => {}).resume();
    client.write(encodePacket(connectPacket(), 5));
    await until(() => slow.asked.length === 1);
    await wait(20);
    assert.equal(slow.server.broker.connections.size, 1);
    leave(client);
    await until(() => slow.server.connectionCount === 0);
    await isClosed;
    assert.equal(slow.server.broker.connections.size, 0);
    slow.asked[0]!({ isAllowed: true }); // Nobody is there any more.
    assert.equal(slow.server.broker.levels.connectedCount, 0);
  });
}

transportTest(
  "who sends packets ahead of the answer and ends did not hang up, and costs nothing meanwhile",
  async (_, transport) => {
    await using slow = await openSlow(transport);
    for (const delayMs of [0, 50]) {
      const stream = await Deno.connect({ hostname: "127.0.0.1", port: slow.port });
      using client = RawClient.over(stream);
      const { length } = slow.asked;
      await client.send(connectPacket());
      if (delayMs > 0) await until(() => slow.asked.length === length + 1);
      await wait(delayMs);
      await client.send(subscribePacket("a"), publishPacket("a", "x"));
      await stream.closeWrite();
      await until(() => slow.asked.length === length + 1);
      const worked = await usedMs();
      assert.ok(worked < WATCH_MS / 4, `It worked for ${worked} ms of ${WATCH_MS}`);
      assert.equal(slow.server.broker.connections.size, 1);
      slow.asked.at(-1)!({ isAllowed: true });
      const { packets } = await client.untilEnd();
      assert.deepEqual(packets.map(({ type }) => type), ["connack", "suback", "publish"]);
      await until(() => slow.server.connectionCount === 0);
    }
  },
);

transportTest(
  "a connection that is stopped before its first byte costs no processor time, and is served in its time",
  async (open) => {
    await using local = await open({ maxAddressConnectionRate: 1 });
    const clients: RawClient[] = [];
    for (let i = 0; i < 3; i++) {
      const client = await RawClient.open(local.port);
      await client.send(connectPacket({ clientId: `c${i}` }));
      clients.push(client);
    }
    await local.until(() => local.broker.connections.size === 3);
    const stopped = () => [...local.broker.connections].filter(({ isStopped }) => isStopped).length;
    await wait(50);
    assert.ok(stopped() > 0, "Nobody is stopped");
    const worked = await usedMs();
    assert.ok(worked < WATCH_MS / 4, `It worked for ${worked} ms of ${WATCH_MS}`);
    for (const client of clients) assert.equal((await client.receive())?.type, "connack");
    for (const client of clients) client.close();
  },
);
