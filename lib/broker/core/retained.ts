import { contentSizeBytes, keptPropertiesBytes, type Message } from "../../session/mod.ts";
import { RetainedTopics, type RetainedWalk } from "../../topic/mod.ts";
import { Deadline } from "../ground/deadlines.ts";
import type { Ground } from "../ground/ground.ts";
import { type ArenaMessage, PayloadArena } from "../ground/payload_arena.ts";
import type { Store } from "../ground/ports.ts";

/** A retained message's end. */
interface Expiring {
  readonly message: ArenaMessage;
  readonly deadline: Deadline;
}

/** The retained messages: one for each topic, the last. */
export class RetainedMessages {
  readonly #ground: Ground;
  readonly #messages = new RetainedTopics<ArenaMessage>();
  readonly #arena = new PayloadArena();
  readonly #expiring = new Map<string, Expiring>();
  #bytes = 0;

  /** `ground`: for limits, the clock and the store. */
  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** Topics that have one. */
  get size(): number {
    return this.#messages.size;
  }

  /** Payload, topic and property bytes of all. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The topic's message. */
  get(topicName: string): ArenaMessage | undefined {
    return this.#messages.get(topicName);
  }

  /** A walk over what matches, which goes on as messages come and go. */
  matches(topicFilter: string): RetainedWalk<ArenaMessage> {
    const { hashMatchesParent } = this.#ground.options;
    return this.#messages.matches(topicFilter, { hashMatchesParent });
  }

  /** Keeps the message in place of the one before; an empty payload only removes it; `false`: there is no room for it. [MQTT-3.3.1-5] [MQTT-3.3.1-6] */
  store(message: Message): boolean {
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
      // The topic's old message would now be a lie. [MQTT-3.3.1-5]
      this.remove(message.topicName);
      return false;
    }
    const { retainExpiryIntervalSeconds } = options;
    const limitMs = retainExpiryIntervalSeconds === 0
      ? Infinity
      : nowMs + retainExpiryIntervalSeconds * 1000;
    const mustStore = store !== undefined && isStored(message.topicName);
    this.#keep(message, Math.min(message.expiresAtMs, limitMs), mustStore ? store : undefined);
    return true;
  }

  /** Keeps a message without telling the store: it came from there, or will go there. */
  put(given: Message): void {
    this.#keep(given, given.expiresAtMs, undefined);
  }

  /** What can fail comes first: then all is as it was. */
  #keep(given: Message, expiresAtMs: number, store: Store | undefined): void {
    const message = this.#arena.keep(given, expiresAtMs);
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
    if (message.expiresAtMs === Infinity) return;
    const deadline = new Deadline(() => {
      this.#ground.metrics.countDrop("expired");
      this.remove(topicName);
    });
    this.#expiring.set(topicName, { message, deadline });
    this.#ground.deadlines.set(deadline, message.expiresAtMs);
  }

  /** Removes the topic's message, where it has one. */
  remove(topicName: string): void {
    const removed = this.#messages.delete(topicName);
    // Even where there is none: whoever removed it may wait for the commit still, and so must whoever does it again.
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

/** What the broker says of itself is of this moment: flash memory need not wear out for it. */
function isStored(topicName: string): boolean {
  return !topicName.startsWith("$SYS/");
}

function sizeBytes(message: ArenaMessage): number {
  return message.length + message.topicName.length + keptPropertiesBytes(message.properties);
}
