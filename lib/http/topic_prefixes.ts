import type { Client, Connection, Message, Observer, Outgoing } from "../broker/mod.ts";
import type { MetricFamily, Sample } from "../observe/mod.ts";

/** Topics whose prefixes are cached. */
const MAX_REMEMBERED = 4096;
/** The longest topic that is cached. */
const MAX_REMEMBERED_LENGTH = 256;

/** The counts of one prefix. */
interface Counts {
  readonly prefix: string;
  received: number;
  sent: number;
  receivedBytes: number;
  sentBytes: number;
}

/** Counts messages by the topic prefixes that `metrics_topic_prefix` names, in one series each. */
export class TopicPrefixes implements Observer {
  readonly #counts: readonly Counts[];
  readonly #remembered = new Map<string, readonly Counts[]>();

  /** A prefix consists of whole levels: `home` covers `home` and `home/door`, but not `homes`. */
  constructor(prefixes: readonly string[]) {
    this.#counts = prefixes.map((prefix) => ({
      prefix,
      received: 0,
      sent: 0,
      receivedBytes: 0,
      sentBytes: 0,
    }));
  }

  /** {@linkcode Observer.published} */
  published(_publisher: Client | null, { topicName, payload }: Message): void {
    for (const counts of this.#of(topicName)) {
      counts.received++;
      counts.receivedBytes += payload.length;
    }
  }

  /** {@linkcode Observer.delivered} */
  delivered(_connection: Connection, { message: { topicName, payload } }: Outgoing): void {
    for (const counts of this.#of(topicName)) {
      counts.sent++;
      counts.sentBytes += payload.length;
    }
  }

  /** Returns the metrics. */
  *families(): Generator<MetricFamily> {
    yield {
      name: "fluxmqtt_topic_messages",
      help: "Messages taken in and sent, by the prefixes that metrics_topic_prefix names",
      type: "counter",
      samples: this.#samples("received", "sent"),
    };
    yield {
      name: "fluxmqtt_topic_payload_bytes",
      help: "Payload bytes of these",
      type: "counter",
      samples: this.#samples("receivedBytes", "sentBytes"),
    };
  }

  #samples(received: "received" | "receivedBytes", sent: "sent" | "sentBytes"): Sample[] {
    return this.#counts.flatMap((counts): Sample[] => [
      [{ prefix: counts.prefix, direction: "received" }, counts[received]],
      [{ prefix: counts.prefix, direction: "sent" }, counts[sent]],
    ]);
  }

  #of(topicName: string): readonly Counts[] {
    const known = this.#remembered.get(topicName);
    if (known !== undefined) return known;
    const found = this.#counts.filter(({ prefix }) => isUnder(topicName, prefix));
    if (topicName.length > MAX_REMEMBERED_LENGTH) return found;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(topicName, found);
    return found;
  }
}

function isUnder(topicName: string, prefix: string): boolean {
  if (!topicName.startsWith(prefix)) return false;
  return topicName.length === prefix.length || prefix.endsWith("/") ||
    topicName[prefix.length] === "/";
}
