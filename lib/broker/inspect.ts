import { ReasonCode, type SubscriptionRequest } from "../codec/mod.ts";
import type { Message, StoredRetained, Subscription } from "../session/mod.ts";
import { ApartName } from "../topic/mod.ts";
import type { Broker } from "./broker.ts";
import { ArenaMessage } from "./ground/payload_arena.ts";
import { subscribeFor } from "./handlers/subscribe.ts";
import { unsubscribeFor } from "./handlers/unsubscribe.ts";
import { disconnect, endSession } from "./services/lifecycle.ts";
import type { Client } from "./state/connection.ts";

/** The row of a client in a table. */
export interface ClientSummary {
  /** The Client Identifier. */
  readonly clientId: string;
  /** `""` if it is anonymous, or has not connected since the broker started. */
  readonly userName: string;
  /** `""` if it has not connected since the broker started. */
  readonly remoteAddress: string;
  /** The name of the listener that it connected to last. */
  readonly listener: string;
  /** 3 (MQTT 3.1), 4 (3.1.1) or 5; 0 if it has not connected since the broker started. */
  readonly protocolVersion: number;
  /** Whether it is connected. */
  readonly isConnected: boolean;
  /** 0: off, or not connected. */
  readonly keepAliveSeconds: number;
  /** When bytes were last received, in the clock's milliseconds; 0: not connected. */
  readonly lastReceivedMs: number;
  /** Subscriptions of its session. */
  readonly subscriptionCount: number;
  /** Messages that wait in its queue. */
  readonly queuedMessages: number;
  /** Bytes of these, as they count against the limits. */
  readonly queuedBytes: number;
  /** QoS 1 and 2 messages in flight. */
  readonly inFlight: number;
  /** Bytes not yet written to its connection. */
  readonly unsentBytes: number;
  /** Messages dropped for this client. */
  readonly dropped: number;
}

/** A name of a column of {@linkcode ClientSummary}. */
export type ClientColumn = keyof ClientSummary;

/** All details of one client. */
export interface ClientDetail extends ClientSummary {
  /** Seconds that its session outlives its connection; `Infinity`: without limit. */
  readonly sessionExpirySeconds: number;
  /** When the session ends, in the clock's milliseconds; absent: it does not, or the client is connected. */
  readonly sessionExpiresAtMs: number | undefined;
  /** Whether its CONNECT asked for a new session. */
  readonly wantsCleanStart: boolean;
  /** Since when a write has made no progress, in the clock's milliseconds; absent: nothing is being written. */
  readonly writingSinceMs: number | undefined;
  /** Whether its Receive Maximum leaves room for one more message. */
  readonly hasQuota: boolean;
  /** Whether the broker does not handle its packets at present, because it sends too fast or an answer is awaited. */
  readonly isStopped: boolean;
  /** Whether a will is kept for it. */
  readonly hasWill: boolean;
  /** Another node of the cluster that its session belongs to; `""`: this one. */
  readonly node: string;
  /** Messages dropped for this client. */
  readonly droppedByReason: ReadonlyMap<string, number>;
  /** Its subscriptions by Topic Filter. */
  readonly subscriptions: ReadonlyMap<string, Subscription>;
}

/** Reads each column of a client, for sorting thousands without making an object for each. */
export const CLIENT_COLUMNS: {
  readonly [Column in ClientColumn]: (client: Client) => ClientSummary[Column];
} = {
  clientId: ({ session }) => session.clientId,
  userName: ({ identity }) => identity.userName ?? "",
  remoteAddress: ({ identity, isRestored }) => isRestored ? "" : identity.remoteAddress,
  listener: ({ identity, isRestored }) => isRestored ? "" : identity.listener,
  protocolVersion: ({ identity, isRestored }) => isRestored ? 0 : identity.protocolVersion,
  isConnected: ({ connection }) => connection !== null,
  keepAliveSeconds: ({ connection }) => connection?.keepAliveSeconds ?? 0,
  lastReceivedMs: ({ connection }) => connection?.lastReceivedMs ?? 0,
  subscriptionCount: ({ session }) => session.subscriptions.size,
  queuedMessages: ({ session }) => session.queue.length,
  queuedBytes: ({ session }) => session.queue.bytes,
  inFlight: ({ session }) => session.sender.size,
  unsentBytes: ({ connection }) => connection?.outbox.unsentBytes ?? 0,
  dropped: ({ session }) => sum(session.dropped?.values() ?? []),
};

/** The row of a client in a table. */
export function summarizeClient(client: Client): ClientSummary {
  const row: Partial<Record<ClientColumn, string | number | boolean>> = {};
  for (const column of Object.keys(CLIENT_COLUMNS) as ClientColumn[]) {
    row[column] = CLIENT_COLUMNS[column](client);
  }
  return row as unknown as ClientSummary;
}

/** The other node of the cluster that a client's session belongs to, of which there is a copy here; `""`: it belongs to this one. */
export function otherNodeOf(broker: Broker, { copy, session }: Client): string {
  if (copy?.isElsewhere !== true) return "";
  return broker.core.cluster?.homeOf(session.clientId) ?? "";
}

/** The details of one client; `undefined` if it has no session. */
export function describeClient(broker: Broker, clientId: string): ClientDetail | undefined {
  const client = broker.clients.get(clientId);
  if (client === undefined) return undefined;
  const { session, connection, expiry } = client;
  const isWriting = connection !== null && connection.outbox.writingBytes > 0;
  return {
    ...summarizeClient(client),
    sessionExpirySeconds: session.expirySeconds,
    sessionExpiresAtMs: connection === null && expiry !== null ? expiry.atMs : undefined,
    wantsCleanStart: connection?.asked.cleanStart ?? false,
    writingSinceMs: isWriting ? connection.outbox.wroteAtMs : undefined,
    hasQuota: session.sender.hasQuota,
    isStopped: connection?.isStopped ?? false,
    hasWill: connection?.will !== undefined || client.delayedWill !== null,
    node: otherNodeOf(broker, client),
    droppedByReason: session.dropped ?? new Map(),
    subscriptions: session.subscriptions,
  };
}

/** Disconnects a client with a reason; its session stays. Returns false if it is not connected. It is a turn of its own. */
export function disconnectClient(
  broker: Broker,
  clientId: string,
  message: string,
  reasonCode: ReasonCode = ReasonCode.AdministrativeAction,
): boolean {
  const connection = broker.clients.get(clientId)?.connection ?? null;
  if (connection === null) return false;
  const { core } = broker;
  core.inTurn(() => disconnect(core, connection, { reasonCode, message }));
  return true;
}

/**
 * Ends a session and everything that belongs to it; its client is disconnected first. Returns false if there is none. It is a turn of its
 * own.
 */
export function deleteSession(broker: Broker, clientId: string, message: string): boolean {
  const client = broker.clients.get(clientId);
  if (client === undefined) return false;
  disconnectClient(broker, clientId, message);
  const { core } = broker;
  core.inTurn(() => {
    endSession(core, client);
    // It belongs to another node, which ends it.
    if (client.copy?.isElsewhere === true) core.cluster?.claim(clientId, true);
  });
  return true;
}

/**
 * Subscribes a connected client, with its own rights. Returns the code of a SUBACK; `undefined` if the client is not connected; or that
 * access control needs time, and the caller asks again after its decision. Throws an `MqttError` if the request is invalid. It is a turn of
 * its own.
 */
export function subscribeClient(
  broker: Broker,
  clientId: string,
  request: SubscriptionRequest,
): number | "pending" | undefined {
  const connection = broker.clients.get(clientId)?.connection ?? null;
  if (connection === null) return undefined;
  const { core } = broker;
  let found: number | "pending" | undefined;
  core.inTurn(() => found = subscribeFor(core, connection, request));
  return found;
}

/**
 * Ends a subscription of a connected client; returns the code of an UNSUBACK, `undefined` if it is not connected. It is a turn of its own.
 */
export function unsubscribeClient(
  broker: Broker,
  clientId: string,
  topicFilter: string,
): number | undefined {
  const connection = broker.clients.get(clientId)?.connection ?? null;
  if (connection === null) return undefined;
  const { core } = broker;
  let found: number | undefined;
  core.inTurn(() => found = unsubscribeFor(core, connection, topicFilter));
  return found;
}

/** A retained message without its payload. */
export interface RetainedEntry {
  /** The topic. */
  readonly topicName: string;
  /** The QoS at which it was published. */
  readonly qos: number;
  /** The length of the payload. */
  readonly payloadBytes: number;
  /** When it expires, in the clock's milliseconds; `Infinity`: never. */
  readonly expiresAtMs: number;
  /** The Client Identifier of the publisher; `""`: the broker, or not known. */
  readonly publisherId: string;
}

/** A retained message of a walk: of one that is in the store alone, only the topic is known without reading it. */
export type FoundRetained = RetainedEntry | Pick<RetainedEntry, "topicName">;

/**
 * The retained messages that match a filter, at the caller's pace. After every `maxSteps` names it yields `undefined`, so that the caller
 * can pause.
 */
export function* walkRetained(
  broker: Broker,
  topicFilter: string,
  maxSteps: number,
): Generator<FoundRetained | undefined, void> {
  const walk = broker.core.retained.matches(topicFilter);
  for (let count = 1; !walk.isDone; count++) {
    const message = walk.next(maxSteps);
    if (message instanceof ApartName) yield { topicName: message.topicName };
    else if (message !== undefined) {
      const { topicName, qos, length: payloadBytes, expiresAtMs, publisherId } = message;
      yield { topicName, qos, payloadBytes, expiresAtMs, publisherId };
    }
    if (message === undefined || count % maxSteps === 0) yield undefined;
  }
}

/**
 * Calls `done` with a copy of the retained message of a topic, at once, or later if its payload has to be read from the store; `undefined`:
 * there is none.
 */
export function readRetained(
  broker: Broker,
  topicName: string,
  done: (message: Message | undefined) => void,
): void {
  const { retained } = broker.core;
  const kept = retained.get(topicName);
  if (kept === undefined) return done(undefined);
  if (kept instanceof ArenaMessage && !kept.isApart) {
    return done(kept.toMessage(kept.payload.slice()));
  }
  retained.readApart([kept], ([message]) => {
    if (message !== undefined) done(messageOf(message));
    // Either it is missing in the store, or another message has taken its place.
    else if (retained.isCurrent(kept)) done(undefined);
    else readRetained(broker, topicName, done);
  });
}

/**
 * Calls `done` with copies of the retained messages of several topics, as {@linkcode readRetained} does with one; those that are in the store
 * are read together.
 */
export function readManyRetained(
  broker: Broker,
  topicNames: readonly string[],
  done: (messages: readonly (Message | undefined)[]) => void,
): void {
  const { retained } = broker.core;
  const apart = topicNames.map((topicName) => retained.get(topicName))
    .filter((kept) => kept instanceof ApartName);
  const goOn = (read: readonly (StoredRetained | undefined)[]) => {
    const found = new Map(apart.map(({ topicName }, i) => [topicName, read[i]]));
    const messages: (Message | undefined)[] = [];
    let left = topicNames.length;
    if (left === 0) return done(messages);
    topicNames.forEach((topicName, i) => {
      const add = (message: Message | undefined) => {
        messages[i] = message;
        if (--left === 0) done(messages);
      };
      const message = found.get(topicName);
      if (message !== undefined) add(messageOf(message));
      // It is in memory, or another one has taken its place meanwhile.
      else readRetained(broker, topicName, add);
    });
  };
  if (apart.length === 0) goOn([]);
  else retained.readApart(apart, goOn);
}

/** The fields of a message that was read from a store. */
function messageOf(read: StoredRetained): Message {
  const { topicName, payload, qos, retain, properties, expiresAtMs, publisherId } = read;
  return { topicName, payload, qos, retain, properties, expiresAtMs, publisherId };
}

/** Whether the topic has a retained message. */
export function isRetained(broker: Broker, topicName: string): boolean {
  return broker.core.retained.get(topicName) !== undefined;
}

/** Clients that are subscribed to the topic but may not read it; `max` at most. */
export function withheldFrom({ core }: Broker, topicName: string, max: number): readonly Client[] {
  return core.router.withheldFrom(topicName, max);
}

function sum(counts: Iterable<number>): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
