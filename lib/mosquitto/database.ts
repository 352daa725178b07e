import type { Properties, Qos } from "../codec/mod.ts";
import { isTopicFilter, isTopicName } from "../topic/mod.ts";
import { ChunkReader } from "./chunk_reader.ts";
import { ClientReader, type StoredClient } from "./client_reader.ts";
import { DatabaseError } from "./database_error.ts";
import { readProperties } from "./properties.ts";

export { DatabaseError };
export type { StoredClient };

/** A message as it is stored, once for all who get it. */
export interface StoredMessage {
  /** The whole Topic Name, with the mount point. */
  readonly topicName: string;
  /** A view of the file. */
  readonly payload: Uint8Array;
  /** As published. */
  readonly qos: Qos;
  /** As published. */
  readonly retain: boolean;
  /** Those that it travels with. */
  readonly properties: Properties | undefined;
  /** Seconds since 1970; 0: never. */
  readonly expiresAtSeconds: number;
  /** Client Identifier of the publisher; `""`: mosquitto itself. */
  readonly publisherId: string;
  /** User name of the publisher; absent: it had none. */
  readonly publisherUser: string | undefined;
  /** Port of the listener that it came by; 0: not known. */
  readonly publisherPort: number;
}

/** A subscription of a session. */
export interface StoredSubscription {
  /** The session's. */
  readonly clientId: string;
  /** With the mount point. */
  readonly topicFilter: string;
  /** As granted. */
  readonly qos: Qos;
  /** {@linkcode Subscription.noLocal} */
  readonly noLocal: boolean;
  /** {@linkcode Subscription.retainAsPublished} */
  readonly retainAsPublished: boolean;
  /** 0: none. */
  readonly identifier: number;
}

/** A message on its way to a client, or from it. */
export interface StoredClientMessage {
  /** The session's. */
  readonly clientId: string;
  /** Of the message in {@linkcode MosquittoDatabase.messages}. */
  readonly messageId: bigint;
  /** 0: none yet. */
  readonly packetId: number;
  /** For this session. */
  readonly qos: Qos;
  /** The RETAIN flag for this session. */
  readonly retain: boolean;
  /** Whether it comes from the client. */
  readonly isIncoming: boolean;
  /** {@linkcode MESSAGE_STATE} */
  readonly state: number;
  /** Subscription Identifiers; absent: none. */
  readonly identifiers: readonly number[] | undefined;
}

/** All that is in a file, in its order. */
export interface MosquittoDatabase {
  /** Of the format: 5 or 6. */
  readonly version: number;
  /** By their numbers. */
  readonly messages: ReadonlyMap<bigint, StoredMessage>;
  /** Sessions. */
  readonly clients: readonly StoredClient[];
  /** Of all sessions. */
  readonly subscriptions: readonly StoredSubscription[];
  /** Of all sessions, each in its order. */
  readonly clientMessages: readonly StoredClientMessage[];
  /** Numbers of the messages that are retained. */
  readonly retained: readonly bigint[];
}

/** States of a message that is on its way, by their numbers in the file, as far as they make a difference. */
export const MESSAGE_STATE = {
  resendPubrel: 6,
  resendPubcomp: 8,
  waitForPubcomp: 9,
  queued: 11,
} as const;

/** A zero, a byte that is no ASCII, a zero, then `mosquitto db`. */
const MAGIC = Uint8Array.of(0, 0xb5, 0, ...new TextEncoder().encode("mosquitto db"));
/** Behind the magic bytes a checksum that is always 0, and the version. */
const HEAD_BYTES = MAGIC.length + 8;
/** The kind and the length of a chunk. */
const CHUNK_HEAD_BYTES = 8;
const CHUNK = { config: 1, message: 2, clientMessage: 3, retained: 4, subscription: 5, client: 6 };
/** Numbers of messages have so many bytes. */
const MESSAGE_ID_BYTES = 8;
/** What a packet can say. */
const MAX_SUBSCRIPTION_IDENTIFIER = 268_435_455;

/**
 * Reads a file of version 5 or 6 as a whole; throws {@linkcode DatabaseError}, with the place, where it is another file, damaged or
 * truncated. A file that ends between two chunks cannot be told from one that is whole.
 */
export function readDatabase(bytes: Uint8Array): MosquittoDatabase {
  const version = readHead(bytes);
  const database = {
    version,
    messages: new Map<bigint, StoredMessage>(),
    clients: [] as StoredClient[],
    subscriptions: [] as StoredSubscription[],
    clientMessages: [] as StoredClientMessage[],
    retained: [] as bigint[],
    clientReader: new ClientReader(),
  };
  for (let at = HEAD_BYTES; at < bytes.length;) {
    if (at + CHUNK_HEAD_BYTES > bytes.length) {
      throw new DatabaseError("The file is truncated: it ends in the head of a chunk", at);
    }
    const head = new ChunkReader(bytes, at, at + CHUNK_HEAD_BYTES);
    const kind = head.uint32();
    const length = head.uint32();
    const start = at + CHUNK_HEAD_BYTES;
    if (at === HEAD_BYTES && kind !== CHUNK.config) {
      throw new DatabaseError(`The file is damaged: its first chunk is ${kind}`, at);
    }
    if (length > bytes.length - start) {
      const left = bytes.length - start;
      const what = `a chunk of ${length} bytes has ${left}`;
      throw new DatabaseError(`The file is truncated or damaged: ${what}`, at);
    }
    readChunk(kind, new ChunkReader(bytes, start, start + length), database);
    at = start + length;
  }
  return database;
}

/** Returns the version. */
function readHead(bytes: Uint8Array): number {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) {
    throw new DatabaseError("The file is no database of mosquitto", 0);
  }
  if (bytes.length <= HEAD_BYTES) {
    throw new DatabaseError("The file is truncated: it has nothing but its head", bytes.length);
  }
  const reader = new ChunkReader(bytes, MAGIC.length, HEAD_BYTES);
  reader.uint32();
  const version = reader.uint32();
  if (version === 5 || version === 6) return version;
  const way = version < 5
    ? "let a mosquitto 1.6 or newer load and save it first"
    : "this program does not know it";
  throw new DatabaseError(
    `Versions 5 and 6 of the format can be read, this is ${version}: ${way}`,
    MAGIC.length + 4,
  );
}

/** What is read, while it is read. */
interface Draft {
  readonly version: number;
  readonly messages: Map<bigint, StoredMessage>;
  readonly clients: StoredClient[];
  readonly subscriptions: StoredSubscription[];
  readonly clientMessages: StoredClientMessage[];
  readonly retained: bigint[];
  readonly clientReader: ClientReader;
}

/** Kinds that nobody knows are passed over, as mosquitto does. */
function readChunk(kind: number, reader: ChunkReader, draft: Draft): void {
  switch (kind) {
    case CHUNK.config:
      return readConfig(reader);
    case CHUNK.message:
      return readMessage(reader, draft);
    case CHUNK.clientMessage:
      return void draft.clientMessages.push(readClientMessage(reader));
    case CHUNK.retained:
      return void draft.retained.push(reader.uint64());
    case CHUNK.subscription:
      return void draft.subscriptions.push(readSubscription(reader));
    case CHUNK.client:
      return void draft.clients.push(draft.clientReader.read(reader, draft.version));
  }
}

function readConfig(reader: ChunkReader): void {
  const start = reader.at;
  reader.uint64(); // The last number of a message.
  reader.uint8(); // Whether it was written at the end.
  const sizeBytes = reader.uint8();
  if (sizeBytes === MESSAGE_ID_BYTES) return;
  throw new DatabaseError(`The file is damaged: numbers have ${sizeBytes} bytes, not 8`, start);
}

function readMessage(reader: ChunkReader, { messages }: Draft): void {
  const start = reader.at;
  const id = reader.uint64();
  const expiresAtSeconds = reader.seconds();
  const payloadBytes = reader.uint32();
  reader.uint16(); // The Packet Identifier from the publisher.
  const publisherIdBytes = reader.uint16();
  const publisherUserBytes = reader.uint16();
  const topicNameBytes = reader.uint16();
  const publisherPort = reader.uint16();
  const qos = qosOf(reader);
  const retain = reader.uint8() !== 0;
  const publisherId = reader.text(publisherIdBytes);
  const publisherUser = publisherUserBytes === 0 ? undefined : reader.text(publisherUserBytes);
  const topicName = reader.text(topicNameBytes);
  if (!isTopicName(topicName)) {
    throw new DatabaseError(`The file is damaged: ${quoted(topicName)} is no Topic Name`, start);
  }
  const payload = reader.bytes(payloadBytes);
  const properties = readProperties(reader)?.travelling;
  messages.set(id, {
    topicName,
    payload,
    qos,
    retain,
    properties,
    expiresAtSeconds,
    publisherId,
    publisherUser,
    publisherPort,
  });
}

function readClientMessage(reader: ChunkReader): StoredClientMessage {
  const messageId = reader.uint64();
  const packetId = reader.uint16();
  const clientIdBytes = reader.uint16();
  const qos = qosOf(reader);
  const state = reader.uint8();
  const retain = reader.uint8() >> 4 !== 0; // The lower half is DUP.
  const isIncoming = reader.uint8() === 0;
  const clientId = reader.text(clientIdBytes);
  const identifiers = readProperties(reader)?.subscriptionIdentifiers;
  return { clientId, messageId, packetId, qos, retain, isIncoming, state, identifiers };
}

function readSubscription(reader: ChunkReader): StoredSubscription {
  const start = reader.at;
  const identifier = reader.uint32();
  if (identifier > MAX_SUBSCRIPTION_IDENTIFIER) {
    throw new DatabaseError(
      `The file is damaged: a Subscription Identifier is ${identifier}`,
      start,
    );
  }
  const clientIdBytes = reader.uint16();
  const topicFilterBytes = reader.uint16();
  const qos = qosOf(reader);
  const options = reader.uint8();
  reader.skipPadding(clientIdBytes + topicFilterBytes);
  const clientId = reader.text(clientIdBytes);
  const topicFilter = reader.text(topicFilterBytes);
  if (!isTopicFilter(topicFilter)) {
    throw new DatabaseError(`The file is damaged: ${quoted(topicFilter)} is no filter`, start);
  }
  const noLocal = (options & 4) !== 0;
  const retainAsPublished = (options & 8) !== 0;
  return { clientId, topicFilter, qos, noLocal, retainAsPublished, identifier };
}

function qosOf(reader: ChunkReader): Qos {
  const { at } = reader;
  const qos = reader.uint8();
  if (qos > 2) throw new DatabaseError(`The file is damaged: QoS is ${qos}`, at);
  return qos as Qos;
}

function quoted(text: string): string {
  return text.length <= 100 ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, 100))}\u2026`;
}
