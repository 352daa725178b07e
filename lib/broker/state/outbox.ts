/**
 * The one place from which packets leave a connection, and when.
 *
 * Three buffers, and one rule. `ready` leaves when the turn ends. `held` waits for the commit of what this turn has written,
 * and is appended to `ready` when that is done; commits are done in order, so what is held leaves in order. While the CONNACK is
 * held nothing may leave before it [MQTT-3.2.0-1]: what waits for nothing but the CONNACK stands in `behindConnack`, and follows it at
 * once. Whether a packet waits is said by the table in `ground/promises.ts`; here that is only carried out.
 *
 * What is encoded may fail (a packet beyond the largest Remaining Length): it is encoded before anything is counted, so that a packet
 * that fails has not been sent.
 *
 * @module
 */
import {
  encodeAckInto,
  encodeInto,
  encodePublishInto,
  FirstByte,
  type Packet,
  packetSize,
  type ProtocolVersion,
  type Publish,
  publishSize,
  ReasonCode,
} from "../../codec/mod.ts";
import type { OutgoingAliases } from "../../session/mod.ts";
import { ByteBuffer } from "../ground/byte_buffer.ts";
import type { CloseReason } from "../ground/close_reason.ts";
import type { Fanout } from "../ground/fanout.ts";
import type { Ground } from "../ground/ground.ts";
import type { Sample } from "../ground/latency.ts";
import { fit, type Outgoing, publishPacket } from "../ground/outgoing.ts";

/** Acknowledgements that wait while the store fails, bytes: many times what all Packet Identifiers need. */
const MAX_HELD_ACK_BYTES = 1024 * 1024;
/** Bytes of a PUBACK, PUBREC, PUBREL or PUBCOMP with Reason Code 0. */
const ACK_BYTES = 4;
/** Bytes that a Topic Alias adds to a PUBLISH. */
const TOPIC_ALIAS_BYTES = 4;

/** A longer Topic Name gets no alias: each that has one is kept for as long as the connection lasts. */
const MAX_ALIASED_LENGTH = 1024;

/** Whose packets these are. */
export interface OutboxOwner {
  /** There is something to send at the end of the turn. */
  markDirty(): void;
  /** There is something that waits for the commit of this turn. */
  markHolding(): void;
  /** The connection cannot go on: it ends with the turn. */
  endLater(reason: CloseReason): void;
  /** A packet, but no PUBLISH, is in the outbox. */
  tellSent(packet: Packet): void;
  /** A PUBLISH is in the outbox. */
  tellDelivered(outgoing: Outgoing, packetId: number, isRepeat: boolean): void;
}

/** What leaves a connection. */
export class Outbox {
  /** What the client's CONNECT said; before that 4, in which nothing can be told. */
  protocolVersion: ProtocolVersion = 4;
  /** The client's Maximum Packet Size, bytes. [MQTT-3.1.2-24] */
  maxPacketSizeBytes: number = Infinity;
  /** Whether 5.0's Reason String and User Property may go into every packet. [MQTT-3.1.2-29] */
  wantsProblemInformation = true;
  /**
   * Only where a 5.0 client has allowed some.
   * @internal
   */
  aliases: OutgoingAliases | null = null;
  /** PUBACKs that wait for a commit: they count against the Receive Maximum that we set. */
  pendingPubacks = 0;
  /** What leaves at the end of the turn. */
  readonly ready: ByteBuffer;
  /** Bytes that the link is writing. */
  writingBytes = 0;
  /** When the last write made progress. */
  wroteAtMs: number;
  /** Of these bytes the broker's total knows. */
  accountedBytes = 0;
  /** Bytes of answers (all but PUBLISH) that may leave, and that the client has not taken. */
  answerBytes = 0;
  /** Whether a CONNACK that lets the client in has been put into it: before it nothing else may leave. [MQTT-3.2.0-1] */
  hasConnack = false;
  /** Whether it is on the list of those to flush when the turn ends. */
  isDirty = false;

  readonly #ground: Ground;
  readonly #owner: OutboxOwner;
  /** Taken off every Topic Name. */
  mountPoint: string;
  #held: ByteBuffer | null = null;
  #writingAnswerBytes = 0;
  #heldPubacks = 0;
  #heldAckBytes = 0;
  #isConnackHeld = false;
  #behindConnack: ByteBuffer | null = null;
  /** A message of which the time is measured, and how far it is. */
  #sample: Sample | null = null;
  #sampleIs: "held" | "ready" | "writing" = "ready";
  /** Commits that hold something of this connection: later acknowledgements must not overtake. */
  #commitsAwaited = 0;

  /** `mountPoint`: taken off every Topic Name. */
  constructor(ground: Ground, owner: OutboxOwner, mountPoint: string) {
    this.#ground = ground;
    this.#owner = owner;
    this.mountPoint = mountPoint;
    this.ready = new ByteBuffer(ground.pool);
    this.wroteAtMs = ground.nowMs;
  }

  /** Bytes on their way that the peer has not taken. */
  get unsentBytes(): number {
    return this.ready.length + this.writingBytes + (this.#behindConnack?.length ?? 0);
  }

  /** Whether a later acknowledgement must wait, so as not to overtake an earlier one. [MQTT-4.6.0-2] */
  get hasHeld(): boolean {
    return this.#commitsAwaited > 0 || this.#held !== null;
  }

  /**
   * Queues any packet but PUBLISH. What a client cannot take loses its optional text; one that cannot take it even so ends,
   * since no control packet may be missing. `false`: it was not queued. Whoever sends CONNACK ends the connection then, since
   * nothing else may come before it [MQTT-3.14.0-1]; who is sent DISCONNECT is ending already.
   */
  send(packet: Packet, waitsForCommit = false): boolean {
    const fitting = fit(packet, this);
    if (fitting === undefined) {
      if (packet.type !== "disconnect" && packet.type !== "connack") {
        const message = `Client cannot take its ${packet.type.toUpperCase()}`;
        this.#owner.endLater({ reasonCode: ReasonCode.PacketTooLarge, message });
      }
      return false;
    }
    const sizeBytes = packetSize(fitting, this.protocolVersion);
    const buffer = this.#buffer(waitsForCommit);
    const at = buffer.reserve(sizeBytes);
    buffer.length = encodeInto(fitting, this.protocolVersion, buffer.bytes, at);
    this.#ground.metrics.sentByType[buffer.bytes[at]! >> 4]!++;
    if (packet.type === "connack" && packet.reasonCode === 0) this.hasConnack = true;
    if (buffer === this.#held) {
      if (packet.type === "connack") this.#isConnackHeld = true;
      this.#owe(sizeBytes);
    } else this.answerBytes += sizeBytes;
    this.#queued();
    if (this.#ground.isObserved) this.#owner.tellSent(fitting);
    return true;
  }

  /** Queues a PUBACK, PUBREC, PUBREL or PUBCOMP with Reason Code 0, given as its first byte. */
  sendAck(firstByte: number, packetId: number, waitsForCommit: boolean): void {
    const buffer = this.#buffer(waitsForCommit);
    if (buffer === this.#held) {
      if (firstByte === FirstByte.Puback) {
        this.pendingPubacks++;
        this.#heldPubacks++;
      }
      this.#owe(ACK_BYTES);
    } else this.answerBytes += ACK_BYTES;
    this.#ground.metrics.sentByType[firstByte >> 4]!++;
    const at = buffer.reserve(ACK_BYTES);
    buffer.length = encodeAckInto(firstByte, packetId, buffer.bytes, at);
    this.#queued();
    if (this.#ground.isObserved) this.#owner.tellSent(ackPacket(firstByte, packetId));
  }

  /**
   * Queues a PUBLISH; `false` where it is larger than the client takes. [MQTT-3.1.2-24] `packetId` is 0 for QoS 0; `fanout` is the
   * message's, so that what was encoded for one receiver is copied for the next; it is absent for a repeat and for what was queued.
   * @internal
   */
  sendPublish(
    outgoing: Outgoing,
    packetId: number,
    waitsForCommit: boolean,
    isRepeat: boolean,
    fanout: Fanout | undefined,
  ): boolean {
    const { message, subscriptionIdentifiers } = outgoing;
    const buffer = this.#buffer(waitsForCommit);
    const isPlain = this.aliases === null && this.maxPacketSizeBytes === Infinity &&
      subscriptionIdentifiers === undefined && this.mountPoint === "" && !isRepeat;
    if (isPlain && fanout !== undefined) {
      fanout.copyInto(buffer, this.protocolVersion, outgoing.qos, outgoing.retain, packetId);
    } else if (!this.#encodePublish(buffer, outgoing, packetId, isRepeat, fanout)) return false;
    const { metrics } = this.#ground;
    metrics.publishSent++;
    metrics.payloadBytesSent += message.payload.length;
    if (outgoing.qos > 0) metrics.publishSentByQos[outgoing.qos]!++;
    this.#queued();
    if (this.#ground.isObserved) {
      this.#follow(buffer);
      this.#owner.tellDelivered(outgoing, packetId, isRepeat);
    }
    return true;
  }

  /** Whether the client gets a PUBLISH without properties as it came: `isV5` says that it is written in 5.0. */
  takesAsItCame(sizeBytes: number, isV5: boolean): boolean {
    return this.aliases === null && sizeBytes <= this.maxPacketSizeBytes &&
      this.mountPoint === "" && (this.protocolVersion === 5) === isV5;
  }

  /**
   * Queues a PUBLISH as it came; `false`: this client gets it otherwise, see {@linkcode sendPublish}. One of QoS 1 has its `packetId`
   * at `idAt` then.
   * @internal
   */
  relayPublish(
    packet: Uint8Array,
    isV5: boolean,
    payloadBytes: number,
    packetId = 0,
    idAt = 0,
  ): boolean {
    if (!this.takesAsItCame(packet.length, isV5)) return false;
    const buffer = this.#buffer(false);
    const at = buffer.length;
    buffer.append(packet);
    const { metrics } = this.#ground;
    if (packetId > 0) {
      buffer.bytes[at + idAt] = packetId >> 8;
      buffer.bytes[at + idAt + 1] = packetId & 0xff;
      metrics.publishSentByQos[1]!++;
    }
    metrics.publishSent++;
    metrics.payloadBytesSent += payloadBytes;
    this.#queued();
    return true;
  }

  /** Takes out what waits for this turn's commit; the function returned lets it go when that is done. */
  takeHeld(): (isClosed: boolean) => void {
    const held = this.#held;
    const pubacks = this.#heldPubacks;
    this.#held = null;
    this.#heldPubacks = this.#heldAckBytes = 0;
    if (held === null) return () => {};
    this.#commitsAwaited++;
    return (isClosed) => this.#release(held, pubacks, isClosed);
  }

  /** The link takes all that is ready, to write it: the first `writingBytes` bytes of what is returned. */
  beginWrite(): Uint8Array<ArrayBuffer> {
    this.writingBytes = this.ready.length;
    this.#writingAnswerBytes = this.answerBytes;
    if (this.#sample !== null && this.#sampleIs === "ready") this.#sampleIs = "writing";
    this.wroteAtMs = this.#ground.nowMs;
    return this.ready.take();
  }

  /** The link has written `count` bytes more of it. */
  wrote(count: number, nowMs: number): void {
    this.writingBytes -= count;
    this.wroteAtMs = nowMs;
    if (this.writingBytes === 0) {
      this.answerBytes -= this.#writingAnswerBytes;
      if (this.#sample !== null && this.#sampleIs === "writing") this.#sampleWritten(this.#sample);
    }
    this.#ground.metrics.bytesSent += count;
  }

  /** Discards what has not left. */
  discard(): void {
    if (this.#sample !== null) this.#sample.isLost = true;
    this.#sample = null;
    this.ready.clear();
    this.#held?.clear();
    this.#held = null;
    this.#behindConnack?.clear();
    this.#behindConnack = null;
  }

  /** A message whose time is measured is put into this buffer. */
  #follow(buffer: ByteBuffer): void {
    const sample = this.#ground.latency.current;
    if (sample === null || this.#sample !== null) return;
    sample.pending++;
    this.#sample = sample;
    this.#sampleIs = buffer === this.ready ? "ready" : "held";
  }

  #sampleWritten(sample: Sample): void {
    this.#sample = null;
    sample.written();
  }

  /** While a store fails a client may ask the same again and again: what it is owed for that is bounded. */
  #owe(sizeBytes: number): void {
    const hadRoom = this.#heldAckBytes <= MAX_HELD_ACK_BYTES;
    this.#heldAckBytes += sizeBytes;
    if (!hadRoom || this.#heldAckBytes <= MAX_HELD_ACK_BYTES) return;
    const message = "Too many acknowledgements wait for the store";
    this.#owner.endLater({ reasonCode: ReasonCode.QuotaExceeded, message });
  }

  #release(held: ByteBuffer, pubacks: number, isClosed: boolean): void {
    this.#commitsAwaited--;
    this.#isConnackHeld = false;
    this.pendingPubacks -= pubacks;
    if (!isClosed) {
      this.ready.append(held.bytes.subarray(0, held.length));
      this.answerBytes += held.length;
      this.#sampleIs = this.#sampleIs === "held" ? "ready" : this.#sampleIs;
      const behind = this.#behindConnack;
      if (behind !== null) this.ready.append(behind.bytes.subarray(0, behind.length));
      if (!this.isDirty) this.#owner.markDirty();
    }
    held.clear();
    this.#behindConnack?.clear();
    this.#behindConnack = null;
  }

  #buffer(waitsForCommit: boolean): ByteBuffer {
    if (this.#ground.store === undefined) return this.ready;
    if (!waitsForCommit) {
      if (!this.#isConnackHeld) return this.ready;
      // Not with what waits for later commits: it would be overtaken by what follows the CONNACK. [MQTT-4.6.0-6]
      return this.#behindConnack ??= new ByteBuffer(this.#ground.pool);
    }
    if (this.#held === null) {
      this.#held = new ByteBuffer(this.#ground.pool);
      this.#owner.markHolding();
    }
    return this.#held;
  }

  #queued(): void {
    this.#ground.metrics.packetsSent++;
    if (!this.isDirty) this.#owner.markDirty();
  }

  /** Encodes a PUBLISH that is like no other's; `false` where it is larger than the client takes. */
  #encodePublish(
    buffer: ByteBuffer,
    outgoing: Outgoing,
    packetId: number,
    isRepeat: boolean,
    fanout: Fanout | undefined,
  ): boolean {
    const version = this.protocolVersion;
    const shared = version === 5 ? fanout?.sharedProperties : undefined;
    let packet = publishPacket(outgoing, packetId, isRepeat, {
      protocolVersion: version,
      mountPoint: this.mountPoint,
      nowMs: this.#ground.nowMs,
      hasShared: shared !== undefined,
    });
    let sizeBytes = publishSize(packet, version, undefined, shared);
    if (sizeBytes > this.maxPacketSizeBytes) return false;
    if (this.aliases !== null && buffer === this.ready) {
      packet = this.#withAlias(packet, sizeBytes, this.aliases);
      sizeBytes = publishSize(packet, version, undefined, shared);
    }
    const at = buffer.reserve(sizeBytes);
    buffer.length = encodePublishInto(packet, version, buffer.bytes, at, undefined, shared);
    return true;
  }

  /**
   * With a Topic Alias, where it fits. Only for what leaves at once: a packet that waits for a commit could be overtaken by one
   * that needs the alias it brings.
   */
  #withAlias(packet: Publish, sizeBytes: number, aliases: OutgoingAliases): Publish {
    if (sizeBytes + TOPIC_ALIAS_BYTES > this.maxPacketSizeBytes) return packet;
    if (packet.topicName.length > MAX_ALIASED_LENGTH) return packet;
    // Where no alias is free the oldest is given away, so every topic gets one: a repeated topic costs three bytes.
    const { alias, isNew } = aliases.use(packet.topicName);
    return {
      ...packet,
      topicName: isNew ? packet.topicName : "",
      properties: { ...packet.properties, topicAlias: alias },
    };
  }
}

const ACK_TYPES = {
  [FirstByte.Puback]: "puback",
  [FirstByte.Pubrec]: "pubrec",
  [FirstByte.Pubrel]: "pubrel",
  [FirstByte.Pubcomp]: "pubcomp",
} as const;

/** The acknowledgement as it is told to observers. */
function ackPacket(firstByte: number, packetId: number): Packet {
  const type = ACK_TYPES[firstByte as keyof typeof ACK_TYPES];
  return { type, packetId, reasonCode: ReasonCode.Success };
}
