import {
  contentSizeBytes,
  keptPropertiesBytes,
  type Message,
  type Publisher,
  type StoredRetained,
} from "../../session/mod.ts";
import { ApartName, RetainedTopics, type RetainedWalk } from "../../topic/mod.ts";
import { Deadline } from "../ground/deadlines.ts";
import type { Ground } from "../ground/ground.ts";
import { type ArenaMessage, MAX_PAYLOAD_BYTES, PayloadArena } from "../ground/payload_arena.ts";
import type { PreviousRetained, Store } from "../ground/ports.ts";

/** A retained message in memory, or the name of one that is in the store alone. Of the former the payload may be in the store. */
export type KeptRetained = ArenaMessage | ApartName;

/** Memory that a retained message takes beside its content, in bytes: its object, and its place among the topics. */
const OVERHEAD_BYTES = 400;
/** Messages that are looked at when one is published and there are too many: more than one, so that their number falls. */
const CHECKED_AT_ONCE = 4;
/** Messages that are looked at in a turn while nothing is published: a few milliseconds. */
const CHECKED_IN_TURN = 2000;
/** Blocks of names that are packed in a turn, at 5 to 10 microseconds each. */
const PACKED_IN_TURN = 256;
/** Between such turns, and before the first one and while nothing can leave, milliseconds. */
const PAUSE_MS = 20;
const WAIT_MS = 2000;

/**
 * The retained messages: the last one of each topic.
 *
 * If they take more memory than `retainedMemoryBytes` and the store can read them again, those leave memory that were neither published
 * nor delivered since they were last looked at; a round goes over all of them. Their names stay, and deadlines where they expire. Those of
 * the broker itself under `$SYS/` stay as well.
 */
export class RetainedMessages {
  readonly #ground: Ground;
  readonly #messages = new RetainedTopics<ArenaMessage>();
  readonly #arena = new PayloadArena();
  /** Of topics whose message expires, wherever it is. */
  readonly #expiring = new Map<string, Deadline>();
  #bytes = 0;
  /** What the messages take that are not in the store alone. */
  #memoryBytes = 0;
  readonly #leaving = new Deadline(() => this.#leave());

  /** `ground`: for limits, the clock and the store. */
  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** The number of topics with a retained message. */
  get size(): number {
    return this.#messages.size;
  }

  /** Payload, topic and property bytes of all retained messages. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of those in memory, with what they take beside their content. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** The retained message of the topic. */
  get(topicName: string): KeptRetained | undefined {
    return this.#messages.get(topicName);
  }

  /** Walks over the messages that match the filter; the walk goes on while messages are added and removed. */
  matches(topicFilter: string): RetainedWalk<ArenaMessage> {
    const { hashMatchesParent } = this.#ground.options;
    return this.#messages.matches(topicFilter, { hashMatchesParent });
  }

  /**
   * Keeps the message in place of the previous one; an empty payload only removes that. Returns false if there is no room for the message.
   * [MQTT-3.3.1-5] [MQTT-3.3.1-6] `publisher`: whose rights it goes by later; absent: nobody's.
   */
  store(message: Message, publisher?: Publisher): boolean {
    if (message.payload.length === 0) {
      this.remove(message.topicName);
      return true;
    }
    const { options, nowMs, store } = this.#ground;
    const previous = this.#messages.get(message.topicName);
    const addedBytes = contentSizeBytes(message) -
      (previous === undefined ? 0 : keptBytes(previous));
    const isFull = options.maxRetainedMessages > 0 && previous === undefined &&
      this.#messages.size >= options.maxRetainedMessages;
    const isTooMuch = options.maxRetainedBytes > 0 && addedBytes > 0 &&
      this.#bytes + addedBytes > options.maxRetainedBytes;
    const isStoreFull = store?.isFull === true && addedBytes > 0 && isStored(message.topicName);
    if (isFull || isTooMuch || isStoreFull) {
      // The previous message is out of date, so it must not be kept either. [MQTT-3.3.1-5]
      this.remove(message.topicName);
      return false;
    }
    const { retainExpiryIntervalSeconds } = options;
    const limitMs = retainExpiryIntervalSeconds === 0
      ? Infinity
      : nowMs + retainExpiryIntervalSeconds * 1000;
    const mustStore = store !== undefined && isStored(message.topicName);
    const expiresAtMs = Math.min(message.expiresAtMs, limitMs);
    this.#keep(message, expiresAtMs, mustStore ? store : undefined, publisher);
    if (this.#isTooMuch) {
      this.#check(CHECKED_AT_ONCE);
      this.#leaveIn(WAIT_MS);
    }
    return true;
  }

  /** Keeps a message that was read from the store. */
  put(given: StoredRetained): void {
    const message = this.#keep(given, given.expiresAtMs, undefined, given.publisher);
    if (this.#ground.store?.readRetained !== undefined) message.wasStored();
  }

  /** Notes a message that is in the store alone; `sizeBytes` are those of its content. */
  putApart(topicName: string, sizeBytes: number): void {
    this.#messages.addApart(topicName, sizeBytes);
    this.#bytes += sizeBytes;
    this.#leaveIn(WAIT_MS);
  }

  /** Whether this is still the topic's message. Of a name that is apart this may be false too soon. */
  isCurrent(kept: KeptRetained): boolean {
    return kept instanceof ApartName ? kept.isCurrent : this.#messages.get(kept.topicName) === kept;
  }

  /**
   * Reads messages that are in the store alone, and calls `done`, at once or later. `undefined` stands for a message that may have been
   * replaced or removed meanwhile; it is never another message.
   */
  readApart(
    kept: readonly KeptRetained[],
    done: (messages: readonly (StoredRetained | undefined)[]) => void,
  ): void {
    const { store, ports: { log } } = this.#ground;
    store!.readRetained!(kept.map(({ topicName }) => topicName), (messages) => {
      // The store's last committed message of the topic is this one as long as it is the topic's last one here.
      done(kept.map((one, i) => {
        if (!this.isCurrent(one)) return undefined;
        if (messages[i] === undefined) {
          log.error("A retained message is missing in the store", { topic: one.topicName });
        }
        return messages[i];
      }));
    });
  }

  /** Does what can fail first, so that a failure leaves everything as it was. */
  #keep(
    given: Message,
    expiresAtMs: number,
    store: Store | undefined,
    publisher: Publisher | undefined,
  ): ArenaMessage {
    const message = this.#arena.keep(given, expiresAtMs, publisher);
    const { topicName } = message;
    let previous: KeptRetained | undefined;
    let isSet = false;
    try {
      previous = this.#messages.set(topicName, message);
      isSet = true;
      store?.putRetained(message, asPrevious(previous));
    } catch (error) {
      this.#arena.release(message);
      if (isSet) this.#putBack(topicName, previous);
      throw error;
    }
    this.#bytes += sizeBytes(message);
    this.#memoryBytes += memoryBytes(message);
    if (previous !== undefined) this.#release(previous);
    if (message.expiresAtMs === Infinity) return message;
    const deadline = new Deadline(() => {
      this.#ground.metrics.countDrop("expired");
      this.remove(topicName);
    });
    this.#expiring.set(topicName, deadline);
    this.#ground.deadlines.set(deadline, message.expiresAtMs);
    return message;
  }

  #putBack(topicName: string, previous: KeptRetained | undefined): void {
    if (previous === undefined) this.#messages.delete(topicName);
    else if (previous instanceof ApartName) this.#messages.putApart(topicName, previous.sizeBytes);
    else this.#messages.set(topicName, previous);
  }

  get #isTooMuch(): boolean {
    return this.#memoryBytes > this.#ground.options.retainedMemoryBytes &&
      this.#ground.store?.readRetained !== undefined;
  }

  #leaveIn(delayMs: number): void {
    const { deadlines, nowMs } = this.#ground;
    if (this.#leaving.index < 0) deadlines.set(this.#leaving, nowMs + delayMs);
  }

  /** Goes on while nothing is published. */
  #leave(): void {
    const before = this.#memoryBytes;
    this.#check(CHECKED_IN_TURN);
    const packed = this.#messages.apartCount > 0 ? this.#messages.pack(PACKED_IN_TURN) : "done";
    const isTooMuch = this.#isTooMuch;
    if (packed === "more" || isTooMuch && this.#memoryBytes < before) this.#leaveIn(PAUSE_MS);
    else if (packed === "later" || isTooMuch) this.#leaveIn(WAIT_MS);
  }

  /** Looks at the next messages of the round; those that may leave memory do, until the others fit. */
  #check(maxCount: number): void {
    for (let i = 0; i < maxCount && this.#isTooMuch; i++) {
      const message = this.#messages.cycle();
      if (message === undefined) return;
      if (message.wasUsed) message.wasUsed = false;
      else if (message.isStored) this.#putApart(message);
    }
  }

  #putApart(message: ArenaMessage): void {
    if (!this.#messages.putApart(message.topicName, sizeBytes(message))) return;
    this.#memoryBytes -= memoryBytes(message);
    this.#arena.release(message);
  }

  /** Removes the topic's retained message, where there is one. */
  remove(topicName: string): void {
    const removed = this.#messages.delete(topicName);
    // Tell the store even where there is none: an earlier removal may not be committed yet, and a client that repeats it waits too.
    if (isStored(topicName)) this.#ground.store?.deleteRetained(asPrevious(removed));
    if (removed !== undefined) this.#release(removed);
  }

  #release(message: KeptRetained): void {
    this.#bytes -= keptBytes(message);
    const { topicName } = message;
    const deadline = this.#expiring.get(topicName);
    if (deadline !== undefined) {
      this.#ground.deadlines.clear(deadline);
      this.#expiring.delete(topicName);
    }
    if (message instanceof ApartName) return;
    this.#memoryBytes -= memoryBytes(message);
    this.#arena.release(message);
  }
}

/**
 * Whether the store keeps messages of this topic. The broker's own messages under `$SYS/` are not stored, to spare flash memory:
 * after a restart their values would be out of date.
 */
function isStored(topicName: string): boolean {
  return !topicName.startsWith("$SYS/");
}

/** What the store is told of a message that is replaced or deleted. */
function asPrevious(kept: KeptRetained | undefined): PreviousRetained | undefined {
  return kept instanceof ApartName ? { topicName: kept.topicName, storePlace: 0 } : kept;
}

/** What a message in memory counts against the limit there, bytes. A large payload is in the store alone before long. */
function memoryBytes(message: ArenaMessage): number {
  const { length, topicName, properties } = message;
  const payloadBytes = Math.min(length, MAX_PAYLOAD_BYTES);
  return OVERHEAD_BYTES + payloadBytes + topicName.length + keptPropertiesBytes(properties);
}

/** Bytes of a message's content, as they count against the limits. */
function keptBytes(kept: KeptRetained): number {
  return kept instanceof ApartName ? kept.sizeBytes : sizeBytes(kept);
}

function sizeBytes(message: ArenaMessage): number {
  return message.length + message.topicName.length + keptPropertiesBytes(message.properties);
}
