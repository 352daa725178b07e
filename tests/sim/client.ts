import {
  type Connack,
  decodePacket,
  encodePacket,
  frameLength,
  type Packet,
  type ProtocolVersion,
  type SubscriptionRequest,
} from "../../lib/codec/mod.ts";
import { connectPacket, startClean, wireExpiry } from "./connect_packet.ts";
import { Incoming, type Manners } from "./incoming.ts";
import type { Ledger } from "./ledger.ts";
import type { CutKind, Network, Peer, SimLink } from "./link.ts";
import { concat } from "./pipe.ts";
import { Outgoing } from "./outgoing.ts";
import {
  type ConnectFacts,
  type DisconnectFacts,
  type Incarnation,
  type PublishRecord,
  type SubRecord,
  Violation,
} from "./records.ts";
import type { World } from "./world.ts";

/** Reasons for which a broker may tell a client that behaves well to go. */
const GOODBYES: ReadonlySet<number> = new Set([0x8b, 0x8d, 0x8e, 0x97]);

/** A well-behaved client of its own making: it shares the codec with the broker and nothing else. */
export class ModelClient implements Peer {
  link: SimLink | undefined;
  isConnected = false;
  /** It reads nothing, acknowledges nothing, pings nothing. */
  isHung = false;
  readonly #world: World;
  readonly #ledger: Ledger;

  #incarnation: Incarnation | undefined;
  readonly outgoing: Outgoing;
  readonly incoming: Incoming;
  /** A clean start that nobody has confirmed: the session that was is not to be resumed. */
  #isCleanPending = false;
  #cleanLink: SimLink | undefined;

  // What lives as long as a connection.
  #bytes: Uint8Array = new Uint8Array(0);
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
    const send = (packet: Packet) => this.send(packet);
    this.outgoing = new Outgoing(world, version, send);
    this.incoming = new Incoming(world, ledger, clientId, manners, send);
    this.incoming.onAckTime = () => {
      if (!this.isHung && this.link !== undefined) this.incoming.flush();
    };
  }

  /** The Session Expiry Interval of its CONNECT. */
  get expirySeconds(): number {
    return this.#facts.expirySeconds;
  }

  /** Whether nothing is under way between it and the broker, as far as it knows. */
  get isIdle(): boolean {
    return this.outgoing.isEmpty && this.incoming.isIdle && this.#subscribing.size === 0 &&
      this.#unsubscribing.size === 0 && this.#pingsOpen === 0;
  }

  /** Not while a clean start is under way that may yet arrive, and end the session that begins in the meantime. */
  get canConnect(): boolean {
    const link = this.#cleanLink;
    return link === undefined || link.isAdmitted || link.isEnded;
  }

  /** Before 5.0 a client is refused that asks for more than is allowed. */
  #allowedKeepAlive({ version, keepAliveSeconds }: ConnectFacts): number {
    const { maxKeepAliveSeconds } = this.#world.broker.options;
    if (version === 5 || maxKeepAliveSeconds === 0) return keepAliveSeconds;
    return keepAliveSeconds === 0
      ? maxKeepAliveSeconds
      : Math.min(keepAliveSeconds, maxKeepAliveSeconds);
  }

  /** Opens a link and sends CONNECT. A link that is there already is left to the broker. */
  connect(asked: ConnectFacts, network: Network): void {
    this.link?.abandon();
    this.#forgetConnection();
    const { sessions } = this.#world;
    const mustStartClean = this.#isCleanPending || sessions.unsure.has(this.clientId);
    const wanted = mustStartClean ? startClean(asked) : asked;
    const facts = { ...wanted, keepAliveSeconds: this.#allowedKeepAlive(wanted) };
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

  /** Its machine has lost its power: it knows its name, and nothing of what was under way. */
  forget(): void {
    this.link?.cut("reset");
    this.outgoing.reset();
    this.incoming.reset();
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
    this.incoming.flush();
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
    const whole = concat(this.#bytes, bytes);
    let at = 0;
    while (this.link === link) {
      const length = frameLength(whole, at, whole.length, 10_000_000);
      if (length === 0 || at + length > whole.length) break;
      if (length > (link.facts.maximumPacketSize ?? Infinity)) {
        throw new Violation(`${this.clientId} got ${length} bytes in a packet [MQTT-3.1.2-24]`);
      }
      const packet = decodePacket(whole, at, at + length, this.version);
      at += length;
      if (this.#world.trace.isOn) this.#world.trace.packet(this.clientId, "<", packet);
      this.#handle(link, packet);
    }
    this.#bytes = whole.subarray(at);
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
    this.incoming.disconnected();
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
        return this.incoming.publish(link, packet);
      case "pubrel":
        return this.incoming.pubrel(packet.packetId);
      case "puback":
        return this.outgoing.puback(packet);
      case "pubrec":
        return this.outgoing.pubrec(packet);
      case "pubcomp":
        return this.outgoing.pubcomp(packet);
      case "suback": {
        const subs = take(this.#subscribing, packet.packetId, packet.type);
        return this.#ledger.granted(link, subs, packet.reasonCodes);
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
        if (
          this.version < 5 ||
          !GOODBYES.has(packet.reasonCode) && !this.#isFault(packet.reasonCode)
        ) {
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
      // What it wanted to end stays as it was, in memory and on the disk.
      const isFull = packet.reasonCode === (this.version === 5 ? 0x97 : 3);
      if (isFull && !link.isAdmitted && this.#world.hasFailedSince(link.openedAtMs)) return;
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
    // Of a session that ended and began anew while CONNACKs were lost a client knows nothing, and what it would send again
    // nobody could tell from new: that is the protocol's gap, not the broker's.
    const isKnown = link.incarnation === this.#incarnation;
    this.#incarnation = link.incarnation;
    if (!isPresent || !isKnown) {
      this.outgoing.reset();
      this.incoming.reset();
    }
    const keepAliveSeconds = packet.properties?.serverKeepAlive ?? this.#facts.keepAliveSeconds;
    if (keepAliveSeconds !== link.keepAliveSeconds) {
      throw new Violation(`${clientId} was told a keep-alive of ${keepAliveSeconds} seconds`);
    }
    this.outgoing.connected(packet.properties ?? {});
    if (link.keepAliveSeconds > 0) this.#keepAlive(link);
  }

  /** A fault of the broker's own, which it says is one. */
  #isFault(reasonCode: number): boolean {
    return reasonCode === 0x83 && this.#world.chaos !== undefined && this.#world.chaos.count > 0;
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
