import type { SimLink } from "./link.ts";
import {
  type DelayedWill,
  type Incarnation,
  type PublishRecord,
  type SubRecord,
  Violation,
  type WillState,
} from "./records.ts";

/** What of the store is on the disk, and what it was told, the process that comes included. */
export interface Durability {
  readonly writes: number;
  readonly durableWrites: number;
  readonly willRecoveryDelaySeconds: number;
}

/** A session as the broker has it. */
export interface Found {
  readonly expirySeconds: number;
  readonly expiresAtMs: number;
}

/** A will whose client was connected when the process ended. */
interface LostWill extends DelayedWill {
  /** It is certain when so many of the store's writes are on the disk. */
  readonly writes: number;
}

type Find = (clientId: string) => Found | undefined;

/**
 * Which sessions there must be at any time, and what becomes of each will: as the specification says, from when
 * connections began and ended.
 */
export class Sessions {
  readonly #current = new Map<string, Incarnation>();
  readonly all: Incarnation[] = [];
  /** Sessions that the broker may have or not, and nobody can tell: nothing is expected of them. */
  readonly unsure = new Set<string>();
  /** The store's writes when a session ended, and when a will was published or taken away. */
  readonly #endWrites = new Map<string, number>();
  /** Wills of clients whose sessions are not stored, and who have not come back since a crash. */
  readonly #lost = new Map<string, LostWill>();
  readonly #settled: { readonly record: PublishRecord; readonly writes: number }[] = [];
  /** Told of each will that is published now. */
  onWill: (record: PublishRecord) => void = () => {};

  get(clientId: string): Incarnation | undefined {
    return this.#current.get(clientId);
  }

  /** The broker has accepted a CONNECT. */
  admitted(link: SimLink, nowMs: number, writes: number): void {
    const { clientId, cleanStart, expirySeconds } = link.facts;
    let incarnation = this.#current.get(clientId);
    if (incarnation?.will?.isOrphan === true) {
      this.#settle(incarnation.will.record, "cancelled", writes);
      incarnation.will = undefined;
    }
    if (incarnation !== undefined && cleanStart) {
      this.#end(incarnation, nowMs, writes);
      incarnation = undefined;
    }
    link.isPresentExpected = incarnation !== undefined;
    link.admittedAtMs = nowMs;
    this.unsure.delete(clientId);
    incarnation ??= this.#begin(clientId, writes);
    if (incarnation.will !== undefined) this.#settle(incarnation.will.record, "cancelled", writes);
    incarnation.will = undefined;
    const lost = this.#lost.get(clientId);
    if (lost !== undefined) this.#settle(lost.record, "cancelled", writes);
    this.#lost.delete(clientId);
    incarnation.link = link;
    incarnation.expirySeconds = expirySeconds;
    incarnation.expiresAtMs = Infinity;
    incarnation.writes = writes;
    link.incarnation = incarnation;
  }

  /** The broker has ended the connection, or learned of its end. */
  ended(link: SimLink, nowMs: number, writes: number): void {
    const incarnation = link.incarnation!;
    if (incarnation.link !== link) throw new Violation("Two connections had one session");
    const { disconnect, facts } = link;
    incarnation.link = undefined;
    incarnation.writes = writes;
    const isHeard = disconnect !== undefined && link.handledBytes >= disconnect.endBytes;
    if (isHeard && disconnect.expirySeconds !== undefined) {
      incarnation.expirySeconds = disconnect.expirySeconds;
    }
    const { will } = facts;
    if (will !== undefined) {
      const { record } = will;
      const delaySeconds = Math.min(will.delaySeconds, incarnation.expirySeconds);
      if (isHeard && !disconnect.keepsWill) this.#settle(record, "cancelled", writes);
      else if (delaySeconds === 0) this.#publish(record, writes);
      else {
        record.will = "delayed";
        incarnation.will = { record, dueAtMs: nowMs + delaySeconds * 1000, isOrphan: false };
      }
    }
    if (incarnation.expirySeconds === 0) this.#end(incarnation, nowMs, writes);
    else incarnation.expiresAtMs = nowMs + incarnation.expirySeconds * 1000;
  }

  /** The broker has looked at the clock: what was due is done. */
  tick(nowMs: number, writes: number): void {
    for (const [clientId, { record, dueAtMs }] of this.#lost) {
      if (dueAtMs > nowMs) continue;
      this.#lost.delete(clientId);
      this.#publish(record, writes);
    }
    for (const incarnation of this.#current.values()) {
      if (incarnation.link !== undefined) continue;
      if (incarnation.will !== undefined && incarnation.will.dueAtMs <= nowMs) {
        const { record } = incarnation.will;
        incarnation.will = undefined;
        this.#publish(record, writes);
      }
      if (incarnation.expiresAtMs <= nowMs) this.#end(incarnation, nowMs, writes);
    }
  }

  /**
   * The broker's process died, and another has its store's content. What was on the disk has to be there; of the rest it is
   * taken as it is.
   */
  crashed(nowMs: number, durable: Durability, find: Find): void {
    for (const [clientId, { record, writes }] of this.#lost) {
      if (writes <= durable.durableWrites) continue;
      this.#lost.delete(clientId);
      record.will = "unsure";
    }
    for (const incarnation of [...this.#current.values()]) {
      const { clientId, link } = incarnation;
      const will = link === undefined ? undefined : this.#bereave(incarnation, nowMs, durable);
      this.#crash(incarnation, nowMs, durable, find(clientId));
      if (will === undefined) continue;
      if (incarnation.isOver) this.#lost.set(clientId, { ...will, writes: durable.writes });
      else incarnation.will = will;
    }
    for (const [clientId, writes] of this.#endWrites) {
      // Its end was not on the disk.
      if (writes > durable.durableWrites && find(clientId) !== undefined) this.unsure.add(clientId);
    }
    this.#endWrites.clear();
    for (const { record, writes } of this.#settled.splice(0)) {
      if (writes > durable.durableWrites) record.will = "unsure";
    }
  }

  /** The will of a client that was connected, if it is certain that it is stored: it waits for the client to come back. */
  #bereave(
    { link, writes, expirySeconds }: Incarnation,
    nowMs: number,
    { durableWrites, willRecoveryDelaySeconds }: Durability,
  ): Incarnation["will"] {
    const { will } = link!.facts;
    if (will === undefined) return undefined;
    const { record } = will;
    const isStored = expirySeconds > 0 || record.retain;
    record.will = isStored && writes <= durableWrites ? "delayed" : "unsure";
    if (record.will === "unsure") return undefined;
    const delaySeconds = Math.min(will.delaySeconds, expirySeconds);
    const waitSeconds = Math.max(delaySeconds, willRecoveryDelaySeconds);
    return { record, dueAtMs: nowMs + waitSeconds * 1000, isOrphan: true };
  }

  #crash(
    incarnation: Incarnation,
    nowMs: number,
    { writes, durableWrites }: Durability,
    found: Found | undefined,
  ): void {
    const { clientId, link } = incarnation;
    const isCertain = incarnation.writes <= durableWrites;
    if (!isCertain && incarnation.will !== undefined) {
      incarnation.will.record.will = "unsure";
      incarnation.will = undefined;
    }
    incarnation.link = undefined;
    if (incarnation.expirySeconds > 0 && incarnation.beganWrites <= durableWrites) {
      if (!isCertain) incarnation.expirySeconds = found?.expirySeconds ?? incarnation.expirySeconds;
      if (!isCertain) incarnation.expiresAtMs = found?.expiresAtMs ?? nowMs;
      else if (link !== undefined) {
        incarnation.expiresAtMs = nowMs + incarnation.expirySeconds * 1000;
      }
      if (incarnation.expiresAtMs > nowMs && found === undefined) {
        throw new Violation(`Session of ${clientId} was stored, and is gone after a crash`);
      }
      // That its time runs from now on was written just now.
      incarnation.writes = isCertain && link === undefined ? 0 : writes;
      incarnation.beganWrites = 0;
      return;
    }
    if (isCertain && found !== undefined) {
      throw new Violation(
        `Session of ${clientId} was not to be stored, and is there after a crash`,
      );
    }
    this.#end(incarnation, nowMs, 0);
    if (found !== undefined) this.unsure.add(clientId);
  }

  #begin(clientId: string, writes: number): Incarnation {
    const incarnation: Incarnation = {
      clientId,
      subs: [] as SubRecord[],
      link: undefined,
      expirySeconds: 0,
      expiresAtMs: Infinity,
      isOver: false,
      writes,
      beganWrites: writes,
      will: undefined,
      seen: new Set(),
      copies: new Map(),
      order: new Map(),
    };
    this.#current.set(clientId, incarnation);
    this.all.push(incarnation);
    return incarnation;
  }

  #end(incarnation: Incarnation, nowMs: number, writes: number): void {
    this.#endWrites.set(incarnation.clientId, writes);
    incarnation.isOver = true;
    this.#current.delete(incarnation.clientId);
    for (const sub of incarnation.subs) sub.endedAtMs = Math.min(sub.endedAtMs, nowMs);
    if (incarnation.will !== undefined) this.#publish(incarnation.will.record, writes);
    incarnation.will = undefined;
  }

  #publish(record: PublishRecord, writes: number): void {
    this.#settle(record, "due", writes);
    this.onWill(record);
  }

  #settle(record: PublishRecord, will: WillState, writes: number): void {
    record.will = will;
    this.#settled.push({ record, writes });
  }
}
