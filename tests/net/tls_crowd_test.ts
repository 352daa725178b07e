import { strict as assert } from "node:assert";
import { certificateTest } from "../support/certificates.ts";
import { LocalServer } from "../support/local_server.ts";
import { RawClient } from "../support/raw_client.ts";

certificateTest(
  "500 silent handshakes keep nobody out, and are gone in time with their descriptors",
  async (files) => {
    await using local = new LocalServer({ connectTimeoutSeconds: 2 });
    const port = await local.listen({}, files.server);
    const descriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = Deno.build.os === "linux" ? descriptors() : 0;
    const silent = await Promise.all(Array.from({ length: 500 }, () => Deno.connect({ port })));
    await local.until(() => local.server.connectionCount === 500);
    using client = RawClient.over(await files.connect(port));
    await client.introduce();
    await client.ping();
    await local.settle(1);
    for (const stream of silent) stream.close();
    if (Deno.build.os === "linux") await local.until(() => descriptors() <= before + 3);
    await client.ping();
  },
);

certificateTest("a crowd that comes at once is let in bit by bit", async (files) => {
  await using local = new LocalServer({ connectTimeoutSeconds: 1 });
  const port = await local.listen({}, files.server);
  let most = 0;
  let count = 0;
  const timer = setInterval(() => {
    const { connectionCount } = local.server;
    most = Math.max(most, connectionCount - count);
    count = connectionCount;
  }, 0);
  const streams = await Promise.all(Array.from({ length: 300 }, () => Deno.connect({ port })));
  await local.until(() => local.server.connectionCount === 300);
  clearInterval(timer);
  assert.ok(most < 100, `${most} at once`);
  await local.settle();
  for (const stream of streams) stream.close();
  using client = RawClient.over(await files.connect(port));
  await client.introduce();
  await client.ping();
});
