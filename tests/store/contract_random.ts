import { deepEqual } from "node:assert/strict";
import type { StoredDelivery, StoredSession } from "../../lib/broker/mod.ts";
import { StoredInFlight } from "../../lib/session/in_flight.ts";
import type { Random } from "../support/random.ts";
import {
  aMessage,
  aWill,
  delivery,
  emptySession,
  forComparison,
  type OpenStore,
  Retainer,
  sorted,
  sortedByFilter,
  stateOf,
  subscription,
  written,
} from "./contract_support.ts";

/** Writes whatever comes to mind into a store and a model of it, and compares after each crash. */
export async function playRandomly(opened: OpenStore, random: Random): Promise<void> {
  const play = new Play(opened, random);
  for (let step = 0; step < 600; step++) await random.pick(ACTIONS)(play);
  await play.crash();
}

const ACTIONS: readonly ((play: Play) => void | Promise<void>)[] = [
  (play) => play.putSession(),
  (play) => play.putSession(),
  (play) => play.random.int(4) === 0 ? play.deleteSession() : undefined,
  (play) => play.putSubscription(),
  (play) => play.deleteSubscription(),
  (play) => play.putDelivery(),
  (play) => play.putDelivery(),
  (play) => play.putDelivery(),
  (play) => play.putSent(),
  (play) => play.deleteDelivery(),
  (play) => play.putInFlight(),
  (play) => play.changeReceived(),
  (play) => play.changeRetained(),
  (play) => play.changeRetained(),
  (play) => play.changeWill(),
  (play) => play.random.int(3) > 0 ? play.commit() : play.crash(),
];

/** A store and what it should say. */
class Play {
  /** As of the last write, and as of the last commit. */
  #model = new Map<string, StoredSession>();
  #safe = new Map<string, StoredSession>();
  /** First bytes of the retained messages. */
  #retained = new Map<string, number>();
  #safeRetained = new Map<string, number>();
  #retainer: Retainer;
  #sequence = 0;
  #shared = aMessage();
  /** What was sent at once, by sequence. */
  readonly #sent = new Map<number, StoredInFlight>();

  constructor(readonly opened: OpenStore, readonly random: Random) {
    this.#retainer = new Retainer(opened.store);
  }

  putSession(): void {
    const clientId = this.#clientId();
    const expirySeconds = this.random.pick([1, 60, Infinity]);
    const expiresAtMs = this.random.pick([5, 1e12, Infinity]);
    this.opened.store.putSession(clientId, expirySeconds, expiresAtMs);
    const session = this.#model.get(clientId) ?? emptySession(clientId);
    this.#model.set(clientId, { ...session, expirySeconds, expiresAtMs });
  }

  deleteSession(): void {
    const clientId = this.#clientId();
    this.opened.store.deleteSession(clientId);
    this.#model.delete(clientId);
  }

  putSubscription(): void {
    const clientId = this.#clientId();
    const one = subscription(this.random.pick(["x", "y", "z"]), this.random.pick([0, 1, 2]));
    this.opened.store.putSubscription(clientId, one);
    this.#change(clientId, ({ subscriptions }) => {
      const others = subscriptions.filter(({ topicFilter }) => topicFilter !== one.topicFilter);
      return { subscriptions: sortedByFilter([...others, one]) };
    });
  }

  deleteSubscription(): void {
    const clientId = this.#clientId();
    const filter = this.random.pick(["x", "y", "z"]);
    this.opened.store.deleteSubscription(clientId, filter);
    this.#change(clientId, ({ subscriptions }) => ({
      subscriptions: subscriptions.filter(({ topicFilter }) => topicFilter !== filter),
    }));
  }

  putDelivery(): void {
    const clientId = this.#clientId();
    const { random } = this;
    if (random.bool()) this.#shared = aMessage({ payload: random.bytes(random.int(20)) });
    const one = delivery(++this.#sequence, random.pick([0, 1, 2]), this.#shared);
    this.opened.store.putDelivery(clientId, one);
    const stored = { delivery: forComparison(one), packetId: 0, state: "published" } as const;
    this.#change(clientId, ({ deliveries }) => ({ deliveries: [...deliveries, stored] }));
  }

  /** As the core does it with a message for one connected client. */
  putSent(): void {
    const { store } = this.opened;
    if (store.putSent === undefined) return;
    const clientId = this.#clientId();
    const sequence = ++this.#sequence;
    const packetId = 65_536 - sequence % 65_535;
    const bytes = this.random.bytes(1 + this.random.int(20));
    const payload = { bytes, at: 1, length: bytes.length - 1 };
    const sent = new StoredInFlight(packetId, sequence, "a/b", "publisher", payload);
    this.#sent.set(sequence, sent);
    store.putSent(clientId, sent);
    const stored = {
      delivery: forComparison(sent.toDelivery()),
      packetId,
      state: "published",
    } as const;
    this.#change(clientId, ({ deliveries }) => ({ deliveries: [...deliveries, stored] }));
  }

  deleteDelivery(): void {
    const clientId = this.#clientId();
    const deliveries = this.#model.get(clientId)?.deliveries ?? [];
    if (deliveries.length === 0) return;
    const stored = this.random.pick(deliveries);
    const { delivery } = stored;
    this.opened.store.deleteDelivery(clientId, this.#sent.get(delivery.sequence) ?? delivery);
    this.#change(clientId, ({ deliveries }) => ({
      deliveries: deliveries.filter((other) => other !== stored),
    }));
  }

  /** As the core does: what waited longest is published, and what is published is released once. */
  putInFlight(): void {
    const clientId = this.#clientId();
    const deliveries = this.#model.get(clientId)?.deliveries ?? [];
    const waiting = deliveries.find(({ packetId }) => packetId === 0);
    const published = deliveries.filter((one) =>
      isPublished(one) && !this.#sent.has(one.delivery.sequence)
    );
    if (published.length > 0 && this.random.bool()) {
      const stored = this.random.pick(published);
      const { delivery: { sequence }, packetId } = stored;
      this.opened.store.putInFlight(clientId, sequence, packetId, "released");
      const released: StoredDelivery = { ...stored, state: "released" };
      this.#change(clientId, () => ({
        deliveries: [...deliveries.filter((other) => other !== stored), released],
      }));
    } else if (waiting !== undefined) {
      const { sequence } = waiting.delivery;
      const sent: StoredDelivery = { ...waiting, packetId: 65_536 - sequence % 65_535 };
      this.opened.store.putInFlight(clientId, sequence, sent.packetId, "published");
      this.#change(clientId, () => ({
        deliveries: deliveries.map((other) => other === waiting ? sent : other),
      }));
    }
  }

  changeReceived(): void {
    const clientId = this.#clientId();
    const packetId = 1 + this.random.int(4);
    const isHeld = this.random.bool();
    if (isHeld) this.opened.store.putReceived(clientId, packetId);
    else this.opened.store.deleteReceived(clientId, packetId);
    this.#change(clientId, ({ received }) => {
      const others = received.filter((other) => other !== packetId);
      return { received: (isHeld ? [...others, packetId] : others).toSorted((a, b) => a - b) };
    });
  }

  /** With room made for it where there is no session. */
  changeWill(): void {
    const clientId = this.#clientId();
    const { store } = this.opened;
    const known = this.#model.get(clientId);
    if (this.random.bool()) {
      if (known === undefined) store.putSession(clientId, 0, Infinity);
      const will = {
        will: aWill({ payload: this.random.bytes(3) }),
        dueAtMs: this.random.pick([7, Infinity]),
      };
      store.putWill(clientId, will);
      this.#model.set(clientId, { ...known ?? emptySession(clientId, 0), will });
    } else {
      store.deleteWill(clientId);
      if (known?.expirySeconds === 0) this.#model.delete(clientId);
      else this.#change(clientId, () => ({ will: undefined }));
    }
  }

  changeRetained(): void {
    const topicName = this.random.pick(["r", "s", "t", "u", "v"]);
    if (this.random.bool()) {
      const value = this.random.int(256);
      this.#retainer.put({ topicName, payload: Uint8Array.of(value) });
      this.#retained.set(topicName, value);
    } else {
      this.#retainer.delete(topicName);
      this.#retained.delete(topicName);
    }
  }

  async commit(): Promise<void> {
    await written(this.opened.store);
    this.#safe = new Map(this.#model);
    this.#safeRetained = new Map(this.#retained);
  }

  async crash(): Promise<void> {
    const { sessions, retained } = stateOf(await this.opened.reopen());
    this.#retained = new Map(this.#safeRetained);
    this.#retainer = new Retainer(this.opened.store, retained);
    deepEqual(
      retained.map(({ topicName, payload }) => [topicName, payload[0]]),
      [
        ...this.#retained,
      ].sort(),
    );
    this.#model = new Map(this.#safe);
    const expected = sorted({ sessions: this.#model.values() });
    deepEqual(sessions.map(byStanding), expected.map(byStanding));
    this.#sent.clear();
    // Sharing begins anew: the old message is the broker's that crashed.
    this.#shared = aMessage();
  }

  #clientId(): string {
    return this.random.pick(["a", "b", "c"]);
  }

  #change(clientId: string, change: (session: StoredSession) => Partial<StoredSession>): void {
    const session = this.#model.get(clientId);
    if (session === undefined || session.expirySeconds === 0) return;
    this.#model.set(clientId, { ...session, ...change(session) });
  }
}

/** A session with its deliveries in the groups that each have an order. */
function byStanding(session: StoredSession) {
  const { deliveries, ...rest } = session;
  return {
    ...rest,
    waiting: deliveries.filter(({ packetId }) => packetId === 0),
    published: deliveries.filter(isPublished),
    released: deliveries.filter(({ state }) => state === "released"),
  };
}

function isPublished({ packetId, state }: StoredDelivery): boolean {
  return packetId > 0 && state === "published";
}
