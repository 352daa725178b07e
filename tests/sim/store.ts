import type {
  Delivery,
  QueuePage,
  QueueQuery,
  RetainedMessage,
  StoredRetained,
  StoredSession,
  StoredState,
} from "../../lib/broker/mod.ts";
import { GatheredRetained } from "../../lib/store/gathered_retained.ts";
import { MemoryStore, type TakenBatch } from "../../lib/store/memory_store.ts";
import type { Random } from "../support/random.ts";
import type { Scheduler } from "./scheduler.ts";

/** What an acknowledgement waits for. `always`: the fsync of its commit. `interval`: the commit; the fsync comes each second. */
export type Durability = "always" | "interval";

/**
 * What is wrong with a disk, for a test that the checks find it. `early`: it says that a commit is done before its fsync.
 * `forgetful`: it loses a row of what it has. `late`: with `interval` it is brought up to date every ten seconds.
 */
export type DiskFault = "early" | "forgetful" | "late";

/** What a disk is like. */
export interface DiskInit {
  readonly clock: Pick<Scheduler, "nowMs" | "at">;
  readonly random: Random;
  readonly durability: Durability;
  /** The longest that a commit takes from its call to its end, milliseconds. */
  readonly maxCommitMs: number;
  /** The longest that it takes to read a part of a queue, milliseconds. */
  readonly maxReadMs: number;
  /** Whether a process begins with all that waits in memory. */
  readonly loadsQueues: boolean;
  readonly fault: DiskFault | undefined;
  /** Called around what is done later, for that makes the broker act. */
  readonly turn: (action: () => void) => void;
  /** What has to be there when a commit is the last one that a crash leaves: of the broker as it is now. */
  readonly snapshot: () => string;
}

/** The disk of a broker that is one of several: nothing is acknowledged before its fsync, and nobody asks for snapshots. */
export function diskOfOne(
  init: Pick<DiskInit, "clock" | "random" | "maxCommitMs" | "turn">,
): DiskInit {
  const { random } = init;
  return {
    ...init,
    durability: "always",
    maxReadMs: random.pick([0, 5, 300]),
    loadsQueues: random.int(3) === 0,
    fault: undefined,
    snapshot: () => "",
  };
}

/** What is there after a crash: a prefix of the commits. */
export interface Survivor {
  /** The store's writes up to then. */
  readonly writes: number;
  /** The broker as it was then. */
  readonly snapshot: string;
}

interface Commit extends Survivor {
  readonly batch: TakenBatch;
}

/** With `interval`: how often the disk gets what was committed, milliseconds. */
const SYNC_INTERVAL_MS = 1000;

/**
 * A store on a simulated disk, which knows what was written from what was fsynced. Commits take their time, and keep their
 * order. A process that is killed leaves what was written, whether or not anybody was told that it is; a power cut leaves what
 * was fsynced, and perhaps some of what the disk has written since then by itself. What gathers of retained messages is the durable
 * store's own code, so that the core must say truly what they replace.
 */
export class SimStore extends MemoryStore {
  /** Of the writes so many are on the disk, whatever comes. */
  durableWrites = 0;
  readonly #init: DiskInit;
  /** Written, and not fsynced. */
  #cache: Commit[] = [];
  /** The last that is fsynced. */
  #synced: Survivor;
  /** Commits that are not done. */
  #pending = 0;
  #writtenMs = 0;
  #doneMs = 0;
  /** When the last answer is due. */
  #readMs = 0;
  #process = 0;
  #gathered = new GatheredRetained();
  /** What the disk has of them, by Topic Name. */
  readonly #retained = new Map<string, StoredRetained>();

  constructor(init: DiskInit, snapshot: string) {
    super();
    this.loadsQueues = init.loadsQueues;
    this.#init = init;
    this.#synced = { writes: 0, snapshot };
    this.#boot();
  }

  override putRetained(message: RetainedMessage, previous?: RetainedMessage): void {
    this.writes++;
    this.#gathered.put(message, previous);
  }

  override deleteRetained(message: RetainedMessage | undefined): void {
    this.writes++;
    if (message !== undefined) this.#gathered.delete(message);
  }

  protected override takeBatch(): TakenBatch {
    const { show, keep } = super.takeBatch();
    const { deleted, put } = this.#gathered.take(Infinity);
    this.#gathered = new GatheredRetained();
    // The broker uses their memory for others when it does not need them any more.
    const rows = put.map(asStored);
    const keepAll = () => {
      keep();
      for (const topicName of deleted) this.#retained.delete(topicName);
      for (const message of rows) this.#retained.set(message.topicName, message);
    };
    return { show, keep: keepAll };
  }

  /** Answers come in the order of the questions, and take their time; what is found is what is written when the answer leaves. */
  override readQueue(clientId: string, query: QueueQuery, done: (page: QueuePage) => void): void {
    const { clock, random, turn, maxReadMs } = this.#init;
    const id = this.sessionId(clientId);
    if (id === undefined) return done({ deliveries: [], nextExpiryMs: Infinity });
    const answer = () => {
      const { deliveries, nextExpiryMs } = this.findQueued(clientId, id, query);
      done({ deliveries: deliveries.map(readAnew), nextExpiryMs });
    };
    const delayMs = random.int(maxReadMs + 1);
    if (delayMs === 0 && this.#readMs <= clock.nowMs) return answer();
    this.#readMs = Math.max(this.#readMs, clock.nowMs + delayMs);
    // Of a session that has ended meanwhile there is nothing.
    this.#at(this.#readMs, () => turn(answer));
  }

  override commit(done?: () => void): void {
    const { clock, random, durability, maxCommitMs, fault, turn, snapshot } = this.#init;
    const commit = { writes: this.writes, snapshot: snapshot(), batch: this.takeBatch() };
    const isSynced = durability === "always";
    const delayMs = random.int(maxCommitMs + 1);
    const isDoneEarly = !isSynced || fault === "early";
    if (delayMs === 0 && this.#pending === 0) {
      this.#write(commit);
      if (isSynced && fault !== "early") this.#sync(this.#cache.length);
      done?.();
      if (isSynced) this.#sync(this.#cache.length);
      return;
    }
    this.#pending++;
    this.#writtenMs = Math.max(this.#writtenMs, clock.nowMs + random.int(delayMs + 1));
    this.#doneMs = Math.max(this.#doneMs, this.#writtenMs, clock.nowMs + delayMs);
    this.#at(this.#writtenMs, () => {
      this.#write(commit);
      if (isDoneEarly && done !== undefined) turn(done);
    });
    this.#at(this.#doneMs, () => {
      this.#pending--;
      // An fsync that began when this one was written: what came later is not in it.
      if (isSynced) this.#sync(this.#cache.indexOf(commit) + 1);
      if (!isDoneEarly && done !== undefined) turn(done);
    });
  }

  /** It cannot be written for so long: what waits is written then, and in the meantime nothing new is promised. */
  fail(durationMs: number): void {
    if (this.isFailing) return;
    const untilMs = this.#init.clock.nowMs + durationMs;
    this.isFailing = true;
    this.#writtenMs = Math.max(this.#writtenMs, untilMs);
    this.#pending++;
    this.#at(untilMs, () => {
      this.#pending--;
      this.isFailing = false;
    });
  }

  /** The process is dead: what it wrote is with the operating system, which writes it to the disk. */
  kill(): Survivor {
    return this.#restart(this.#cache.length);
  }

  /** The power is gone, and with it what was not fsynced, but for what the disk got by chance: the oldest of it. */
  cutPower(): Survivor {
    const { random } = this.#init;
    return this.#restart(random.bool() ? 0 : random.int(this.#cache.length + 1));
  }

  /** What the disk has, after a crash. */
  override load(): StoredState {
    const { sessions, nextSequence, position, shared } = super.load();
    const retained = [...this.#retained.values()];
    if (this.#init.fault !== "forgetful") {
      return { sessions, retained, nextSequence, position, shared };
    }
    let hasForgotten = false;
    const forget = <T>(rows: readonly T[]): readonly T[] => {
      if (hasForgotten || rows.length === 0) return rows;
      hasForgotten = true;
      return rows.slice(1);
    };
    return {
      nextSequence,
      position,
      retained: forget(retained),
      sessions: [...sessions].map((session) => ({
        ...session,
        deliveries: forget(session.deliveries),
        subscriptions: forget(session.subscriptions),
      })),
    };
  }

  /** What the disk has, as a backup of a store in use reads it. */
  backUp(): StoredState {
    return { ...this.committed, retained: [...this.#retained.values()] };
  }

  /**
   * The disk of a process that is dead is changed: some sessions leave it, and `state` comes to it, with all that is retained, and all that
   * waits for shared subscriptions.
   */
  rewrite(forgotten: readonly string[], state: StoredState): void {
    const before = super.load().shared ?? [];
    for (const clientId of forgotten) this.deleteSession(clientId);
    for (const session of state.sessions) this.#rewriteSession(session);
    this.#retained.clear();
    for (const message of state.retained) this.#retained.set(message.topicName, message);
    for (const { share, message } of before) this.deleteShared(share, message.logId ?? 0);
    for (const delivery of state.shared ?? []) this.putShared(delivery);
    if (state.position !== undefined) super.putPosition(state.position);
    const { show, keep } = super.takeBatch();
    show();
    keep();
  }

  #rewriteSession(session: StoredSession): void {
    const { clientId, expirySeconds, expiresAtMs, owner, will } = session;
    this.putSession(clientId, expirySeconds, expiresAtMs, owner);
    for (const one of session.subscriptions) this.putSubscription(clientId, one);
    for (const { delivery, packetId, state } of session.deliveries) {
      this.putDelivery(clientId, delivery);
      if (packetId > 0) this.putInFlight(clientId, delivery.sequence, packetId, state);
    }
    for (const packetId of session.received) this.putReceived(clientId, packetId);
    if (will !== undefined) this.putWill(clientId, will);
  }

  #write(commit: Commit): void {
    commit.batch.show();
    this.#cache.push(commit);
  }

  #restart(kept: number): Survivor {
    this.#process++;
    this.#readMs = 0;
    this.#gathered = new GatheredRetained();
    this.#pending = 0;
    this.isFailing = false;
    this.#sync(kept);
    this.#cache = [];
    this.durableWrites = this.#synced.writes;
    this.#boot();
    return this.#synced;
  }

  /** A process that begins brings to the disk what it finds. */
  #boot(): void {
    if (this.#init.durability === "interval") this.#syncLater();
  }

  #syncLater(): void {
    const { clock, fault } = this.#init;
    this.#at(clock.nowMs + (fault === "late" ? 10 : 1) * SYNC_INTERVAL_MS, () => {
      this.#sync(this.#cache.length);
      this.#syncLater();
    });
  }

  /** The disk has the oldest `count` of what was written. */
  #sync(count: number): void {
    for (const { batch, writes, snapshot } of this.#cache.splice(0, count)) {
      batch.keep();
      this.#synced = { writes, snapshot };
    }
    this.durableWrites = this.#synced.writes;
  }

  /** Something that a process does, unless it is dead by then. */
  #at(atMs: number, run: () => void): void {
    const process = this.#process;
    this.#init.clock.at(atMs, () => {
      if (process === this.#process) run();
    });
  }
}

/** A retained message as it is written: nothing of it is shared with the broker's. */
function asStored(message: RetainedMessage): StoredRetained {
  const { topicName, payload, qos, retain, properties, expiresAtMs, publisherId } = message;
  const { publisher, logId } = message;
  return {
    topicName,
    payload: payload.slice(),
    qos,
    retain,
    properties,
    expiresAtMs,
    publisherId,
    publisher,
    ...logId === undefined ? {} : { logId },
  };
}

/** A delivery as it comes from a disk: nothing of it is shared with what was written. */
function readAnew(delivery: Delivery): Delivery {
  const { message } = delivery;
  return { ...delivery, message: { ...message, payload: message.payload.slice() } };
}
