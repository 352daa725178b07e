import { strict as assert } from "node:assert";
import type { Packet } from "../../lib/codec/mod.ts";
import { MqttClient } from "../../lib/client/mod.ts";
import { Collector, until } from "../support/bridge_ends.ts";
import { startBridged } from "../support/bridged.ts";
import { MosquittoBroker } from "../support/mosquitto_broker.ts";
import { Random } from "../support/random.ts";
import { Tap, type TapWay } from "../support/tap.ts";

/** How long a mosquitto that is up again may need for the last messages. */
const END_LIMIT_MS = 60_000;
/** Nothing has come for so long: nothing will. */
const QUIET_MS = 3000;

/** What the rounds are. */
export interface MosquittoRoundsInit {
  readonly rounds: number;
  readonly seed: number;
  /** Whether there are two nodes: the bridge is at one, and publishers and subscribers are at the other. Default: false. */
  readonly isCluster?: boolean;
  /** Told after each round. */
  readonly onRound?: (round: number) => void;
}

/** What was done, in numbers. What a side has acknowledged and does not have is its loss. */
export interface MosquittoRoundsResult {
  readonly sent: number;
  /** Acknowledged by mosquitto, and gone with it. */
  readonly lostByMosquitto: number;
  readonly repeatedByMosquittoQos2: number;
}

/** What passed between the bridge and mosquitto, by payload. */
class Account {
  /** Payloads that the receiver has acknowledged, of either way. */
  readonly acknowledged = new Set<string>();
  /** Of QoS 2: those that were sent once more behind the acknowledgement. */
  readonly sentAgain = new Set<string>();
  /**
   * Of QoS 2: those that mosquitto, having forgotten an earlier message in a session that it resumes, sent under the Packet Identifier of
   * that message and without a PUBREL before it. A receiver must take such a packet for a repeat. [MQTT-4.3.3-10]
   */
  readonly underUsedId = new Set<string>();
  readonly #underWay = new Map<string, string>();
  /** Of QoS 2, on their way in: what waits for PUBREL, by Packet Identifier. */
  readonly #held = new Map<number, string>();

  hear(way: TapWay, packet: Packet): void {
    if (way === "in") this.#hearMosquitto(packet);
    if (packet.type === "publish") {
      const text = new TextDecoder().decode(packet.payload);
      if (packet.qos === 2 && this.acknowledged.has(text)) this.sentAgain.add(`${way} ${text}`);
      if (packet.qos > 0) this.#underWay.set(`${way} ${packet.packetId}`, text);
    } else if (packet.type === "puback" || packet.type === "pubrec") {
      const sender = way === "in" ? "out" : "in";
      const text = this.#underWay.get(`${sender} ${packet.packetId}`);
      if (text !== undefined) this.acknowledged.add(text);
    }
  }

  #hearMosquitto(packet: Packet): void {
    if (packet.type === "connack" && !packet.sessionPresent) this.#held.clear();
    if (packet.type === "pubrel") this.#held.delete(packet.packetId);
    if (packet.type !== "publish" || packet.qos !== 2) return;
    const text = new TextDecoder().decode(packet.payload);
    const held = this.#held.get(packet.packetId!);
    if (held === undefined) this.#held.set(packet.packetId!, text);
    else if (held !== text) this.underUsedId.add(text);
  }
}

/**
 * Kills the mosquitto at the other end of a bridge with SIGKILL again and again, under load in both directions. It writes what it stores
 * from time to time only, so it loses messages that it has acknowledged; a tap between the two tells whose loss each is. Throws
 * an `AssertionError` where one is ours.
 */
export async function mosquittoCrashRounds(
  { rounds, seed, isCluster = false, onRound }: MosquittoRoundsInit,
): Promise<MosquittoRoundsResult> {
  const random = new Random(seed);
  const account = new Account();
  await using far = await MosquittoBroker.start("max_inflight_messages 0", true);
  using tap = new Tap(far.port, (way, packet) => account.hear(way, packet));
  const bridge = `connection far\naddress 127.0.0.1:${tap.port}\nrestart_timeout 1\n` +
    "topic out/# out 2\ntopic in/# in 2\n";
  await using near = await startBridged(bridge, isCluster);
  await using there = await Collector.start(far.port, "out/#");
  await using here = await Collector.start(near.port, "in/#");
  let isEnding = false;
  const sent = new Map<string, string[]>();
  const publishers = (["out/1", "out/2", "in/1", "in/2"] as const).map(async (topicName) => {
    const texts: string[] = [];
    sent.set(topicName, texts);
    const client = await MqttClient.connect({
      hostname: "127.0.0.1",
      port: topicName.startsWith("out") ? near.port : far.port,
      clientId: topicName.replace("/", "-"),
      cleanStart: false,
      properties: { sessionExpiryInterval: 3600 },
      reconnect: { minDelayMs: 50, maxDelayMs: 200, initially: true },
    });
    while (!isEnding) {
      const text = `${topicName} ${texts.length}`;
      texts.push(text);
      await client.publish(topicName, text, { qos: topicName.endsWith("1") ? 1 : 2 });
    }
    await client.disconnect();
  });
  for (let round = 1; round <= rounds; round++) {
    await new Promise((resolve) => setTimeout(resolve, 100 + random.int(900)));
    await far.stop("SIGKILL");
    await far.start();
    onRound?.(round);
  }
  isEnding = true;
  await Promise.all(publishers);
  await untilQuiet([there, here]);
  return judge(sent, { out: there, in: here }, account);
}

/** All that waits has gone, or nothing comes any more. */
async function untilQuiet(collectors: readonly Collector[]): Promise<void> {
  const count = () => collectors.reduce((sum, { got }) => sum + got.length, 0);
  let [last, sinceMs] = [count(), performance.now()];
  await until(() => {
    if (count() !== last) [last, sinceMs] = [count(), performance.now()];
    return performance.now() - sinceMs > QUIET_MS;
  }, END_LIMIT_MS);
}

function judge(
  sent: ReadonlyMap<string, readonly string[]>,
  collectors: Readonly<Record<TapWay, Collector>>,
  account: Account,
): MosquittoRoundsResult {
  let [lostByMosquitto, repeatedByMosquittoQos2] = [0, 0];
  for (const [topicName, texts] of sent) {
    const way = topicName.startsWith("out") ? "out" : "in";
    const got = collectors[way].got.filter((text) => text.startsWith(`${topicName} `));
    const arrived = new Set(got);
    const missing = texts.filter((text) => !arrived.has(text));
    // On its way out a message is mosquitto's when mosquitto has acknowledged it, on its way in until we have.
    const ours = missing.filter((text) =>
      account.acknowledged.has(text) === (way === "in") && !account.underUsedId.has(text)
    );
    assert.deepEqual(ours, [], `${topicName}: lost by us`);
    lostByMosquitto += missing.length;
    if (!topicName.endsWith("2")) continue;
    const twice = got.filter((text, i) => got.indexOf(text) !== i);
    const oursTwice = twice.filter((text) => way === "out" && account.sentAgain.has(`out ${text}`));
    assert.deepEqual(oursTwice, [], `${topicName}: twice by us`);
    const inTwice = twice.filter((text) => way === "in" && !account.sentAgain.has(`in ${text}`));
    assert.deepEqual(inTwice, [], `${topicName}: twice here, though it came once`);
    repeatedByMosquittoQos2 += twice.length;
  }
  const count = [...sent.values()].reduce((sum, texts) => sum + texts.length, 0);
  return { sent: count, lostByMosquitto, repeatedByMosquittoQos2 };
}
