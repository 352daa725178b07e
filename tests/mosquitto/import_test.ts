import { strict as assert } from "node:assert";
import type { Packet, Publish } from "../../lib/codec/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { callFlux } from "../support/flux.ts";
import { publish, subscribeToEnd } from "../support/mosquitto.ts";
import { hasMosquitto, MosquittoBroker } from "../support/mosquitto_broker.ts";
import { publishPacket, RawClient } from "../support/raw_client.ts";

const SESSION = { protocolVersion: 4, cleanStart: false } as const;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The next PUBLISH. */
async function message(client: RawClient): Promise<Publish> {
  const packet = await client.receive();
  assert.equal(packet?.type, "publish");
  return packet;
}

async function expect(client: RawClient, type: Packet["type"]): Promise<Packet> {
  const packet = await client.receive();
  assert.equal(packet?.type, type);
  return packet!;
}

/** Connects for a session that must be there. */
async function resume(port: number, clientId: string, userName?: string): Promise<RawClient> {
  const client = await RawClient.open(port, 4);
  const user = userName === undefined ? {} : { userName };
  await client.send({ type: "connect", ...SESSION, clientId, keepAliveSeconds: 0, ...user });
  const connack = await client.receive();
  assert.ok(connack?.type === "connack" && connack.sessionPresent, `No session of ${clientId}`);
  return client;
}

/** Brings about everything that a mosquitto stores. */
async function fill({ port }: MosquittoBroker): Promise<void> {
  const pub = async (...args: string[]) => {
    const { code, output } = await publish(port, args);
    assert.equal(code, 0, output);
  };
  // A session with two filters, of a user, and three messages that wait.
  const subscribed = ["-c", "-i", "archive", "-u", "alice", "-E", "-q", "1"];
  const { code, output } = await subscribeToEnd(port, [...subscribed, "-t", "a/#", "-t", "$odd/x"]);
  assert.equal(code, 0, output);
  for (const value of ["1", "2", "3"]) await pub("-t", "a/b", "-m", value, "-q", "2", "-i", "pump");

  // One with messages in flight: of QoS 1 and 2 not acknowledged, of QoS 2 received and not released.
  const slow = await RawClient.connect(port, { ...SESSION, clientId: "slow" });
  await slow.subscribe("f/#", 2);
  await pub("-t", "f/qos1", "-m", "first", "-q", "1");
  await message(slow);
  await pub("-t", "f/qos2", "-m", "second", "-q", "2");
  await message(slow);
  await pub("-t", "f/released", "-m", "third", "-q", "2");
  const third = await message(slow);
  await slow.send({ type: "pubrec", packetId: third.packetId, reasonCode: 0 });
  await expect(slow, "pubrel");
  slow.close();

  // A publisher that was not told that its message is there.
  const half = await RawClient.connect(port, { ...SESSION, clientId: "half" });
  await half.send(publishPacket("a/held", "once", 2, 77));
  await expect(half, "pubrec");
  half.close();

  await pub("-t", "kept/plain", "-m", "stays", "-r", "-u", "bob", "-i", "gauge");
  const v5 = ["-V", "5", "-r", "-q", "1"];
  await pub(...v5, "-t", "kept/v5", "-m", "✓", "-D", "publish", "content-type", "text/plain");
  await pub(
    ...v5,
    "-t",
    "kept/hour",
    "-m",
    "h",
    "-D",
    "publish",
    "message-expiry-interval",
    "3600",
  );
  await pub(...v5, "-t", "kept/gone", "-m", "s", "-D", "publish", "message-expiry-interval", "1");
}

/** A mosquitto's file with all of that, as bytes. */
async function mosquittoFile(): Promise<Uint8Array> {
  await using mosquitto = await MosquittoBroker.start("max_inflight_messages 20", true);
  await fill(mosquitto);
  await mosquitto.stop();
  return Deno.readFileSync(mosquitto.databasePath);
}

Deno.test({
  name: "import: what the real mosquitto has stored goes on in ours",
  ignore: !hasMosquitto,
  sanitizeOps: true,
  sanitizeResources: true,
  async fn(t) {
    const directory = await Deno.makeTempDir({ prefix: "flux-import-" });
    try {
      const file = `${directory}/mosquitto.db`;
      const bytes = await mosquittoFile();
      await Deno.writeFile(file, bytes);
      // What expires within a second has done so.
      await new Promise((resolve) => setTimeout(resolve, 1100));
      const data = `${directory}/data`;
      const { status, out, error } = await callFlux(["import", file, "-d", data]);
      assert.equal(status, 0, error);
      await t.step("it says what came along, and leaves the file as it was", () => {
        assert.match(out, /version 6 of the format/);
        assert.match(out, /^ {2}3 retained messages$/m);
        assert.match(out, /^ {2}3 sessions$/m);
        assert.match(out, /^ {2}3 subscriptions$/m);
        assert.match(out, /^ {2}3 queued messages$/m);
        assert.match(out, /^ {2}3 messages in flight$/m);
        assert.match(out, /^ {2}1 QoS 2 messages that were received/m);
        assert.match(out, /^ {2}1 messages that have expired/m);
        assert.deepEqual(Deno.readFileSync(file), bytes);
      });
      await t.step("a store that is not empty is refused, unless it may be set aside", async () => {
        const again = await callFlux(["import", file, "-d", data]);
        assert.equal(again.status, 1);
        assert.match(again.error, /not empty: 3 sessions, 3 retained messages; --replace/);
        const replaced = await callFlux(["import", file, "-d", data, "--replace"]);
        assert.equal(replaced.status, 0, replaced.error);
        assert.match(replaced.out, /The old store is now .*before-restore/);
      });
      await t.step("a session of a user has its owner", async () => {
        const { out } = await callFlux(["store", "inspect", "-d", data, "archive"]);
        assert.match(out, /^owner +alice$/m);
        assert.match(out, /^subscribes to +\$odd\/x$/m);
      });
      await using broker = await BrokerProcess.start({
        config: `persistence_location ${data}`,
      });
      await t.step("beside a broker that runs nothing is imported", async () => {
        const { status, error } = await callFlux(["import", file, "-d", data, "--replace"]);
        assert.equal(status, 1);
        assert.match(error, /another broker has it/);
      });
      await t.step("queued messages come in their order, then the one that was held", async () => {
        using archive = await resume(broker.port, "archive", "alice");
        const got: string[] = [];
        for (let i = 0; i < 4; i++) {
          const { topicName, payload, qos } = await message(archive);
          got.push(`${topicName} ${text(payload)} ${qos}`);
        }
        assert.deepEqual(got, ["a/b 1 1", "a/b 2 1", "a/b 3 1", "a/held once 1"]);
      });
      await t.step("messages in flight keep their Packet Identifiers and states", async () => {
        using slow = await resume(broker.port, "slow");
        const got: string[] = [];
        for (let i = 0; i < 3; i++) {
          const packet = await slow.receive();
          if (packet?.type === "publish") {
            const { topicName, qos, dup, packetId } = packet;
            got.push(`${topicName} ${qos} ${dup} ${packetId}`);
          } else if (packet?.type === "pubrel") got.push(`pubrel ${packet.packetId}`);
        }
        assert.deepEqual(got.sort(), ["f/qos1 1 true 1", "f/qos2 2 true 2", "pubrel 3"]);
      });
      await t.step("a publisher that repeats its message is heard once", async () => {
        using half = await resume(broker.port, "half");
        await half.send({ ...publishPacket("a/held", "once", 2, 77), dup: true } as Packet);
        await expect(half, "pubrec");
        await half.send({ type: "pubrel", packetId: 77, reasonCode: 0 });
        await expect(half, "pubcomp");
        const { counts } = await sizeOf(data);
        assert.match(counts, /^deliveries +7$/m);
      });
      await t.step("retained messages come with their properties", async () => {
        using reader = await RawClient.connect(broker.port);
        await reader.subscribe("kept/#", 2);
        const got = new Map<string, Publish>();
        for (let i = 0; i < 3; i++) {
          const kept = await message(reader);
          got.set(kept.topicName, kept);
        }
        assert.equal(text(got.get("kept/plain")!.payload), "stays");
        assert.equal(got.get("kept/v5")!.properties?.contentType, "text/plain");
        assert.equal(text(got.get("kept/v5")!.payload), "✓");
        const left = got.get("kept/hour")!.properties!.messageExpiryInterval!;
        assert.ok(left > 3000 && left <= 3600, `${left} s are left`);
      });
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

async function sizeOf(data: string): Promise<{ counts: string }> {
  const { out } = await callFlux(["store", "size", "-d", data]);
  return { counts: out };
}
