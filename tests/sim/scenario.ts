import type { ProtocolVersion, Qos, SubscriptionRequest } from "../../lib/codec/mod.ts";
import type { Random } from "../support/random.ts";
import { type Appetite, COUNTS, greedyProperties, SECONDS } from "./appetite.ts";
import { PLAIN } from "./connect_packet.ts";
import { ModelClient } from "./client.ts";
import { Ledger } from "./ledger.ts";
import type { CutKind, Network } from "./link.ts";
import type { ConnectFacts } from "./records.ts";
import type { Settings } from "./settings.ts";
import { Vandal } from "./vandal.ts";
import { World } from "./world.ts";

/** Topics of the clients. */
export const TOPICS: readonly string[] = ["a", "a/b", "a/c", "a/b/c", "b", "b/c", "$a/b"];
// deno-fmt-ignore
const FILTERS: readonly string[] = [
  ...TOPICS, "#", "+", "a/#", "a/+", "+/c", "+/b/#", "$a/#",
  "$share/g/a/#", "$share/g/a/#", "$share/g/+/c", "$share/h/b",
];
const CUTS: readonly CutKind[] = ["reset", "lost", "lost", "silent"];
/** What is asked for in a CONNECT and with a message. */
const MODERATE = {
  sessionExpiry: [0, 5, 60, 60, 4000, 4000, Infinity],
  keepAlive: [0, 0, 5, 30],
  receiveMaximum: [1, 2, 5, 65_535],
  topicAliasMaximum: [0, 1, 3],
  willDelay: [0, 3, 3, 50, 5000],
  messageExpiry: [1, 10, 1000],
} as const;
const GOOD_NETWORK: Network = { maxDelayMs: 2, capacityBytes: 1_000_000 };

/** A few clients that do this and that, as the random numbers have it. */
export class Scenario {
  readonly world: World;
  readonly ledger: Ledger;
  readonly clients: ModelClient[];
  /** Subscribed to all wills, and never away for longer than a crash. */
  readonly monitor: ModelClient;
  readonly #random: Random;
  readonly #settings: Settings;
  readonly #topics: readonly string[];
  readonly #filters: readonly string[];
  /** Absent: its clients are moderate. */
  readonly appetite: Appetite | undefined;
  readonly #networks = new Map<ModelClient, Network>();

  constructor(random: Random, settings: Settings, isTraced: boolean) {
    this.#random = random;
    this.#settings = settings;
    this.world = new World(random, settings.world, isTraced);
    this.ledger = new Ledger(this.world);
    const { appetite } = settings;
    this.appetite = appetite;
    this.#topics = appetite?.topics ?? TOPICS;
    this.#filters = appetite?.filters ?? FILTERS;
    this.clients = Array.from(
      { length: settings.clients },
      (_, i) => this.#client(appetite?.clientIds[i] ?? `c${i}`),
    );
    this.monitor = new ModelClient(
      this.world,
      this.ledger,
      "monitor",
      this.#version(),
      { maxAckMs: 0, isPicky: false },
    );
  }

  /** The monitor comes first, so that it sees every will. */
  start(): void {
    this.connectMonitor();
    this.world.clock.runFor(500);
    this.monitor.subscribe([request("will/#", 2)], 0);
    this.world.clock.runFor(500);
  }

  step(): void {
    this.connectMonitor();
    const client = this.#random.pick(this.clients);
    if (this.#settings.mayFail && this.#random.int(12) === 0) {
      this.world.failDisk(this.#random.pick([100, 2000, 2000, 20_000]));
    }
    this.#act(client, this.#random.int(100));
    this.#pass();
  }

  connectMonitor(): void {
    const { monitor } = this;
    if (monitor.link !== undefined) return;
    const { clientId, version } = monitor;
    monitor.connect({ ...PLAIN, clientId, version }, GOOD_NETWORK);
  }

  /** Everybody who has a session comes back, on a good network, and stays. */
  gather(): void {
    this.connectMonitor();
    for (const client of this.clients) {
      client.wakeUp();
      if (client.isConnected || !client.canConnect) continue;
      if (client.link !== undefined && !client.link.isEnded) continue;
      const { clientId, version } = client;
      client.connect({ ...PLAIN, clientId, version, expirySeconds: Infinity }, GOOD_NETWORK);
    }
  }

  #act(client: ModelClient, what: number): void {
    const random = this.#random;
    if (what < 4 && this.#settings.hasCrashes) {
      return this.#crash(client, random.pick([0, 50, 3000, 100_000]));
    }
    if (what < 5) return new Vandal(this.world, random).strike(GOOD_NETWORK);
    if (client.link === undefined || !client.isConnected) {
      // One that waits for its CONNACK for too long goes away.
      if (client.link !== undefined && random.int(4) > 0) return;
      if (client.link !== undefined) client.cut(random.pick(CUTS));
      if (client.canConnect) this.#connect(client);
      return;
    }
    if (client.isHung) return random.int(4) === 0 ? client.cut("silent") : client.wakeUp();
    if (what < 55) return this.#publish(client);
    if (what < 72) return this.#subscribe(client);
    if (what < 77) {
      return client.unsubscribe([random.pick(this.#filters), random.pick(this.#filters)]);
    }
    if (what < 83) return this.#disconnect(client);
    if (what < 90) return client.cut(random.pick(CUTS));
    if (what < 93) return this.#connect(client); // From a second link.
    if (what < 97) return client.hang();
    client.ping();
  }

  /** With `interval` the power is gone for all: nobody would know what the broker has lost, and its clients have not. */
  #crash(client: ModelClient, downMs: number): void {
    // In the middle of something: of its commit, or of its acknowledgement's way to the client.
    if (client.isConnected && !client.isHung) {
      this.#publish(client);
      this.world.clock.runFor(this.#random.int(150));
    }
    const kind = this.#random.bool() ? "kill" : "power cut";
    const sinceMs = this.world.doubtfulSinceMs;
    if (kind === "power cut" && sinceMs !== Infinity) {
      this.ledger.doubt(sinceMs);
      for (const client of [...this.clients, this.monitor]) client.forget();
    }
    this.world.crash(downMs, kind);
  }

  #pass(): void {
    const { clock } = this.world;
    const random = this.#random;
    const kind = random.int(100);
    if (kind < 55) return clock.runFor(random.int(20));
    if (kind < 85) return clock.runFor(random.int(1000));
    if (kind < 94) return clock.runFor(random.int(8000));
    if (kind < 97) return clock.runFor(random.int(30_000));
    // With a Keep Alive of a second hours would be nothing but PINGREQ packets.
    const longSeconds = this.appetite === undefined ? [10, 100, 4000, 40_000] : [10, 100, 400];
    const longMs = 1000 * random.pick(longSeconds);
    if (random.bool()) return this.world.sleep(longMs);
    // Lids are closed.
    for (const client of this.clients) client.hang();
    clock.runFor(longMs);
    for (const client of this.clients) client.wakeUp();
  }

  #connect(client: ModelClient): void {
    const random = this.#random;
    const { clientId, version } = client;
    const cleanStart = random.int(5) === 0;
    const oldExpiry = cleanStart ? 0 : Infinity;
    const facts: ConnectFacts = {
      clientId,
      version,
      cleanStart,
      expirySeconds: version === 5 ? random.pick(this.#limits.sessionExpiry) : oldExpiry,
      keepAliveSeconds: random.pick(this.#limits.keepAlive),
      receiveMaximum: version === 5 ? random.pick(this.#limits.receiveMaximum) : 65_535,
      topicAliasMaximum: version === 5 ? random.pick(this.#limits.topicAliasMaximum) : 0,
      ...(this.appetite?.hasSmallPackets === true && version === 5
        ? { maximumPacketSize: random.pick(COUNTS.maximumPacketSize) }
        : {}),
      will: random.bool() ? undefined : {
        record: this.ledger.record({
          publisherId: clientId,
          isNew: version === 5,
          topicName: this.appetite === undefined
            ? `will/${clientId}`
            : random.pick(this.appetite.wills),
          qos: random.int(3) as Qos,
          retain: random.int(4) === 0,
          sizeBytes: 20,
          isWill: true,
        }),
        delaySeconds: version === 5 ? random.pick(this.#limits.willDelay) : 0,
      },
    };
    client.connect(facts, this.#networks.get(client)!);
  }

  #publish(client: ModelClient): void {
    const random = this.#random;
    const count = random.pick(this.#settings.isDeep ? [2, 6, 6, 20] : [1, 1, 2, 2, 6]);
    const topicName = random.pick(this.#topics);
    const qos = random.int(3) as Qos;
    const isMixed = random.int(3) === 0;
    const retain = random.int(5) === 0;
    for (let i = 0; i < count; i++) {
      const isClearing = retain && random.int(4) === 0;
      client.publish(this.ledger.record({
        publisherId: client.clientId,
        isNew: client.version === 5,
        topicName,
        qos: isMixed ? random.int(3) as Qos : qos,
        retain,
        sizeBytes: isClearing ? 0 : random.pick([4, 20, 20, 150, 700]),
        ...(random.int(5) === 0 ? { expirySeconds: random.pick(this.#limits.messageExpiry) } : {}),
        ...(this.appetite !== undefined && random.int(8) === 0
          ? { properties: greedyProperties(random) }
          : {}),
      }));
    }
  }

  #subscribe(client: ModelClient): void {
    const random = this.#random;
    const isNew = client.version === 5;
    const requests = [random.pick(this.#filters), random.pick(this.#filters)].map((
      topicFilter,
      i,
      filters,
    ) => ({
      topicFilter,
      qos: random.int(5) === 0 ? 0 : random.pick([1, 2]) as Qos,
      noLocal: isNew && !topicFilter.startsWith("$share") && random.int(4) === 0,
      retainAsPublished: isNew && random.int(3) === 0,
      retainHandling: isNew ? random.int(3) as 0 | 1 | 2 : 0 as const,
      isRepeat: filters.indexOf(topicFilter) < i,
    })).filter(({ isRepeat }) => !isRepeat).map(({ isRepeat: _, ...request }) => request);
    client.subscribe(requests, isNew && random.bool() ? this.#identifier() : 0);
  }

  #identifier(): number {
    if (this.appetite !== undefined) return this.#random.pick(COUNTS.subscriptionIdentifier);
    return 1 + this.#random.int(100);
  }

  get #limits() {
    return this.appetite === undefined ? MODERATE : { ...SECONDS, ...COUNTS };
  }

  #disconnect(client: ModelClient): void {
    const random = this.#random;
    const asked = client.expirySeconds;
    const canSay = client.version === 5 && asked > 0;
    client.disconnect(
      random.int(3) === 0,
      canSay && random.int(3) === 0 ? random.pick([0, 5, 1000, Infinity]) : undefined,
    );
  }

  #client(clientId: string): ModelClient {
    const random = this.#random;
    const client = new ModelClient(this.world, this.ledger, clientId, this.#version(), {
      maxAckMs: random.pick(this.#settings.isDeep ? [10, 500, 500] : [0, 10, 500, 2000]),
      isPicky: random.int(6) === 0,
    });
    this.#networks.set(client, {
      maxDelayMs: random.pick([0, 10, 100]),
      // Of texts at their limits so few bytes at a time would take for ever.
      capacityBytes: random.pick(
        this.appetite === undefined ? [100, 500, 65_536, 65_536] : [65_536, 1_000_000],
      ),
    });
    return client;
  }

  #version(): ProtocolVersion {
    return this.#settings.mayFail ? 5 : this.#random.pick([3, 4, 4, 5, 5, 5]);
  }
}

/** A subscription without options. */
export function request(topicFilter: string, qos: Qos): SubscriptionRequest {
  return { topicFilter, qos, noLocal: false, retainAsPublished: false, retainHandling: 0 };
}
