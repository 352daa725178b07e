import {
  encodePublishInto,
  encodePublishProperties,
  type Properties,
  propertiesSizeBytes,
  type ProtocolVersion,
  type Publish,
  publishSize,
  type Qos,
} from "../../codec/mod.ts";
import type { KeptMessage, Message } from "../../session/mod.ts";
import type { ByteBuffer } from "./byte_buffer.ts";
import { outgoingProperties } from "./outgoing.ts";
import { ownPayload, PayloadSlab } from "./payload_slab.ts";

/** One encoding of the message: for a version, a QoS and a RETAIN flag. */
interface Variant {
  bytes: Uint8Array | null;
  /** Offset of the Packet Identifier in `bytes`. */
  packetIdOffset: number;
}

/**
 * From this size in bytes on, properties are encoded once for all receivers, also for receivers that need a packet of their own.
 */
const SHARED_BYTES = 256;

/** (5.0 or not) x QoS x RETAIN. */
const VARIANTS = 12;

/**
 * One message on its way to its receivers. It is encoded once for each kind of receiver; each receiver gets a copy with its own
 * Packet Identifier. The payload is copied out of the read buffer once, when the first receiver must keep it.
 *
 * One object serves all messages one after the other, so that routing allocates nothing: `begin` starts the next message.
 */
export class Fanout {
  #message!: Message;
  #topicNameBytes: Uint8Array | undefined;
  #nowMs = 0;
  #kept: KeptMessage | null = null;
  #sharedProperties: Uint8Array | null | undefined;
  /** With one receiver no encoding is shared: the packet is encoded directly into that connection's buffer. */
  #isSingle = true;
  #used = 0;
  /** Copies of payloads that are kept for a short while. */
  readonly slab: PayloadSlab = new PayloadSlab();
  #scratch = new Uint8Array(4096);
  readonly #variants: Variant[] = Array.from(
    { length: VARIANTS },
    () => ({ bytes: null, packetIdOffset: 0 }),
  );

  /**
   * Starts the next message. The Topic Name may be missing in bytes with one receiver alone. `kept` is a copy of the same message, if one is
   * kept already.
   */
  begin(
    message: Message,
    topicNameBytes: Uint8Array | undefined,
    isSingle: boolean,
    nowMs: number,
    kept: KeptMessage | null = null,
  ): void {
    this.#message = message;
    this.#topicNameBytes = topicNameBytes;
    this.#kept = kept;
    this.#sharedProperties = undefined;
    this.#isSingle = isSingle;
    this.#nowMs = nowMs;
    if (this.#used > 0) {
      for (const variant of this.#variants) variant.bytes = null;
      this.#used = 0;
    }
  }

  /** The message's encoded properties, where they are large; `undefined`: they are small, and are encoded with each packet. */
  get sharedProperties(): Uint8Array | undefined {
    const { properties } = this.#message;
    if (properties === undefined) return undefined;
    if (this.#sharedProperties === undefined) {
      const isLarge = propertiesSizeBytes(properties) >= SHARED_BYTES;
      this.#sharedProperties = isLarge ? encodePublishProperties(properties) : null;
    }
    return this.#sharedProperties ?? undefined;
  }

  /** The message with its own copy of the payload. All receivers that keep the message share this copy. */
  keep(): KeptMessage {
    return this.#kept ??= keptMessage(this.#message, this.slab.copy(this.#message.payload));
  }

  /**
   * Like `keep`, for a receiver that may keep the message for long: the payload gets an allocation of its own, and keeps no other memory
   * alive.
   */
  keepForLong(): KeptMessage {
    const kept = this.#kept;
    if (kept === null) return this.#kept = keepMessage(this.#message);
    kept.payload = ownPayload(kept.payload);
    return kept;
  }

  /** Appends the PUBLISH for this kind of receiver. */
  copyInto(
    buffer: ByteBuffer,
    version: ProtocolVersion,
    qos: Qos,
    retain: boolean,
    packetId: number,
  ): void {
    if (this.#isSingle) {
      const packet = this.#packet(version, qos, retain, packetId);
      const at = buffer.reserve(publishSize(packet, version, this.#topicNameBytes));
      buffer.length = encodePublishInto(packet, version, buffer.bytes, at, this.#topicNameBytes);
      return;
    }
    const variant = this.#variants[(version === 5 ? 6 : 0) + qos * 2 + (retain ? 1 : 0)]!;
    const bytes = variant.bytes ?? this.#encode(variant, version, qos, retain);
    const at = buffer.reserve(bytes.length);
    buffer.bytes.set(bytes, at);
    if (qos > 0) {
      buffer.bytes[at + variant.packetIdOffset] = packetId >> 8;
      buffer.bytes[at + variant.packetIdOffset + 1] = packetId & 0xff;
    }
    buffer.length = at + bytes.length;
  }

  #encode(variant: Variant, version: ProtocolVersion, qos: Qos, retain: boolean): Uint8Array {
    const packet = this.#packet(version, qos, retain, qos > 0 ? 1 : 0);
    const topicNameBytes = this.#topicNameBytes!;
    const sizeBytes = publishSize(packet, version, topicNameBytes);
    if (this.#used + sizeBytes > this.#scratch.length) {
      // Variants that were encoded before still refer to the old array, which keeps it alive.
      this.#scratch = new Uint8Array(Math.max(2 * this.#scratch.length, sizeBytes));
      this.#used = 0;
    }
    const at = this.#used;
    this.#used = encodePublishInto(packet, version, this.#scratch, at, topicNameBytes);
    // First byte, Remaining Length of one to four bytes, the topic's two length bytes, the topic.
    let lengthBytes = 1;
    while (this.#scratch[at + lengthBytes]! > 0x7f) lengthBytes++;
    variant.packetIdOffset = 1 + lengthBytes + 2 + topicNameBytes.length;
    return variant.bytes = this.#scratch.subarray(at, this.#used);
  }

  #packet(version: ProtocolVersion, qos: Qos, retain: boolean, packetId: number): Publish {
    const message = this.#message;
    return {
      type: "publish",
      topicName: message.topicName,
      payload: message.payload,
      qos,
      retain,
      dup: false,
      packetId,
      properties: version === 5 ? outgoingProperties(message, undefined, this.#nowMs) : undefined,
    };
  }
}

/** A copy that stays valid after the turn: its payload is copied. */
export function keepMessage(message: Message): KeptMessage {
  return keptMessage(message, message.payload.slice());
}

/** A copy of the properties: their bytes are copied too. */
export function ownProperties(properties: Properties | undefined): Properties | undefined {
  return properties?.correlationData === undefined
    ? properties
    : { ...properties, correlationData: properties.correlationData.slice() };
}

function keptMessage(message: Message, payload: Uint8Array): KeptMessage {
  const { topicName, qos, retain, properties, expiresAtMs, publisherId, logId, draw } = message;
  const kept: KeptMessage & { logId?: number } = {
    topicName,
    payload,
    qos,
    retain,
    properties: ownProperties(properties),
    expiresAtMs,
    publisherId,
    storeId: 0,
  };
  // Only in a cluster, where a copy with one field more took longer than all else here.
  if (logId !== undefined) kept.logId = logId;
  if (draw !== undefined) kept.draw = draw;
  return kept;
}
