import { setImmediate } from "node:timers";
import { BUCKETS, latencyBucket, latencyPercentile } from "../../lib/cli/bench_job.ts";
import { LoadConnection, loadTopic, type Place } from "../../lib/client/mod.ts";
import type { Qos } from "../../lib/codec/mod.ts";
import { inGroups, pause } from "./process.ts";

/** Who loads the broker, and how. */
export interface PairLoadInit {
  readonly place: Place;
  /** Another broker, or another node, for the subscribers; default: the same. */
  readonly subscribersAt?: Place;
  /** Publishers, each with a topic and a subscriber of its own. */
  readonly pairs: number;
  readonly qos: Qos;
  /** Subscribers have sessions that the broker stores. */
  readonly keepsSessions?: boolean;
}

/** What came of a time of load. */
export interface Tally {
  readonly delivered: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Pair {
  readonly publisher: LoadConnection;
  readonly subscriber: LoadConnection;
  readonly topic: ReturnType<typeof loadTopic>;
  /** When each of the messages was made that have not been sent. */
  readonly waitingMs: number[];
  /** The number that the next message of the publisher has. */
  sent: number;
  /** The number that the next message for the subscriber must have. */
  expected: number;
}

const PAYLOAD_BYTES = 100;
/** Connections that are opened at once: more could be too many for the broker's backlog. */
const OPENED_AT_ONCE = 50;
/** Messages of one publisher that may wait for their PUBACK or PUBCOMP: without such a limit, which all clients have, queues overflow. */
const MOST_IN_FLIGHT = 400;
/** Messages of one publisher in a row, so that all have their share. */
const TURN_MESSAGES = 16;
/** How long the last messages may take to arrive. */
const DRAIN_LIMIT_MS = 30_000;

/**
 * Publishers and their subscribers, all in this thread: one clock for sending and receiving. Each message carries when it was sent and its
 * number: one that is lost, comes twice or out of order is an error.
 */
export class PairLoad {
  readonly #pairs: readonly Pair[];
  readonly #qos: Qos;
  readonly #payload = new Uint8Array(PAYLOAD_BYTES);
  readonly #stamp = new DataView(this.#payload.buffer);
  #latencies = new Uint32Array(BUCKETS);
  /** Those that wait among them. */
  #made = 0;
  #received = 0;
  /** Of all messages, those that were received when the last tally was taken. */
  #tallied = 0;
  #talliedMs = performance.now();
  /** Whose turn it is. */
  #next = 0;
  /** Those whose messages wait. */
  readonly #late = new Set<Pair>();
  #disorder: string | undefined;

  /** Connects everybody. */
  static async open(init: PairLoadInit): Promise<PairLoad> {
    const { place, subscribersAt = place, qos, keepsSessions = false } = init;
    const pairs = await inGroups(init.pairs, OPENED_AT_ONCE, async (i): Promise<Pair> => {
      const topic = loadTopic(`load/${i}`);
      const subscription = { topicFilter: topic.name, qos };
      return {
        publisher: await LoadConnection.open(place, `publisher-${i}`),
        subscriber: await LoadConnection.open(
          subscribersAt,
          `subscriber-${i}`,
          subscription,
          keepsSessions,
        ),
        topic,
        waitingMs: [],
        sent: 0,
        expected: 0,
      };
    });
    return new PairLoad(pairs, qos);
  }

  private constructor(pairs: readonly Pair[], qos: Qos) {
    this.#pairs = pairs;
    this.#qos = qos;
    for (const pair of pairs) {
      pair.subscriber.onPublish = (payload) => this.#receive(pair, payload);
    }
  }

  /** As many messages as the broker takes, with so many under way at once: a closed loop. */
  async flood(window: number, durationMs: number): Promise<void> {
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs) {
      for (const pair of this.#pairs) {
        for (let i = 0; i < TURN_MESSAGES; i++) {
          if (this.#made - this.#received >= window) break;
          if (pair.publisher.inFlight >= MOST_IN_FLIGHT) break;
          this.#make(pair);
        }
        this.#send(pair);
      }
      this.#check();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#checkOpen();
  }

  /** So many messages in a second over all publishers, in turn, whatever the broker does: an open loop. What cannot be sent at once waits. */
  async pace(perSecond: number, durationMs: number): Promise<void> {
    const startMs = performance.now();
    let done = 0;
    for (;;) {
      const elapsedMs = Math.min(performance.now() - startMs, durationMs);
      const due = Math.floor(elapsedMs * perSecond / 1000);
      for (; done < due; done++) {
        this.#make(this.#pairs[this.#next]!);
        this.#next = (this.#next + 1) % this.#pairs.length;
      }
      this.#sendLate();
      this.#check();
      if (elapsedMs === durationMs) return this.#checkOpen();
      await pause(1);
    }
  }

  /** Waits until all has arrived and is acknowledged; throws where something does not. */
  async drain(): Promise<void> {
    const endMs = performance.now() + DRAIN_LIMIT_MS;
    const isDone = () =>
      this.#received >= this.#made && this.#pairs.every(({ publisher }) => publisher.inFlight <= 0);
    while (!isDone() && performance.now() < endMs) {
      this.#sendLate();
      this.#check();
      this.#checkOpen();
      await pause(1);
    }
    this.#check();
    if (this.#received !== this.#made) {
      throw new Error(`${this.#made} messages were published, ${this.#received} arrived`);
    }
    if (!isDone()) throw new Error("Messages arrived, but were not acknowledged");
  }

  /** What has been delivered since the last tally or the start. */
  takeTally(): Tally {
    const nowMs = performance.now();
    const delivered = this.#received - this.#tallied;
    const tally = {
      delivered,
      perSecond: delivered / (nowMs - this.#talliedMs) * 1000,
      p50Ms: latencyPercentile(this.#latencies, 0.5) / 1000,
      p99Ms: latencyPercentile(this.#latencies, 0.99) / 1000,
    };
    this.#latencies.fill(0);
    this.#tallied = this.#received;
    this.#talliedMs = nowMs;
    return tally;
  }

  /** Ends all connections. */
  close(): void {
    for (const { publisher, subscriber } of this.#pairs) {
      publisher.close();
      subscriber.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** A message that is now to be sent: from here on its time counts. When it was due does not: that this thread is late is not the broker's fault. */
  #make(pair: Pair): void {
    pair.waitingMs.push(performance.now());
    this.#made++;
    this.#late.add(pair);
  }

  #sendLate(): void {
    for (const pair of this.#late) this.#send(pair);
  }

  /** In one write what may go out. */
  #send(pair: Pair): void {
    const { publisher, topic, waitingMs } = pair;
    let i = 0;
    for (; i < waitingMs.length && publisher.inFlight < MOST_IN_FLIGHT; i++) {
      this.#stamp.setFloat64(0, waitingMs[i]!);
      this.#stamp.setUint32(8, pair.sent++);
      publisher.publish(topic.name, topic.bytes, this.#payload, this.#qos);
    }
    waitingMs.splice(0, i);
    if (waitingMs.length === 0) this.#late.delete(pair);
    publisher.flush();
  }

  /** Throws where it is clear that something was lost. */
  #check(): void {
    if (this.#disorder !== undefined) throw new Error(this.#disorder);
  }

  #checkOpen(): void {
    const closed =
      this.#pairs.filter(({ publisher, subscriber }) => publisher.isClosed || subscriber.isClosed)
        .length;
    if (closed > 0) throw new Error(`Connections of ${closed} pairs have ended`);
  }

  #receive(pair: Pair, payload: Uint8Array): void {
    const view = new DataView(payload.buffer, payload.byteOffset);
    this.#latencies[latencyBucket((performance.now() - view.getFloat64(0)) * 1000)]!++;
    const number = view.getUint32(8);
    if (number !== pair.expected) {
      this.#disorder ??=
        `${pair.topic.name}: message ${number} came in the place of ${pair.expected}`;
    }
    pair.expected = number + 1;
    this.#received++;
  }
}
