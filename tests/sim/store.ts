import type {
  Delivery,
  InFlight,
  KeptMessage,
  Store,
  StoredDelivery,
  StoredSession,
  StoredState,
  StoredWill,
  Subscription,
} from "../../lib/broker/mod.ts";
import type { Random } from "../support/random.ts";
import type { Scheduler } from "./scheduler.ts";

interface Row {
  expirySeconds: number;
  expiresAtMs: number;
  readonly subscriptions: Map<string, Subscription>;
  readonly deliveries: Map<number, StoredDelivery>;
  readonly received: Set<number>;
  will: StoredWill | undefined;
}

/** What is on the disk: it outlives every crash. */
export class Disk {
  readonly sessions = new Map<string, Row>();
  readonly retained = new Map<string, KeptMessage>();

  load(): StoredState {
    const sessions: StoredSession[] = [];
    for (const [clientId, row] of this.sessions) {
      sessions.push({
        clientId,
        expirySeconds: row.expirySeconds,
        expiresAtMs: row.expiresAtMs,
        subscriptions: [...row.subscriptions.values()],
        deliveries: [...row.deliveries.entries()].sort(([a], [b]) => a - b).map(([, d]) => d),
        received: [...row.received],
        will: row.will,
      });
    }
    return { sessions, retained: [...this.retained.values()] };
  }
}

type Operation = (disk: Disk) => void;

/**
 * A store whose commits take their time, and which a crash can take away with all that was not committed: what it was
 * told is done on the disk when the commit is through.
 */
export class SimStore implements Store {
  writes = 0;
  /** Of the writes so many are on the disk. */
  durableWrites = 0;
  isFailing = false;
  readonly #disk: Disk;
  readonly #clock: Scheduler;
  readonly #random: Random;
  readonly #maxCommitMs: number;
  readonly #turn: (action: () => void) => void;
  #operations: Operation[] = [];
  #pending = 0;
  #lastMs = 0;
  #isGone = false;

  /** `turn` is called around the answers, for they make the broker act. */
  constructor(
    disk: Disk,
    clock: Scheduler,
    random: Random,
    maxCommitMs: number,
    turn: (action: () => void) => void,
  ) {
    this.#disk = disk;
    this.#clock = clock;
    this.#random = random;
    this.#maxCommitMs = maxCommitMs;
    this.#turn = turn;
  }

  /** The process is dead: what is not on the disk never will be. */
  crash(): void {
    this.#isGone = true;
  }

  commit(done: () => void): void {
    const operations = this.#operations;
    const { writes } = this;
    this.#operations = [];
    const finish = () => {
      for (const operation of operations) operation(this.#disk);
      this.durableWrites = writes;
      done();
    };
    const delayMs = this.#random.int(this.#maxCommitMs + 1);
    if (delayMs === 0 && this.#pending === 0) return finish();
    this.#pending++;
    this.#lastMs = Math.max(this.#lastMs, this.#clock.nowMs + delayMs);
    this.#clock.at(this.#lastMs, () => {
      if (this.#isGone) return;
      this.#pending--;
      this.#turn(finish);
    });
  }

  putSession(clientId: string, expirySeconds: number, expiresAtMs: number): void {
    this.#write(({ sessions }) => {
      const row = sessions.get(clientId);
      if (row !== undefined) Object.assign(row, { expirySeconds, expiresAtMs });
      else {
        sessions.set(clientId, {
          expirySeconds,
          expiresAtMs,
          subscriptions: new Map(),
          deliveries: new Map(),
          received: new Set(),
          will: undefined,
        });
      }
    });
  }

  deleteSession(clientId: string): void {
    this.#write(({ sessions }) => void sessions.delete(clientId));
  }

  putSubscription(clientId: string, subscription: Subscription): void {
    this.#row(clientId, (row) => row.subscriptions.set(subscription.topicFilter, subscription));
  }

  deleteSubscription(clientId: string, topicFilter: string): void {
    this.#row(clientId, (row) => row.subscriptions.delete(topicFilter));
  }

  putDelivery(clientId: string, delivery: Delivery): void {
    this.#row(clientId, (row) => {
      row.deliveries.set(delivery.sequence, { delivery, packetId: 0, state: "published" });
    });
  }

  putInFlight(
    clientId: string,
    sequence: number,
    packetId: number,
    state: InFlight["state"],
  ): void {
    this.#row(clientId, (row) => {
      const stored = row.deliveries.get(sequence);
      if (stored !== undefined) row.deliveries.set(sequence, { ...stored, packetId, state });
    });
  }

  deleteDelivery(clientId: string, delivery: Delivery): void {
    this.#row(clientId, (row) => row.deliveries.delete(delivery.sequence));
  }

  putReceived(clientId: string, packetId: number): void {
    this.#row(clientId, (row) => row.received.add(packetId));
  }

  deleteReceived(clientId: string, packetId: number): void {
    this.#row(clientId, (row) => row.received.delete(packetId));
  }

  putRetained(message: KeptMessage): void {
    this.#write(({ retained }) => void retained.set(message.topicName, message));
  }

  deleteRetained(topicName: string): void {
    this.#write(({ retained }) => void retained.delete(topicName));
  }

  putWill(clientId: string, will: StoredWill): void {
    this.#row(clientId, (row) => row.will = will);
  }

  deleteWill(clientId: string): void {
    this.#row(clientId, (row) => row.will = undefined);
  }

  /** What belongs to a session that the store does not have is nothing. */
  #row(clientId: string, change: (row: Row) => void): void {
    this.#write(({ sessions }) => {
      const row = sessions.get(clientId);
      if (row !== undefined) change(row);
    });
  }

  #write(operation: Operation): void {
    this.writes++;
    this.#operations.push(operation);
  }
}
