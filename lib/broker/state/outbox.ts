/**
 * The one place from which packets leave a connection, and when.
 *
 * There are three buffers. `ready` is sent when the turn ends. `held` waits for the commit of what this turn has written, and is
 * appended to `ready` when that is done; commits complete in order, so held packets leave in order. While the CONNACK is held
 * nothing may be sent before it [MQTT-3.2.0-1]: packets that wait only for the CONNACK are in `behindConnack`, and follow it at
 * once. The table in `ground/promises.ts` decides whether a packet waits; this file only carries that out.
 *
 * Encoding may fail (a packet beyond the largest Remaining Length), so a packet is encoded before anything is counted: a packet
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
  publishSize,
  ReasonCode,
  writeVarint,
} from "../../codec/mod.ts";
import type { OutgoingAliases, PlainPacket } from "../../session/mod.ts";
import { ByteBuffer } from "../ground/byte_buffer.ts";
import type { CloseReason } from "../ground/close_reason.ts";
import { appendConverted, MOST_ADDED_BYTES } from "../ground/converted_publish.ts";
import type { Fanout } from "../ground/fanout.ts";
import type { Ground } from "../ground/ground.ts";
import type { Sample } from "../ground/latency.ts";
import { withAlias } from "./aliased_publish.ts";
import { HeldPackets } from "./held_packets.ts";
import { fit, type Outgoing, publishPacket } from "../ground/outgoing.ts";

/** The most bytes of acknowledgements that wait while the store fails: many times what all Packet Identifiers need. */
const MAX_HELD_ACK_BYTES = 1024 * 1024;
/** Bytes of a PUBACK, PUBREC, PUBREL or PUBCOMP with Reason Code 0. */
const ACK_BYTES = 4;
/** Bytes of a fixed header at most. */
const MAX_HEADER_BYTES = 5;

/** What an outbox needs of its connection. */
export interface OutboxOwner {
  /** There is something to send at the end of the turn. */
  markDirty(): void;
  /** There are packets that wait for the commit of this turn. */
  markHolding(): void;
  /** The connection cannot go on: it ends with the turn. */
  endLater(reason: CloseReason): void;
  /** A packet other than PUBLISH is in the outbox. */
  tellSent(packet: Packet): void;
  /** A PUBLISH is in the outbox. */
  tellDelivered(outgoing: Outgoing, packetId: number, isRepeat: boolean): void;
}

/** The packets that a connection sends. */
export class Outbox {
  /** The version that the client's CONNECT named; 4 before that, because 4 has no Reason Codes to send. */
  protocolVersion: ProtocolVersion = 4;
  /** The client's Maximum Packet Size, bytes. [MQTT-3.1.2-24] */
  maxPacketSizeBytes: number = Infinity;
  /** Whether 5.0's Reason String and User Property may go into every packet. [MQTT-3.1.2-29] */
  wantsProblemInformation = true;
  /**
   * Set only where a 5.0 client allows Topic Aliases.
   * @internal
   */
  aliases: OutgoingAliases | null = null;
  /** Packets to send at the end of the turn. */
  readonly ready: ByteBuffer;
  /** Bytes that the link is writing. */
  writingBytes = 0;
  /** When the last write made progress. */
  wroteAtMs: number;
  /** The bytes of this outbox that are counted in the broker's total. */
  accountedBytes = 0;
  /** Bytes of packets other than PUBLISH that may be sent, and that the client has not read. */
  answerBytes = 0;
  /** Whether an accepting CONNACK has been put into the outbox: nothing else may be sent before it. [MQTT-3.2.0-1] */
  hasConnack = false;
  /** Whether the connection is on the list of those to flush when the turn ends. */
  isDirty = false;

  readonly #ground: Ground;
  readonly #owner: OutboxOwner;
  /** The prefix to take off every Topic Name. */
  mountPoint: string;
  #held: HeldPackets | null = null;
  #writingAnswerBytes = 0;
  /** The message whose time is measured, and the buffer that it is in. */
  #sample: Sample | null = null;
  #sampleIs: "held" | "ready" | "writing" = "ready";

  /** `mountPoint`: the prefix to take off every Topic Name. */
  constructor(ground: Ground, owner: OutboxOwner, mountPoint: string) {
    this.#ground = ground;
    this.#owner = owner;
    this.mountPoint = mountPoint;
    this.ready = new ByteBuffer(ground.pool);
    this.wroteAtMs = ground.nowMs;
  }

  /** Bytes to send that the peer has not read. */
  get unsentBytes(): number {
    return this.ready.length + this.writingBytes + (this.#held?.behindConnack?.length ?? 0);
  }

  /** PUBACKs that wait for a commit: they count against the Receive Maximum that we set. */
  get pendingPubacks(): number {
    return this.#held === null ? 0 : this.#held.pendingPubacks;
  }

  /** Whether a later acknowledgement must wait, so as not to overtake an earlier one. [MQTT-4.6.0-2] */
  get hasHeld(): boolean {
    return this.#held !== null && this.#held.isAny;
  }

  /**
   * Queues any packet except PUBLISH. A packet that is too large for the client loses its optional text; if it is still too large,
   * the connection ends, since no control packet may be left out. `false`: the packet was not queued. After a CONNACK that was not
   * queued the caller ends the connection, since nothing else may come before it [MQTT-3.14.0-1]; with DISCONNECT it is ending
   * already.
   */
  send(packet: Packet, waitsForCommit = false): boolean {
    const fitting = fit(packet, this);
    if (fitting === undefined) {
      if (packet.type !== "disconnect" && packet.type !== "connack") {
        const message = `${packet.type.toUpperCase()} is larger than the client accepts`;
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
    const held = this.#held;
    if (buffer === held?.buffer) {
      if (packet.type === "connack") held.isConnackHeld = true;
      this.#owe(held, sizeBytes);
    } else this.answerBytes += sizeBytes;
    this.#queued();
    if (this.#ground.isObserved) this.#owner.tellSent(fitting);
    return true;
  }

  /** Queues a PUBACK, PUBREC, PUBREL or PUBCOMP with Reason Code 0, given as its first byte. */
  sendAck(firstByte: number, packetId: number, waitsForCommit: boolean): void {
    const buffer = this.#buffer(waitsForCommit);
    const held = this.#held;
    if (buffer === held?.buffer) {
      if (firstByte === FirstByte.Puback) {
        held.pendingPubacks++;
        held.pubacks++;
      }
      this.#owe(held, ACK_BYTES);
    } else this.answerBytes += ACK_BYTES;
    this.#ground.metrics.sentByType[firstByte >> 4]!++;
    const at = buffer.reserve(ACK_BYTES);
    buffer.length = encodeAckInto(firstByte, packetId, buffer.bytes, at);
    this.#queued();
    if (this.#ground.isObserved) this.#owner.tellSent(ackPacket(firstByte, packetId));
  }

  /**
   * Queues a PUBLISH; returns false if it is larger than the client accepts. [MQTT-3.1.2-24] `packetId` is 0 for QoS 0. `fanout` is that of
   * the message, so that the encoding for one receiver is copied for the next; it is absent for repeats and queued messages.
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

  /** Whether a received PUBLISH without properties can be sent to this client unchanged; `isV5` tells whether it is encoded for 5.0. */
  takesAsItCame(sizeBytes: number, isV5: boolean): boolean {
    return this.aliases === null && sizeBytes <= this.maxPacketSizeBytes &&
      this.mountPoint === "" && (this.protocolVersion === 5) === isV5;
  }

  /**
   * Queues the bytes of a received PUBLISH unchanged; `false`: this client needs another encoding, see {@linkcode sendPublish}.
   * `isV5`: the packet is encoded for 5.0, without properties. For QoS 1 and 2 `packetId` is written at `idAt`, an offset in the packet.
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
    if (packetId > 0) {
      buffer.bytes[at + idAt] = packetId >> 8;
      buffer.bytes[at + idAt + 1] = packetId & 0xff;
      this.#ground.metrics.publishSentByQos[packet[0]! >> 1 & 3]!++;
    }
    this.#relayed(payloadBytes);
    return true;
  }

  /** Whether {@linkcode relayAcknowledged} can send a PUBLISH of QoS 1 or 2 without properties to this client. */
  takesRelayed(sizeBytes: number): boolean {
    return this.aliases === null && sizeBytes + MOST_ADDED_BYTES <= this.maxPacketSizeBytes &&
      this.mountPoint === "";
  }

  /**
   * Queues a received PUBLISH of QoS 1 or 2 without properties in this client's version, with this Packet Identifier. `isV5` tells whether it
   * came in 5.0; `idAt` is the offset of its own Packet Identifier. {@linkcode takesRelayed} must have returned true.
   * @internal
   */
  relayAcknowledged(packet: Uint8Array, isV5: boolean, packetId: number, idAt: number): void {
    const payloadAt = isV5 ? idAt + 3 : idAt + 2;
    if ((this.protocolVersion === 5) === isV5) {
      this.relayPublish(packet, isV5, packet.length - payloadAt, packetId, idAt);
      return;
    }
    appendConverted(this.#buffer(false), packet, isV5, packetId, idAt);
    this.#ground.metrics.publishSentByQos[packet[0]! >> 1 & 3]!++;
    this.#relayed(packet.length - payloadAt);
  }

  /**
   * Queues a PUBLISH without properties at QoS 0 with RETAIN; returns false if this client needs another encoding, see
   * {@linkcode sendPublish}.
   * @internal
   */
  sendPlainRetained({ bytes, nameAt, nameEnd, payloadAt, end }: PlainPacket): boolean {
    const isPlain = this.aliases === null && this.maxPacketSizeBytes === Infinity &&
      this.mountPoint === "" && !this.#ground.isObserved;
    if (!isPlain) return false;
    const isV5 = this.protocolVersion === 5;
    const bodyBytes = nameEnd - nameAt + (isV5 ? 1 : 0) + end - payloadAt;
    const buffer = this.#buffer(false);
    let at = buffer.reserve(MAX_HEADER_BYTES + bodyBytes);
    const target = buffer.bytes;
    target[at] = FirstByte.Publish | 1;
    at = writeVarint(bodyBytes, target, at + 1);
    for (let i = nameAt; i < nameEnd; i++) target[at++] = bytes[i]!;
    if (isV5) target[at++] = 0;
    target.set(bytes.subarray(payloadAt, end), at);
    buffer.length = at + end - payloadAt;
    this.#relayed(end - payloadAt);
    return true;
  }

  /** Takes the packets that wait for this turn's commit; the returned function releases them when the commit is done. */
  takeHeld(): (isClosed: boolean) => void {
    const held = this.#held;
    if (held === null || held.buffer === null) return () => {};
    const { buffer, pubacks } = held;
    held.buffer = null;
    held.pubacks = held.answerBytes = 0;
    held.commitsAwaited++;
    return (isClosed) => this.#release(held, buffer, pubacks, isClosed);
  }

  /** The link takes all ready bytes, to write them: the first `writingBytes` bytes of the returned array. */
  beginWrite(): Uint8Array<ArrayBuffer> {
    this.writingBytes = this.ready.length;
    this.#writingAnswerBytes = this.answerBytes;
    if (this.#sample !== null && this.#sampleIs === "ready") this.#sampleIs = "writing";
    this.wroteAtMs = this.#ground.nowMs;
    return this.ready.take();
  }

  /** The link has written `count` more bytes. */
  wrote(count: number, nowMs: number): void {
    this.writingBytes -= count;
    this.wroteAtMs = nowMs;
    if (this.writingBytes === 0) {
      this.answerBytes -= this.#writingAnswerBytes;
      if (this.#sample !== null && this.#sampleIs === "writing") this.#sampleWritten(this.#sample);
    }
    this.#ground.metrics.bytesSent += count;
  }

  /** Discards what has not been sent. */
  discard(): void {
    if (this.#sample !== null) this.#sample.isLost = true;
    this.#sample = null;
    this.ready.clear();
    this.#held?.clear();
  }

  /** Notes that a message whose time is measured is in this buffer. */
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

  /** Limits the acknowledgements that wait while the store fails: a client may repeat its packets again and again. */
  #owe(held: HeldPackets, sizeBytes: number): void {
    const hadRoom = held.answerBytes <= MAX_HELD_ACK_BYTES;
    held.answerBytes += sizeBytes;
    if (!hadRoom || held.answerBytes <= MAX_HELD_ACK_BYTES) return;
    const message = "Too many acknowledgements wait for the store";
    this.#owner.endLater({ reasonCode: ReasonCode.QuotaExceeded, message });
  }

  #release(held: HeldPackets, buffer: ByteBuffer, pubacks: number, isClosed: boolean): void {
    held.commitsAwaited--;
    held.isConnackHeld = false;
    held.pendingPubacks -= pubacks;
    if (!isClosed) {
      this.ready.append(buffer.bytes.subarray(0, buffer.length));
      this.answerBytes += buffer.length;
      this.#sampleIs = this.#sampleIs === "held" ? "ready" : this.#sampleIs;
      const behind = held.behindConnack;
      if (behind !== null) this.ready.append(behind.bytes.subarray(0, behind.length));
      if (!this.isDirty) this.#owner.markDirty();
    }
    buffer.clear();
    held.clearBehindConnack();
  }

  #buffer(waitsForCommit: boolean): ByteBuffer {
    if (this.#ground.store === undefined) return this.ready;
    if (!waitsForCommit) {
      if (this.#held === null || !this.#held.isConnackHeld) return this.ready;
      // Do not append to `held`, which waits for later commits: packets behind the CONNACK would overtake it. [MQTT-4.6.0-6]
      return this.#held.followConnack(this.#ground.pool);
    }
    const held = this.#held ??= new HeldPackets();
    if (held.buffer === null) {
      held.buffer = new ByteBuffer(this.#ground.pool);
      this.#owner.markHolding();
    }
    return held.buffer;
  }

  #relayed(payloadBytes: number): void {
    const { metrics } = this.#ground;
    metrics.publishSent++;
    metrics.payloadBytesSent += payloadBytes;
    this.#queued();
  }

  #queued(): void {
    this.#ground.metrics.packetsSent++;
    if (!this.isDirty) this.#owner.markDirty();
  }

  /** Encodes a PUBLISH for this receiver alone; `false` where it is larger than the client accepts. */
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
      packet = withAlias(packet, this.aliases, sizeBytes, this.maxPacketSizeBytes);
      sizeBytes = publishSize(packet, version, undefined, shared);
    }
    const at = buffer.reserve(sizeBytes);
    buffer.length = encodePublishInto(packet, version, buffer.bytes, at, undefined, shared);
    return true;
  }
}

const ACK_TYPES = {
  [FirstByte.Puback]: "puback",
  [FirstByte.Pubrec]: "pubrec",
  [FirstByte.Pubrel]: "pubrel",
  [FirstByte.Pubcomp]: "pubcomp",
} as const;

/** The acknowledgement as a packet, for observers. */
function ackPacket(firstByte: number, packetId: number): Packet {
  const type = ACK_TYPES[firstByte as keyof typeof ACK_TYPES];
  return { type, packetId, reasonCode: ReasonCode.Success };
}
