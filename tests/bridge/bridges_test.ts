import { strict as assert } from "node:assert";
import { FunctionAccess } from "../../lib/auth/mod.ts";
import { MqttClient } from "../../lib/client/mod.ts";
import { Collector, until } from "../support/bridge_ends.ts";
import { BridgingServer } from "../support/bridging_server.ts";
import { certificateTest } from "../support/certificates.ts";
import { loadTls } from "../../lib/net/mod.ts";
import { freePort } from "../support/free_port.ts";

/** A bridge of that name to those ports. */
function block(name: string, ports: readonly (number | string)[], lines: string): string {
  const places = ports.map((port) => typeof port === "number" ? `127.0.0.1:${port}` : port);
  return `connection ${name}\naddress ${places.join(" ")}\nrestart_timeout 1\n` +
    `remote_clientid ${name}\n${lines}\n`;
}

function connect(port: number, init: object = {}): Promise<MqttClient> {
  return MqttClient.connect({ hostname: "127.0.0.1", port, ...init });
}

Deno.test("The primary is gone back to when it has accepted, and not before", async () => {
  const primaryPort = freePort();
  await using near = new BridgingServer();
  await using second = new BridgingServer();
  await near.configure(block("far", [primaryPort, second.port], "topic # out 1"));
  await until(() => near.bridge("far").state === "connected");
  assert.equal(near.bridge("far").address, `127.0.0.1:${second.port}`);
  // Somebody listens there, and answers nothing: the connection that works stays.
  const mute = Deno.listen({ hostname: "127.0.0.1", port: primaryPort });
  const held = await mute.accept();
  assert.equal(near.bridge("far").address, `127.0.0.1:${second.port}`);
  assert.equal(near.bridge("far").connects, 1);
  held.close();
  mute.close();
  await using primary = new BridgingServer({ listen: { port: primaryPort } });
  await until(() => near.bridge("far").address === `127.0.0.1:${primaryPort}`, 15_000);
  assert.equal(near.bridge("far").connects, 2);
  await using there = await Collector.start(primary.port, "#");
  await (await connect(near.port)).publish("a", "1", { qos: 1 });
  await there.until((got) => got.includes("1"));
  await until(() => !second.server.broker.clients.get("far")?.connection);
});

Deno.test("With round_robin no address is gone back to", async () => {
  await using near = new BridgingServer();
  await using second = new BridgingServer();
  await near.configure(block("far", [freePort(), second.port], "round_robin true\ntopic # out 1"));
  await until(() => near.bridge("far").state === "connected");
  assert.equal(near.bridge("far").address, `127.0.0.1:${second.port}`);
});

const LOOPBACK = Deno.build.os === "linux";
Deno.test({
  name: "A bridge with bridge_bind_address comes from that address, over TCP and a WebSocket",
  ignore: !LOOPBACK,
  async fn() {
    await using near = new BridgingServer();
    await using far = new BridgingServer();
    await using web = new BridgingServer({ listen: { protocol: "websockets" } });
    await near.configure(
      block("a", [far.port], "bridge_bind_address 127.0.0.9\ntopic # both 1") +
        block("b", [`ws://127.0.0.1:${web.port}`], "bridge_bind_address 127.0.0.10\ntopic x out 1"),
    );
    const addressOf = ({ server }: BridgingServer, id: string) =>
      server.broker.clients.get(id)?.connection?.link.remoteAddress ?? "";
    await until(() => near.bridge("a").state === "connected");
    await until(() => near.bridge("b").state === "connected");
    assert.match(addressOf(far, "a"), /^127\.0\.0\.9:/);
    assert.match(addressOf(web, "b"), /^127\.0\.0\.10:/);
    await using there = await Collector.start(far.port, "big");
    const payload = "x".repeat(300_000);
    await (await connect(near.port)).publish("big", payload, { qos: 1 });
    await there.until((got) => got.includes(payload));
  },
});

certificateTest("bridge_bind_address and bridge_tls_version hold for TLS too", async (files) => {
  const tls = { ...files.server, cafile: files.path("ca.crt"), requireCertificate: true };
  await using near = new BridgingServer();
  await using far = new BridgingServer({ listen: { tls: await loadTls(tls) } });
  const lines =
    `bridge_cafile ${files.path("ca.crt")}\nbridge_certfile ${files.path("client.crt")}\n` +
    `bridge_keyfile ${files.path("client.key")}\n`;
  await near.configure(
    block("a", [far.port], `${lines}bridge_bind_address 127.0.0.9\ntopic # out 1`) +
      block(
        "b",
        [`mqtts://localhost:${far.port}`],
        `${lines}bridge_tls_version tlsv1.3\ntopic x in 1`,
      ),
  );
  await until(() => near.bridge("a").state === "connected");
  await until(() => near.bridge("b").state === "connected");
  const link = far.server.broker.clients.get("a")?.connection?.link;
  assert.match(link?.remoteAddress ?? "", /^127\.0\.0\.9:/);
});

Deno.test("An address that is not this machine's is a reason why a bridge is not connected", async () => {
  await using near = new BridgingServer();
  await using far = new BridgingServer();
  await near.configure(block("a", [far.port], "bridge_bind_address 192.0.2.1\ntopic # out 1"));
  await until(() => near.bridge("a").state === "waiting");
  assert.equal(near.bridge("a").reason, "unreachable");
  assert.match(near.bridge("a").message, /192\.0\.2\.1/);
});

const LETS_NOBODY_IN = new FunctionAccess({ authenticate: () => false });
const FULL = new FunctionAccess({
  authenticate: () => ({ isAllowed: false, reasonCode: 0x97 }),
});
const reasons: [reason: string, init: object | undefined, address: string | undefined][] = [
  ["unreachable", undefined, undefined],
  ["unknown_host", undefined, "no-such-host.invalid"],
  ["credentials", { access: LETS_NOBODY_IN }, undefined],
  ["quota", { access: FULL }, undefined],
];
for (const [reason, init, address] of reasons) {
  Deno.test(`A bridge that cannot connect says why in its state, $SYS and the log: ${reason}`, async () => {
    await using near = new BridgingServer();
    await using far = new BridgingServer(init);
    const place = address ?? (init === undefined ? freePort() : far.port);
    await near.configure(block("far", [place], "topic # out 1"));
    await until(() => near.bridge("far").state === "waiting");
    assert.equal(near.bridge("far").reason, reason, near.bridge("far").message);
    assert(near.log.some((line) => line.includes(`reason=${reason}`)), near.log.join("\n"));
  });
}

Deno.test("SIGHUP's configuration begins what is new, ends what is gone, and leaves the others alone", async () => {
  await using near = new BridgingServer();
  await using far = new BridgingServer();
  const one = block("one", [far.port], "topic one/# out 1");
  const two = block("two", [far.port], "topic two/# both 1");
  await near.configure(one);
  await until(() => near.bridge("one").state === "connected");
  const { sinceMs } = near.bridge("one");
  await near.configure(one + two);
  await until(() => near.bridge("two").state === "connected");
  await near.configure(one + two.replace("two/#", "zwei/#"));
  await until(() => near.bridge("two").state === "connected");
  const filters = () => [...far.server.broker.clients.get("two")!.session.subscriptions.keys()];
  await until(() => filters().join() === "zwei/#");
  await near.configure(one);
  assert.deepEqual(near.bridges.map(({ name }) => name), ["one"]);
  assert.equal(near.bridge("one").sinceMs, sinceMs);
  // Its session is not forgotten in silence.
  assert(
    near.log.some((line) => /left its session.*\$bridge\/two/.test(line)),
    near.log.join("\n"),
  );
  await until(() => far.server.broker.clients.get("two")?.connection === null);
});

/** Three brokers, each with a bridge to the next. */
async function ringOf(
  direction: string,
  use: (ports: readonly number[], got: () => readonly (readonly string[])[]) => Promise<void>,
): Promise<void> {
  await using a = new BridgingServer();
  await using b = new BridgingServer();
  await using c = new BridgingServer();
  const ring = [[a, b, "ab"], [b, c, "bc"], [c, a, "ca"]] as const;
  for (const [from, to, name] of ring) {
    await from.configure(block(name, [to.port], `topic # ${direction} 2`));
  }
  for (const [from, , name] of ring) await until(() => from.bridge(name).state === "connected");
  const collectors = await Promise.all(ring.map(([{ port }]) => Collector.start(port, "#")));
  await use(ring.map(([{ port }]) => port), () => collectors.map(({ got }) => got));
  for (const collector of collectors) await collector[Symbol.asyncDispose]();
}

async function publishInEach(ports: readonly number[], topic: string): Promise<void> {
  for (const [index, port] of ports.entries()) {
    const client = await connect(port);
    for (let i = 0; i < 5; i++) await client.publish(topic, `${topic} ${index} ${i}`, { qos: 2 });
    await client.disconnect();
  }
}

for (const direction of ["out", "in"]) {
  Deno.test(`In a ring of three brokers whose bridges go ${direction}, every message comes to each of them once`, async () => {
    await ringOf(direction, async (ports, got) => {
      await publishInEach(ports, "t");
      await until(() => got().every((texts) => new Set(texts).size === 15));
      // What went round would have come before what is published behind it.
      await publishInEach(ports, "end");
      await until(() => got().every((texts) => new Set(texts).size === 30));
      for (const texts of got()) assert.equal(texts.length, 30, texts.join("\n"));
    });
  });
}

Deno.test("In a ring of three brokers whose bridges go both ways, every message comes to each at most once on each way", async () => {
  await ringOf("both", async (ports, got) => {
    for (const name of ["one", "two", "three"]) await publishInEach(ports, name);
    await until(() => got().every((texts) => new Set(texts).size === 45));
    for (const [index, texts] of got().entries()) {
      const own = texts.filter((text) => text.split(" ")[1] === String(index));
      assert.equal(own.length, 15, "what was published here comes once");
      assert(texts.length <= 15 + 2 * 30, `${texts.length} messages`);
    }
  });
});

Deno.test("A full bridge lets publishers of what it carries know, and nobody else", async () => {
  await using near = new BridgingServer();
  const port = freePort();
  await near.configure(block("far", [port], "bridge_queue_bytes 5000\ntopic out/# out 2"));
  await until(() => near.bridge("far").state === "waiting");
  const client = await connect(near.port);
  const codes: number[] = [];
  for (let i = 0; i < 20; i++) {
    codes.push(await client.publish("out/x", "x".repeat(500), { qos: 1 }));
  }
  const taken = codes.filter((code) => code < 0x80).length;
  assert(taken > 1 && taken < 20, String(codes));
  assert.deepEqual([...new Set(codes.slice(taken))], [0x97]);
  assert.equal(await client.publish("out/x", "x".repeat(500), { qos: 2 }), 0x97);
  assert((await client.publish("other", "x", { qos: 1 })) < 0x80);
  await using _far = new BridgingServer({ listen: { port } });
  await until(() => near.bridge("far").waiting === 0 && near.bridge("far").state === "connected");
  assert.equal(near.bridge("far").messagesOut, taken);
  assert((await client.publish("out/x", "x".repeat(500), { qos: 2 })) < 0x80);
  await client.disconnect();
  assert.equal(near.bridge("far").dropped.size, 0);
});

Deno.test("bridge_max_rate lets so many out in a second", async () => {
  await using near = new BridgingServer();
  await using far = new BridgingServer();
  await near.configure(block("far", [far.port], "bridge_max_rate 50\ntopic # out 1"));
  await until(() => near.bridge("far").state === "connected");
  await using there = await Collector.start(far.port, "#");
  const client = await connect(near.port);
  const startMs = performance.now();
  for (let i = 0; i < 60; i++) await client.publish("t", String(i), { qos: 1 });
  await there.until((got) => got.length === 60);
  assert(performance.now() - startMs > 900, `${performance.now() - startMs} ms`);
  await client.disconnect();
});

Deno.test("remote_password_file is read anew at each connect", async () => {
  const file = await Deno.makeTempFile();
  const seen: string[] = [];
  const access = new FunctionAccess({
    authenticate: ({ password }) => {
      const text = new TextDecoder().decode(password ?? new Uint8Array(0));
      seen.push(text);
      return text === "second";
    },
  });
  try {
    await Deno.writeTextFile(file, "first\n");
    await using near = new BridgingServer();
    await using far = new BridgingServer({ access });
    const lines = `remote_username u\nremote_password_file ${file}\ntopic # out 1`;
    await near.configure(block("far", [far.port], lines));
    await until(() => near.bridge("far").reason === "credentials");
    await Deno.writeTextFile(file, "second");
    await until(() => near.bridge("far").state === "connected");
    assert.deepEqual([seen[0], seen.at(-1)], ["first", "second"]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("A bridge goes over WebSockets", async () => {
  await using near = new BridgingServer();
  await using far = new BridgingServer({ listen: { protocol: "websockets" } });
  await near.configure(block("far", [`ws://127.0.0.1:${far.port}/mqtt`], "topic # out 1"));
  await until(() => near.bridge("far").state === "connected");
  const client = await connect(near.port);
  await client.publish("t", "x".repeat(100_000), { qos: 1 });
  await until(() => far.server.broker.metrics.payloadBytesReceived >= 100_000);
  await client.disconnect();
});

certificateTest(
  "A bridge goes over TLS, and says so where the certificate is not trusted",
  async (certificates) => {
    await using near = new BridgingServer();
    const tls = await loadTls(certificates.server);
    await using far = new BridgingServer({ listen: { tls } });
    await near.configure(block("far", [`mqtts://localhost:${far.port}`], "topic # out 1"));
    await until(() => near.bridge("far").state === "waiting");
    assert.equal(near.bridge("far").reason, "certificate", near.bridge("far").message);
    const lines = `bridge_cafile ${certificates.path("ca.crt")}\ntopic # out 1`;
    await near.configure(block("far", [`localhost:${far.port}`], lines));
    await until(() => near.bridge("far").state === "connected");
  },
);

Deno.test("A lazy bridge connects when enough waits, and leaves when nothing has crossed for a while", async () => {
  await using near = new BridgingServer();
  await using far = new BridgingServer();
  const lines = "start_type lazy\nthreshold 3\nidle_timeout 1\ntopic # out 1";
  await near.configure(block("far", [far.port], lines));
  assert.equal(near.bridge("far").state, "idle");
  const client = await connect(near.port);
  for (let i = 0; i < 2; i++) await client.publish("t", String(i), { qos: 1 });
  assert.equal(near.bridge("far").connects, 0);
  await client.publish("t", "2", { qos: 1 });
  await until(() => near.bridge("far").messagesOut === 3);
  await until(() => near.bridge("far").state === "idle");
  await client.disconnect();
});

Deno.test("A remote broker that takes no QoS 2, or nothing retained, gets what it takes", async () => {
  await using near = new BridgingServer();
  await using far = new BridgingServer({
    options: { retainAvailable: false },
    listen: { options: { maxQos: 1 } },
  });
  await near.configure(block("far", [far.port], "topic # out 2\nnotifications false"));
  await until(() => near.bridge("far").state === "connected");
  await using there = await Collector.start(far.port, "#", 1);
  const client = await connect(near.port);
  for (let i = 0; i < 10; i++) await client.publish("t", String(i), { qos: 2, retain: true });
  await there.until((got) => got.length === 10);
  await until(() => near.bridge("far").waiting === 0);
  assert.equal(near.bridge("far").state, "connected");
  assert.deepEqual(there.retained, Array.from({ length: 10 }, () => false));
  await client.disconnect();
});

Deno.test("Nobody comes in with the Client Identifier of a bridge", async () => {
  await using near = new BridgingServer();
  await near.configure(block("far", [freePort()], "topic # out 1"));
  await assert.rejects(connect(near.port, { clientId: "$bridge/far" }), /ClientIdentifierNotValid/);
});

Deno.test("A bridge may do everything in its broker, whatever clients may", async () => {
  const access = new FunctionAccess({ authorize: (_, { topic }) => topic === "mine" });
  await using near = new BridgingServer({ access });
  await using far = new BridgingServer();
  await near.configure(block("far", [far.port], "topic # both 1"));
  await until(() => near.bridge("far").state === "connected");
  await using there = await Collector.start(far.port, "#");
  await using here = await Collector.start(near.port, "mine");
  const [one, two] = [await connect(near.port), await connect(far.port)];
  await one.publish("mine", "out", { qos: 1 });
  await two.publish("mine", "in", { qos: 1 });
  await there.until((got) => got.includes("out"));
  await here.until((got) => got.includes("in"));
  await one.disconnect();
  await two.disconnect();
});

Deno.test("A message of nearly two megabytes crosses a bridge, out and in", async () => {
  await using near = new BridgingServer();
  await using far = new BridgingServer();
  await near.configure(block("far", [far.port], "topic out/# out 1\ntopic in/# in 1"));
  await until(() => near.bridge("far").state === "connected");
  await using here = await Collector.start(near.port, "in/#");
  await using there = await Collector.start(far.port, "out/#");
  const payload = "x".repeat(1_900_000);
  await (await connect(near.port)).publish("out/large", payload, { qos: 1 });
  await (await connect(far.port)).publish("in/large", payload, { qos: 1 });
  await there.until((got) => got.includes(payload));
  await here.until((got) => got.includes(payload));
});
