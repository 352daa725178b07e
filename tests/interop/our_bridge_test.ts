import { strict as assert } from "node:assert";
import { Collector, publishAll, until } from "../support/bridge_ends.ts";
import { startBridged } from "../support/bridged.ts";
import { bridgeCrashRounds } from "../crash/bridge_rounds.ts";
import { isLeftOut } from "../support/long.ts";
import { hasMosquitto, MosquittoBroker } from "../support/mosquitto_broker.ts";
import { STANDS } from "../support/stands.ts";

/** A bridge to that port. */
function bridgeTo(port: number, lines: string): string {
  return `connection far\naddress 127.0.0.1:${port}\nrestart_timeout 1\n${lines}\n`;
}

/** What two nodes do as well, of which the one without the bridge has the clients. */
function bridgeTest(name: string, fn: (isCluster: boolean) => Promise<void>): void {
  for (const { suffix, isCluster } of STANDS) {
    const whole = name + suffix;
    const ignore = !hasMosquitto || isCluster && isLeftOut(whole);
    Deno.test({ name: whole, ignore, fn: () => fn(isCluster) });
  }
}

const versions: [version: string, says: number][] = [["auto", 5], ["mqttv311", 4]];
for (const [version, says] of versions) {
  bridgeTest(
    `A bridge to mosquitto carries out, in and both at every QoS, and echoes nothing (${version})`,
    async (isCluster) => {
      await using far = await MosquittoBroker.start();
      await using near = await startBridged(
        bridgeTo(
          far.port,
          `bridge_protocol_version ${version}\ntopic out/# out 2\ntopic in/# in 2\n` +
            "topic # both 2 l/ r/",
        ),
        isCluster,
      );
      assert.match(near.process.log, new RegExp(`protocolVersion=${says}`));
      await using here = await Collector.start(near.port, "#");
      await using there = await Collector.start(far.port, "#");
      for (const qos of [0, 1, 2] as const) {
        await publishAll(near.port, "out/x", [`out ${qos}`], qos);
        await publishAll(far.port, "in/x", [`in ${qos}`], qos);
        await publishAll(near.port, "l/a", [`both out ${qos}`], qos);
        await publishAll(far.port, "r/b", [`both in ${qos}`], qos);
      }
      await publishAll(near.port, "out/x", ["end"], 2);
      await publishAll(far.port, "in/x", ["end"], 2);
      await there.until((got) => got.includes("end") && got.length >= 14);
      await here.until((got) => got.includes("end") && got.length >= 14);
      // What would come back would have come before the end of what was sent behind it.
      const twice = (got: readonly string[]) => got.filter((text, i) => got.indexOf(text) !== i);
      assert.deepEqual(twice(here.got), ["end"]);
      assert.deepEqual(twice(there.got), ["end"]);
      assert.equal(there.topics[there.got.indexOf("both out 1")], "r/a");
      assert.equal(here.topics[here.got.indexOf("both in 1")], "l/b");
    },
  );
}

bridgeTest(
  "What is retained on one side is on the other, also what was before the bridge came",
  async (isCluster) => {
    await using far = await MosquittoBroker.start();
    await using near = await startBridged(
      bridgeTo(far.port, "topic # both 1 here/ there/"),
      isCluster,
    );
    const retain = async (port: number, topic: string, text: string) => {
      const { MqttClient } = await import("../../lib/client/mod.ts");
      const client = await MqttClient.connect({ hostname: "127.0.0.1", port });
      await client.publish(topic, text, { qos: 1, retain: true });
      await client.disconnect();
    };
    await retain(near.port, "here/a", "from here");
    await retain(far.port, "there/b", "from there");
    const shows = async (port: number, filter: string, count: number) => {
      await using seen = await Collector.start(port, filter);
      await until(() => seen.got.length >= count, 5000, () => String(seen.got));
      return seen.got.map((text, i) => `${text}${seen.retained[i] ? " (retained)" : ""}`).sort();
    };
    const all = ["from here (retained)", "from there (retained)"];
    await until(async () => (await shows(far.port, "there/#", 1)).length === 2);
    await until(async () => (await shows(near.port, "here/#", 1)).length === 2);
    assert.deepEqual(await shows(far.port, "there/#", 2), all);
    assert.deepEqual(await shows(near.port, "here/#", 2), all);
  },
);

for (const far of ["mosquitto", "flux"] as const) {
  const name =
    `Of two brokers with a bridge between them one is killed again and again under load: nothing is lost, and of QoS 2 nothing comes twice (${far})`;
  Deno.test({
    name,
    ignore: far === "mosquitto" && !hasMosquitto || isLeftOut(name),
    async fn() {
      const { acknowledged } = await bridgeCrashRounds({ rounds: 2, seed: 5, far });
      for (const [flow, count] of Object.entries(acknowledged)) {
        assert(count > 50, `${flow}: ${count}`);
      }
    },
  });
}
