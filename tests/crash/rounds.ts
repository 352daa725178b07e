import { strict as assert } from "node:assert";
import { BrokerProcess } from "../support/broker_process.ts";
import { Random } from "../support/random.ts";
import type { Actor } from "./actor.ts";
import { FaultyDisk } from "./faulty_disk.ts";
import { Publisher } from "./publisher.ts";
import { Retainer } from "./retainer.ts";
import { Subscriber } from "./subscriber.ts";
import { Switcher } from "./switcher.ts";

/** How long the last round may take to bring everything to its end. */
const END_LIMIT_MS = 20_000;
/** How long the first acknowledgements of a round are waited for. */
const BUSY_LIMIT_MS = 3000;

/** What the rounds are. */
export interface CrashInit {
  readonly rounds: number;
  readonly seed: number;
  /** Whether the disk goes bad (full, failing, read-only) and recovers meanwhile. Needs a C compiler. Default: false. */
  readonly isDiskFaulty?: boolean;
  /** Told after each round. */
  readonly onRound?: (round: number) => void;
}

/** What was done, in numbers: a test that moved nothing would prove nothing. */
export interface CrashResult {
  readonly acknowledgedQos1: number;
  readonly acknowledgedQos2: number;
  readonly repeatedQos1: number;
  readonly acknowledgedRetained: number;
  readonly retainedDeletions: number;
  readonly acknowledgedSubscriptions: number;
  /** With a faulty disk: packets that were refused, and how often the disk became what. */
  readonly refused?: number;
  readonly disk?: Readonly<Record<string, number>>;
}

/**
 * Runs the broker round after round in a process of its own, lets clients work with it over real sockets, and kills it at a
 * random moment. In the last round it may live until everything has arrived. Throws an `AssertionError` where a promise
 * was broken.
 */
export async function crashRounds(init: CrashInit): Promise<CrashResult> {
  const directory = await Deno.makeTempDir({ prefix: "flux-crash-" });
  try {
    const [store, own] = [`${directory}/store`, `${directory}/disk`];
    for (const path of [store, own]) await Deno.mkdir(path, { mode: 0o700 });
    const disk = init.isDiskFaulty === true ? await FaultyDisk.open(store, own) : undefined;
    if (init.isDiskFaulty === true && disk === undefined) throw new Error("There is no C compiler");
    return await new Rounds(store, new Random(init.seed), disk).run(init);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

class Rounds {
  readonly #directory: string;
  readonly #random: Random;
  readonly #publishers = [
    new Publisher("publisher 1 of QoS 1", 4, "one/1", 1),
    new Publisher("publisher 2 of QoS 1", 5, "one/2", 1),
    new Publisher("publisher 1 of QoS 2", 4, "two/1", 2),
    new Publisher("publisher 2 of QoS 2", 5, "two/2", 2),
  ] as const;
  readonly #subscribers = [
    new Subscriber("subscriber 1 of QoS 1", 5, "one/#", 1),
    new Subscriber("subscriber 2 of QoS 1", 4, "one/#", 1),
    new Subscriber("subscriber of QoS 2", 5, "two/#", 2),
  ] as const;
  readonly #retainer: Retainer;
  readonly #switcher: Switcher;

  readonly #disk: FaultyDisk | undefined;

  constructor(directory: string, random: Random, disk: FaultyDisk | undefined) {
    this.#directory = directory;
    this.#random = random;
    this.#disk = disk;
    this.#retainer = new Retainer("retainer", random);
    this.#switcher = new Switcher("switcher", random);
    if (disk !== undefined) { for (const actor of this.#actors) actor.mayBeRefused = true; }
  }

  get #actors(): Actor[] {
    return [...this.#publishers, ...this.#subscribers, this.#retainer, this.#switcher];
  }

  async run({ rounds, onRound }: CrashInit): Promise<CrashResult> {
    await this.#subscribe();
    for (let round = 1; round <= rounds; round++) {
      await this.#round();
      onRound?.(round);
    }
    await this.#end();
    const [oneA, oneB, twoA, twoB] = this.#publishers;
    return {
      acknowledgedQos1: oneA.acknowledged + oneB.acknowledged,
      acknowledgedQos2: twoA.acknowledged + twoB.acknowledged,
      repeatedQos1: this.#subscribers.reduce((sum, { repeats }) => sum + repeats, 0),
      acknowledgedRetained: this.#retainer.acknowledged,
      retainedDeletions: this.#retainer.deletions,
      acknowledgedSubscriptions: this.#switcher.acknowledged,
      ...this.#disk === undefined ? {} : {
        refused: this.#actors.reduce((sum, { refusals }) => sum + refusals, 0),
        disk: this.#disk.turns,
      },
    };
  }

  /** Before anybody publishes everybody who is to get it has to be there. */
  async #subscribe(): Promise<void> {
    const broker = await this.#start();
    const playing = this.#subscribers.map((subscriber) => subscriber.play(broker.port));
    await until(() => this.#subscribers.every(({ isSubscribed }) => isSubscribed));
    await broker.kill();
    await Promise.all(playing);
  }

  async #round(): Promise<void> {
    const broker = await this.#start();
    try {
      await this.#retainer.check(broker.port);
      // Now and then a subscriber stays away, so that much is queued.
      const subscribers = this.#subscribers.filter(() => this.#random.int(4) > 0);
      const actors = [...this.#publishers, ...subscribers, this.#retainer, this.#switcher];
      const playing = Promise.all(actors.map((actor) => this.#play(actor, broker)));
      // Often early: while sessions are taken up again.
      const isEarly = this.#random.bool();
      const lifeMs = this.#random.int(isEarly ? 60 : 500);
      if (!isEarly) await Promise.race([this.#untilBusy(), playing]);
      await Promise.race([this.#live(lifeMs), playing]);
      assert.ok(!broker.isEnded, "The broker has ended by itself");
      await broker.kill();
      await playing;
    } catch (error) {
      throw new Error(`The broker's log:\n${broker.log}`, { cause: error });
    } finally {
      await broker.kill();
    }
  }

  /** Until this round's clients have their first acknowledgements, however busy the machine is. */
  async #untilBusy(): Promise<void> {
    const acknowledged = () =>
      [this.#retainer, this.#switcher, ...this.#publishers]
        .map((actor) => actor.acknowledged);
    const before = acknowledged();
    const endMs = performance.now() + BUSY_LIMIT_MS;
    while (performance.now() < endMs && acknowledged().some((count, i) => count === before[i])) {
      await pause(5);
    }
  }

  /** Lets the broker live so long; its disk goes bad now and then, and is sound again, or not. */
  async #live(lifeMs: number): Promise<void> {
    const disk = this.#disk;
    if (disk === undefined) return await pause(lifeMs);
    for (let leftMs = 8 * lifeMs; leftMs > 0;) {
      const spanMs = Math.min(leftMs, 20 + this.#random.int(400));
      if (this.#random.bool()) disk.spoil(this.#random);
      else disk.become("sound");
      await pause(spanMs / 2);
      // Who comes back while the disk is bad repeats what it was promised nothing about.
      for (const actor of this.#actors) if (this.#random.int(3) === 0) actor.cut();
      await pause(spanMs / 2);
      leftMs -= spanMs;
    }
  }

  /** With a disk that goes bad connections end, and clients come back. */
  async #play(actor: Actor, broker: BrokerProcess): Promise<void> {
    do await actor.play(broker.port); while (
      this.#disk !== undefined && !broker.isEnded && (await pause(10), !broker.isEnded)
    );
  }

  async #end(): Promise<void> {
    for (const publisher of this.#publishers) publisher.isEnding = true;
    await using broker = await this.#start();
    await this.#retainer.check(broker.port);
    const actors = [...this.#publishers, ...this.#subscribers];
    const playing = Promise.all(actors.map((actor) => actor.play(broker.port)));
    await Promise.race([playing, until(() => this.#isAllThere())]);
    assert.ok(this.#isAllThere(), "Connections ended before everything had arrived");
    await broker.stop();
    await playing;
  }

  #isAllThere(): boolean {
    return this.#publishers.every((publisher) =>
      publisher.isDone &&
      this.#subscribers.every((subscriber) =>
        subscriber.qos !== publisher.qos ||
        subscriber.hasAll(publisher.topicName, publisher.sent)
      )
    );
  }

  #start(): Promise<BrokerProcess> {
    this.#disk?.become("sound");
    return BrokerProcess.start({
      environment: this.#disk?.environment ?? {},
      flags: [
        "--persistence-location",
        this.#directory,
        "--max-queued-messages",
        "0",
        // What waits is in the store alone, or in memory too.
        "--queue-memory-messages",
        this.#random.bool() ? "3" : "256",
        // So are small retained messages.
        "--retained-memory-bytes",
        this.#random.bool() ? "1" : "32000000",
        "--no-connection-messages",
      ],
    });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function until(holds: () => boolean): Promise<void> {
  const startMs = performance.now();
  while (!holds()) {
    assert.ok(
      performance.now() - startMs < END_LIMIT_MS,
      `Not so after ${END_LIMIT_MS} ms: ${holds}`,
    );
    await pause(5);
  }
}
