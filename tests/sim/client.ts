import {
  type Connack,
  decodePacket,
  encodePacket,
  frameLength,
  type Packet,
  type ProtocolVersion,
  type Publish,
  type SubscriptionRequest,
} from "../../lib/codec/mod.ts";
import type { Ledger } from "./ledger.ts";
import type { CutKind, Network, Peer, SimLink } from "./link.ts";
import { Outgoing } from "./outgoing.ts";
import {
  type ConnectFacts,
  type DisconnectFacts,
  type PublishRecord,
  type SubRecord,
  Violation,
} from "./records.ts";
import type { World } from "./world.ts";

/** Reasons for which a broker may tell a client that behaves well to go. */
const GOODBYES: ReadonlySet<number> = new Set([0x8b, 0x8d, 0x8e, 0x97]);

/** How a client treats the broker. */
export interface Manners {
  /** The longest that an acknowledgement takes it. */
  readonly maxAckMs: number;
  /** Whether it refuses some QoS 2 messages. */
  readonly isPicky: boolean;
}

/** A well-behaved client of its own making: it shares the codec with the broker and nothing else. */
export class ModelClient implements Peer {
  link: SimLink | undefined;
  isConnected = false;
  /** It reads nothing, acknowledges nothing, pings nothing. */
  isHung = false;
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #manners: Manners;

  readonly outgoing: Outgoing;
  /** QoS 2 messages that arrived and wait for their PUBREL. */
  readonly #held = new Set<number>();
  /** QoS 2 messages that it refused: when they come again it is because the broker does not know. */
  readonly #refused = new Set<number>();
  /** A clean start that nobody has confirmed: the session that was is not to be resumed. */
  #isCleanPending = false;
  #cleanLink: SimLink | undefined;

  // What lives as long as a connection.
  #bytes = new Uint8Array(0);
  readonly #unfinished = new Set<number>();
  readonly #aliases = new Map<number, string>();
  #acks: Packet[] = [];
  readonly #subscribing = new Map<number, SubRecord[]>();
  readonly #unsubscribing = new Map<number, { filters: readonly string[]; askedAtMs: number }>();
  #pingsOpen = 0;
  #lastSentMs = 0;
  #facts!: ConnectFacts;

  constructor(
    world: World,
    ledger: Ledger,
    readonly clientId: string,
    readonly version: ProtocolVersion,
    manners: Manners,
  ) {
    this.#world = world;
    this.#ledger = ledger;
    this.#manners = manners;
    this.outgoing = new Outgoing(world, version, (packet) => this.send(packet));
  }

  /** The Session Expiry Interval of its CONNECT. */
  get expirySeconds(): number {
    return this.#facts.expirySeconds;
  }

  /** Whether nothing is under way between it and the broker, as far as it knows. */
  get isIdle(): boolean {
    return this.outgoing.isEmpty && this.#acks.length === 0 && this.#subscribing.size === 0 &&
      this.#unsubscribing.size === 0 && this.#pingsOpen === 0;
  }

  /** Not while a clean start is under way that may yet arrive, and end the session that begins in the meantime. */
  get canConnect(): boolean {
    const link = this.#cleanLink;
    return link === undefined || link.isAdmitted || link.isEnded;
  }

  /** Opens a link and sends CONNECT. A link that is there already is left to the broker. */
  connect(asked: ConnectFacts, network: Network): void {
    this.link?.abandon();
    this.#forgetConnection();
    const { sessions } = this.#world;
    const mustStartClean = this.#isCleanPending || sessions.unsure.has(this.clientId);
    const facts = mustStartClean ? clean(asked) : asked;
    this.#facts = facts;
    this.link = this.#world.openLink(this, facts, network);
    if (facts.cleanStart) {
      this.#isCleanPending = true;
      this.#cleanLink = this.link;
    }
    this.send(connectPacket(facts));
    if (this.#world.random.int(8) === 0) this.ping();
  }

  publish(record: PublishRecord): void {
    this.outgoing.publish(record);
  }

  subscribe(requests: readonly SubscriptionRequest[], identifier: number): void {
    const packetId = this.#freePacketId();
    const subs = this.#ledger.subscribe(this.link!, requests, identifier);
    this.#subscribing.set(packetId, subs);
    this.send({
      type: "subscribe",
      packetId,
      subscriptions: requests,
      ...(this.version === 5 && identifier > 0
        ? { properties: { subscriptionIdentifiers: [identifier] } }
        : {}),
    });
  }

  unsubscribe(filters: readonly string[]): void {
    const packetId = this.#freePacketId();
    this.#ledger.unsubscribe(this.link!, filters);
    this.#unsubscribing.set(packetId, { filters, askedAtMs: this.#world.clock.nowMs });
    this.send({ type: "unsubscribe", packetId, topicFilters: filters });
  }

  ping(): void {
    this.#pingsOpen++;
    this.send({ type: "pingreq" });
  }

  /** Leaves in order. */
  disconnect(keepsWill: boolean, expirySeconds: number | undefined): void {
    const link = this.link!;
    const isNew = this.version === 5;
    this.send({
      type: "disconnect",
      reasonCode: isNew && keepsWill ? 0x04 : 0,
      ...(isNew && expirySeconds !== undefined
        ? { properties: { sessionExpiryInterval: wireExpiry(expirySeconds) } }
        : {}),
    });
    const facts: DisconnectFacts = {
      endBytes: link.sentBytes,
      keepsWill: isNew && keepsWill,
      expirySeconds: isNew ? expirySeconds : undefined,
    };
    link.disconnect = facts;
    link.finish();
    this.onEnd(link);
  }

  cut(kind: CutKind): void {
    this.link?.cut(kind);
  }

  hang(): void {
    this.isHung = true;
    if (this.link !== undefined) this.link.isReading = false;
  }

  wakeUp(): void {
    if (!this.isHung) return;
    this.isHung = false;
    if (this.link === undefined) return;
    this.link.isReading = true;
    this.#flushAcks();
    this.#keepAlive(this.link);
  }

  send(packet: Packet): void {
    if (this.link === undefined) throw new Error("The simulation sends without a link");
    this.#lastSentMs = this.#world.clock.nowMs;
    if (this.#world.trace.isOn) this.#world.trace.packet(this.clientId, ">", packet);
    this.link.write(encodePacket(packet, this.version));
  }

  onBytes(link: SimLink, bytes: Uint8Array): void {
    if (link !== this.link) return;
    const waiting = this.#bytes;
    const whole = new Uint8Array(waiting.length + bytes.length);
    whole.set(waiting);
    whole.set(bytes, waiting.length);
    let at = 0;
    while (this.link === link) {
      const length = frameLength(whole, at, whole.length, 10_000_000);
      if (length === 0 || at + length > whole.length) break;
      const packet = decodePacket(whole, at, at + length, this.version);
      at += length;
      if (this.#world.trace.isOn) this.#world.trace.packet(this.clientId, "<", packet);
      this.#handle(link, packet);
    }
    this.#bytes = whole.slice(at);
  }

  onEnd(link: SimLink): void {
    if (link !== this.link) return;
    if (this.#world.trace.isOn) this.#world.trace.add(`${this.clientId} has no link any more`);
    this.link = undefined;
    this.#forgetConnection();
  }

  #forgetConnection(): void {
    this.isConnected = false;
    this.isHung = false;
    this.#bytes = new Uint8Array(0);
    this.#unfinished.clear();
    this.#aliases.clear();
    // Whoever still waits for these sends the message again.
    this.#acks = [];
    this.#subscribing.clear();
    this.#unsubscribing.clear();
    this.#pingsOpen = 0;
    this.outgoing.disconnected();
  }

  #handle(link: SimLink, packet: Packet): void {
    if (!this.isConnected && packet.type !== "connack") {
      throw new Violation(`${this.clientId} got ${packet.type} before CONNACK [MQTT-3.2.0-1]`);
    }
    switch (packet.type) {
      case "connack":
        return this.#handleConnack(link, packet);
      case "publish":
        return this.#handlePublish(link, packet);
      case "pubrel":
        this.#held.delete(packet.packetId);
        return this.#acknowledge({ type: "pubcomp", packetId: packet.packetId, reasonCode: 0 });
      case "puback":
        return this.outgoing.puback(packet);
      case "pubrec":
        return this.outgoing.pubrec(packet);
      case "pubcomp":
        return this.outgoing.pubcomp(packet);
      case "suback": {
        const subs = take(this.#subscribing, packet.packetId, packet.type);
        return this.#ledger.granted(subs, packet.reasonCodes);
      }
      case "unsuback": {
        const { filters, askedAtMs } = take(this.#unsubscribing, packet.packetId, packet.type);
        return this.#ledger.unsubscribed(link, filters, askedAtMs);
      }
      case "pingresp":
        if (this.#pingsOpen-- === 0) {
          throw new Violation(`${this.clientId} got PINGRESP for nothing`);
        }
        return;
      case "disconnect":
        if (this.version < 5 || !GOODBYES.has(packet.reasonCode)) {
          throw new Violation(`${this.clientId} was told to go with ${packet.reasonCode}`);
        }
        return;
      default:
        throw new Violation(`${this.clientId} got ${packet.type}`);
    }
  }

  #handleConnack(link: SimLink, packet: Connack): void {
    const { clientId } = this;
    if (this.isConnected) throw new Violation(`${clientId} got a second CONNACK`);
    if (packet.reasonCode !== 0) {
      throw new Violation(`${clientId} was refused with ${packet.reasonCode}`);
    }
    const isPresent = this.version === 3 ? link.isPresentExpected : packet.sessionPresent;
    if (isPresent !== link.isPresentExpected) {
      throw new Violation(
        `${clientId} was told Session Present ${isPresent} [MQTT-3.2.2-2] [MQTT-3.2.2-3]`,
      );
    }
    this.isConnected = true;
    this.#isCleanPending = false;
    this.#cleanLink = undefined;
    if (!isPresent) {
      this.outgoing.reset();
      this.#held.clear();
      this.#refused.clear();
    }
    const keepAliveSeconds = packet.properties?.serverKeepAlive ?? this.#facts.keepAliveSeconds;
    if (keepAliveSeconds !== link.keepAliveSeconds) {
      throw new Violation(`${clientId} was told a keep-alive of ${keepAliveSeconds} seconds`);
    }
    this.outgoing.connected(packet.properties ?? {});
    if (link.keepAliveSeconds > 0) this.#keepAlive(link);
  }

  #handlePublish(link: SimLink, packet: Publish): void {
    const { clientId } = this;
    const topicName = this.#resolve(packet);
    const { qos, packetId, dup } = packet;
    const isHeld = qos === 2 && this.#held.has(packetId);
    if (!dup) this.#refused.delete(packetId);
    const wasRefused = qos === 2 && this.#refused.has(packetId);
    if (qos > 0) {
      if (this.#unfinished.has(packetId)) {
        throw new Violation(`${clientId} got packet id ${packetId}, in flight [MQTT-2.2.1-4]`);
      }
      if (isHeld && !dup) {
        throw new Violation(`${clientId} got packet id ${packetId}, held, for another message`);
      }
      if (dup && !link.isPresentExpected) {
        throw new Violation(`${clientId} got DUP in a new session [MQTT-3.3.1-1]`);
      }
      this.#unfinished.add(packetId);
      if (this.#unfinished.size > this.#facts.receiveMaximum) {
        throw new Violation(`${clientId} got more than its Receive Maximum [MQTT-3.3.4-9]`);
      }
    }
    if (!isHeld && !wasRefused) this.#ledger.arrived(link, packet, topicName);
    if (qos === 1) this.#acknowledge({ type: "puback", packetId, reasonCode: 0 });
    if (qos === 2) {
      const isRefused = wasRefused ||
        this.#manners.isPicky && !isHeld && this.#world.random.int(10) === 0;
      (isRefused ? this.#refused : this.#held).add(packetId);
      this.#acknowledge({ type: "pubrec", packetId, reasonCode: isRefused ? 0x83 : 0 });
    }
  }

  #resolve(packet: Publish): string {
    const alias = packet.properties?.topicAlias;
    if (alias === undefined) return packet.topicName;
    if (alias > this.#facts.topicAliasMaximum) {
      throw new Violation(`${this.clientId} got Topic Alias ${alias} [MQTT-3.1.2-26]`);
    }
    if (packet.topicName !== "") this.#aliases.set(alias, packet.topicName);
    const topicName = this.#aliases.get(alias);
    if (topicName === undefined) {
      throw new Violation(`${this.clientId} got Topic Alias ${alias}, which stands for nothing`);
    }
    return topicName;
  }

  /** Acknowledgements go out in order, when the client gets to it. */
  #acknowledge(packet: Packet): void {
    this.#acks.push(packet);
    if (this.#acks.length > 1) return;
    const { clock, random } = this.#world;
    clock.after(random.int(this.#manners.maxAckMs + 1), () => this.#flushAcks());
  }

  #flushAcks(): void {
    if (this.isHung || this.link === undefined) return;
    const acks = this.#acks;
    this.#acks = [];
    for (const ack of acks) {
      const isLast = ack.type === "puback" || ack.type === "pubcomp" ||
        ack.type === "pubrec" && ack.reasonCode >= 0x80;
      if (isLast && "packetId" in ack) this.#unfinished.delete(ack.packetId);
      this.send(ack);
    }
  }

  #keepAlive(link: SimLink): void {
    const periodMs = link.keepAliveSeconds * 500;
    if (periodMs === 0 || link !== this.link || this.isHung) return;
    const { clock } = this.#world;
    if (clock.nowMs - this.#lastSentMs >= periodMs - 1) this.ping();
    clock.after(periodMs, () => this.#keepAlive(link));
  }

  #freePacketId(): number {
    return this.outgoing.freePacketId((id) =>
      this.#subscribing.has(id) || this.#unsubscribing.has(id)
    );
  }
}

function take<T>(map: Map<number, T>, packetId: number, type: string): T {
  const value = map.get(packetId);
  if (value === undefined) throw new Violation(`${type} for packet id ${packetId}, which is free`);
  map.delete(packetId);
  return value;
}

function clean(facts: ConnectFacts): ConnectFacts {
  return {
    ...facts,
    cleanStart: true,
    expirySeconds: facts.version === 5 ? facts.expirySeconds : 0,
  };
}

function wireExpiry(seconds: number): number {
  return seconds === Infinity ? 0xffffffff : seconds;
}

function connectPacket(facts: ConnectFacts): Packet {
  const { clientId, version, cleanStart, keepAliveSeconds, will } = facts;
  const isNew = version === 5;
  const { receiveMaximum, topicAliasMaximum, expirySeconds } = facts;
  return {
    type: "connect",
    protocolVersion: version,
    cleanStart,
    keepAliveSeconds,
    clientId,
    ...(will === undefined ? {} : {
      will: {
        topicName: will.record.topicName,
        payload: will.record.payload,
        qos: will.record.qos,
        retain: will.record.retain,
        ...(isNew
          ? { properties: { ...will.record.properties, willDelayInterval: will.delaySeconds } }
          : {}),
      },
    }),
    ...(isNew
      ? {
        properties: {
          sessionExpiryInterval: wireExpiry(expirySeconds),
          topicAliasMaximum,
          ...(receiveMaximum < 65_535 ? { receiveMaximum } : {}),
        },
      }
      : {}),
  };
}
