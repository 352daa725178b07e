import { strict as assert } from "node:assert";
import { publishPacket, RawClient } from "../support/raw_client.ts";
import { type OpenServer, transportTest } from "../support/transports.ts";

/** A test with a path for a socket. */
function socketTest(name: string, fn: (open: OpenServer, path: string) => Promise<void>): void {
  if (Deno.build.os === "windows") return;
  transportTest(name, async (open) => {
    const directory = await Deno.makeTempDir({ prefix: "flux-unix-" });
    try {
      await fn(open, `${directory}/mqtt.sock`);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

async function connected(path: string): Promise<RawClient> {
  const client = RawClient.over(await Deno.connect({ transport: "unix", path }));
  await client.introduce();
  return client;
}

socketTest("clients of a Unix socket and of TCP hear each other", async (open, path) => {
  {
    await using local = await open();
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

socketTest("a socket that was left behind is replaced; a file stays", async (open, path) => {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `Deno.listen({transport: "unix", path: "${path}"}); Deno.kill(Deno.pid, "SIGKILL")`,
    ],
  }).output();
  assert.notEqual(code, 0);
  assert.ok((await Deno.lstat(path)).isSocket);
  await using local = await open();
  local.server.listen({ path });
  using client = await connected(path);
  await client.ping();
  const file = `${path}.txt`;
  await Deno.writeTextFile(file, "precious");
  assert.throws(() => local.server.listen({ path: file }), Deno.errors.AlreadyExists);
  assert.equal(await Deno.readTextFile(file), "precious");
});
