import { strict as assert } from "node:assert";
import { openStore, Server, SILENT } from "../../lib/mod.ts";
import { RawClient } from "../support/raw_client.ts";

Deno.test("await using closes the server at the end of its block", async () => {
  let port = 0;
  let client: RawClient;
  {
    await using server = new Server();
    port = server.listen({ port: 0 });
    client = await RawClient.connect(port);
    assert.equal(server.connectionCount, 1);
  }
  const { packets } = await client.untilEnd();
  assert.deepEqual(packets.map(({ type }) => type), ["disconnect"]);
  client.close();
  await assert.rejects(Deno.connect({ port }));
});

Deno.test("close() may be called more than once", async () => {
  const server = new Server();
  server.listen({ port: 0 });
  await Promise.all([server.close(), server.close()]);
  await server.close();
});

Deno.test("The library alone opens a store, serves from it, and finds again what it kept", async () => {
  const directory = await Deno.makeTempDir();
  const run = async (clientId: string, sessionPresent: boolean) => {
    const opened = openStore({ directory, durability: "always", log: SILENT });
    {
      await using server = new Server({ store: opened.store });
      server.restore(opened.state);
      const port = server.listen({ port: 0 });
      const client = await RawClient.open(port);
      await client.send({
        type: "connect",
        protocolVersion: 5,
        clientId,
        keepAliveSeconds: 0,
        cleanStart: false,
        properties: { sessionExpiryInterval: 600 },
      });
      const connack = await client.receive();
      assert(connack?.type === "connack");
      assert.equal(connack.sessionPresent, sessionPresent);
      client.close();
    }
    await opened.close();
  };
  try {
    await run("pump-7", false);
    await run("pump-7", true);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
