import type { Properties, Qos } from "../../codec/mod.ts";
import type { Message, Publisher, RetainedMessage } from "../../session/mod.ts";
import { ownProperties } from "./fanout.ts";

/** Bytes of one slab. */
const SLAB_BYTES = 16 * 1024;
/**
 * A larger payload gets an allocation of its own: for it the copying costs more than the allocation. It leaves memory when a store has it:
 * the rest of a message takes about 300 bytes in any case, so smaller ones would gain little.
 */
export const MAX_PAYLOAD_BYTES = 1024;
/** In place of a payload that is in the store alone. */
const APART = new Uint8Array();
/** A slab is given up when less than one part in so many of it is in use. */
const SPARSE = 4;

/** One allocation that holds many payloads. */
interface Slab {
  readonly bytes: Uint8Array;
  readonly messages: ArenaMessage[];
  usedBytes: number;
  /** Payload bytes of messages that are still kept. */
  liveBytes: number;
}

/** A message whose payload is stored in an arena. */
export class ArenaMessage implements RetainedMessage {
  readonly topicName: string;
  readonly qos: Qos;
  readonly properties: Properties | undefined;
  readonly publisherId: string;
  readonly publisher: Publisher | undefined;
  storePlace = 0;
  /** `undefined`: never. A number that is not an integer, as `Infinity`, would take 16 bytes of its own. */
  readonly #expiresAtMs: number | undefined;
  /** Payload length in bytes. */
  readonly length: number;
  /** The array that holds the payload, from offset `at` on. */
  bytes: Uint8Array;
  at = 0;
  /** The slab that holds the payload; `undefined`: the payload has bytes of its own, or the message was released. */
  slab: Slab | undefined;
  /** Whether the store can read the message again. */
  isStored = false;
  /** Whether it was published, restored or delivered since this was last looked at. */
  wasUsed = true;

  /** The new message still refers to the payload of `message`, until the arena copies it. */
  constructor(message: Message, expiresAtMs: number, publisher: Publisher | undefined) {
    this.topicName = message.topicName;
    this.qos = message.qos;
    this.#expiresAtMs = expiresAtMs === Infinity ? undefined : expiresAtMs;
    this.properties = ownProperties(message.properties);
    this.publisherId = message.publisherId;
    this.publisher = publisher;
    this.bytes = message.payload;
    this.length = message.payload.length;
  }

  /** {@linkcode Message.retain} */
  get retain(): true {
    return true;
  }

  /** {@linkcode Message.expiresAtMs} */
  get expiresAtMs(): number {
    return this.#expiresAtMs ?? Infinity;
  }

  /** A new view on each call: a caller that needs it more than once keeps it. Throws if the payload {@linkcode isApart}. */
  get payload(): Uint8Array {
    if (this.isApart) throw new Error("Cannot take a payload from memory: it is in the store");
    return this.bytes.subarray(this.at, this.at + this.length);
  }

  /** Whether the payload is in the store alone. */
  get isApart(): boolean {
    return this.bytes === APART;
  }

  /** {@linkcode RetainedMessage.wasStored} */
  wasStored(): void {
    this.isStored = true;
    if (this.length > MAX_PAYLOAD_BYTES) this.bytes = APART;
  }

  /** The message as a plain object, as routing needs it; `payload` was read from the store, if it is there alone. */
  toMessage(payload = this.payload): Message {
    const { topicName, qos, retain, properties, expiresAtMs, publisherId } = this;
    return { topicName, payload, qos, retain, properties, expiresAtMs, publisherId };
  }
}

/**
 * Stores payloads of messages that are kept for long, many in one allocation. A typed array of its own takes 1.2 microseconds to make
 * and 250 bytes beside its content, a view of a slab 0.4 microseconds and 100 bytes. So a message has neither, only an offset, and makes
 * a view on request.
 *
 * A slab stays allocated as long as one of its messages is in use. So when three quarters of a slab are unused, the remaining
 * payloads move to another slab. This keeps the allocated bytes below four times the kept bytes, in whatever order messages come
 * and go.
 */
export class PayloadArena {
  #slabCount = 0;
  #open: Slab | undefined;

  /** Bytes of all slabs. */
  get allocatedBytes(): number {
    return this.#slabCount * SLAB_BYTES;
  }

  /** Returns a copy of the message whose payload is in the arena, perhaps with an earlier expiry. */
  keep(
    message: Message,
    expiresAtMs: number = message.expiresAtMs,
    publisher?: Publisher,
  ): ArenaMessage {
    const kept = new ArenaMessage(message, expiresAtMs, publisher);
    this.#put(kept, message.payload);
    return kept;
  }

  /** Frees the message's place in the arena. A caller that still holds the message may go on reading its payload. */
  release(message: ArenaMessage): void {
    const { slab } = message;
    if (slab === undefined) return;
    message.slab = undefined;
    slab.liveBytes -= message.length;
    if (slab !== this.#open && slab.liveBytes * SPARSE < SLAB_BYTES) this.#giveUp(slab);
  }

  /** Copies `payload`, which is the message's, to a slab with room for it. */
  #put(message: ArenaMessage, payload: Uint8Array): void {
    const { length } = payload;
    if (length > MAX_PAYLOAD_BYTES) {
      message.bytes = payload.slice();
      message.at = 0;
      return;
    }
    let slab = this.#open;
    if (slab === undefined || slab.usedBytes + length > SLAB_BYTES) slab = this.#openSlab();
    slab.bytes.set(payload, slab.usedBytes);
    message.bytes = slab.bytes;
    message.at = slab.usedBytes;
    message.slab = slab;
    slab.messages.push(message);
    slab.usedBytes += length;
    slab.liveBytes += length;
  }

  #giveUp(slab: Slab): void {
    this.#slabCount--;
    for (const message of slab.messages) {
      if (message.slab === slab) this.#put(message, message.payload);
    }
  }

  #openSlab(): Slab {
    const previous = this.#open;
    const opened = { bytes: new Uint8Array(SLAB_BYTES), messages: [], usedBytes: 0, liveBytes: 0 };
    this.#open = opened;
    this.#slabCount++;
    // While the previous slab was the open one it was not given up, however sparse it was; check that now.
    if (previous !== undefined && previous.liveBytes * SPARSE < SLAB_BYTES) this.#giveUp(previous);
    return this.#open;
  }
}
