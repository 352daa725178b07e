import type { BridgeOptions } from "../../../lib/bridge/mod.ts";
import { DEFAULT_BRIDGE_OPTIONS } from "../../support/bridge_options.ts";
import { Random } from "../../support/random.ts";
import { Scheduler } from "../scheduler.ts";
import { ModelClient } from "./model_client.ts";
import { Node } from "./node.ts";
import { SimBridge } from "./sim_bridge.ts";

/** Steps of one run. */
export const BRIDGE_STEPS = 40;
/** How long all may take to come to rest, simulated. */
const REST_MS = 600_000;

/** What may happen in a step, and how often. */
const EVENTS = [
  ...Array.from({ length: 12 }, () => "publish" as const),
  ...Array.from({ length: 6 }, () => "wait" as const),
  "cut",
  "cut",
  "crash near",
  "crash far",
  "sleep",
] as const;

/** One direction of one QoS: a publisher, and who has to get it. */
interface Way {
  readonly publisher: ModelClient;
  readonly topicName: string;
  readonly qos: 1 | 2;
  readonly here: ModelClient;
  readonly there: ModelClient;
}

/** Runs one seed; returns what was broken, or nothing. */
export function runBridge(seed: number, steps = BRIDGE_STEPS): string | undefined {
  try {
    new BridgeRun(new Random(seed)).play(steps);
    return undefined;
  } catch (error) {
    return `seed ${seed}: ${error instanceof Error ? error.stack ?? error.message : error}`;
  }
}

class BridgeRun {
  readonly #random: Random;
  readonly #clock = new Scheduler();
  readonly #near: Node;
  readonly #far: Node;
  readonly #bridge: SimBridge;
  readonly #ways: Way[] = [];
  readonly #clients: { readonly near: ModelClient[]; readonly far: ModelClient[] };
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
    const maxCommitMs = random.int(30);
    // Some queues wait on the disk.
    this.#near = new Node(this.#clock, random, maxCommitMs, {
      queueMemoryMessages: random.pick([10, 1000]),
    });
    this.#far = new Node(this.#clock, random, maxCommitMs, {
      maxInflightMessages: 1 + random.int(20),
    });
    this.#bridge = new SimBridge(
      this.#near,
      [this.#far],
      random,
      optionsOf(random),
      "near",
      random.int(40),
    );
    const here = new ModelClient(this.#near, random, "subscriber", "#");
    const there = new ModelClient(this.#far, random, "subscriber", "#");
    const near = [here];
    const far = [there];
    for (const qos of [1, 2] as const) {
      for (const name of ["out", "both"]) {
        const publisher = new ModelClient(this.#near, random, `${name} ${qos}`);
        near.push(publisher);
        this.#ways.push({ publisher, topicName: `${name}/near/${qos}`, qos, here, there });
      }
      for (const name of ["in", "both"]) {
        const publisher = new ModelClient(this.#far, random, `${name} ${qos}`);
        far.push(publisher);
        this.#ways.push({
          publisher,
          topicName: `${name}/far/${qos}`,
          qos,
          here: there,
          there: here,
        });
      }
    }
    this.#clients = { near, far };
  }

  play(steps: number): void {
    this.#untilRest(() => this.#isReady());
    for (let step = 0; step < steps; step++) this.#step();
    this.#untilRest(() => this.#isAllThere());
    // What comes twice, or comes back, would come behind.
    this.#clock.runFor(60_000);
    for (const way of this.#ways) this.#check(way);
    if (this.#bridge.mostWaiting > 4 * 1024 * 1024) {
      throw new Error(`${this.#bridge.mostWaiting} bytes waited in the bridge`);
    }
  }

  #step(): void {
    const random = this.#random;
    switch (random.pick(EVENTS)) {
      case "publish": {
        const { publisher, topicName, qos } = random.pick(this.#ways);
        const count = 1 + random.int(random.int(5) === 0 ? 40 : 4);
        for (let i = 0; i < count; i++) {
          publisher.publish(topicName, `${topicName} ${this.#count++}`, qos);
        }
        break;
      }
      case "cut":
        this.#bridge.cut();
        break;
      case "crash near":
        return this.#crash("near");
      case "crash far":
        return this.#crash("far");
      case "sleep":
        this.#clock.jump(random.int(120_000));
        break;
    }
    this.#clock.runFor(random.int(random.int(4) === 0 ? 20_000 : 200));
  }

  #crash(which: "near" | "far"): void {
    const node = which === "near" ? this.#near : this.#far;
    node.crash(this.#random.bool());
    if (which === "near") this.#bridge.crash();
    else this.#bridge.cut();
    for (const client of this.#clients[which]) client.crashed();
    this.#clock.runFor(this.#random.int(3000));
    node.restart();
    if (which === "near") this.#bridge.begin();
  }

  #isReady(): boolean {
    return this.#bridge.machine.status.state === "connected" && this.#clients.near[0]!.isDone &&
      this.#clients.far[0]!.isDone;
  }

  #isAllThere(): boolean {
    return this.#ways.every(({ publisher, there, here }) =>
      publisher.isDone &&
      publisher.sent.every((text) => there.has.has(text) && here.has.has(text))
    );
  }

  #untilRest(isSo: () => boolean): void {
    const startMs = this.#clock.nowMs;
    while (!isSo()) {
      if (this.#clock.nowMs - startMs > REST_MS) {
        const { state, reason, message } = this.#bridge.machine.status;
        const missing = this.#ways.map(({ publisher, there, topicName }) =>
          `${topicName} sent ${publisher.sent.length}, acknowledged ${publisher.acknowledged.size}, ` +
          `missing there: ${publisher.sent.filter((text) => !there.got.includes(text)).slice(0, 3)}`
        );
        throw new Error(`No rest: ${state} ${reason} ${message}\n${missing.join("\n")}`);
      }
      this.#clock.runFor(500);
    }
  }

  /** Everything once at QoS 2, at least once at QoS 1, in order on both sides, and nothing back. */
  #check({ publisher, topicName, qos, here, there }: Way): void {
    for (const [side, client] of [["its own side", here], ["the other side", there]] as const) {
      const got = client.got.filter((text) => text.startsWith(`${topicName} `));
      const first = got.filter((text, i) => got.indexOf(text) === i);
      const sent = publisher.sent.join();
      if (first.join() !== sent) {
        throw new Error(
          `${topicName} on ${side}: not what was sent, or not in order:\n${first}\n${sent}`,
        );
      }
      if (qos === 2 && got.length !== first.length) {
        const twice = got.filter((text, i) => got.indexOf(text) !== i);
        throw new Error(`${topicName} on ${side}: twice at QoS 2: ${twice}`);
      }
    }
  }
}

function optionsOf(random: Random): BridgeOptions {
  const topic = (pattern: string, direction: "in" | "out" | "both") => ({
    pattern,
    direction,
    qos: 2 as const,
    localPrefix: "",
    remotePrefix: "",
  });
  return {
    ...DEFAULT_BRIDGE_OPTIONS,
    name: "far",
    addresses: [{ scheme: "mqtt", hostname: "far", port: 1, path: "" }],
    topics: [topic("out/#", "out"), topic("in/#", "in"), topic("both/#", "both")],
    remoteClientId: "near.bridge",
    restartBaseSeconds: 1,
    restartCapSeconds: 1 + random.int(10),
    keepAliveSeconds: 5 + random.int(30),
    receiveMaximum: 1 + random.int(30),
    protocolVersion: random.pick(["auto", 5, 4] as const),
    maxRate: random.int(4) === 0 ? 50 : 0,
    maxTopicAlias: random.int(3),
  };
}
