import { strict as assert } from "node:assert";
import { BrokerProcess, type BrokerProcessInit } from "../support/broker_process.ts";
import { netTest } from "../support/net_test.ts";
import { publishPacket, RawClient } from "../support/raw_client.ts";
import { TRANSPORTS, transportTest } from "../support/transports.ts";

const EPOLL_IS_HERE = TRANSPORTS.includes("epoll");
const HAS_IPV6 = Deno.networkInterfaces().some(({ address }) => address === "::1");
// deno-lint-ignore no-console -- whoever reads the results is to know
if (!HAS_IPV6) console.log("Skipped: IPv6, this machine has none");

async function connectTo(hostname: string, port: number): Promise<RawClient> {
  const client = RawClient.over(await Deno.connect({ hostname, port }));
  await client.introduce();
  return client;
}

const places: [listensOn: string, connectTo: string, remoteAddress: RegExp][] = [
  ["127.0.0.1", "127.0.0.1", /^127\.0\.0\.1:\d+$/],
  ["localhost", "127.0.0.1", /^127\.0\.0\.1:\d+$/],
  ...HAS_IPV6
    ? [
      ["::1", "::1", /^\[::1\]:\d+$/],
      ["", "::1", /^\[::1\]:\d+$/],
      ["", "127.0.0.1", /^127\.0\.0\.1:\d+$/],
    ] as [string, string, RegExp][]
    : [],
];
for (const [hostname, target, remoteAddress] of places) {
  transportTest(`a listener on "${hostname}" serves who comes to ${target}`, async (open) => {
    await using local = await open();
    const options = { allowAnonymous: true };
    const port = local.server.listen({ hostname, port: 0, options });
    using client = await connectTo(target, port);
    const [connection] = local.broker.connections;
    assert.match(connection!.link.remoteAddress, remoteAddress);
    await client.subscribe("large");
    await client.send(publishPacket("large", new Uint8Array(300_000)));
    const packet = await client.receive();
    assert.equal(packet?.type === "publish" && packet.payload.length, 300_000);
  });
}

transportTest("a listener that cannot be says so as Deno does", async (open) => {
  await using local = await open();
  const taken = { hostname: "127.0.0.1", port: local.port };
  assert.throws(() => local.server.listen(taken), Deno.errors.AddrInUse);
  const strange = { hostname: "192.0.2.77", port: 0 };
  assert.throws(() => local.server.listen(strange), Deno.errors.AddrNotAvailable);
});

transportTest("a server is closed twice, and listens no more", async (open, transport) => {
  const local = await open();
  using client = await RawClient.connect(local.port);
  await client.ping();
  await Promise.all([local.server.close(), local.server.close()]);
  await local.server.close();
  if (transport === "epoll") assert.throws(() => local.server.listen({}), TypeError);
  assert.equal(local.server.connectionCount, 0);
});

transportTest("a broker that is stopped and continued loses nobody", async (_, transport) => {
  // A call that waits is interrupted by each of these.
  await using broker = await BrokerProcess.start({ transport, flags: ["--no-persistence"] });
  using client = await RawClient.connect(broker.port);
  for (let i = 0; i < 20; i++) {
    broker.signal("SIGSTOP");
    await client.send({ type: "pingreq" });
    broker.signal("SIGCONT");
    assert.equal((await client.receive())?.type, "pingresp");
    await new Promise((resolve) => setTimeout(resolve, i));
  }
});

const SAYS = /The transport of plain connections is (\w+)/;

netTest("without FFI permission auto takes Deno's sockets, and says why", async () => {
  await using broker = await BrokerProcess.start();
  assert.equal(SAYS.exec(broker.log)?.[1], "deno");
  if (Deno.build.os === "linux") assert.match(broker.log, /it has no FFI permission/);
});

netTest("without FFI permission epoll is refused at the start", async () => {
  const start = BrokerProcess.start({ flags: ["--transport", "epoll"] });
  await assert.rejects(start, /Ended with 1 [^]*Cannot use the transport epoll: /);
});

if (EPOLL_IS_HERE) {
  const sources: [name: string, init: BrokerProcessInit][] = [
    ["a flag", { flags: ["--transport", "epoll"] }],
    ["the file", { config: "transport epoll\n" }],
    ["a variable", { environment: { MQTT_TRANSPORT: "epoll" } }],
    ["an executable's permission allows it, and a flag", {
      flags: ["--transport", "epoll"],
      ffi: "libc",
    }],
  ];
  for (const [name, init] of sources) {
    netTest(`epoll serves where ${name} says so, and FFI is permitted`, async () => {
      await using broker = await BrokerProcess.start({ ffi: "all", ...init });
      assert.equal(SAYS.exec(broker.log)?.[1], "epoll");
      using client = await RawClient.connect(broker.port);
      await client.ping();
    });
  }

  netTest("auto takes epoll, with FFI permission; deno does not load it", async () => {
    for (const [transport, found] of [["auto", "epoll"], ["deno", "deno"]] as const) {
      const coverage = await Deno.makeTempDir({ prefix: "flux-coverage-" });
      const flags = ["--transport", transport];
      const broker = await BrokerProcess.start({ flags, ffi: "all", coverage });
      assert.equal(SAYS.exec(broker.log)?.[1], found);
      await broker.stop();
      const loaded: string[] = [];
      for (const { name } of Deno.readDirSync(coverage)) {
        if (name.endsWith(".json")) {
          loaded.push(JSON.parse(await Deno.readTextFile(`${coverage}/${name}`)).url);
        }
      }
      await Deno.remove(coverage, { recursive: true });
      assert.ok(loaded.some((url) => url.includes("/lib/net/server.ts")), `${loaded}`);
      assert.equal(loaded.some((url) => url.includes("/lib/net/epoll/")), found === "epoll");
    }
  });
}
