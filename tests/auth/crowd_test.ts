import { strict as assert } from "node:assert";
import { connect, type Socket } from "node:net";
import {
  DEFAULT_LISTENER_ACCESS,
  FileAccess,
  FunctionAccess,
  hashPassword,
} from "../../lib/auth/mod.ts";
import type { AccessPort, AuthenticationRequest } from "../../lib/broker/mod.ts";
import { encodePacket } from "../../lib/codec/mod.ts";
import { Server } from "../../lib/net/mod.ts";
import { encodePackets } from "../support/conversation.ts";
import { isLeftOut } from "../support/long.ts";
import { netTest } from "../support/net_test.ts";
import { connectPacket, publishPacket, RawClient } from "../support/raw_client.ts";
import { LogLines, MemoryFiles } from "./access_support.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function credentials(userName: string, password: string) {
  return { ...connectPacket(), userName, password: bytes(password) };
}

async function withServer(
  access: AccessPort,
  use: (port: number, server: Server) => Promise<void>,
): Promise<void> {
  const server = new Server({ access });
  const port = server.listen({ port: 0, options: { name: "test", allowAnonymous: false } });
  try {
    await use(port, server);
  } finally {
    await server.close();
  }
}

/** Access by passwords that take as long to check as those that we write. */
async function withPasswords(maxFailureDelaySeconds = 5): Promise<FileAccess> {
  const files = new MemoryFiles();
  const users = ["alice", "bob"].map(async (name) => `${name}:${await hashPassword(bytes(name))}`);
  files.set("passwords", (await Promise.all(users)).join("\n"));
  const access = FileAccess.open({
    listeners: new Map([["test", { ...DEFAULT_LISTENER_ACCESS, passwordFile: "passwords" }]]),
    log: new LogLines(),
    maxFailureDelaySeconds,
    files,
    concurrency: 1,
  });
  assert.ok(access instanceof FileAccess);
  return access;
}

/** Log-ins with wrong passwords from another address of this machine, all at once; they hang up where `hangUp`. */
async function guess(
  port: number,
  count: number,
  userName: (i: number) => string,
  hangUp: boolean,
): Promise<Socket[]> {
  return await Promise.all(
    Array.from({ length: count }, (_, i) =>
      new Promise<Socket>((resolve) => {
        const socket = connect({ host: "127.0.0.1", port, localAddress: "127.0.0.2" });
        socket.on("error", () => {});
        socket.write(encodePacket(credentials(userName(i), `guess ${i}`), 5), () => {
          if (!hangUp) return resolve(socket);
          socket.once("close", () => resolve(socket));
          socket.end();
          socket.destroy();
        });
      })),
  );
}

/** How long a right password takes to be let in, milliseconds. */
async function logIn(port: number, name: string): Promise<number> {
  const startMs = performance.now();
  using client = await RawClient.open(port);
  await client.send(credentials(name, name));
  const connack = await client.receive();
  assert.ok(connack?.type === "connack" && connack.reasonCode === 0);
  return performance.now() - startMs;
}

/** What has begun goes on when the test is over: a check, and the wait before one. */
function crowdTest(name: string, fn: () => Promise<void>, isLong = false): void {
  const ignore = isLong && isLeftOut(name);
  Deno.test({ name, ignore, fn, sanitizeOps: false, sanitizeResources: false });
}

for (
  const [what, userName, hangUp, maxFailureDelaySeconds, isLong] of [
    ["of one user, all hung up", () => "alice", true, 5, false],
    ["of one user, who wait", () => "alice", false, 5, true],
    ["of six hundred users, all hung up", (i: number) => `user${i}`, true, 5, true],
    ["of six hundred users, who wait", (i: number) => `user${i}`, false, 5, true],
    ["of six hundred users, whom nothing delays", (i: number) => `user${i}`, false, 0, false],
  ] as const
) {
  crowdTest(`600 wrong log-ins at once ${what} keep nobody else waiting`, async () => {
    await withServer(await withPasswords(maxFailureDelaySeconds), async (port) => {
      const aloneMs = await logIn(port, "bob");
      const sockets = await guess(port, 600, userName, hangUp);
      const tookMs = await logIn(port, "alice");
      for (const socket of sockets) socket.destroy();
      assert.ok(tookMs < aloneMs * 5 + 500, `${tookMs.toFixed(0)} ms, alone ${aloneMs.toFixed(0)}`);
    });
  }, isLong);
}

crowdTest("A password whose client has hung up is not checked", async () => {
  const access = await withPasswords(0);
  await withServer(access, async (port) => {
    await guess(port, 30, (i) => `user${i}`, true);
    await logIn(port, "bob");
    await logIn(port, "alice");
    const failures = access.failures.get("127.0.0.2") ?? 0;
    assert.ok(failures <= 3, `${failures} were checked`);
  });
});

netTest("A function that decides can see that the client has left", async () => {
  const requests: AuthenticationRequest[] = [];
  const answer = Promise.withResolvers<boolean>();
  const access = new FunctionAccess({
    authenticate: (request) => {
      requests.push(request);
      return answer.promise;
    },
  });
  await withServer(access, async (port, { broker }) => {
    const [staying, leaving] = [await RawClient.open(port), await RawClient.open(port)];
    await staying.send(credentials("a", "a"));
    await until(() => requests.length === 1);
    await leaving.send(credentials("b", "b"));
    await until(() => requests.length === 2);
    assert.deepEqual(requests.map(({ signal }) => signal!.isGone), [false, false]);
    leaving.close();
    await until(() => requests[1]!.signal!.isGone);
    assert.equal(requests[0]!.signal!.isGone, false);
    answer.resolve(true);
    const connack = await staying.receive();
    assert.ok(connack?.type === "connack" && connack.reasonCode === 0);
    assert.ok(!("signal" in [...broker.connections][0]!.identity!), "It outlives the log-in");
    staying.close();
  });
});

netTest(
  "What was sent ahead of the answer is handled, although the client has ended its side",
  async () => {
    const answer = Promise.withResolvers<boolean>();
    const access = new FunctionAccess({ authenticate: () => answer.promise });
    await withServer(access, async (port, { broker, hub }) => {
      const heard: string[] = [];
      hub.subscribe("t/#", ({ topicName }) => heard.push(topicName));
      using client = await RawClient.open(port);
      const publishes = Array.from(
        { length: 300 },
        (_, i) => publishPacket(`t/${i}`, "x".repeat(100)),
      );
      await client.write(encodePackets([connectPacket()], 5));
      for (const publish of publishes) {
        await client.send(publish);
      }
      await client.send({ type: "disconnect", reasonCode: 0 });
      await client.halfClose();
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(broker.connections.size, 1);
      answer.resolve(true);
      await until(() => heard.length === 300);
      assert.deepEqual((await client.untilEnd()).packets.map(({ type }) => type), ["connack"]);
      await until(() => broker.connections.size === 0);
    });
  },
);

async function until(holds: () => boolean, limitMs = 5000): Promise<void> {
  const startMs = performance.now();
  while (!holds()) {
    assert.ok(performance.now() - startMs < limitMs, `Not so after ${limitMs} ms: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
