import {
  encodeAckInto,
  encodeInto,
  encodePublishInto,
  FirstByte,
  type MqttError,
  type Packet,
  packetSize,
  type ProtocolVersion,
  type Publish,
  publishSize,
  type Qos,
  ReasonCode,
  type Will,
} from "../codec/mod.ts";
import type { IncomingAliases, Message, OutgoingAliases } from "../session/mod.ts";
import type { Broker } from "./broker.ts";
import { ByteBuffer } from "./byte_buffer.ts";
import type { Client } from "./client.ts";
import { Deadline } from "./deadlines.ts";
import type { Fanout } from "./fanout.ts";
import { disconnect } from "./lifecycle.ts";
import type { ListenerOptions } from "./options.ts";
import type { ConnectionRates } from "./rates.ts";
import type { AuthenticationRequest, ClientIdentity, EnhancedExchange, Link } from "./ports.ts";
import { fit, outgoingProperties } from "./outgoing.ts";
import { watchConnection } from "./watch.ts";

/** Acknowledgements that wait while the store fails, bytes: many times what all Packet Identifiers need. */
const MAX_HELD_ACK_BYTES = 1024 * 1024;

/**
 * Where a connection stands.
 *
 * | state            | CONNECT        | AUTH           | any other packet |
 * |------------------|----------------|----------------|------------------|
 * | `waiting`        | authenticate   | 0x82           | 0x82             |
 * | `authenticating` | 0x82           | next step      | 0x82, or leave   |
 * | `connected`      | 0x82           | re-authenticate| handle           |
 * | `closed`         | –              | –              | –                |
 */
export type ConnectionState = "waiting" | "authenticating" | "connected" | "closed";

/** One Network Connection in the core: protocol state, and the outbox, the one place from which packets leave. */
export class Connection {
  /** What may come next: see the table. */
  state: ConnectionState = "waiting";
  /** What its CONNECT said; before that 4, in which nothing can be told. */
  protocolVersion: ProtocolVersion = 4;
  /** From the CONNACK on; it stays when another connection has taken the client over. */
  client: Client | null = null;
  /** From the CONNACK on: who access control let in. */
  identity: ClientIdentity | null = null;
  /** Present until a DISCONNECT takes it away. [MQTT-3.14.4-3] */
  will: Will | undefined;
  /** 0: off. */
  keepAliveSeconds = 0;
  /** When bytes last came, in the clock's milliseconds; before the first, when it was accepted. */
  lastReceivedMs: number;
  /** The client's Maximum Packet Size, bytes. [MQTT-3.1.2-24] */
  maxPacketSizeBytes: number = Infinity;
  /** Whether 5.0's Reason String and User Property may go into every packet. [MQTT-3.1.2-29] */
  wantsProblemInformation = true;
  /** Session Expiry Interval of CONNECT, seconds: a DISCONNECT may not raise it from 0. [MQTT-3.14.2-2] */
  requestedExpirySeconds = 0;
  /**
   * From the CONNACK on in 5.0, else absent.
   * @internal
   */
  incomingAliases: IncomingAliases | null = null;
  /**
   * Only where a 5.0 client has allowed some.
   * @internal
   */
  outgoingAliases: OutgoingAliases | null = null;
  /** An enhanced authentication, under way or through: its method is the connection's for good. */
  authentication: {
    readonly method: string;
    /** `null` while none is under way. */
    readonly exchange: EnhancedExchange | null;
    readonly request: AuthenticationRequest;
  } | null = null;
  /** A CONNECT was read, so that there is somebody to tell why not, and in what version. */
  hasSentConnect = false;
  /** Clean Start of its CONNECT, Clean Session before 5.0. */
  wantsCleanStart = false;
  /** Packets of this connection are being handled: it goes on by itself. */
  isReceiving = false;
  /** While set, bytes that arrive stay where they are: an answer from outside, or room, is waited for. */
  isStopped = false;
  /** The packet that was handled last was not, after all: it comes again. */
  isPostponed = false;
  /**
   * What may come in a second; `undefined`: anything.
   * @internal
   */
  rates: ConnectionRates | undefined;
  /** Ends a stop for what came too fast. */
  pause: Deadline | null = null;
  /** Accepted beyond a limit: its CONNECT is refused with 0x97. */
  isOverLimit = false;
  /** PUBACKs that wait for a commit: they count against the Receive Maximum that we set. */
  pendingPubacks = 0;
  #heldPubacks = 0;
  #heldAckBytes = 0;
  /** Nothing may leave before CONNACK, so while it waits everything does. [MQTT-3.2.0-1] */
  #isConnackHeld = false;
  /** What waits for nothing but the CONNACK before it. */
  #behindConnack: ByteBuffer | null = null;

  /** What leaves at the end of the turn. */
  readonly ready: ByteBuffer;
  /** What leaves when this turn's writes are committed. */
  #held: ByteBuffer | null = null;
  /** Commits that hold something of this connection: later acknowledgements must not overtake. */
  #commitsAwaited = 0;
  /** Bytes that the link is writing. */
  writingBytes = 0;
  /** When the last write made progress. */
  wroteAtMs: number;
  /** Of these bytes the broker's total knows. */
  accountedBytes = 0;
  /** Whether the broker has it on its list of those to flush when the turn ends. */
  isDirty = false;
  /** The one deadline of a connection: its CONNECT, its Keep Alive or a write that stands still, whichever is first. */
  readonly watch: Deadline;

  /** Made by {@linkcode Broker.accept}; `nowMs` is the time of that. */
  constructor(
    readonly broker: Broker,
    readonly link: Link,
    readonly listener: ListenerOptions,
    nowMs: number,
  ) {
    this.ready = new ByteBuffer(broker.pool);
    this.lastReceivedMs = this.wroteAtMs = nowMs;
    this.watch = new Deadline(() => watchConnection(this));
  }

  /** For logs. */
  get name(): string {
    return this.identity?.clientId ?? this.link.remoteAddress;
  }

  /** Bytes on their way that the peer has not taken. */
  get unsentBytes(): number {
    return this.ready.length + this.writingBytes + (this.#behindConnack?.length ?? 0);
  }

  /**
   * Queues any packet but PUBLISH. What a client cannot take loses its optional text; one that cannot take it even so ends,
   * since no control packet may be missing.
   */
  send(packet: Packet, waitsForCommit = false): void {
    if (this.state === "closed") return;
    const fitting = fit(packet, this);
    if (fitting === undefined) return this.#endFor(packet);
    if (waitsForCommit && packet.type === "connack") {
      this.#isConnackHeld = this.broker.store !== undefined;
    }
    const buffer = this.#buffer(waitsForCommit);
    const at = buffer.reserve(packetSize(fitting, this.protocolVersion));
    buffer.length = encodeInto(fitting, this.protocolVersion, buffer.bytes, at);
    if (buffer === this.#held) this.#owe(buffer.length - at);
    this.#queued();
  }

  /** Queues a PUBACK, PUBREC, PUBREL or PUBCOMP with Reason Code 0, given as its first byte. */
  sendAck(firstByte: number, packetId: number, waitsForCommit: boolean): void {
    const buffer = this.#buffer(waitsForCommit);
    if (buffer === this.#held) {
      if (firstByte === FirstByte.Puback) {
        this.pendingPubacks++;
        this.#heldPubacks++;
      }
      this.#owe(4);
    }
    const at = buffer.reserve(4);
    buffer.length = encodeAckInto(firstByte, packetId, buffer.bytes, at);
    this.#queued();
  }

  /** Whether a later acknowledgement must wait, so as not to overtake an earlier one. [MQTT-4.6.0-2] */
  get hasHeld(): boolean {
    return this.#commitsAwaited > 0 || this.#held !== null;
  }

  /**
   * Queues a PUBLISH; `false` where it is larger than the client takes. [MQTT-3.1.2-24] `fanout` is the message's, so that
   * what it encoded for one receiver is copied for the next.
   * @internal
   */
  sendPublish(
    message: Message,
    qos: Qos,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIdentifiers: readonly number[] | undefined,
    fanout: Fanout | undefined,
  ): boolean {
    // A session that is not stored remembers no PUBREC after a crash: for it there is nothing to wait for.
    const buffer = this.#buffer(qos === 2 && this.client!.session.isPersistent);
    const isPlain = this.outgoingAliases === null && this.maxPacketSizeBytes === Infinity &&
      subscriptionIdentifiers === undefined && this.listener.mountPoint === "" && !dup;
    if (isPlain && fanout !== undefined) {
      fanout.copyInto(buffer, this.protocolVersion, qos, retain, packetId);
    } else {
      let packet = this.#publish(message, qos, retain, dup, packetId, subscriptionIdentifiers);
      let sizeBytes = publishSize(packet, this.protocolVersion);
      if (sizeBytes > this.maxPacketSizeBytes) return false;
      if (this.outgoingAliases !== null && buffer === this.ready) {
        packet = this.#withAlias(packet, sizeBytes, this.outgoingAliases);
        sizeBytes = publishSize(packet, this.protocolVersion);
      }
      const at = buffer.reserve(sizeBytes);
      buffer.length = encodePublishInto(packet, this.protocolVersion, buffer.bytes, at);
    }
    const metrics = this.broker.metrics;
    metrics.publishSent++;
    metrics.payloadBytesSent += message.payload.length;
    this.#queued();
    return true;
  }

  /** Takes out what waits for this turn's commit; the function returned lets it go when that is done. */
  takeHeld(): () => void {
    const held = this.#held;
    const pubacks = this.#heldPubacks;
    this.#held = null;
    this.#heldPubacks = this.#heldAckBytes = 0;
    if (held === null) return () => {};
    this.#commitsAwaited++;
    return () => this.#release(held, pubacks);
  }

  /** The link takes all that is ready, to write it: the first `writingBytes` bytes of what is returned. */
  beginWrite(): Uint8Array<ArrayBuffer> {
    this.writingBytes = this.ready.length;
    this.wroteAtMs = this.broker.nowMs;
    return this.ready.take();
  }

  /** The link has written `count` bytes more of it. */
  wrote(count: number, nowMs: number): void {
    this.writingBytes -= count;
    this.wroteAtMs = nowMs;
    this.broker.metrics.bytesSent += count;
  }

  /** Forgets what has not left. */
  dropOutput(): void {
    this.ready.clear();
    this.#held?.clear();
    this.#held = null;
    this.#behindConnack?.clear();
    this.#behindConnack = null;
  }

  /** While a store fails a client may ask the same again and again: what it is owed for that is bounded. */
  #owe(sizeBytes: number): void {
    const hadRoom = this.#heldAckBytes <= MAX_HELD_ACK_BYTES;
    this.#heldAckBytes += sizeBytes;
    if (!hadRoom || this.#heldAckBytes <= MAX_HELD_ACK_BYTES) return;
    const message = "Too many acknowledgements wait for the store";
    this.broker.disconnectLater(this, { reasonCode: ReasonCode.QuotaExceeded, message });
  }

  /** The client has no room for a packet that it needs. Who is told its end is ending already. */
  #endFor(packet: Packet): void {
    const isConnack = packet.type === "connack";
    if (packet.type === "disconnect" || isConnack && this.state !== "connected") return;
    // Before CONNACK nothing else may come, so then nothing is said. [MQTT-3.14.0-1]
    if (isConnack) return disconnect(this, undefined);
    const message = `Client cannot take its ${packet.type.toUpperCase()}`;
    this.broker.disconnectLater(this, { reasonCode: ReasonCode.PacketTooLarge, message });
  }

  #release(held: ByteBuffer, pubacks: number): void {
    this.#commitsAwaited--;
    this.#isConnackHeld = false;
    this.pendingPubacks -= pubacks;
    if (this.state !== "closed") {
      this.ready.append(held.bytes.subarray(0, held.length));
      if (this.#behindConnack !== null) {
        const behind = this.#behindConnack;
        this.ready.append(behind.bytes.subarray(0, behind.length));
      }
      if (!this.isDirty) this.broker.markDirty(this);
    }
    held.clear();
    this.#behindConnack?.clear();
    this.#behindConnack = null;
  }

  #buffer(waitsForCommit: boolean): ByteBuffer {
    if (this.broker.store === undefined) return this.ready;
    if (!waitsForCommit) {
      if (!this.#isConnackHeld) return this.ready;
      // Not with what waits for later commits: it would be overtaken by what follows the CONNACK. [MQTT-4.6.0-6]
      return this.#behindConnack ??= new ByteBuffer(this.broker.pool);
    }
    if (this.#held === null) {
      this.#held = new ByteBuffer(this.broker.pool);
      this.broker.markHolding(this);
    }
    return this.#held;
  }

  #queued(): void {
    this.broker.metrics.packetsSent++;
    if (!this.isDirty) this.broker.markDirty(this);
  }

  #publish(
    message: Message,
    qos: Qos,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): Publish {
    let topicName = message.topicName;
    const { mountPoint } = this.listener;
    if (mountPoint !== "" && topicName.startsWith(mountPoint)) {
      topicName = topicName.slice(mountPoint.length);
    }
    const properties = this.protocolVersion === 5
      ? outgoingProperties(message, subscriptionIdentifiers, this.broker.nowMs)
      : undefined;
    const { payload } = message;
    return { type: "publish", topicName, payload, qos, retain, dup, packetId, properties };
  }

  /**
   * With a Topic Alias, where it fits. Only for what leaves at once: a packet that waits for a commit could be overtaken by one
   * that needs the alias it brings.
   */
  #withAlias(packet: Publish, sizeBytes: number, aliases: OutgoingAliases): Publish {
    const aliasBytes = 4;
    if (sizeBytes + aliasBytes > this.maxPacketSizeBytes) return packet;
    // Where no alias is free the oldest is given away, so every topic gets one: a repeated topic costs three bytes.
    const { alias, isNew } = aliases.use(packet.topicName);
    return {
      ...packet,
      topicName: isNew ? packet.topicName : "",
      properties: { ...packet.properties, topicAlias: alias },
    };
  }
}

/** A fault of the peer, or a decision of ours, with the Reason Code that tells it. */
export type CloseReason = MqttError | { readonly reasonCode: ReasonCode; readonly message: string };
