import type { Packet } from "../../codec/mod.ts";
import { topicMatches } from "../../topic/mod.ts";

/** Exchanges under way that belong to a traced topic: more are forgotten, the oldest first. */
const MAX_EXCHANGES = 1000;
const PACKET_TYPES: ReadonlySet<string> = new Set(["puback", "pubrec", "pubrel", "pubcomp"]);
/** The packets of an exchange that its sender sends after the PUBLISH. */
const OF_SENDER: ReadonlySet<string> = new Set(["pubrel"]);

/** What a trace is about: a client, or the topics of a filter. */
export class Subject {
  readonly #clientId: string | undefined;
  readonly #topicFilter: string | undefined;
  /** A PUBLISH of a traced topic has acknowledgements, which name only a client and a Packet Identifier. */
  readonly #exchanges = new Set<string>();

  private constructor(clientId: string | undefined, topicFilter: string | undefined) {
    this.#clientId = clientId;
    this.#topicFilter = topicFilter;
  }

  /** One client, and what becomes of its messages. */
  static client(clientId: string): Subject {
    return new Subject(clientId, undefined);
  }

  /** Messages on these topics: of a valid Topic Filter. */
  static topics(topicFilter: string): Subject {
    return new Subject(undefined, topicFilter);
  }

  /** Whether it is a client. */
  get isClient(): boolean {
    return this.#clientId !== undefined;
  }

  /** Whether it is this client. */
  hasClient(clientId: string): boolean {
    return clientId !== "" && clientId === this.#clientId;
  }

  /** Whether the topic is one of its. */
  hasTopic(topicName: string): boolean {
    return this.#topicFilter !== undefined && topicMatches(this.#topicFilter, topicName);
  }

  /** Whether a subscription is about its topics: it has the same filter, or takes in the one topic that is traced. */
  hasFilter(topicFilter: string): boolean {
    const traced = this.#topicFilter;
    return traced !== undefined && (traced === topicFilter || topicMatches(topicFilter, traced));
  }

  /** A PUBLISH of its begins an exchange, with its client as the sender (`in`) or the receiver (`out`). */
  begin(clientId: string, packetId: number, direction: "in" | "out"): void {
    if (packetId === 0 || this.#topicFilter === undefined) return;
    if (this.#exchanges.size >= MAX_EXCHANGES) {
      const [oldest] = this.#exchanges;
      this.#exchanges.delete(oldest!);
    }
    this.#exchanges.add(keyOf(direction, packetId, clientId));
  }

  /** Whether a packet acknowledges a PUBLISH of its. */
  hasExchange(clientId: string, packet: Packet, direction: "in" | "out"): boolean {
    if (!PACKET_TYPES.has(packet.type) || !("packetId" in packet)) return false;
    // What the sender sends goes the way of the PUBLISH, everything else the other way.
    const isOfSender = OF_SENDER.has(packet.type);
    const way = isOfSender === (direction === "in") ? "in" : "out";
    const key = keyOf(way, packet.packetId, clientId);
    if (!this.#exchanges.has(key)) return false;
    if (packet.type === "puback" || packet.type === "pubcomp") this.#exchanges.delete(key);
    return true;
  }
}

function keyOf(direction: string, packetId: number, clientId: string): string {
  return `${direction} ${packetId} ${clientId}`;
}
