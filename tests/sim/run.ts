/**
 * A simulation of everything around the broker: clock, network, store, clients. The broker is the real one, and speaks real
 * bytes.
 *
 * `Scenario` makes random clients of all versions do random things: publish, subscribe, take each other's place, hang, vanish at any
 * byte, come back; machines sleep, processes are killed and begin again with what was written, power cuts leave what was fsynced. Each `ModelClient` has its own
 * idea of the protocol, and a `Ledger` of what may arrive at it; `Sessions` knows which sessions and wills there must be; `verdict.ts`
 * says, when all has come to rest, what should have arrived. They share nothing with the broker but the codec. After each crash the
 * broker is compared with itself at the commit that was the last to survive.
 *
 * With `Chaos` methods in the middle of the broker throw now and then: that costs a delivery, which is counted, or a connection, and
 * all the rest has to hold.
 *
 * All chance comes from one seed, so a failure is repeated by its number: `deno task sim -- --durability always --seeds 1 --from SEED`. It runs a
 * second time with a trace of its last events.
 *
 * @module
 */
import { DEFAULT_BROKER_OPTIONS } from "../../lib/broker/mod.ts";
import { Random } from "../support/random.ts";
import { Chaos } from "./chaos.ts";
import { ModelClient } from "./client.ts";
import { PLAIN } from "./connect_packet.ts";
import { type PublishRecord, Violation } from "./records.ts";
import { request, Scenario } from "./scenario.ts";
import { type Asked, type Settings, settingsOf } from "./settings.ts";
import { readId } from "./trace.ts";
import { checkArrivals, checkRetained } from "./verdict.ts";

/** Why a run failed, and where. */
export interface Failure {
  readonly seed: number;
  readonly step: number;
  readonly error: unknown;
  /** The last events before it. */
  readonly trace: readonly string[];
}

/** Steps of a run in the gate. */
export const DEFAULT_STEPS = 60;

/** More events than this and the run does not come to rest. */
const MAX_EVENTS = 300_000;
const GOOD_NETWORK = { maxDelayMs: 1, capacityBytes: 1_000_000 };

/** Runs one seed; `undefined`: all was well. The same seed, steps and durability give the same run. */
export function run(seed: number, steps: number, asked: Asked): Failure | undefined {
  const failure = attempt(seed, steps, asked, false);
  // Once more with notes, which cost time.
  return failure === undefined ? undefined : attempt(seed, steps, asked, true) ?? failure;
}

/** What a person reads of a failure. */
export function explain({ seed, step, error, trace }: Failure): string {
  const reason = error instanceof Violation ? error.message : String((error as Error)?.stack);
  return [`seed ${seed}, step ${step}: ${reason}`, ...trace].map(cut).join("\n");
}

/** Some names are long. */
function cut(line: string): string {
  return line.length <= 500 || line.includes("\n") ? line : `${line.slice(0, 500)}…`;
}

function attempt(
  seed: number,
  steps: number,
  asked: Asked,
  isTraced: boolean,
): Failure | undefined {
  const random = new Random(seed);
  const settings = settingsOf(random, asked);
  const scenario = new Scenario(random, settings, isTraced);
  const { chaosOneIn } = settings;
  using chaos = chaosOneIn === undefined ? undefined : new Chaos(new Random(seed + 1), chaosOneIn);
  if (chaos !== undefined) scenario.world.chaos = chaos;
  let step = 0;
  try {
    scenario.start();
    for (; step < steps; step++) {
      scenario.step();
      if (scenario.world.clock.count > MAX_EVENTS) throw new Violation("No end is in sight");
    }
    if (chaos !== undefined) chaos.isOn = false;
    settle(scenario, settings);
    checkStored(scenario);
    // A delivery that fails is counted: nothing is missing that is not.
    // So is what is above a client's Maximum Packet Size.
    const mayDrop = settings.mayDrop || chaos !== undefined ||
      settings.appetite?.hasSmallPackets === true;
    checkArrivals(scenario.world, scenario.ledger, mayDrop);
    leave(scenario);
  } catch (error) {
    return { seed, step, error, trace: scenario.world.trace.last(100_000) };
  } finally {
    asked.onFaults?.(chaos?.count ?? 0);
  }
  return undefined;
}

/** Brings everybody back and waits until nothing is under way. */
function settle(scenario: Scenario, settings: Settings): void {
  const { world } = scenario;
  // Where a full queue means the end of a connection, a client that sends its messages again each time gets nowhere.
  const { broker: options } = settings.world;
  // The disk works again.
  if (settings.mayFail) world.clock.runFor(20_000);
  if (settings.mayDrop) {
    world.broker.reconfigure({
      ...DEFAULT_BROKER_OPTIONS,
      ...options,
      maxQueuedMessages: 0,
      maxQueuedBytes: 0,
    });
  }
  const everybody = [...scenario.clients, scenario.monitor];
  for (let round = 0; round < 400; round++) {
    scenario.gather();
    // No multiple of a short Keep Alive, whose PINGREQ would be under way each time.
    world.clock.runFor(settings.appetite === undefined ? 2000 : 2037);
    const isQuiet = everybody.every((client) => client.isConnected && client.isIdle);
    const isEmpty = [...world.broker.clients.values()].every(({ session, hasRetained }) =>
      session.queue.length === 0 && session.sender.size === 0 && !hasRetained
    );
    if (isQuiet && isEmpty) {
      world.broker.reconfigure({ ...DEFAULT_BROKER_OPTIONS, ...options });
      return;
    }
  }
  const waiting = everybody.filter((client) => !client.isConnected || !client.isIdle);
  throw new Violation(`Does not come to rest: ${waiting.map(({ clientId }) => clientId)} wait`);
}

/** Nothing is under way to or from anybody: nothing like it may be stored. */
function checkStored({ world }: Scenario): void {
  const { deliveries, received } = world.countStored();
  if (deliveries > 0) {
    throw new Violation(`All has arrived, and ${deliveries} deliveries are stored`);
  }
  // A client that has lost its power releases nothing of what it does not remember.
  if (received > 0 && world.lossyCuts === 0) {
    throw new Violation(`All is released, and ${received} packet ids are stored`);
  }
}

/** Everybody leaves for good; nothing may stay behind but what is retained, and that is what it has to be. */
function leave(scenario: Scenario): void {
  const { world, ledger } = scenario;
  for (const client of [...scenario.clients, scenario.monitor]) {
    const { clientId, version } = client;
    client.connect(
      { ...PLAIN, clientId, version, cleanStart: true, expirySeconds: 0 },
      GOOD_NETWORK,
    );
  }
  world.clock.runFor(2000);
  for (const client of [...scenario.clients, scenario.monitor]) client.disconnect(false, undefined);
  world.clock.runFor(2000);
  const reader = new Reader(scenario);
  world.clock.runFor(2000);
  reader.check(ledger.records);
  reader.clear();
  world.clock.runFor(20_000);
  reader.client.disconnect(false, undefined);
  world.clock.runFor(2000);
  checkEmpty(scenario);
}

/** A client that asks for all retained messages, and removes them. */
class Reader {
  readonly client: ModelClient;
  readonly #scenario: Scenario;
  readonly #askedAtMs: number;
  readonly #retained = new Map<string, PublishRecord>();
  /** Under some mount points `#` is no filter, and under others it gets everything. */
  readonly #filters: readonly string[];

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    const { world, ledger } = scenario;
    this.#filters = scenario.appetite === undefined
      ? ["#", "$a/#"]
      : [...world.topics].filter((topicName) => world.takesTopic(topicName));
    const arrived = ledger.arrived.bind(ledger);
    ledger.arrived = (link, packet, topicName) => {
      arrived(link, packet, topicName);
      if (this.#retained.has(topicName)) {
        throw new Violation(`${topicName} has two messages retained`);
      }
      this.#retained.set(topicName, ledger.records[readId(packet.payload)]!);
    };
    const manners = { maxAckMs: 0, isPicky: false };
    this.client = new ModelClient(world, ledger, "reader", 4, manners);
    const facts = { ...PLAIN, clientId: "reader", version: 4 as const, cleanStart: true };
    this.client.connect({ ...facts, expirySeconds: 0 }, GOOD_NETWORK);
    world.clock.runFor(1000);
    this.#askedAtMs = world.clock.nowMs;
    this.client.subscribe(this.#filters.map((filter) => request(filter, 2)), 0);
  }

  check(records: readonly PublishRecord[]): void {
    const published = records.filter(({ will }) => will === undefined);
    for (const topicName of new Set(published.map((record) => record.topicName))) {
      checkRetained(published, topicName, this.#retained.get(topicName), this.#askedAtMs);
    }
  }

  clear(): void {
    this.client.unsubscribe(this.#filters);
    for (const topicName of this.#retained.keys()) {
      this.client.publish(this.#scenario.ledger.record({
        publisherId: "reader",
        isNew: false,
        topicName,
        qos: 1,
        retain: true,
        sizeBytes: 0,
      }));
    }
  }
}

function checkEmpty({ world }: Scenario): void {
  const { broker } = world;
  const stored = world.countStored();
  const left = {
    connections: broker.connections.size,
    connected: broker.levels.connectedCount,
    sessions: broker.clients.size,
    subscriptions: broker.core.router.size,
    queuedBytes: broker.levels.queuedBytes,
    bufferedBytes: broker.levels.bufferedBytes,
    retained: broker.core.retained.size,
    retainedBytes: broker.core.retained.bytes,
    deadlines: broker.core.deadlines.size,
    storedSessions: stored.sessions,
    storedRetained: stored.retained,
  };
  for (const [name, count] of Object.entries(left)) {
    if (count !== 0) throw new Violation(`All have left, and there are still ${count} ${name}`);
  }
}
