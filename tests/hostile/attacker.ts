import { encodePacket } from "../../lib/codec/mod.ts";
import { Random } from "../support/random.ts";
import { connectPacket } from "../support/raw_client.ts";
import { type Attack, ATTACKS } from "./attacks.ts";
import type { Door } from "./doors.ts";
import { firstBytes, Visit } from "./visit.ts";

/** What all who flood send together, as long as the attack lasts. */
export interface Flood {
  /** Of payload. */
  readonly bytesPerMs: number;
  readonly startedAtMs: number;
  sentBytes: number;
}

/** How often one attack was begun at each door. */
export type Tally = Map<string, Map<string, number>>;

/** One who attacks at one door in one way. */
export class Attacker {
  readonly door: Door;
  readonly random: Random;
  /** What is sent first at this door. */
  readonly firstBytes: Uint8Array;
  readonly flood: Flood;
  readonly #mob: Mob;

  constructor(door: Door, firstBytes: Uint8Array, random: Random, flood: Flood, mob: Mob) {
    this.door = door;
    this.firstBytes = firstBytes;
    this.random = random;
    this.flood = flood;
    this.#mob = mob;
  }

  get isOver(): boolean {
    return this.#mob.isOver;
  }

  /** A connection that has said nothing. */
  async open(): Promise<Visit> {
    const visit = await Visit.open(this.door, this.#mob.over);
    this.#mob.keep(visit);
    return visit;
  }

  /** A connection that can begin with CONNECT. */
  async enter(): Promise<Visit> {
    const visit = await this.open();
    await visit.enter();
    return visit;
  }

  /** Waits for that, for so long, or for the end of everything. */
  async until(what: Promise<unknown>, limitMs?: number): Promise<void> {
    if (limitMs === undefined) return void await Promise.race([what, this.#mob.over]);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise((resolve) => timer = setTimeout(resolve, limitMs));
    await Promise.race([what, late, this.#mob.over]);
    clearTimeout(timer);
  }

  pause(ms: number): Promise<void> {
    return this.until(this.#mob.over, ms);
  }
}

/** Everybody who attacks. When it is over they stop, and leave all that is still open as it is. */
export class Mob {
  readonly tally: Tally = new Map();
  readonly #visits = new Set<Visit>();
  readonly #over = Promise.withResolvers<void>();
  readonly #acting: Promise<void>[] = [];
  isOver = false;

  /** Sends them to all doors. `floodBytes` are sent in about `floodMs`, and it goes on at that pace. */
  static async send(
    doors: readonly Door[],
    random: Random,
    floodBytes: number,
    floodMs: number,
  ): Promise<Mob> {
    const mob = new Mob();
    const flood: Flood = {
      bytesPerMs: floodBytes / floodMs,
      startedAtMs: performance.now(),
      sentBytes: 0,
    };
    for (const door of doors) {
      const first = door.isProxied || door.isSecure || door.isWebSocket
        ? await firstBytes(door)
        : encodePacket(connectPacket({ clientId: "slow".repeat(50) }), 5);
      for (const attack of ATTACKS) {
        if (attack.isFor?.(door) === false) continue;
        for (let i = 0; i < attack.atOnce; i++) {
          const own = new Random(random.int(2 ** 31));
          mob.#set(attack, new Attacker(door, first, own, flood, mob));
        }
      }
    }
    return mob;
  }

  get over(): Promise<void> {
    return this.#over.promise;
  }

  keep(visit: Visit): void {
    this.#visits.add(visit);
    visit.gone.then(() => this.#visits.delete(visit));
  }

  /** They stop, but nobody hangs up. */
  async stop(): Promise<void> {
    this.isOver = true;
    this.#over.resolve();
    await Promise.all(this.#acting);
  }

  /** What is still open on their side is closed. */
  async goHome(): Promise<void> {
    await Promise.all([...this.#visits].map((visit) => {
      visit.leave();
      return visit.gone;
    }));
  }

  #set(attack: Attack, attacker: Attacker): void {
    const counts = this.tally.get(attack.name) ?? new Map<string, number>();
    this.tally.set(attack.name, counts);
    const { name } = attacker.door;
    this.#acting.push((async () => {
      while (!this.isOver) {
        counts.set(name, (counts.get(name) ?? 0) + 1);
        await attack.act(attacker);
      }
    })());
  }
}
