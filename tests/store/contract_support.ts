import type { Properties, Qos, Will } from "../../lib/codec/mod.ts";
import type {
  Delivery,
  KeptMessage,
  Message,
  QueuePage,
  QueueQuery,
  RetainedMessage,
  Store,
  StoredSession,
  StoredState,
  Subscription,
} from "../../lib/broker/mod.ts";

/** A store under test. */
export interface OpenStore {
  /** As it is open now: another object, perhaps, after `reopen`. */
  readonly store: Store;
  /** Ends the store as a crash does, opens it again and says what it remembers. */
  reopen(): Promise<StoredState>;
  close(): Promise<void>;
}

/** Registers one test with a store of its own. */
export type Test = (what: string, run: (opened: OpenStore) => Promise<void>) => void;

/** Commits what was written and waits until that is done. */
export function committed(store: Store): Promise<void> {
  return new Promise((resolve) => store.commit(resolve));
}

/**
 * Waits until all is written. A commit does not wait for the deletion of what is in flight, but what comes and goes makes it wait for all
 * that there is.
 */
export function written(store: Store): Promise<void> {
  const passing = { ...aMessage({ topicName: "passing" }), storePlace: 0 };
  store.putRetained(passing);
  store.deleteRetained(passing);
  return committed(store);
}

/** What a store says after a commit and a crash. */
export async function stateAfterCommit(opened: OpenStore) {
  await written(opened.store);
  return stateOf(await opened.reopen());
}

/** The sessions that a store says after a commit and a crash, by Client Identifier. */
export async function sessionsAfterCommit(opened: OpenStore): Promise<StoredSession[]> {
  return (await stateAfterCommit(opened)).sessions;
}

/** What a store says, in an order of ours where it owes none, and without its own numbers. */
export function stateOf(
  state: StoredState,
): { sessions: StoredSession[]; retained: Message[] } {
  const sessions = sorted(state).map((session) => ({
    ...session,
    subscriptions: sortedByFilter(session.subscriptions),
    received: session.received.toSorted((a, b) => a - b),
    deliveries: session.deliveries.map((stored) => ({
      ...stored,
      delivery: forComparison(stored.delivery),
    })),
  }));
  const retained = [...state.retained].sort((a, b) => compare(a.topicName, b.topicName));
  return { sessions, retained: retained.map(messageForComparison) };
}

/** What a store says, with what it reads only when it is asked. */
export async function withQueues(store: Store, state: StoredState): Promise<StoredState> {
  const sessions: StoredSession[] = [];
  for (const { queue, ...session } of state.sessions) {
    const waiting = queue === undefined ? [] : await readAll(store, session.clientId);
    const deliveries = [
      ...session.deliveries,
      ...waiting.map((delivery) => ({ delivery, packetId: 0, state: "published" as const })),
    ];
    const isReleased = ({ state }: { readonly state: string }) => state === "released";
    sessions.push({
      ...session,
      deliveries: [
        ...deliveries.filter((one) => !isReleased(one))
          .sort((a, b) => a.delivery.sequence - b.delivery.sequence),
        ...deliveries.filter(isReleased),
      ],
    });
  }
  return { ...state, sessions };
}

/** All that waits in the store alone, read a part at a time. */
export async function readAll(store: Store, clientId: string, maxMessages = 100) {
  const all: Delivery[] = [];
  for (;;) {
    const afterSequence = all.at(-1)?.sequence ?? 0;
    const { deliveries } = await readQueue(store, clientId, { afterSequence, maxMessages });
    if (deliveries.length === 0) return all;
    all.push(...deliveries);
  }
}

/** A part of what waits in the store alone; what a test says nothing about is ordinary. */
export function readQueue(
  store: Store,
  clientId: string,
  query: Partial<QueueQuery> = {},
): Promise<QueuePage> {
  const asked = { afterSequence: 0, maxMessages: 1000, maxBytes: 1e9, ...query };
  return new Promise((resolve) => store.readQueue!(clientId, asked, resolve));
}

/** The sessions by Client Identifier. */
export function sorted(state: Pick<StoredState, "sessions">): StoredSession[] {
  return [...state.sessions].sort((a, b) => compare(a.clientId, b.clientId));
}

/** Subscriptions as they compare: a store owes them no order. */
export function sortedByFilter(subscriptions: readonly Subscription[]): Subscription[] {
  return subscriptions.toSorted((a, b) => compare(a.topicFilter, b.topicFilter));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Without the store's own number. */
export function forComparison<T extends { readonly message: KeptMessage }>(of: T): T {
  return { ...of, message: { ...of.message, storeId: 0 } };
}

/** Without any store's number or place. */
export function messageForComparison(message: Message): Message {
  const { topicName, payload, qos, retain, properties, expiresAtMs, publisherId } = message;
  return { topicName, payload, qos, retain, properties, expiresAtMs, publisherId };
}

/** Of all deliveries, as they come. */
export function sequences(session: StoredSession): number[] {
  return session.deliveries.map(({ delivery }) => delivery.sequence);
}

/** A message; what a test says nothing about is ordinary. */
export function aMessage(given: Partial<KeptMessage> = {}): KeptMessage {
  return {
    topicName: "a/b",
    payload: Uint8Array.of(1, 2, 3),
    qos: 1,
    retain: false,
    properties: undefined,
    expiresAtMs: Infinity,
    publisherId: "publisher",
    ...given,
    storeId: 0,
  };
}

/** What a broker retains, and tells its store: which message was on the topic before as well. */
export class Retainer {
  readonly #store: Pick<Store, "putRetained" | "deleteRetained">;
  readonly #messages = new Map<string, RetainedMessage>();

  /** `retained`: what the store has said. */
  constructor(
    store: Pick<Store, "putRetained" | "deleteRetained">,
    retained: Iterable<Message> = [],
  ) {
    this.#store = store;
    for (const message of retained) {
      this.#messages.set(message.topicName, { ...message, storePlace: 0 });
    }
  }

  /** A message; what a test says nothing about is ordinary. */
  put(given: Partial<Message> = {}): void {
    const message = { ...messageForComparison(aMessage(given)), storePlace: 0 };
    this.#store.putRetained(message, this.#messages.get(message.topicName));
    this.#messages.set(message.topicName, message);
  }

  delete(topicName: string): void {
    this.#store.deleteRetained(this.#messages.get(topicName));
    this.#messages.delete(topicName);
  }
}

/** A delivery of a message of its own, or of the one given. */
export function delivery(sequence: number, qos: Qos = 1, message = aMessage()): Delivery {
  return {
    message,
    qos,
    retain: false,
    subscriptionIdentifiers: undefined,
    share: undefined,
    sequence,
  };
}

/** A subscription without options. */
export function subscription(topicFilter: string, qos: Qos = 1): Subscription {
  return {
    topicFilter,
    qos,
    noLocal: false,
    retainAsPublished: false,
    subscriptionIdentifier: 0,
  };
}

/** A will; what a test says nothing about is ordinary. */
export function aWill(given: Partial<Will> = {}): Will {
  return { topicName: "will", payload: Uint8Array.of(7), qos: 1, retain: false, ...given };
}

/** A session to which nothing belongs. */
export function emptySession(
  clientId: string,
  expirySeconds = 60,
  expiresAtMs = Infinity,
): StoredSession {
  return {
    clientId,
    expirySeconds,
    expiresAtMs,
    subscriptions: [],
    deliveries: [],
    received: [],
    will: undefined,
  };
}

/** Puts one of everything; the deliveries' sequences are `first` and the next. */
export function fillSession(store: Store, clientId: string, first = 1): void {
  const { subscriptions, deliveries, received, will, ...session } = filledSession(
    clientId,
    60,
    Infinity,
    first,
  );
  store.putSession(session.clientId, session.expirySeconds, session.expiresAtMs);
  for (const one of subscriptions) store.putSubscription(clientId, one);
  for (const { delivery, packetId, state } of deliveries) {
    store.putDelivery(clientId, delivery);
    if (packetId > 0) store.putInFlight(clientId, delivery.sequence, packetId, state);
  }
  for (const packetId of received) store.putReceived(clientId, packetId);
  store.putWill(clientId, will!);
}

/** A session to which one of everything belongs; the deliveries' sequences are `first` and the next. */
export function filledSession(
  clientId: string,
  expirySeconds = 60,
  expiresAtMs = Infinity,
  first = 1,
): StoredSession {
  return {
    ...emptySession(clientId, expirySeconds, expiresAtMs),
    subscriptions: [subscription("t"), subscription("u/#", 2)],
    deliveries: [
      { delivery: delivery(first), packetId: 0, state: "published" },
      { delivery: delivery(first + 1, 2), packetId: 5, state: "published" },
    ],
    received: [3, 4],
    will: { will: aWill(), dueAtMs: 99 },
  };
}

/** All properties that a message takes along. */
export const ALL_PROPERTIES: Properties = {
  payloadFormatIndicator: 1,
  contentType: "text/plain",
  responseTopic: "r/é",
  correlationData: Uint8Array.of(0, 255),
  userProperties: [["k", "1"], ["k", "0"]],
};
