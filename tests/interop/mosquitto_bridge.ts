import { strict as assert } from "node:assert";
import { MqttClient } from "../../lib/client/mod.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { freePort } from "../support/free_port.ts";
import { MosquittoBroker } from "../support/mosquitto_broker.ts";

/** How long messages may take to arrive behind the last kill. */
const END_LIMIT_MS = 60_000;
/** Messages of one topic that are on their way to their broker at once. */
const WINDOW = 10;
/** Messages of each topic before anybody is killed: of these none comes twice, whatever its QoS. */
const CALM_MESSAGES = 40;

/** What mosquitto has in flight to one client at most. */
const IN_FLIGHT = 20;

/** What the rounds are. */
export interface BridgeRoundsInit {
  /** What mosquitto speaks to us. */
  readonly protocol: "mqttv311" | "mqttv50";
  /** How often each of the two is killed. */
  readonly kills: number;
  readonly onKill?: (what: string) => void;
}

/** What was done, in numbers. */
export interface BridgeRoundsResult {
  readonly arrivedQos1: number;
  readonly arrivedQos2: number;
  readonly repeatedQos1: number;
  /** By mosquitto itself, behind its restarts. */
  readonly repeatedQos2: number;
}

/** A topic that one client publishes to, at one of the two brokers. */
interface Flow {
  readonly topicName: string;
  readonly qos: 1 | 2;
  sent: number;
}

/** What a client at one of the two brokers has got: how often each message of each topic. */
class Reader {
  readonly #counts = new Map<string, Map<number, number>>();

  take(topicName: string, text: string): void {
    let counts = this.#counts.get(topicName);
    if (counts === undefined) this.#counts.set(topicName, counts = new Map());
    const number = Number(text);
    counts.set(number, (counts.get(number) ?? 0) + 1);
  }

  countsOf(topicName: string): ReadonlyMap<number, number> {
    return this.#counts.get(topicName) ?? new Map();
  }
}

/**
 * Lets a mosquitto bridge to our broker under load in both directions, kills one of the two again and again, and holds what has arrived
 * against what was acknowledged: nothing lost, at QoS 2 nothing twice, nothing comes back to where it was published.
 *
 * Ours dies by SIGKILL; mosquitto ends by SIGTERM, because what it has acknowledged but not saved yet is lost with it, bridge or not. And when it is
 * back, 2.0.11 sends PUBLISH again for QoS 2 messages in flight whose PUBREL it had sent, and even those whose PUBCOMP it had not read:
 * these come twice, whoever receives them. There are at most as many as it has in flight.
 */
export async function bridgeRounds(init: BridgeRoundsInit): Promise<BridgeRoundsResult> {
  const directory = await Deno.makeTempDir({ prefix: "flux-bridge-" });
  const port = freePort();
  await using mosquitto = await MosquittoBroker.make(bridgeConfig(port, init.protocol));
  const rounds = new Rounds(directory, port, mosquitto);
  try {
    return await rounds.run(init);
  } finally {
    await rounds.end();
    await Deno.remove(directory, { recursive: true });
  }
}

function bridgeConfig(port: number, protocol: string): string {
  return [
    "persistence true",
    "connection site",
    `address 127.0.0.1:${port}`,
    "topic out/# out 2",
    "topic in/# in 2",
    "topic both/# both 2",
    "cleansession false",
    "restart_timeout 1",
    "remote_clientid site",
    `bridge_protocol_version ${protocol}`,
  ].join("\n");
}

class Rounds {
  readonly #directory: string;
  readonly #port: number;
  readonly #mosquitto: MosquittoBroker;
  readonly #clients: MqttClient[] = [];
  #ours: BrokerProcess | undefined;
  /** How many messages have crossed the bridge, in each direction. */
  #crossed: readonly (() => number)[] = [];
  #isPublishing = true;
  /** Publications that are not acknowledged yet. */
  #underWay = 0;
  #limit = CALM_MESSAGES;

  constructor(directory: string, port: number, mosquitto: MosquittoBroker) {
    this.#directory = directory;
    this.#port = port;
    this.#mosquitto = mosquitto;
  }

  async run({ kills, onKill }: BridgeRoundsInit): Promise<BridgeRoundsResult> {
    // In this order: a bridge that finds nobody tries again after five seconds.
    await this.#start();
    await this.#mosquitto.start();
    const ours = await this.#read(this.#port, ["out/#", "both/#", "$SYS/broker/connection/#"]);
    const theirs = await this.#read(this.#mosquitto.port, ["in/#", "both/#"]);
    await until(() => isTold(ours, 1));
    const atTheirs = flows("out/1", "out/2", "both/m1", "both/m2");
    const atOurs = flows("in/1", "in/2", "both/f1", "both/f2");
    this.#crossed = [
      () => ours.countsOf("out/2").size,
      () => theirs.countsOf("in/2").size,
    ];
    const publishing = Promise.all([
      this.#publish(this.#mosquitto.port, atTheirs),
      this.#publish(this.#port, atOurs),
    ]);
    const all = [
      ...expected(theirs, [...atTheirs.slice(2), ...atOurs]),
      ...expected(ours, [...atTheirs, ...atOurs.slice(2)]),
    ];
    await until(() => all.every(isWhole));
    for (const { reader, flow } of all) assertOnce(reader, flow);
    this.#limit = Infinity;
    for (let count = 0; count < kills; count++) {
      await this.#killOurs(count);
      onKill?.(`ours, ${count + 1}`);
    }
    await this.#rest(all);
    for (const { reader, flow } of all) if (flow.qos === 2) assertOnce(reader, flow);
    this.#limit = Infinity;
    for (let count = 0; count < kills; count++) {
      await this.#stopTheirs(count);
      onKill?.(`mosquitto, ${count + 1}`);
    }
    await this.#rest(all);
    this.#isPublishing = false;
    await publishing;
    const repeatedQos2 = repeatsOf(all, 2);
    assert.ok(repeatedQos2 <= IN_FLIGHT * kills, `${repeatedQos2} QoS 2 messages came twice`);
    await this.#mosquitto.stop();
    await until(() => isTold(ours, 0));
    return {
      arrivedQos1: arrivedOf(all, 1),
      arrivedQos2: arrivedOf(all, 2),
      repeatedQos1: repeatsOf(all, 1),
      repeatedQos2,
    };
  }

  async end(): Promise<void> {
    this.#isPublishing = false;
    for (const client of this.#clients) client.abort();
    await this.#ours?.kill();
  }

  /** Lets all that was published arrive. */
  async #rest(all: readonly Expected[]): Promise<void> {
    this.#limit = 0;
    await until(() => this.#underWay === 0 && all.every(isWhole), () => missing(all));
  }

  async #killOurs(count: number): Promise<void> {
    await pause(100 + 150 * (count % 5));
    await this.#ours!.kill();
    await pause(50 * (count % 3));
    await this.#start();
    await this.#untilBack();
  }

  async #stopTheirs(count: number): Promise<void> {
    await pause(100 + 100 * (count % 4));
    await this.#mosquitto.stop();
    await this.#mosquitto.start();
    await this.#untilBack();
  }

  /** Until messages cross the bridge again: a kill before that would find nothing under way. */
  async #untilBack(): Promise<void> {
    await until(() => this.#clients.every(({ isConnected }) => isConnected));
    const before = this.#crossed.map((count) => count());
    await until(() => this.#crossed.every((count, i) => count() >= before[i]! + 20));
  }

  async #start(): Promise<void> {
    this.#ours = await BrokerProcess.start({
      config: `listener ${this.#port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`,
      isPortOwn: true,
      flags: ["--persistence-location", this.#directory],
    });
  }

  async #connect(port: number, name: string, onMessage?: Reader): Promise<MqttClient> {
    const client = await MqttClient.connect(`mqtt://127.0.0.1:${port}`, {
      clientId: name,
      cleanStart: false,
      properties: { sessionExpiryInterval: 3600 },
      reconnect: { minDelayMs: 20, maxDelayMs: 100 },
      onMessage: (message) => onMessage?.take(message.topicName, message.text()),
    });
    this.#clients.push(client);
    return client;
  }

  async #read(port: number, topicFilters: readonly string[]): Promise<Reader> {
    const reader = new Reader();
    const client = await this.#connect(port, `reader-${port}`, reader);
    await client.subscribe(topicFilters.map((topicFilter) => ({ topicFilter, qos: 2 })));
    return reader;
  }

  async #publish(port: number, all: readonly Flow[]): Promise<void> {
    const client = await this.#connect(port, `writer-${port}`);
    await Promise.all(all.map(async (flow) => {
      const underWay = new Set<Promise<unknown>>();
      while (this.#isPublishing) {
        if (flow.sent >= this.#limit || underWay.size >= WINDOW) {
          await (underWay.size >= WINDOW ? Promise.race(underWay) : pause(5));
          continue;
        }
        const published = client.publish(flow.topicName, String(++flow.sent), { qos: flow.qos });
        underWay.add(published);
        this.#underWay++;
        published.catch(() => {}).finally(() => {
          underWay.delete(published);
          this.#underWay--;
        });
        await pause(1);
      }
      await Promise.all(underWay);
    }));
  }
}

/** Topics whose last character is their QoS. */
function flows(...topicNames: readonly string[]): readonly Flow[] {
  return topicNames.map((topicName) => ({
    topicName,
    qos: Number(topicName.at(-1)) as 1 | 2,
    sent: 0,
  }));
}

interface Expected {
  readonly reader: Reader;
  readonly flow: Flow;
}

function expected(reader: Reader, all: readonly Flow[]): readonly Expected[] {
  return all.map((flow) => ({ reader, flow }));
}

function isWhole({ reader, flow }: Expected): boolean {
  return flow.sent >= CALM_MESSAGES && reader.countsOf(flow.topicName).size === flow.sent;
}

function missing(all: readonly Expected[]): string {
  return all.filter((one) => !isWhole(one)).map(({ reader, flow }) =>
    `${flow.topicName}: ${reader.countsOf(flow.topicName).size} of ${flow.sent}`
  ).join(", ");
}

function assertOnce(reader: Reader, { topicName }: Flow): void {
  for (const [number, count] of reader.countsOf(topicName)) {
    assert.equal(count, 1, `${topicName}: message ${number} came ${count} times`);
  }
}

/** What mosquitto has said of its bridge last. */
function isTold(reader: Reader, state: 0 | 1): boolean {
  return reader.countsOf("$SYS/broker/connection/site/state").has(state);
}

function arrivedOf(all: readonly Expected[], qos: 1 | 2): number {
  return all.filter(({ flow }) => flow.qos === qos)
    .reduce((sum, { reader, flow }) => sum + reader.countsOf(flow.topicName).size, 0);
}

function repeatsOf(all: readonly Expected[], qos: 1 | 2): number {
  let repeats = 0;
  for (const { reader, flow } of all) {
    if (flow.qos !== qos) continue;
    for (const count of reader.countsOf(flow.topicName).values()) repeats += count - 1;
  }
  return repeats;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function until(holds: () => boolean, state = () => ""): Promise<void> {
  const startMs = performance.now();
  while (!holds()) {
    assert.ok(
      performance.now() - startMs < END_LIMIT_MS,
      `Not so after ${END_LIMIT_MS} ms: ${holds} ${state()}`,
    );
    await pause(5);
  }
}
