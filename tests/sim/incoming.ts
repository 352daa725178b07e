import type { Packet, Publish } from "../../lib/codec/mod.ts";
import type { Ledger } from "./ledger.ts";
import type { SimLink } from "./link.ts";
import { Violation } from "./records.ts";
import type { World } from "./world.ts";

const decoder = new TextDecoder();

/** How a client treats what it gets. */
export interface Manners {
  /** The longest that an acknowledgement takes it. */
  readonly maxAckMs: number;
  /** Whether it refuses some QoS 2 messages. */
  readonly isPicky: boolean;
}

/** Messages from the broker to one model client, across its connections. */
export class Incoming {
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #clientId: string;
  readonly #manners: Manners;
  readonly #send: (packet: Packet) => void;

  /** QoS 2 messages that have arrived and wait for their PUBREL. */
  readonly #held = new Set<number>();
  /** QoS 2 messages that it refused: when they come again it is because the broker does not know. */
  readonly #refused = new Map<number, string>();

  // What lives as long as a connection.
  /** Packet ids of this connection that count against the Receive Maximum. */
  readonly #unfinished = new Set<number>();
  readonly #aliases = new Map<number, string>();
  #acks: Packet[] = [];

  constructor(
    world: World,
    ledger: Ledger,
    clientId: string,
    manners: Manners,
    send: (packet: Packet) => void,
  ) {
    this.#world = world;
    this.#ledger = ledger;
    this.#clientId = clientId;
    this.#manners = manners;
    this.#send = send;
  }

  get isIdle(): boolean {
    return this.#acks.length === 0;
  }

  publish(link: SimLink, packet: Publish): void {
    const topicName = this.#resolve(link, packet);
    const { qos, packetId, dup } = packet;
    // A repeat of another message, whose first PUBLISH was lost on its way, has the Packet Identifier but not the payload.
    const payload = decoder.decode(packet.payload);
    if (!dup || this.#refused.get(packetId) !== payload) this.#refused.delete(packetId);
    const isHeld = qos === 2 && this.#held.has(packetId);
    const wasRefused = qos === 2 && this.#refused.has(packetId);
    if (qos > 0) this.#checkPacketId(link, packet, isHeld);
    if (!isHeld && !wasRefused) this.#ledger.arrived(link, packet, topicName);
    if (qos === 1) this.#acknowledge({ type: "puback", packetId, reasonCode: 0 });
    if (qos === 2) {
      const isRefused = wasRefused ||
        this.#manners.isPicky && !isHeld && this.#world.random.int(10) === 0;
      if (isRefused) this.#refused.set(packetId, payload);
      else this.#held.add(packetId);
      this.#acknowledge({ type: "pubrec", packetId, reasonCode: isRefused ? 0x83 : 0 });
    }
  }

  pubrel(packetId: number): void {
    this.#held.delete(packetId);
    this.#acknowledge({ type: "pubcomp", packetId, reasonCode: 0 });
  }

  /** Sends the acknowledgements that wait, in order. */
  flush(): void {
    const acks = this.#acks;
    this.#acks = [];
    for (const ack of acks) {
      const isLast = ack.type === "puback" || ack.type === "pubcomp" ||
        ack.type === "pubrec" && ack.reasonCode >= 0x80;
      if (isLast && "packetId" in ack) this.#unfinished.delete(ack.packetId);
      this.#send(ack);
    }
  }

  disconnected(): void {
    this.#unfinished.clear();
    this.#aliases.clear();
    // Whoever still waits for these sends the message again.
    this.#acks = [];
  }

  /** The session is gone. */
  reset(): void {
    this.#held.clear();
    this.#refused.clear();
  }

  #checkPacketId(link: SimLink, { packetId, dup }: Publish, isHeld: boolean): void {
    const name = `${this.#clientId} got packet id ${packetId}`;
    if (this.#unfinished.has(packetId)) throw new Violation(`${name}, in flight [MQTT-2.2.1-4]`);
    if (isHeld && !dup) throw new Violation(`${name}, held, for another message`);
    if (dup && !link.isPresentExpected) {
      throw new Violation(`${name} with DUP in a new session [MQTT-3.3.1-1]`);
    }
    this.#unfinished.add(packetId);
    if (this.#unfinished.size > link.facts.receiveMaximum) {
      throw new Violation(`${this.#clientId} got more than its Receive Maximum [MQTT-3.3.4-9]`);
    }
  }

  #resolve(link: SimLink, packet: Publish): string {
    const alias = packet.properties?.topicAlias;
    if (alias === undefined) return packet.topicName;
    if (alias > link.facts.topicAliasMaximum) {
      throw new Violation(`${this.#clientId} got Topic Alias ${alias} [MQTT-3.1.2-26]`);
    }
    if (packet.topicName !== "") this.#aliases.set(alias, packet.topicName);
    const topicName = this.#aliases.get(alias);
    if (topicName === undefined) {
      throw new Violation(`${this.#clientId} got Topic Alias ${alias}, which stands for nothing`);
    }
    return topicName;
  }

  #acknowledge(packet: Packet): void {
    this.#acks.push(packet);
    if (this.#acks.length > 1) return;
    const { clock, random } = this.#world;
    clock.after(random.int(this.#manners.maxAckMs + 1), () => this.onAckTime());
  }

  /** The client gets to its acknowledgements; whoever has hung or lost its link does not. */
  onAckTime: () => void = () => {};
}
