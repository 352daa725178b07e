import {
  type KeptMessage,
  ownerOf,
  type Publisher,
  type RetainedMessage,
  type Store,
} from "../broker/mod.ts";
import {
  MESSAGE_STATE,
  type MosquittoDatabase,
  type StoredClient,
  type StoredClientMessage,
  type StoredMessage,
} from "./database.ts";

/** Where a listener of mosquitto's is a listener of ours. */
export interface KnownListener {
  /** The port that the file names. */
  readonly port: number;
  /** {@linkcode ListenerOptions.name} */
  readonly name: string;
  /** {@linkcode ListenerOptions.mountPoint} */
  readonly mountPoint: string;
}

/** How much came along, and what did not. */
export interface CarriedOver {
  /** Sessions. */
  sessions: number;
  /** Subscriptions of these. */
  subscriptions: number;
  /** Messages that wait for a session. */
  queued: number;
  /** Messages that a session has not acknowledged. */
  inFlight: number;
  /** Retained messages. */
  retained: number;
  /** QoS 2 messages that mosquitto had received and not passed on: they are passed on. */
  released: number;
  /** Sessions that ended with their connection, or have expired. */
  endedSessions: number;
  /** Messages, retained or on their way, that have expired, or of which the file has no content. */
  goneMessages: number;
  /** Subscriptions and messages of sessions that are not among those that came along. */
  withoutSession: number;
}

/** What {@linkcode carryOver} needs. */
export interface CarryOverInit {
  readonly store: Store;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly listeners: readonly KnownListener[];
  /** Called now and then with how many records are done. */
  readonly progress: (done: number) => void;
}

/** Records that are written at a time. */
const BATCH_RECORDS = 2000;

/**
 * Puts what a mosquitto has stored into an empty store. Returns what came along, and the incoming QoS 2 messages that mosquitto has not
 * passed on yet: it does so at PUBREL, we do it at PUBLISH.
 */
export async function carryOver(
  database: MosquittoDatabase,
  init: CarryOverInit,
): Promise<{ readonly counts: CarriedOver; readonly held: readonly StoredMessage[] }> {
  const task = new CarryOver(database, init);
  let done = 0;
  for (const put of task.records()) {
    put();
    if (++done % BATCH_RECORDS > 0) continue;
    await committed(init.store);
    init.progress(done);
  }
  await committed(init.store);
  init.progress(done);
  return { counts: task.counts, held: task.held };
}

/** Records of a file: what {@linkcode CarriedOver} counts, more or less. */
export function recordsOf(database: MosquittoDatabase): number {
  const { clients, subscriptions, clientMessages, retained } = database;
  return clients.length + subscriptions.length + clientMessages.length + retained.length;
}

function committed(store: Store): Promise<void> {
  return new Promise((resolve) => store.commit(resolve));
}

class CarryOver {
  readonly counts: CarriedOver = {
    sessions: 0,
    subscriptions: 0,
    queued: 0,
    inFlight: 0,
    retained: 0,
    released: 0,
    endedSessions: 0,
    goneMessages: 0,
    withoutSession: 0,
  };
  readonly held: StoredMessage[] = [];
  readonly #database: MosquittoDatabase;
  readonly #init: CarryOverInit;
  /** Packet Identifiers in flight of each session. */
  readonly #sessions = new Map<string, Set<number>>();
  /** Messages that several sessions share are stored once. */
  readonly #messages = new Map<bigint, KeptMessage>();
  #nextSequence = 1;

  constructor(database: MosquittoDatabase, init: CarryOverInit) {
    this.#database = database;
    this.#init = init;
  }

  /** Each call does a record; in their order. */
  *records(): IterableIterator<() => void> {
    const { clients, subscriptions, clientMessages, retained } = this.#database;
    for (const client of clients) yield () => this.#putSession(client);
    for (const { clientId, identifier, ...subscription } of subscriptions) {
      yield () => {
        if (!this.#sessions.has(clientId)) return void this.counts.withoutSession++;
        this.counts.subscriptions++;
        const subscriptionIdentifier = identifier;
        this.#init.store.putSubscription(clientId, { ...subscription, subscriptionIdentifier });
      };
    }
    for (const message of clientMessages) yield () => this.#putClientMessage(message);
    for (const id of retained) yield () => this.#putRetained(id);
  }

  #putSession(client: StoredClient): void {
    const { clientId, expirySeconds, expiresAtSeconds } = client;
    const expiresAtMs = expiresAtSeconds === 0 || expirySeconds === Infinity
      ? Infinity
      : expiresAtSeconds * 1000;
    if (clientId === "" || expirySeconds === 0 || expiresAtMs <= this.#init.nowMs) {
      this.counts.endedSessions++;
      return;
    }
    if (!this.#sessions.has(clientId)) this.counts.sessions++;
    this.#sessions.set(clientId, new Set());
    this.#init.store.putSession(clientId, expirySeconds, expiresAtMs, this.#ownerOf(client));
  }

  /** A session without a user name is whose who comes first: who began it the file does not say. */
  #ownerOf({ userName, port }: StoredClient): string | undefined {
    if (userName === undefined) return undefined;
    return ownerOf({ userName }, this.#listenerAt(port)?.mountPoint ?? "");
  }

  #listenerAt(port: number): KnownListener | undefined {
    return this.#init.listeners.find((listener) => listener.port === port);
  }

  #putClientMessage(given: StoredClientMessage): void {
    const { clientId, messageId, qos, retain, isIncoming, state, identifiers } = given;
    const packetIds = this.#sessions.get(clientId);
    if (packetIds === undefined) return void this.counts.withoutSession++;
    if (isIncoming) return this.#putIncoming(given);
    const message = this.#messageOf(messageId);
    if (message === undefined) return void this.counts.goneMessages++;
    const { store } = this.#init;
    const sequence = this.#nextSequence++;
    const { packetId } = given;
    const isInFlight = qos > 0 && state !== MESSAGE_STATE.queued && packetId > 0 &&
      !packetIds.has(packetId);
    const subscriptionIdentifiers = identifiers;
    const delivery = { message, qos, retain, subscriptionIdentifiers, share: undefined, sequence };
    store.putDelivery(clientId, delivery, !isInFlight && store.readQueue !== undefined);
    if (!isInFlight) return void this.counts.queued++;
    packetIds.add(packetId);
    this.counts.inFlight++;
    const isReleased = state === MESSAGE_STATE.resendPubrel ||
      state === MESSAGE_STATE.waitForPubcomp;
    store.putInFlight(clientId, sequence, packetId, isReleased ? "released" : "published");
  }

  /** A QoS 2 message that was received: its Packet Identifier is taken until PUBREL, and the message is passed on now. */
  #putIncoming({ clientId, messageId, packetId, qos, state }: StoredClientMessage): void {
    if (qos !== 2 || packetId === 0 || state === MESSAGE_STATE.resendPubcomp) return;
    this.#init.store.putReceived(clientId, packetId);
    const message = this.#database.messages.get(messageId);
    if (message === undefined || this.#isExpired(message)) return void this.counts.goneMessages++;
    this.held.push(message);
    this.counts.released++;
  }

  #putRetained(id: bigint): void {
    const message = this.#messageOf(id);
    if (message === undefined) return void this.counts.goneMessages++;
    const { storeId: _, ...rest } = message;
    const publisher = this.#publisherOf(this.#database.messages.get(id)!);
    const retained: RetainedMessage = { ...rest, retain: true, storePlace: 0, publisher };
    this.#init.store.putRetained(retained);
    this.counts.retained++;
  }

  /** Rights may be the listener's: where that is not known they are not checked. */
  #publisherOf(message: StoredMessage): Publisher | undefined {
    const { publisherId, publisherUser: userName, publisherPort } = message;
    const listener = this.#listenerAt(publisherPort)?.name;
    if (publisherId === "" || listener === undefined) return undefined;
    return { clientId: publisherId, userName, listener };
  }

  /** `undefined`: the file does not have it, or it has expired. */
  #messageOf(id: bigint): KeptMessage | undefined {
    const known = this.#messages.get(id);
    if (known !== undefined) return known;
    const stored = this.#database.messages.get(id);
    if (stored === undefined || this.#isExpired(stored)) return undefined;
    const { topicName, payload, qos, retain, properties, publisherId } = stored;
    const expiresAtMs = stored.expiresAtSeconds === 0 ? Infinity : stored.expiresAtSeconds * 1000;
    const message = {
      topicName,
      payload,
      qos,
      retain,
      properties,
      expiresAtMs,
      publisherId,
      storeId: 0,
    };
    this.#messages.set(id, message);
    return message;
  }

  #isExpired({ expiresAtSeconds }: StoredMessage): boolean {
    return expiresAtSeconds > 0 && expiresAtSeconds * 1000 <= this.#init.nowMs;
  }
}
