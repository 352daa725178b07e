import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";
import { Collector, FluxBroker, until } from "../support/bridge_ends.ts";
import { freePort } from "../support/free_port.ts";
import { MosquittoBroker } from "../support/mosquitto_broker.ts";
import { Random } from "../support/random.ts";

/** How long the last messages may take. */
const END_LIMIT_MS = 60_000;
/** Messages of a flow that are not acknowledged at one time. */
const WINDOW = 50;

/** What the rounds are. */
export interface BridgeCrashInit {
  readonly rounds: number;
  readonly seed: number;
  /**
   * Who is on the other side. mosquitto stays alive: 2.0.11 loses messages of QoS 2 that it has acknowledged when it is restarted under
   * load, also by SIGTERM and with persistence, and any subscriber's.
   */
  readonly far: "flux" | "mosquitto";
  /** Told after each round. */
  readonly onRound?: (round: number) => void;
}

/** What was done, in numbers. */
export interface BridgeCrashResult {
  readonly killedHere: number;
  readonly killedThere: number;
  readonly acknowledged: Readonly<Record<string, number>>;
  readonly repeatedQos1: number;
}

/**
 * Kills one of two brokers with a bridge between them again and again, while messages of QoS 1 and 2 go both ways, and holds what
 * arrives against what was acknowledged. Throws an `AssertionError` where something is lost, or comes twice at QoS 2.
 */
export async function bridgeCrashRounds(init: BridgeCrashInit): Promise<BridgeCrashResult> {
  const random = new Random(init.seed);
  const farPort = freePort();
  await using far = init.far === "flux"
    ? await FluxBroker.start(farPort, "max_queued_messages 0")
    : await MosquittoBroker.start();
  await using near = await FluxBroker.start(
    freePort(),
    `max_queued_messages 0\nconnection far\naddress 127.0.0.1:${far.port}\nrestart_timeout 1\n` +
      "topic out/# out 2\ntopic in/# in 2",
  );
  await near.process.untilLog(/Bridge connected/, 15_000);
  await using there = await Collector.start(far.port, "out/#");
  await using here = await Collector.start(near.port, "in/#");
  const flows = await Promise.all([
    Flow.start("out/one", near.port, 1, there),
    Flow.start("out/two", near.port, 2, there),
    Flow.start("in/one", far.port, 1, here),
    Flow.start("in/two", far.port, 2, here),
  ]);
  const killed = { here: 0, there: 0 };
  for (let round = 1; round <= init.rounds; round++) {
    // On a busy machine a round would be over before anything has come through.
    await until(() => flows.every(({ sent }) => sent > round * WINDOW), END_LIMIT_MS, () => {
      const sent = flows.map((flow) => `${flow.name}: ${flow.sent}`);
      return `Round ${round} does not begin: ${sent.join(", ")}`;
    });
    await new Promise((resolve) => setTimeout(resolve, random.int(random.bool() ? 100 : 800)));
    if (far instanceof MosquittoBroker || random.bool()) {
      killed.here++;
      await near.kill();
      await near.start();
    } else {
      killed.there++;
      await far.kill();
      await far.start();
    }
    init.onRound?.(round);
  }
  for (const flow of flows) flow.stop();
  for (const flow of flows) await flow.end();
  for (const flow of flows) flow.check();
  return {
    killedHere: killed.here,
    killedThere: killed.there,
    acknowledged: Object.fromEntries(flows.map(({ name, sent }) => [name, sent])),
    repeatedQos1: flows.reduce((sum, flow) => sum + flow.repeats, 0),
  };
}

/** Numbers published in order, and what has come of them on the other side. */
class Flow {
  /** Numbers that were published. */
  sent = 0;
  #isEnding = false;
  readonly #publishing: Promise<void>;

  private constructor(
    readonly name: string,
    readonly qos: 1 | 2,
    readonly client: MqttClient,
    readonly collector: Collector,
  ) {
    this.#publishing = this.#publish();
  }

  static async start(name: string, port: number, qos: 1 | 2, collector: Collector): Promise<Flow> {
    const client = await MqttClient.connect({
      hostname: "127.0.0.1",
      port,
      clientId: name.replace("/", "-"),
      cleanStart: false,
      properties: { sessionExpiryInterval: 3600 },
      reconnect: { minDelayMs: 50, maxDelayMs: 200, initially: true },
    });
    return new Flow(name, qos, client, collector);
  }

  get repeats(): number {
    const got = this.#got();
    return got.length - new Set(got).size;
  }

  /** No more is published. */
  stop(): void {
    this.#isEnding = true;
  }

  /** Resolves when all has arrived. */
  async end(): Promise<void> {
    await this.#publishing;
    await until(() => new Set(this.#got()).size >= this.sent, END_LIMIT_MS, () => {
      const got = new Set(this.#got());
      const missing = Array.from({ length: this.sent }, (_, i) => i).filter((i) => !got.has(i));
      return `${this.name}: ${missing.length} of ${this.sent} are missing: ${missing.slice(0, 10)}`;
    });
    await this.client.disconnect();
  }

  /** In order, and at QoS 2 once. */
  check(): void {
    const got = this.#got();
    const first = [...new Set(got)];
    assert.deepEqual(first, Array.from({ length: this.sent }, (_, i) => i), `${this.name}: order`);
    if (this.qos === 2) {
      assert.equal(got.length, first.length, `${this.name}: something came twice`);
    }
  }

  async #publish(): Promise<void> {
    const underWay = new Set<Promise<unknown>>();
    while (!this.#isEnding) {
      const publication = this.client.publish(this.name, `${this.name} ${this.sent++}`, {
        qos: this.qos,
      });
      underWay.add(publication);
      publication.finally(() => underWay.delete(publication));
      if (underWay.size >= WINDOW) await Promise.race(underWay);
      // Not all of the processor is for this process.
      if (this.sent % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await Promise.all(underWay);
  }

  #got(): number[] {
    const prefix = `${this.name} `;
    return this.collector.got.filter((text) => text.startsWith(prefix))
      .map((text) => Number(text.slice(prefix.length)));
  }
}
