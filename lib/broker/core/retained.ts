import {
  contentSizeBytes,
  keptPropertiesBytes,
  type Message,
  type Publisher,
  type StoredRetained,
} from "../../session/mod.ts";
import { RetainedTopics, type RetainedWalk } from "../../topic/mod.ts";
import { Deadline } from "../ground/deadlines.ts";
import type { Ground } from "../ground/ground.ts";
import { type ArenaMessage, PayloadArena } from "../ground/payload_arena.ts";
import type { ClientIdentity, Store } from "../ground/ports.ts";

/** A retained message that expires, with its deadline. */
interface Expiring {
  readonly message: ArenaMessage;
  readonly deadline: Deadline;
}

/** The retained messages: the last one of each topic. */
export class RetainedMessages {
  readonly #ground: Ground;
  readonly #messages = new RetainedTopics<ArenaMessage>();
  readonly #arena = new PayloadArena();
  readonly #expiring = new Map<string, Expiring>();
  /** One shared object for all messages of a publisher. */
  readonly #publishers = new WeakMap<ClientIdentity, Publisher>();
  #bytes = 0;

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

  /** The retained message of the topic. */
  get(topicName: string): ArenaMessage | undefined {
    return this.#messages.get(topicName);
  }

  /** Walks over the messages that match the filter; the walk goes on while messages are added and removed. */
  matches(topicFilter: string): RetainedWalk<ArenaMessage> {
    const { hashMatchesParent } = this.#ground.options;
    return this.#messages.matches(topicFilter, { hashMatchesParent });
  }

  /**
   * Keeps the message in place of the previous one; an empty payload only removes that. Returns false if there is no room for the message.
   * [MQTT-3.3.1-5] [MQTT-3.3.1-6] `identity` is the publisher's; absent for the broker itself, or if it is not known.
   */
  store(message: Message, identity?: ClientIdentity): boolean {
    if (message.payload.length === 0) {
      this.remove(message.topicName);
      return true;
    }
    const { options, nowMs, store } = this.#ground;
    const previous = this.#messages.get(message.topicName);
    const addedBytes = contentSizeBytes(message) -
      (previous === undefined ? 0 : sizeBytes(previous));
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
    this.#keep(message, expiresAtMs, mustStore ? store : undefined, this.#publisherOf(identity));
    return true;
  }

  /** Keeps a message that was read from the store. */
  put(given: StoredRetained): void {
    const message = this.#keep(given, given.expiresAtMs, undefined, given.publisher);
    if (this.#ground.store?.readRetained !== undefined) message.wasStored();
  }

  /**
   * Reads the payloads of messages that are in the store alone, and calls `done`, at once or later. `undefined` stands for a message that
   * was replaced or removed meanwhile; it is never the payload of another message.
   */
  readApart(
    messages: readonly ArenaMessage[],
    done: (payloads: readonly (Uint8Array | undefined)[]) => void,
  ): void {
    const { store, ports: { log } } = this.#ground;
    store!.readRetained!(messages.map(({ topicName }) => topicName), (payloads) => {
      // The store's last committed message of the topic is this one as long as it is the topic's last one here.
      done(messages.map((message, i) => {
        const { topicName } = message;
        if (this.#messages.get(topicName) !== message) return undefined;
        if (payloads[i] === undefined) {
          log.error("A retained message is missing in the store", { topic: topicName });
        }
        return payloads[i];
      }));
    });
  }

  /**
   * The publisher to remember; none for a bridge of this broker, which may publish everything, and for a restored session, whose user is
   * unknown.
   */
  #publisherOf(identity: ClientIdentity | undefined): Publisher | undefined {
    if (identity === undefined || identity.isBridge === true || identity.listener === "") {
      return undefined;
    }
    let publisher = this.#publishers.get(identity);
    if (publisher === undefined) {
      // Copies only the names: the identity may refer to a certificate and a grant.
      const { clientId, userName, listener } = identity;
      publisher = { clientId, userName, listener };
      this.#publishers.set(identity, publisher);
    }
    return publisher;
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
    let previous: ArenaMessage | undefined;
    let isSet = false;
    try {
      previous = this.#messages.set(topicName, message);
      isSet = true;
      store?.putRetained(message, previous);
    } catch (error) {
      this.#arena.release(message);
      if (isSet && previous === undefined) this.#messages.delete(topicName);
      else if (isSet) this.#messages.set(topicName, previous!);
      throw error;
    }
    this.#bytes += sizeBytes(message);
    if (previous !== undefined) this.#release(previous);
    if (message.expiresAtMs === Infinity) return message;
    const deadline = new Deadline(() => {
      this.#ground.metrics.countDrop("expired");
      this.remove(topicName);
    });
    this.#expiring.set(topicName, { message, deadline });
    this.#ground.deadlines.set(deadline, message.expiresAtMs);
    return message;
  }

  /** Removes the topic's retained message, where there is one. */
  remove(topicName: string): void {
    const removed = this.#messages.delete(topicName);
    // Tell the store even where there is none: an earlier removal may not be committed yet, and a client that repeats it waits too.
    if (isStored(topicName)) this.#ground.store?.deleteRetained(removed);
    if (removed !== undefined) this.#release(removed);
  }

  #release(message: ArenaMessage): void {
    this.#bytes -= sizeBytes(message);
    this.#arena.release(message);
    const { topicName } = message;
    const expiring = this.#expiring.get(topicName);
    if (expiring === undefined) return;
    this.#ground.deadlines.clear(expiring.deadline);
    this.#expiring.delete(topicName);
  }
}

/**
 * Whether the store keeps messages of this topic. The broker's own messages under `$SYS/` are not stored, to spare flash memory:
 * after a restart their values would be out of date.
 */
function isStored(topicName: string): boolean {
  return !topicName.startsWith("$SYS/");
}

function sizeBytes(message: ArenaMessage): number {
  return message.length + message.topicName.length + keptPropertiesBytes(message.properties);
}
