import { strict as assert } from "node:assert";
import { isLoopback, Server } from "../../lib/net/mod.ts";

const hosts: [host: string, isThisMachine: boolean][] = [
  ["127.0.0.1", true],
  ["127.1.2.3", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["::FFFF:127.0.0.1", true],
  ["localhost", true],
  ["", false],
  ["0.0.0.0", false],
  ["::", false],
  ["128.0.0.1", false],
  ["10.127.0.1", false],
  ["127.0.0.1.example.com", false],
  ["localhost.example.com", false],
  ["::ffff:10.0.0.1", false],
];
for (const [host, isThisMachine] of hosts) {
  Deno.test(`"${host}" is ${isThisMachine ? "this machine" : "the network"}`, () => {
    assert.equal(isLoopback(host), isThisMachine);
  });
}

Deno.test("a listener at any address of 127.0.0.0/8 lets anonymous clients in by itself", async () => {
  const server = new Server();
  try {
    const port = server.listen({ hostname: "127.0.0.2" });
    const conn = await Deno.connect({ hostname: "127.0.0.2", port });
    // CONNECT of 3.1.1 without user name, Clean Session, Keep Alive 60, Client Identifier "a".
    await conn.write(new Uint8Array([0x10, 13, 0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, 1, 97]));
    const connack = new Uint8Array(4);
    await conn.read(connack);
    assert.deepEqual([...connack], [0x20, 2, 0, 0]);
    conn.close();
  } finally {
    await server.close();
  }
});
