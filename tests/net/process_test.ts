import { strict as assert } from "node:assert";
import type { ProtocolVersion } from "../../lib/codec/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { netTest } from "../support/net_test.ts";
import { publishPacket, RawClient } from "../support/raw_client.ts";
import { transportTest } from "../support/transports.ts";

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  transportTest(
    `${signal} tells 5.0 clients 0x8B and ends the process well`,
    async (_, transport) => {
      await using broker = await BrokerProcess.start({ transport });
      const versions: ProtocolVersion[] = [3, 4, 5];
      const clients = await Promise.all(
        versions.map((protocolVersion) => RawClient.connect(broker.port, { protocolVersion })),
      );
      // One that takes nothing must not hold it up.
      const stuck = await RawClient.connect(broker.port);
      await stuck.subscribe("flood");
      for (let i = 0; i < 15; i++) {
        await clients[2]!.send(publishPacket("flood", new Uint8Array(1024 * 1024)));
      }
      await clients[2]!.ping();
      broker.signal(signal);
      const ends = await Promise.all(clients.map((client) => client.untilEnd()));
      assert.deepEqual(ends.map(({ isReset }) => isReset), [false, false, false]);
      assert.deepEqual(ends.map(({ packets }) => packets.length), [0, 0, 1]);
      const [packet] = ends[2]!.packets;
      assert.equal(packet?.type === "disconnect" && packet.reasonCode, 0x8b);
      for (const client of clients) client.close();
      const { code, signal: killedBy, tookMs } = await broker.ending(5000);
      stuck.close();
      assert.deepEqual([code, killedBy], [0, null], broker.log);
      assert.ok(tookMs < 5000);
    },
    signal === "SIGINT" ? "epoll" : false,
  );
}

transportTest(
  "SIGHUP reads the configuration again and says what changes and what cannot",
  async (_, transport) => {
    const config = "max_queued_messages 50\nmax_packet_size 5000\nmax_topic_levels 100\n";
    await using broker = await BrokerProcess.start({ transport, config });
    const path = `${broker.directory}/flux.conf`;
    using client = await RawClient.connect(broker.port);
    await Deno.writeTextFile(
      path,
      config.replace("5000", "9000").replace("levels 100", "levels 9"),
    );
    broker.signal("SIGHUP");
    await broker.untilLog(/the configuration is read again/);
    assert.match(broker.log, /max_packet_size is now 9000/);
    assert.match(broker.log, /max_topic_levels changes only with a restart/);
    assert.doesNotMatch(broker.log, /max_queued_messages/);
    // It holds for those who are connected.
    await client.subscribe("size");
    await client.send(publishPacket("size", new Uint8Array(8000)));
    assert.equal((await client.receive())?.type, "publish");

    await Deno.writeTextFile(path, "max_packet_sizes 1\n");
    broker.signal("SIGHUP");
    await broker.untilLog(/the configuration is not valid, the old one stays/);
    assert.match(broker.log, /flux\.conf:1: max_packet_sizes: Is not an option/);
    await client.ping();
  },
  "epoll",
);

transportTest(
  "SIGHUP with a log that cannot be opened keeps the old one, and does not say otherwise",
  async (_, transport) => {
    await using broker = await BrokerProcess.start({ transport, config: "max_packet_size 5000\n" });
    const path = `${broker.directory}/flux.conf`;
    const missing = `${broker.directory}/missing/log`;
    const config = `max_packet_size 9000\nlog_dest file ${missing}\nlog_type error\n`;
    await Deno.writeTextFile(path, config);
    broker.signal("SIGHUP");
    await broker.untilLog(/the configuration is read again/);
    assert.match(broker.log, /cannot open the log, the old one stays: .*missing/);
    assert.match(broker.log, /max_packet_size is now 9000/);
    assert.doesNotMatch(broker.log, /log_(dest|type) is now/);

    // When it can be opened, it is what is new.
    await Deno.mkdir(`${broker.directory}/missing`);
    await Deno.writeTextFile(path, config.replace("log_type error\n", ""));
    broker.signal("SIGHUP");
    await untilReadAgain(missing);
    assert.match(
      await Deno.readTextFile(missing),
      /log_dest is now file .*missing.log before=stderr/,
    );
  },
  "epoll",
);

transportTest(
  "a second broker on the same port says so and ends, and leaves the pid file",
  async (_, transport) => {
    const directory = await Deno.makeTempDir();
    const pidFile = `${directory}/pid`;
    const flags = ["--pid-file", pidFile];
    {
      await using broker = await BrokerProcess.start({ transport, flags });
      await assert.rejects(
        BrokerProcess.start({ transport, flags: [...flags, "-p", String(broker.port)] }),
        /Ended with 1 [^]*Cannot listen on port/,
      );
      assert.equal(await Deno.readTextFile(pidFile), `${broker.pid}\n`);
    }
    await assert.rejects(Deno.stat(pidFile), Deno.errors.NotFound);
    await Deno.remove(directory);
  },
  "epoll",
);

netTest("a pid file that cannot be written keeps the broker from starting", async () => {
  const broker = await BrokerProcess.start({ flags: ["--pid-file", "missing/pid"] });
  const { code } = await broker.ending(5000);
  assert.equal(code, 1);
  assert.match(broker.log, /Cannot write pid_file missing\/pid: /);
});

/** The payloads that come to `client`, up to the first that `isLast`. */
async function payloadsUntil(client: RawClient, isLast: RegExp): Promise<string[]> {
  const payloads: string[] = [];
  while (!isLast.test(payloads.at(-1) ?? "")) {
    const packet = await client.receive();
    if (packet?.type !== "publish") assert.fail(`${packet?.type} came while waiting for ${isLast}`);
    payloads.push(new TextDecoder().decode(packet.payload));
  }
  return payloads;
}

netTest("log_dest topic publishes the log until SIGHUP takes it away", async () => {
  const config = "log_dest stderr\nlog_dest topic\nlog_timestamp false\n";
  await using broker = await BrokerProcess.start({ config });
  using client = await RawClient.connect(broker.port);
  await client.subscribe("end");
  await client.subscribe("$SYS/broker/log/I");
  (await RawClient.connect(broker.port, { clientId: "seen" })).close();
  await payloadsUntil(client, /^info {2}Client connected .*clientId=seen/);

  const path = `${broker.directory}/flux.conf`;
  await Deno.writeTextFile(path, config.replace("log_dest topic\n", ""));
  broker.signal("SIGHUP");
  await broker.untilLog(/the configuration is read again/);
  (await RawClient.connect(broker.port, { clientId: "unseen" })).close();
  await broker.untilLog(/Client connected .*clientId=unseen/);
  await client.send(publishPacket("end", new TextEncoder().encode("the end")));
  const payloads = await payloadsUntil(client, /^the end$/);
  assert.doesNotMatch(payloads.join("\n"), /clientId=unseen/);
});

netTest("SIGUSR1 and SIGUSR2 do not end the broker, which says what they come to", async () => {
  await using broker = await BrokerProcess.start();
  using client = await RawClient.connect(broker.port);
  broker.signal("SIGUSR1");
  await broker.untilLog(/SIGUSR1: There is nothing to save: acknowledged messages are stored/);
  broker.signal("SIGUSR2");
  await broker.untilLog(/SIGUSR2: .*\$SYS/);
  await client.ping();
});

async function untilReadAgain(path: string): Promise<void> {
  const deadlineMs = performance.now() + 5000;
  while (performance.now() < deadlineMs) {
    if (await Deno.readTextFile(path).then((text) => text.includes("read again"), () => false)) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`${path} does not come`);
}
