import type { Properties, Publish, Qos, SubscriptionRequest } from "../../lib/codec/mod.ts";
import { takeApart } from "./appetite.ts";
import type { SimLink } from "./link.ts";
import { type Incarnation, type PublishRecord, type SubRecord, Violation } from "./records.ts";
import { readId } from "./trace.ts";
import { WillLatency } from "./will_latency.ts";
import type { World } from "./world.ts";

/** What a model client publishes, or leaves as its will. */
export interface RecordInit {
  readonly publisherId: string;
  readonly isNew: boolean;
  readonly topicName: string;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly sizeBytes: number;
  readonly expirySeconds?: number;
  readonly isWill?: boolean;
  /** Beside those that every message of 5.0 has. */
  readonly properties?: Properties;
}

const EMPTY = new Uint8Array();
/** What a SUBACK says while the store fails. */
const QUOTA_EXCEEDED = 0x97;
const TOPIC_FILTER_INVALID = 0x8f;

/** What was published and subscribed, and whether what arrives may arrive. */
export class Ledger {
  readonly records: PublishRecord[] = [];
  readonly #world: World;
  readonly #willLatency: WillLatency;

  constructor(world: World) {
    this.#world = world;
    this.#willLatency = new WillLatency(world);
    world.sessions.onWill = (record) => {
      record.sentAtMs = record.ackedAtMs = world.clock.nowMs;
      record.crashesBefore = world.crashes;
      record.attempts = 1;
    };
  }

  record(init: RecordInit): PublishRecord {
    const { publisherId, topicName, qos, retain, sizeBytes, expirySeconds } = init;
    const id = this.records.length;
    const record: PublishRecord = {
      id,
      publisherId,
      topicName,
      qos,
      retain,
      payload: sizeBytes === 0 ? new Uint8Array(0) : payloadOf(id, sizeBytes),
      properties: init.isNew
        ? {
          ...init.properties,
          userProperties: [["id", String(id)], ...init.properties?.userProperties ?? []],
          correlationData: init.properties?.correlationData ?? payloadOf(id, 8),
          ...(expirySeconds === undefined ? {} : { messageExpiryInterval: expirySeconds }),
        }
        : undefined,
      sentAtMs: Infinity,
      ackedAtMs: Infinity,
      isRefused: false,
      isTaken: this.#world.takesTopic(topicName),
      attempts: 0,
      crashesBefore: 0,
      will: init.isWill === true ? "armed" : undefined,
    };
    this.records.push(record);
    this.#world.topics.add(topicName);
    return record;
  }

  subscribe(
    link: SimLink,
    requests: readonly SubscriptionRequest[],
    identifier: number,
  ): SubRecord[] {
    const { nowMs } = this.#world.clock;
    const { subs } = link.incarnation!;
    return requests.map((request) => {
      askToEnd(subs, request.topicFilter, nowMs);
      const [share, topicFilter] = takeApart(request.topicFilter);
      const sub: SubRecord = {
        wholeFilter: request.topicFilter,
        topicFilter,
        isShared: share !== "",
        qos: request.qos,
        noLocal: request.noLocal,
        retainAsPublished: request.retainAsPublished,
        retainHandling: request.retainHandling,
        identifier,
        sentAtMs: nowMs,
        grantedAtMs: Infinity,
        endAskedAtMs: Infinity,
        endedAtMs: Infinity,
      };
      subs.push(sub);
      return sub;
    });
  }

  unsubscribe(link: SimLink, filters: readonly string[]): void {
    for (const filter of filters) {
      askToEnd(link.incarnation!.subs, filter, this.#world.clock.nowMs);
    }
  }

  granted(link: SimLink, subs: readonly SubRecord[], reasonCodes: readonly number[]): void {
    subs.forEach((sub, i) => {
      if (!this.#world.takesFilter(sub.wholeFilter)) {
        // 3.1.1 has one code for all refusals, which 3.1 gets too.
        const wanted = link.facts.version === 5 ? TOPIC_FILTER_INVALID : 0x80;
        if (reasonCodes[i] === wanted) return void withdraw(link, sub);
      }
      // What it was to replace goes on.
      if (reasonCodes[i] === QUOTA_EXCEEDED && this.#world.diskFailures > 0) return;
      if (reasonCodes[i] !== sub.qos) {
        throw new Violation(
          `SUBACK says ${reasonCodes[i]} for ${sub.wholeFilter} of QoS ${sub.qos}`,
        );
      }
      sub.grantedAtMs = this.#world.clock.nowMs;
    });
  }

  unsubscribed(link: SimLink, filters: readonly string[], askedAtMs: number): void {
    for (const sub of link.incarnation!.subs) {
      if (filters.includes(sub.wholeFilter) && sub.endAskedAtMs <= askedAtMs) {
        sub.endedAtMs = Math.min(sub.endedAtMs, this.#world.clock.nowMs);
      }
    }
  }

  /** The power is gone: what was acknowledged, granted or given up since this time may never have been. */
  doubt(sinceMs: number): void {
    this.#world.lossyCuts++;
    for (const record of this.records) {
      if (record.will === undefined && record.ackedAtMs >= sinceMs) record.ackedAtMs = Infinity;
    }
    for (const { subs } of this.#world.sessions.all) {
      for (const sub of subs) {
        if (sub.grantedAtMs >= sinceMs) sub.grantedAtMs = Infinity;
        if (sub.endedAtMs >= sinceMs) sub.endedAtMs = Infinity;
      }
    }
  }

  /** A PUBLISH has arrived, and is no repeat that its receiver knows as one. */
  arrived(link: SimLink, packet: Publish, topicName: string): void {
    const incarnation = link.incarnation!;
    const name = `${incarnation.clientId} got #${readId(packet.payload)} on ${topicName}`;
    const matching = incarnation.subs.filter((sub) =>
      this.#world.matches(sub.topicFilter, topicName)
    );
    if (matching.length === 0) throw new Violation(`${name} without a subscription to it`);
    if (packet.payload.length === 0) return;
    const record = this.#find(packet, topicName, name);
    this.#checkMatch(packet, record, matching, name, incarnation);
    this.#checkProperties(link, packet, record, matching, name);
    this.#checkExpiry(link, packet, record, matching, name);
    if (!packet.dup || packet.qos === 2) {
      this.#checkCopies(packet, record, matching, name, incarnation);
    }
    if (!packet.retain && record.will === undefined) {
      this.#checkOrder(packet, record, matching, name, incarnation);
    }
    incarnation.seen.add(record.id);
  }

  #find(packet: Publish, topicName: string, name: string): PublishRecord {
    const { nowMs } = this.#world.clock;
    const record = this.records[readId(packet.payload)];
    if (record === undefined || record.sentAtMs > nowMs && record.will === undefined) {
      throw new Violation(`${name}, which nobody published`);
    }
    if (!record.isTaken) throw new Violation(`${name}, which its listener has no topic for`);
    if (record.topicName !== topicName) throw new Violation(`${name}, published elsewhere`);
    if (!isEqual(packet.payload, record.payload)) {
      throw new Violation(`${name} with another payload`);
    }
    const { will } = record;
    if (will === "armed" || will === "delayed" || will === "cancelled") {
      throw new Violation(`${name}, a will that is ${will} [MQTT-3.1.2-8] [MQTT-3.1.3-9]`);
    }
    return record;
  }

  #checkMatch(
    packet: Publish,
    record: PublishRecord,
    matching: readonly SubRecord[],
    name: string,
    { clientId }: Incarnation,
  ): void {
    // One that ended before the message was sent is none.
    const live = matching.filter((sub) =>
      record.sentAtMs <= sub.endedAtMs || record.will === "unsure"
    );
    const fitting = packet.retain ? matching : live;
    if (fitting.length === 0) throw new Violation(`${name} after it had unsubscribed`);
    if (fitting.every((sub) => sub.noLocal) && record.publisherId === clientId && !packet.retain) {
      throw new Violation(`${name}, its own, in spite of No Local [MQTT-3.8.3-3]`);
    }
    if (packet.qos > record.qos || fitting.every((sub) => packet.qos > sub.qos)) {
      throw new Violation(`${name} at QoS ${packet.qos}`);
    }
    if (packet.retain && !record.retain) throw new Violation(`${name} with RETAIN, not retained`);
  }

  #checkProperties(
    link: SimLink,
    packet: Publish,
    record: PublishRecord,
    matching: readonly SubRecord[],
    name: string,
  ): void {
    if (link.facts.version < 5) return;
    const { subscriptionIdentifiers = [] } = packet.properties ?? {};
    if (record.properties !== undefined && !areSame(packet.properties, record.properties)) {
      throw new Violation(`${name} with other properties [MQTT-3.3.2-17]`);
    }
    for (const identifier of subscriptionIdentifiers) {
      if (!matching.some((sub) => sub.identifier === identifier)) {
        throw new Violation(`${name} with Subscription Identifier ${identifier} [MQTT-3.3.4-3]`);
      }
    }
    if (matching.every((sub) => sub.identifier > 0) && subscriptionIdentifiers.length === 0) {
      throw new Violation(`${name} without a Subscription Identifier [MQTT-3.3.4-3]`);
    }
  }

  #checkExpiry(
    link: SimLink,
    packet: Publish,
    record: PublishRecord,
    matching: readonly SubRecord[],
    name: string,
  ): void {
    if (link.facts.clientId === "monitor") this.#checkLatency(link, record, name);
    const givenSeconds = record.properties?.messageExpiryInterval;
    if (givenSeconds === undefined || packet.dup) return;
    // The broker had it at the latest when it was acknowledged, and sent it at the earliest when it could.
    const couldSendAtMs = packet.retain
      ? Math.min(...matching.map((sub) => sub.sentAtMs))
      : link.admittedAtMs;
    if (givenSeconds === 0) return checkInstant(link, packet, matching, name);
    const leftSeconds = givenSeconds - Math.max(0, couldSendAtMs - record.ackedAtMs) / 1000;
    if (leftSeconds <= 0) throw new Violation(`${name}, expired [MQTT-3.3.2-5]`);
    if (link.facts.version < 5) return;
    const told = packet.properties?.messageExpiryInterval;
    if (told === undefined || told < 1 || told > Math.ceil(leftSeconds)) {
      throw new Violation(`${name} with ${told} seconds left of ${givenSeconds} [MQTT-3.3.2-6]`);
    }
  }

  /** A will reaches the monitor soon, or its commits are slow. */
  #checkLatency(link: SimLink, record: PublishRecord, name: string): void {
    const { clock, diskFailures } = this.#world;
    const isPunctual = record.will === "due" && diskFailures === 0 &&
      link.admittedAtMs < record.sentAtMs;
    if (isPunctual) {
      const lateMs = clock.nowMs - record.sentAtMs - this.#world.lateMs(record.sentAtMs);
      const allowedMs = this.#willLatency.allowedMs(record, link.admittedAtMs);
      if (lateMs > allowedMs) {
        throw new Violation(`${name}, a will, ${lateMs} ms late, where ${allowedMs} may be`);
      }
    }
    this.#willLatency.arrived(record, clock.nowMs);
  }

  /** How often it may come: once, by every way it has. A crash may repeat what is not QoS 2. */
  #checkCopies(
    packet: Publish,
    record: PublishRecord,
    matching: readonly SubRecord[],
    name: string,
    { copies }: Incarnation,
  ): void {
    const key = `${record.id} ${packet.qos}${packet.retain ? "r" : ""}`;
    const count = (copies.get(key) ?? 0) + 1;
    copies.set(key, count);
    const ordinary = matching.filter((sub) => !sub.isShared);
    const shares = new Set(matching.filter((sub) => sub.isShared).map((sub) => sub.wholeFilter));
    const isLive = !packet.retain || matching.some((sub) => sub.retainAsPublished);
    const routes = record.qos === 1 ? record.attempts : 1;
    let limit = isLive ? routes * ((ordinary.length > 0 ? 1 : 0) + shares.size) : 0;
    if (packet.retain) limit += ordinary.filter((sub) => sub.retainHandling < 2).length;
    if (record.will === "unsure" && packet.qos < 2) return;
    // Whoever lost the last second knows nothing of a handshake that was through.
    if (packet.qos < 2 || this.#world.lossyCuts > 0) {
      limit *= 1 + this.#world.crashes - record.crashesBefore;
    }
    if (count > limit) {
      throw new Violation(`${name} for the ${count}th time at QoS ${packet.qos}: ${limit} can be`);
    }
  }

  /** One publisher's messages on one topic at one QoS come in their order, the first time. [MQTT-4.6.0-6] */
  #checkOrder(
    packet: Publish,
    record: PublishRecord,
    matching: readonly SubRecord[],
    name: string,
    { order, seen }: Incarnation,
  ): void {
    if (seen.has(record.id)) return;
    // Sent again, it may be new to those who did not get it before, though they got those after it.
    if (record.qos === 1 && record.attempts > 1) return;
    // What a shared subscription gave to another member may come later.
    if (matching.some((sub) => sub.isShared)) return;
    // A fault has cost the client this message, and whoever lost the last second has lost that it is deleted: it comes after all.
    if (this.#world.chaos !== undefined && this.#world.lossyCuts > 0) return;
    const key = `${record.publisherId} ${record.topicName} ${record.qos} ${packet.qos}`;
    const last = order.get(key) ?? -1;
    if (record.id < last) throw new Violation(`${name} after #${last} [MQTT-4.6.0-6]`);
    order.set(key, record.id);
  }
}

/** The message's number, and bytes that follow from it. */
function payloadOf(id: number, sizeBytes: number): Uint8Array {
  const payload = new Uint8Array(Math.max(4, sizeBytes));
  for (let i = 4; i < payload.length; i++) payload[i] = id * 31 + i;
  new DataView(payload.buffer).setUint32(0, id);
  return payload;
}

/** Without any time a message is for those alone to whom it can go at once, and says so. */
function checkInstant(
  { facts }: SimLink,
  packet: Publish,
  matching: readonly SubRecord[],
  name: string,
): void {
  const isKept = packet.retain && matching.every((sub) => !sub.retainAsPublished);
  if (isKept) throw new Violation(`${name} retained, expired [MQTT-3.3.2-5]`);
  const told = packet.properties?.messageExpiryInterval;
  if (facts.version === 5 && told !== 0) {
    throw new Violation(`${name} with ${told} seconds left of 0 [MQTT-3.3.2-6]`);
  }
}

/** Whether nothing of what travels with a message has changed. */
function areSame(got: Properties = {}, sent: Properties): boolean {
  const { userProperties = [], correlationData = EMPTY } = got;
  const { userProperties: pairs = [], correlationData: wanted = EMPTY } = sent;
  return isEqual(correlationData, wanted) && got.contentType === sent.contentType &&
    got.responseTopic === sent.responseTopic &&
    got.payloadFormatIndicator === sent.payloadFormatIndicator &&
    userProperties.length === pairs.length &&
    userProperties.every(([key, value], i) => key === pairs[i]![0] && value === pairs[i]![1]);
}

/** The subscription never was. */
function withdraw({ incarnation }: SimLink, sub: SubRecord): void {
  const { subs } = incarnation!;
  if (subs.includes(sub)) subs.splice(subs.indexOf(sub), 1);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function askToEnd(subs: readonly SubRecord[], wholeFilter: string, nowMs: number): void {
  for (const sub of subs) {
    if (sub.wholeFilter === wholeFilter) sub.endAskedAtMs = Math.min(sub.endAskedAtMs, nowMs);
  }
}
