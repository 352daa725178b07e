import type { ProtocolVersion, Puback, Pubcomp, Pubrec } from "../../lib/codec/mod.ts";
import type { Packet, Properties } from "../../lib/codec/mod.ts";
import { type PublishRecord, Violation } from "./records.ts";
import type { World } from "./world.ts";

/** What a 5.0 client is told of a topic that is one by itself, but not on this listener. */
const TOPIC_NAME_INVALID = 0x90;

/** A message of QoS 1 or 2 that the broker does not have for good. */
interface Entry {
  readonly record: PublishRecord;
  /** 0: it was never sent. */
  packetId: number;
  /** The broker has it (QoS 2): PUBREL is what it gets again. */
  isReleased: boolean;
  /** It was sent on this connection, and counts against the broker's Receive Maximum. */
  isOnWire: boolean;
  isCounted: boolean;
}

/** Messages on their way from one model client to the broker, across its connections. */
export class Outgoing {
  readonly #world: World;
  readonly #version: ProtocolVersion;
  readonly #send: (packet: Packet) => void;
  #entries: Entry[] = [];
  #lastPacketId = 0;
  #isConnected = false;
  #quota = 0;
  #aliasMaximum = 0;
  readonly #aliases = new Map<string, number>();
  /** Packet ids in the order in which their acknowledgements have to come. */
  #pubacks: number[] = [];
  #pubrecs: number[] = [];

  constructor(world: World, version: ProtocolVersion, send: (packet: Packet) => void) {
    this.#world = world;
    this.#version = version;
    this.#send = send;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  publish(record: PublishRecord): void {
    if (record.qos === 0) return this.#put(record, 0, false);
    this.#entries.push({
      record,
      packetId: 0,
      isReleased: false,
      isOnWire: false,
      isCounted: false,
    });
    this.#pump();
  }

  connected(properties: Properties): void {
    this.#isConnected = true;
    this.#quota = properties.receiveMaximum ?? (this.#version === 5 ? 65_535 : 50);
    this.#aliasMaximum = properties.topicAliasMaximum ?? 0;
    this.#pump();
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#aliases.clear();
    this.#pubacks = [];
    this.#pubrecs = [];
    for (const entry of this.#entries) entry.isOnWire = entry.isCounted = false;
  }

  /** The session is gone, and what was under way with it. */
  reset(): void {
    this.#entries = [];
  }

  puback({ packetId, reasonCode }: Puback): void {
    const entry = this.#find(packetId, 1, "PUBACK");
    expectNext(this.#pubacks, packetId, "PUBACK");
    this.#acknowledged(entry, reasonCode);
    this.#finish(entry);
  }

  pubrec({ packetId, reasonCode }: Pubrec): void {
    const entry = this.#find(packetId, 2, "PUBREC");
    expectNext(this.#pubrecs, packetId, "PUBREC");
    if (entry.isReleased) throw new Violation(`A second PUBREC for packet id ${packetId}`);
    this.#acknowledged(entry, reasonCode);
    if (reasonCode >= 0x80) return this.#finish(entry);
    entry.isReleased = true;
    this.#send({ type: "pubrel", packetId, reasonCode: 0 });
  }

  pubcomp({ packetId }: Pubcomp): void {
    const entry = this.#find(packetId, 2, "PUBCOMP");
    if (!entry.isReleased) throw new Violation(`PUBCOMP for packet id ${packetId} before PUBREC`);
    this.#finish(entry);
  }

  freePacketId(isTaken: (packetId: number) => boolean): number {
    do this.#lastPacketId = this.#lastPacketId % 65_535 + 1; while (
      isTaken(this.#lastPacketId) ||
      this.#entries.some((entry) => entry.packetId === this.#lastPacketId)
    );
    return this.#lastPacketId;
  }

  /** In order; what does not fit the Receive Maximum waits, and all behind it. */
  #pump(): void {
    if (!this.#isConnected) return;
    for (const entry of this.#entries) {
      if (entry.isOnWire) continue;
      const { record } = entry;
      if (entry.isReleased) {
        this.#send({ type: "pubrel", packetId: entry.packetId, reasonCode: 0 });
      } else {
        if (this.#quota === 0) return;
        this.#quota--;
        entry.isCounted = true;
        if (entry.packetId === 0) entry.packetId = this.freePacketId(() => false);
        (record.qos === 1 ? this.#pubacks : this.#pubrecs).push(entry.packetId);
        this.#put(record, entry.packetId, record.attempts > 0);
      }
      entry.isOnWire = true;
    }
  }

  #put(record: PublishRecord, packetId: number, dup: boolean): void {
    record.sentAtMs = Math.min(record.sentAtMs, this.#world.clock.nowMs);
    if (record.attempts++ === 0) record.crashesBefore = this.#world.crashes;
    const { topicName, properties } = this.#aliased(record);
    const { payload, qos, retain } = record;
    this.#send({ type: "publish", topicName, payload, qos, retain, dup, packetId, properties });
  }

  #aliased({ topicName, properties }: PublishRecord) {
    const { random } = this.#world;
    if (this.#version < 5 || this.#aliasMaximum === 0 || random.bool()) {
      return { topicName, properties };
    }
    const known = this.#aliases.get(topicName);
    if (known !== undefined) {
      return { topicName: "", properties: { ...properties, topicAlias: known } };
    }
    const topicAlias = 1 + random.int(this.#aliasMaximum);
    for (const [other, alias] of this.#aliases) {
      if (alias === topicAlias) this.#aliases.delete(other);
    }
    this.#aliases.set(topicName, topicAlias);
    return { topicName, properties: { ...properties, topicAlias } };
  }

  #find(packetId: number, qos: number, type: string): Entry {
    const entry = this.#entries.find((entry) => entry.packetId === packetId);
    if (entry === undefined || entry.record.qos !== qos || !entry.isOnWire) {
      throw new Violation(`${type} for packet id ${packetId}, which does not wait for it`);
    }
    return entry;
  }

  #acknowledged({ record }: Entry, reasonCode: number): void {
    // One that went out before may have been taken then, and that is in doubt for good.
    if (reasonCode >= 0x80 && record.attempts > 1) return;
    if (!record.isTaken && this.#version === 5 && reasonCode !== TOPIC_NAME_INVALID) {
      throw new Violation(`#${record.id} was answered with ${reasonCode}, and its topic is none`);
    }
    if (record.isTaken && reasonCode === TOPIC_NAME_INVALID) {
      throw new Violation(`#${record.id} was refused for its topic, which is one`);
    }
    record.ackedAtMs = this.#world.clock.nowMs;
    record.isRefused = reasonCode >= 0x80;
  }

  #finish(entry: Entry): void {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    if (entry.isCounted) this.#quota++;
    this.#pump();
  }
}

/** Acknowledgements come in the order of what they acknowledge, as a client's have to. */
function expectNext(expected: number[], packetId: number, type: string): void {
  const next = expected.shift();
  if (next !== packetId) {
    throw new Violation(`${type} for packet id ${packetId} came before that for ${next}`);
  }
}
