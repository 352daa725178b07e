import { Buffer } from "node:buffer";
import { encodePacket, type Packet, type ProtocolVersion } from "../../lib/codec/mod.ts";
import { mutate, randomPacket } from "../codec/random_packet.ts";
import { BrokerProcess } from "../support/broker_process.ts";
import { encodePackets } from "../support/conversation.ts";
import { Random } from "../support/random.ts";
import { connectPacket, publishPacket, RawClient, subscribePacket } from "../support/raw_client.ts";
import { clientFrame, upgradeRequest } from "../support/raw_web_socket.ts";
import { freePort } from "../support/free_port.ts";

/** What is to happen. */
export interface StatefulInit {
  readonly seed: number;
  /** Damaged packets, over all connections. */
  readonly count: number;
  /** Told from time to time how many were sent. */
  readonly onProgress?: (sent: number, heapBytes: number) => void;
}

/** What was seen. */
export interface StatefulResult {
  readonly sent: number;
  readonly connections: number;
  /** The lowest that V8's heap was in the second tenth and in the last one, bytes. */
  readonly heapBytes: readonly [first: number, last: number];
  readonly residentBytes: readonly [first: number, last: number];
  /** Why it is not good; `undefined`: it is. */
  readonly failure: string | undefined;
}

const FUZZERS = 12;
const PARTS = 10;
const VERSIONS: readonly ProtocolVersion[] = [3, 4, 5];
/** Few of each, so that sessions, subscriptions and messages meet; what may grow is bounded, and a damaged length swallows little. */
const CLIENTS = 40;
const TOPICS = ["a", "a/b", "b/+", "#", "$share/g/a", "retained/x"];
const CONFIG = `bind_address 127.0.0.1
allow_anonymous true
max_sessions 500
max_retained_messages 500
max_queued_messages 100
max_total_queued_bytes 10000000
max_session_expiry 5
connect_timeout 5
packet_timeout 5
max_packet_size 5000
persistence false
connection_messages false
`;
const KEPT_LOG = 1_000_000;
/** The good client must be answered within this time. */
const PING_LIMIT_MS = 20_000;
const KEPT_BURSTS = 3;

/** One who connects in order, behaves for a while, and sends damaged packets in between; over TCP or a WebSocket. */
class Fuzzer {
  readonly #random: Random;
  readonly #port: number;
  readonly #isWebSocket: boolean;
  connections = 0;
  /** The last that it has sent, oldest first. */
  readonly bursts: Uint8Array[] = [];

  constructor(seed: number, port: number, isWebSocket: boolean) {
    this.#random = new Random(seed);
    this.#port = port;
    this.#isWebSocket = isWebSocket;
  }

  /** One connection, to its end or ours; returns how many damaged packets it has sent. */
  async visit(most: number): Promise<number> {
    const random = this.#random;
    const version = random.pick(VERSIONS);
    const stream = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    this.connections++;
    let isGone = false;
    const reading = (async () => {
      const buffer = new Uint8Array(64 * 1024);
      try {
        while (await stream.read(buffer) !== null);
      } catch {
        // Closed by us, or reset.
      }
      isGone = true;
    })();
    let sent = 0;
    try {
      if (this.#isWebSocket) await write(stream, new TextEncoder().encode(upgradeRequest()));
      await this.#send(stream, encodePacket(this.#connect(version), version));
      while (!isGone && sent < most && random.int(40) > 0) {
        const damaged = 1 + random.int(8);
        const parts = [encodePackets(this.#polite(version), version)];
        for (let i = 0; i < damaged; i++) {
          parts.push(mutate(encodePacket(randomPacket(random, version), version), random));
        }
        await this.#send(stream, Buffer.concat(parts));
        sent += damaged;
      }
    } catch {
      // The broker has had enough.
    }
    try {
      stream.close();
    } catch {
      // It is closed.
    }
    await reading;
    return sent;
  }

  #connect(version: ProtocolVersion): Packet {
    const random = this.#random;
    return connectPacket({
      protocolVersion: version,
      clientId: `fuzz-${random.int(CLIENTS)}`,
      cleanStart: random.bool(),
      keepAliveSeconds: 5,
      ...random.bool()
        ? { will: { topicName: "a/b", payload: new Uint8Array(3), qos: 1, retain: false } }
        : {},
      ...version === 5
        ? { properties: { sessionExpiryInterval: random.int(5), topicAliasMaximum: random.int(5) } }
        : {},
    });
  }

  /** A few packets as they should be. */
  #polite(version: ProtocolVersion): Packet[] {
    const random = this.#random;
    const packetId = 1 + random.int(10);
    const qos = random.pick([0, 1, 2] as const);
    const topicName = random.pick(["a", "a/b", "b/c", "retained/x"]);
    const choices: Packet[] = [
      subscribePacket(random.pick(version === 5 ? TOPICS : TOPICS.slice(0, 4)), qos),
      { ...publishPacket(topicName, "x".repeat(random.int(300)), qos, qos === 0 ? 0 : packetId) },
      { type: "puback", packetId, reasonCode: 0 },
      { type: "pubrec", packetId, reasonCode: 0 },
      { type: "pubrel", packetId, reasonCode: 0 },
      { type: "pubcomp", packetId, reasonCode: 0 },
      { type: "unsubscribe", packetId, topicFilters: [random.pick(TOPICS.slice(0, 4))] },
      { type: "pingreq" },
    ];
    return Array.from({ length: random.int(4) }, () => random.pick(choices));
  }

  async #send(stream: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
    const random = this.#random;
    let framed = bytes;
    if (this.#isWebSocket) {
      framed = clientFrame(2, bytes);
      if (random.int(50) === 0) framed = mutate(framed, random);
    }
    this.bursts.push(framed);
    if (this.bursts.length > KEPT_BURSTS) this.bursts.shift();
    await write(stream, framed);
  }
}

/** Sends damaged packets over connections that have a state, to a broker in a process of its own. */
export async function statefulRun(init: StatefulInit): Promise<StatefulResult> {
  const webSocketPort = freePort();
  await using broker = await BrokerProcess.start({
    config: `${CONFIG}listener ${webSocketPort} 127.0.0.1\nprotocol websockets\n`,
    // It asks for the clock of its thread by FFI.
    preload: new URL("./solo/vitals.preload.ts", import.meta.url),
    ffi: "all",
    transport: "deno",
    keptLog: KEPT_LOG,
    environment: { VITALS_COLLECT: "1" },
  });
  const { port } = broker;
  const random = new Random(init.seed);
  const fuzzers = Array.from({ length: FUZZERS }, (_, i) => {
    const isWebSocket = i % 3 === 2;
    return new Fuzzer(random.int(2 ** 31), isWebSocket ? webSocketPort : port, isWebSocket);
  });
  using good = await RawClient.connect(port);
  let sent = 0;
  const memory: [heap: number, resident: number][] = [];
  let failure: string | undefined;
  for (let part = 1; part <= PARTS && failure === undefined; part++) {
    const lastLine = vitalsIn(broker.log).at(-1)?.line ?? 0;
    const goal = init.count * part / PARTS;
    await Promise.all(fuzzers.map(async (fuzzer) => {
      while (sent < goal && !broker.isEnded) {
        sent += await fuzzer.visit(goal - sent).catch(() => 0);
      }
    }));
    failure = await faultOf(broker, good);
    memory.push(memorySince(broker.log, lastLine));
    init.onProgress?.(sent, memory.at(-1)![0]);
  }
  if (failure !== undefined) failure += `\n${lastBytes(fuzzers)}`;
  const [first = [NaN, NaN], last = first] = [memory[1] ?? memory[0], memory.at(-1)];
  return {
    sent,
    connections: fuzzers.reduce((sum, { connections }) => sum + connections, 0),
    heapBytes: [first[0]!, last[0]!],
    residentBytes: [first[1]!, last[1]!],
    failure,
  };
}

async function faultOf(broker: BrokerProcess, good: RawClient): Promise<string | undefined> {
  if (broker.isEnded) return `The broker has ended:\n${broker.log.slice(-3000)}`;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`No PINGRESP after ${PING_LIMIT_MS} ms`), PING_LIMIT_MS);
  });
  const pinged = good.ping().then(() => undefined, (error) => `The good client: ${error}`);
  const fault = await Promise.race([pinged, late]);
  clearTimeout(timer);
  return fault;
}

/** What each has sent last: the one that did it is among them. */
function lastBytes(fuzzers: readonly Fuzzer[]): string {
  return fuzzers.map(({ bursts }, i) =>
    bursts.map((bytes) => `fuzzer ${i}: ${bytes.toHex().slice(0, 4000)}`).join("\n")
  ).join("\n");
}

interface VitalsLine {
  readonly line: number;
  readonly heapUsed: number;
  readonly rss: number;
}

/** The lowest that was seen behind that line: what is alive right after a collection. */
function memorySince(log: string, lastLine: number): [heap: number, resident: number] {
  const lines = vitalsIn(log).filter(({ line }) => line > lastLine);
  return [
    Math.min(...lines.map(({ heapUsed }) => heapUsed)),
    Math.min(...lines.map(({ rss }) => rss)),
  ];
}

function vitalsIn(log: string): VitalsLine[] {
  return [...log.matchAll(/^@vitals (\{.*\})$/gm)].map(([, text]) => JSON.parse(text!));
}

async function write(stream: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await stream.write(bytes.subarray(at));
}
