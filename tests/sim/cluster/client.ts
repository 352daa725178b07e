import {
  type Connack,
  decodePacket,
  encodePacket,
  frameLength,
  type Packet,
  type Publish,
  type Qos,
} from "../../../lib/codec/mod.ts";
import { Violation } from "../records.ts";
import { Wire } from "../bridge/pipe.ts";
import type { NodeLink } from "../bridge/node.ts";
import type { ClusterSimNode } from "./node.ts";
import type { SentRecord, SessionRecord, SubRecord, WillRecord } from "./records.ts";
import { LONG_MS } from "./absences.ts";
import type { ClusterWorld } from "./world.ts";

/** A message on its way to the cluster. */
interface Sending {
  readonly packetId: number;
  readonly record: SentRecord;
  isReleased: boolean;
  isRepeat: boolean;
  isOnWire: boolean;
}

/** Reasons for which a node may refuse a client for a moment, or send it away. */
const REFUSALS: ReadonlySet<number> = new Set([0x88, 0x97]);
const GOODBYES: ReadonlySet<number> = new Set([0x8b, 0x8d, 0x8e, 0x97, 0x9c]);
/** No connection takes longer to bring something. */
const WIRE_MS = 25;
const PATIENCE_MS = 8000;
/** How soon a client asks again for a subscription that it was refused. */
const REFUSED_MS = 1000;
/** More than a node says again with each arrival of a client. */
const MANY = Array.from({ length: 101 }, (_, i) => ({
  topicFilter: `x/${i}`,
  qos: 1,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
} as const));
/** How long a client is away where nodes are for minutes: less than all sessions wait. */
const AWAY_MS = 12_000;
/** Longer than a node is paused or cut off. */
const DISTURBED_MS = 60_000;

/** A client by the book that goes from node to node. It shares the codec with the broker and nothing else. */
export class RoamingClient {
  session: SessionRecord | undefined;
  readonly sessions: SessionRecord[] = [];
  readonly wills: WillRecord[] = [];
  /** It does not come back by itself. */
  isAway = true;
  isIn = false;
  node: ClusterSimNode | undefined;
  readonly #world: ClusterWorld;
  #sending: Sending[] = [];
  readonly #held = new Set<number>();
  /** Texts that are held: what comes again under the Packet Identifier must be the same. */
  readonly #heldTexts = new Map<number, string>();
  #wire: Wire | undefined;
  #link: NodeLink | undefined;
  /** Connections that it has left open, and whose CONNECT nobody has answered: the cluster may yet take them for later ones. */
  readonly #leftWaiting = new Set<Wire>();
  #input: Uint8Array = new Uint8Array(0);
  #nextId = 0;
  #window = 65_535;
  #mustStartClean = true;
  #isStartingClean = false;
  /** Where the last Clean Start went that nobody has confirmed. */
  #cleanAt: ClusterSimNode | undefined;
  #cleanSentMs = -Infinity;
  /** When the session may have ended. */
  #sureUntilMs = -Infinity;
  readonly #subscribing = new Map<number, SubRecord>();
  readonly #unsubscribing = new Map<number, SubRecord>();
  #pendingUnsubscribes: SubRecord[] = [];
  /** Whether it is still to subscribe to many topics to which nothing comes, and the Packet Identifier of that; 0: none. */
  #wantsMany = false;
  #manyId = 0;
  #wantedSubs: { topicFilter: string; qos: Qos }[] = [];
  #will: WillRecord | undefined;
  #isLeaving = false;
  #expirySeconds: number;

  constructor(
    world: ClusterWorld,
    readonly clientId: string,
    readonly usualExpirySeconds: number,
    readonly receiveMaximum: number,
  ) {
    this.#world = world;
    this.#expirySeconds = usualExpirySeconds;
  }

  /** Of the session that it has, or asked for last. */
  get expirySeconds(): number {
    return this.#expirySeconds;
  }

  /** Whether nothing of it is under way. */
  get isIdle(): boolean {
    return this.hasSettled && this.#sending.length === 0 && this.#held.size === 0;
  }

  /** Whether it has all subscriptions that it wants, and no others. */
  get hasSettled(): boolean {
    return this.isIn && !this.#wantsMany && this.#wantedSubs.length === 0 &&
      this.#subscribing.size === 0 &&
      this.#unsubscribing.size === 0 && this.#pendingUnsubscribes.length === 0;
  }

  /** What waits. */
  get state(): string {
    return `${this.clientId} at ${this.node?.name} in ${this.isIn}: ${this.#sending.length} sending, ` +
      `${this.#held.size} held, ${this.#wantedSubs.length} ${this.#subscribing.size} subscribing`;
  }

  /** The Client Identifier's next session begins anew. */
  startClean(): void {
    this.#mustStartClean = true;
  }

  publish(record: SentRecord): void {
    if (record.qos === 0) {
      if (this.isIn) this.#send(publishOf(record, 0, false));
      record.sentAtMs = this.#world.clock.nowMs;
      record.isDoubtful = true;
      return;
    }
    do this.#nextId = this.#nextId % 60_000 + 1; while (this.#isTaken(this.#nextId));
    const packetId = this.#nextId;
    this.#sending.push({
      packetId,
      record,
      isReleased: false,
      isRepeat: false,
      isOnWire: false,
    });
    this.#sendMore();
  }

  subscribe(topicFilter: string, qos: Qos): void {
    this.#wantedSubs.push({ topicFilter, qos });
    this.#subscribeMore();
  }

  /** Gives up a subscription that it has. */
  unsubscribe(sub: SubRecord): void {
    sub.endAskedAtMs = Math.min(sub.endAskedAtMs, this.#world.clock.nowMs);
    this.#pendingUnsubscribes.push(sub);
    this.#subscribeMore();
  }

  /** Goes to a node; the connection that it has stays as it is where nobody has cut it. */
  connect(node: ClusterSimNode): void {
    const { clock, random } = this.#world;
    this.isAway = false;
    if (this.#wire !== undefined && !this.isIn) this.#leftWaiting.add(this.#wire);
    this.#forgetConnection();
    if (!node.isIn || this.#isCleanUnderWay()) return this.#later();
    this.node = node;
    this.#world.trace.add(`${this.clientId} connects to ${node.name}`);
    const wire: Wire = new Wire(clock, random, 1 + random.int(20), [{
      onBytes: (bytes) => {
        this.#leftWaiting.delete(wire);
        if (wire === this.#wire) this.#receive(bytes);
      },
      onEnd: () => {
        this.#leftWaiting.delete(wire);
        if (wire === this.#wire) this.#lost(true);
      },
    }, {
      onBytes: (bytes) => node.arrive(() => link?.receive(bytes)),
      onEnd: () => node.arrive(() => link?.lost()),
    }]);
    this.#wire = wire;
    this.#world.wires.set(wire, node);
    let link: NodeLink | undefined;
    node.arrive(() => {
      link = node.accept({ send: (bytes) => wire.send(1, bytes), close: () => wire.close(1) });
      if (wire === this.#wire) this.#link = link;
    });
    this.#sendConnect();
    clock.after(PATIENCE_MS, () => {
      if (wire === this.#wire && !this.isIn) this.cut();
    });
  }

  /** The network loses its connection, if it has one. */
  cut(): void {
    const wire = this.#wire;
    wire?.cut();
    if (wire !== undefined) this.#lost(false);
  }

  /** Its node's process is dead. */
  crashed(): void {
    this.#lost(false);
  }

  /** Leaves in order, and stays away. */
  leave(): void {
    this.isAway = true;
    if (!this.isIn) return this.cut();
    this.#isLeaving = true;
    this.#send({ type: "disconnect", reasonCode: 0 });
    const wire = this.#wire;
    this.#world.clock.after(PATIENCE_MS, () => wire === this.#wire && this.cut());
  }

  /** Stays away without a word. */
  vanish(): void {
    this.isAway = true;
    this.cut();
  }

  /** A Clean Start that may yet arrive would end what begins in the meantime. */
  #isCleanUnderWay(): boolean {
    const at = this.#cleanAt;
    const isOnWire = this.#world.clock.nowMs - this.#cleanSentMs < WIRE_MS;
    return at !== undefined && at.isUp &&
      (at.isPaused || at.cluster.level.waiting > 0 || isOnWire);
  }

  #sendConnect(): void {
    const { clock, random } = this.#world;
    // One that may have ended, and begun anew with a CONNACK that was lost, nobody could tell from the one before.
    if (this.session !== undefined && clock.nowMs >= this.#sureUntilMs) this.#mustStartClean = true;
    const cleanStart = this.#mustStartClean || this.expirySeconds === 0;
    this.#isStartingClean = cleanStart;
    if (this.#world.hasExpiries && cleanStart) {
      this.#expirySeconds = random.int(3) === 0 ? 0 : this.usualExpirySeconds;
    }
    if (cleanStart) this.#endSession();
    if (cleanStart) {
      this.#cleanAt = this.node;
      this.#cleanSentMs = clock.nowMs;
    }
    const will = random.int(3) === 0 ? this.#world.will(this) : undefined;
    const isShared = this.expirySeconds > 0;
    this.#will = will === undefined ? undefined : {
      ...will,
      node: this.node!.name,
      isShared,
      cancelledAtMs: Infinity,
      lostAtMs: Infinity,
      backAtMs: Infinity,
      mayBeBack: false,
    };
    for (const earlier of this.wills) earlier.backAtMs = Math.min(earlier.backAtMs, clock.nowMs);
    this.#send({
      type: "connect",
      protocolVersion: 5,
      cleanStart,
      keepAliveSeconds: 0,
      clientId: this.clientId,
      properties: {
        sessionExpiryInterval: this.expirySeconds,
        receiveMaximum: this.receiveMaximum,
      },
      ...will === undefined ? {} : {
        will: {
          topicName: will.record.topicName,
          qos: will.record.qos,
          retain: false,
          payload: new TextEncoder().encode(will.record.text),
          properties: { willDelayInterval: will.delayMs / 1000 },
        },
      },
    });
  }

  #isTaken(packetId: number): boolean {
    return packetId === this.#manyId ||
      this.#sending.some((sending) => sending.packetId === packetId) ||
      this.#subscribing.has(packetId) || this.#unsubscribing.has(packetId);
  }

  /** As far as the node's Receive Maximum allows. */
  #sendMore(): void {
    if (!this.isIn) return;
    let underWay = this.#sending.filter(({ isOnWire }) => isOnWire).length;
    for (const sending of this.#sending) {
      if (sending.isOnWire) continue;
      if (underWay++ >= this.#window) return;
      const { record, packetId } = sending;
      sending.isOnWire = true;
      if (sending.isReleased) this.#send({ type: "pubrel", packetId, reasonCode: 0 });
      else {
        record.sentAtMs = Math.min(record.sentAtMs, this.#world.clock.nowMs);
        this.#send(publishOf(record, packetId, sending.isRepeat));
      }
      sending.isRepeat = true;
    }
  }

  #subscribeMore(): void {
    if (!this.isIn) return;
    for (const { topicFilter, qos } of this.#wantedSubs.splice(0)) {
      const packetId = this.#freeId();
      const sub = { topicFilter, qos, grantedAtMs: Infinity, endAskedAtMs: Infinity };
      this.session!.subs.push(sub);
      this.#subscribing.set(packetId, sub);
      const flags = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
      this.#send({ type: "subscribe", packetId, subscriptions: [{ topicFilter, qos, ...flags }] });
    }
    if (this.#wantsMany && this.#manyId === 0) {
      this.#manyId = this.#freeId();
      this.#send({ type: "subscribe", packetId: this.#manyId, subscriptions: MANY });
    }
    for (const sub of this.#pendingUnsubscribes.splice(0)) {
      const packetId = this.#freeId();
      this.#unsubscribing.set(packetId, sub);
      this.#send({ type: "unsubscribe", packetId, topicFilters: [sub.topicFilter] });
    }
  }

  #grantedMany(reasonCodes: readonly number[]): void {
    this.#manyId = 0;
    this.#wantsMany = reasonCodes.some((code) => code >= 0x80);
    if (this.#wantsMany) this.#world.clock.after(REFUSED_MS, () => this.#subscribeMore());
  }

  #freeId(): number {
    do this.#nextId = this.#nextId % 60_000 + 1; while (this.#isTaken(this.#nextId));
    return this.#nextId;
  }

  #forgetConnection(): void {
    if (this.#wire !== undefined) this.#ended();
    this.#wire = this.#link = undefined;
    this.#input = new Uint8Array(0);
    this.isIn = this.#isLeaving = false;
    for (const sending of this.#sending) sending.isOnWire = false;
    for (const sub of this.#subscribing.values()) this.#askAgain(sub);
    this.#subscribing.clear();
    this.#manyId = 0;
    this.#pendingUnsubscribes.push(...this.#unsubscribing.values());
    this.#unsubscribing.clear();
  }

  /** It was not granted: another record takes its place, or an UNSUBSCRIBE would be noted with the one that never was. */
  #askAgain(sub: SubRecord): void {
    sub.endAskedAtMs = -Infinity;
    this.#wantedSubs.push({ topicFilter: sub.topicFilter, qos: sub.qos });
  }

  /** The connection is no more, or nobody looks at it any more. */
  #ended(): void {
    const { nowMs } = this.#world.clock;
    // A DISCONNECT that is on its way may come to a node that was paused when its connection was lost.
    if (this.#will !== undefined && !this.#isLeaving) {
      this.#will.lostAtMs = Math.min(this.#will.lostAtMs, nowMs);
      this.#will.mayBeBack = this.#leftWaiting.size > 0;
    }
    this.#will = undefined;
    if (!this.isIn) return;
    // Of a node that is taken for dead the clients count as gone, while they are still there: their time runs.
    const disturbedMs = DISTURBED_MS + (this.#world.hasAbsences ? LONG_MS : 0);
    const wasDisturbed = this.node?.disturbedMs.some((atMs) => atMs > nowMs - disturbedMs);
    const leftMs = this.expirySeconds * 1000 - (wasDisturbed === true ? disturbedMs : 2000);
    this.#sureUntilMs = nowMs + leftMs;
  }

  #lost(isClosed: boolean): void {
    const { nowMs } = this.#world.clock;
    this.#world.trace.add(`${this.clientId} has no connection any more`);
    if (isClosed && this.#isLeaving && this.#will !== undefined) this.#will.cancelledAtMs = nowMs;
    this.#forgetConnection();
    this.node = undefined;
    if (!this.isAway) this.#later();
  }

  #later(): void {
    const { clock, random } = this.#world;
    const { sessions: { length } } = this;
    const maxMs = this.#world.hasAbsences ? AWAY_MS : 300;
    clock.after(20 + random.int(maxMs), () => {
      const isStill = !this.isAway && this.#wire === undefined && length <= this.sessions.length;
      if (isStill) this.connect(this.#world.anyNode());
    });
  }

  #send(packet: Packet): void {
    this.#world.notePacket(this.clientId, ">", packet);
    this.#wire!.send(0, encodePacket(packet, 5));
  }

  #receive(bytes: Uint8Array): void {
    const whole = new Uint8Array(this.#input.length + bytes.length);
    whole.set(this.#input);
    whole.set(bytes, this.#input.length);
    let at = 0;
    const wire = this.#wire;
    for (;;) {
      const length = frameLength(whole, at, whole.length, Infinity);
      if (length === 0 || at + length > whole.length) break;
      const packet = decodePacket(whole, at, at + length, 5);
      at += length;
      this.#world.notePacket(this.clientId, "<", packet);
      this.#handle(packet);
      if (wire !== this.#wire) return;
    }
    this.#input = whole.slice(at);
  }

  #handle(packet: Packet): void {
    const { clientId } = this;
    if (!this.isIn && packet.type !== "connack" && packet.type !== "disconnect") {
      throw new Violation(`${clientId} got ${packet.type} before CONNACK`);
    }
    switch (packet.type) {
      case "connack":
        return this.#begin(packet);
      case "suback": {
        if (packet.packetId === this.#manyId) return this.#grantedMany(packet.reasonCodes);
        const sub = take(this.#subscribing, packet.packetId, clientId, packet.type);
        if (packet.reasonCodes[0]! < 0x80) {
          sub.grantedAtMs = this.#world.clock.nowMs;
          return;
        }
        // A node that has been away from the log for long refuses it: on this connection nobody else would ask again.
        this.#askAgain(sub);
        return this.#world.clock.after(REFUSED_MS, () => this.#subscribeMore());
      }
      case "unsuback":
        take(this.#unsubscribing, packet.packetId, clientId, packet.type);
        return;
      case "publish":
        return this.#take(packet);
      case "pubrel":
        this.#held.delete(packet.packetId);
        this.#heldTexts.delete(packet.packetId);
        return this.#acknowledge({ type: "pubcomp", packetId: packet.packetId, reasonCode: 0 });
      case "puback":
      case "pubrec":
      case "pubcomp":
        return this.#acknowledged(packet);
      case "disconnect":
        if (!GOODBYES.has(packet.reasonCode)) {
          throw new Violation(`${clientId} was told to go with ${packet.reasonCode}`);
        }
        return;
      default:
        throw new Violation(`${clientId} got ${packet.type}`);
    }
  }

  #begin({ reasonCode, sessionPresent, properties }: Connack): void {
    const { clientId } = this;
    if (reasonCode !== 0) {
      if (!REFUSALS.has(reasonCode)) {
        throw new Violation(`${clientId} was refused with ${reasonCode}`);
      }
      return;
    }
    const { nowMs } = this.#world.clock;
    if (sessionPresent && this.#isStartingClean) {
      throw new Violation(`${clientId} has begun anew, and its session is present`);
    }
    const isSure = this.session !== undefined && nowMs < this.#sureUntilMs;
    if (!sessionPresent && !this.#isStartingClean && isSure) {
      throw new Violation(`The session of ${clientId} is lost`);
    }
    if (!sessionPresent) this.#endSession();
    if (this.session === undefined) {
      if (sessionPresent) throw new Violation(`${clientId} has a session that it never had`);
      this.session = { subs: [], got: new Map(), order: [], isOver: false };
      this.sessions.push(this.session);
      this.#wantedSubs = this.#world.subscriptionsOf(this);
      this.#wantsMany = this.#world.hasAbsences;
    }
    this.#mustStartClean = false;
    // Without a session the node has let it in at once, and its word may come to the log later.
    if (this.expirySeconds > 0 || !this.#world.hasExpiries) this.#cleanAt = undefined;
    this.#sureUntilMs = Infinity;
    this.#window = properties?.receiveMaximum ?? 65_535;
    this.isIn = true;
    if (this.#will !== undefined) this.wills.push(this.#will);
    this.#subscribeMore();
    this.#sendMore();
  }

  /** What is under way belongs to it. */
  #endSession(): void {
    for (const { record } of this.#sending) record.isDoubtful = true;
    this.#sending = [];
    this.#held.clear();
    this.#heldTexts.clear();
    this.#wantedSubs = [];
    this.#wantsMany = false;
    this.#pendingUnsubscribes = [];
    if (this.session !== undefined) this.session.isOver = true;
    this.session = undefined;
  }

  #acknowledged(
    { type, packetId, reasonCode }: Packet & { type: "puback" | "pubrec" | "pubcomp" },
  ) {
    const i = this.#sending.findIndex((sending) => sending.packetId === packetId);
    const sending = this.#sending[i];
    if (sending === undefined || !sending.isOnWire) {
      throw new Violation(`${this.clientId} got ${type} for ${packetId}, which does not wait`);
    }
    const { record } = sending;
    if (type !== "pubcomp") {
      if (reasonCode >= 0x80) record.isDoubtful = true;
      else record.ackedAtMs = Math.min(record.ackedAtMs, this.#world.clock.nowMs);
    }
    if (type === "pubrec" && reasonCode < 0x80) {
      sending.isReleased = true;
      return this.#send({ type: "pubrel", packetId, reasonCode: 0 });
    }
    this.#sending.splice(i, 1);
    this.#sendMore();
  }

  #take({ qos, packetId, payload, retain, dup }: Publish): void {
    const text = new TextDecoder().decode(payload);
    const { got, order } = this.session!;
    if (qos === 1) this.#acknowledge({ type: "puback", packetId, reasonCode: 0 });
    if (qos === 2) {
      this.#acknowledge({ type: "pubrec", packetId, reasonCode: 0 });
      if (this.#held.has(packetId)) {
        const held = this.#heldTexts.get(packetId);
        if (held !== text) {
          throw new Violation(`${this.clientId} holds ${packetId} for ${held}, and gets ${text}`);
        }
        return;
      }
      this.#held.add(packetId);
      this.#heldTexts.set(packetId, text);
    }
    if (retain) return;
    const count = (got.get(text) ?? 0) + 1;
    got.set(text, count);
    if (count === 1) order.push(text);
    else if (qos === 2) throw new Violation(`${this.clientId} got ${text} of QoS 2 twice (${dup})`);
  }

  /** Somewhat later; who has another connection then does not. */
  #acknowledge(packet: Packet): void {
    const wire = this.#wire;
    this.#ackMs = Math.max(this.#ackMs, this.#world.clock.nowMs + this.#world.ackDelayMs());
    this.#world.clock.at(this.#ackMs, () => {
      if (wire === this.#wire && !this.#isLeaving) this.#send(packet);
    });
  }
  #ackMs = 0;
}

function publishOf(record: SentRecord, packetId: number, dup: boolean): Publish {
  const { topicName, text, qos, retain, mayExpire } = record;
  return {
    type: "publish",
    topicName,
    payload: new TextEncoder().encode(text),
    qos,
    retain,
    dup,
    packetId,
    properties: mayExpire ? { messageExpiryInterval: 5 } : {},
  } as Publish;
}

function take<T>(map: Map<number, T>, packetId: number, clientId: string, type: string): T {
  const value = map.get(packetId);
  if (value === undefined) throw new Violation(`${clientId} got ${type} for ${packetId}, unasked`);
  map.delete(packetId);
  return value;
}
