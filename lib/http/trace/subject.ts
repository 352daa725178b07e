import type { Packet } from "../../codec/mod.ts";
import { topicMatches } from "../../topic/mod.ts";

/** Exchanges in progress that belong to a traced topic; more are forgotten, the oldest first. */
const MAX_EXCHANGES = 1000;
const PACKET_TYPES: ReadonlySet<string> = new Set(["puback", "pubrec", "pubrel", "pubcomp"]);
/** The packets that the sender of a PUBLISH sends later in the exchange. */
const OF_SENDER: ReadonlySet<string> = new Set(["pubrel"]);

/** The subject of a trace: a client, or the topics of a filter. */
export class Subject {
  readonly #clientId: string | undefined;
  readonly #topicFilter: string | undefined;
  /** Exchanges of traced topics. They are remembered because acknowledgements name no topic, only a Packet Identifier. */
  readonly #exchanges = new Set<string>();

  private constructor(clientId: string | undefined, topicFilter: string | undefined) {
    this.#clientId = clientId;
    this.#topicFilter = topicFilter;
  }

  /** Traces one client, and what happens to its messages. */
  static client(clientId: string): Subject {
    return new Subject(clientId, undefined);
  }

  /** Traces the topics of a valid Topic Filter. */
  static topics(topicFilter: string): Subject {
    return new Subject(undefined, topicFilter);
  }

  /** Whether the subject is a client. */
  get isClient(): boolean {
    return this.#clientId !== undefined;
  }

  /** Whether the subject is this client. */
  hasClient(clientId: string): boolean {
    return clientId !== "" && clientId === this.#clientId;
  }

  /** Whether the subject includes this topic. */
  hasTopic(topicName: string): boolean {
    return this.#topicFilter !== undefined && topicMatches(this.#topicFilter, topicName);
  }

  /** Whether a subscription concerns the subject: it has the same filter, or matches the one topic that is traced. */
  hasFilter(topicFilter: string): boolean {
    const traced = this.#topicFilter;
    return traced !== undefined && (traced === topicFilter || topicMatches(topicFilter, traced));
  }

  /** Notes that a PUBLISH of the subject begins an exchange. The client is the sender (`in`) or the receiver (`out`). */
  begin(clientId: string, packetId: number, direction: "in" | "out"): void {
    if (packetId === 0 || this.#topicFilter === undefined) return;
    if (this.#exchanges.size >= MAX_EXCHANGES) {
      const [oldest] = this.#exchanges;
      this.#exchanges.delete(oldest!);
    }
    this.#exchanges.add(keyOf(direction, packetId, clientId));
  }

  /** Whether a packet belongs to such an exchange. */
  hasExchange(clientId: string, packet: Packet, direction: "in" | "out"): boolean {
    if (!PACKET_TYPES.has(packet.type) || !("packetId" in packet)) return false;
    // The sender's packets have the direction of the PUBLISH, all others the opposite one.
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
