import { strict as assert } from "node:assert";
import { LocalServer } from "../support/local_server.ts";
import { publishPacket, RawClient } from "../support/raw_client.ts";

/** A test with a path for a socket. */
function socketTest(name: string, fn: (path: string) => Promise<void>): void {
  Deno.test({
    name,
    ignore: Deno.build.os === "windows",
    sanitizeOps: true,
    sanitizeResources: true,
    async fn() {
      const directory = await Deno.makeTempDir({ prefix: "flux-unix-" });
      try {
        await fn(`${directory}/mqtt.sock`);
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}

async function connected(path: string): Promise<RawClient> {
  const client = RawClient.over(await Deno.connect({ transport: "unix", path }));
  await client.introduce();
  return client;
}

socketTest("clients of a Unix socket and of TCP hear each other", async (path) => {
  {
    await using local = new LocalServer();
    assert.equal(local.server.listen({ path }), 0);
    assert.equal((await Deno.lstat(path)).mode! & 0o777, 0o660);
    using tcp = await RawClient.connect(local.port);
    using client = await connected(path);
    await tcp.subscribe("a");
    await client.send(publishPacket("a", new Uint8Array(100_000)));
    assert.equal((await tcp.receive())?.type, "publish");
    const addresses = [...local.broker.connections].map(({ link }) => link.remoteAddress);
    assert.ok(addresses.includes(`unix:${path}`));
  }
  await assert.rejects(Deno.lstat(path), Deno.errors.NotFound);
});

socketTest("a socket that was left behind is replaced; a file stays", async (path) => {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `Deno.listen({transport: "unix", path: "${path}"}); Deno.kill(Deno.pid, "SIGKILL")`,
    ],
  }).output();
  assert.notEqual(code, 0);
  assert.ok((await Deno.lstat(path)).isSocket);
  await using local = new LocalServer();
  local.server.listen({ path });
  using client = await connected(path);
  await client.ping();
  const file = `${path}.txt`;
  await Deno.writeTextFile(file, "precious");
  assert.throws(() => local.server.listen({ path: file }), Deno.errors.AlreadyExists);
  assert.equal(await Deno.readTextFile(file), "precious");
});
