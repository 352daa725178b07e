import {
  type Connack,
  type Connect,
  MqttError,
  type Packet,
  packetSize,
  type Properties,
  type ProtocolVersion,
  type Puback,
  type Pubcomp,
  type Publish,
  type Pubrec,
  type Pubrel,
  ReasonCode,
  reasonCodeName,
  type Suback,
  type Unsuback,
} from "../../codec/mod.ts";
import { IncomingAliases, OutgoingAliases } from "../../session/mod.ts";
import { ClientError, closedEarly, refusal } from "./client_error.ts";
import { accepted } from "./handshake.ts";
import { Input } from "./input.ts";
import { KeepAlive } from "./keep_alive.ts";
import { Output } from "./output.ts";

/** What a broker sends to a session. */
export type SessionPacket = Publish | Puback | Pubrec | Pubrel | Pubcomp | Suback | Unsuback;

/** Who uses a connection. */
export interface ConnectionHandler {
  /** The broker has let us in. */
  onConnected(connack: Connack): void;
  /** A packet for the session. A payload is a view, valid during the call; a Topic Alias is resolved. */
  onPacket(packet: SessionPacket): void;
  /** It has ended, once; `undefined`: by our own DISCONNECT. What there is to write is written, then the stream is closed. */
  onEnd(error: ClientError | undefined): void;
  /** There is something to write, where there was nothing. */
  onOutput(): void;
}

/** How a connection behaves beside what its CONNECT says. */
export interface ConnectionLimits {
  /** Milliseconds until CONNACK; default: none. */
  readonly connectTimeoutMs?: number;
  /** The most Topic Aliases that we give to topics, where the broker takes some; default: 0. */
  readonly maxTopicAliases?: number;
}

const MAX_PACKET_SIZE_BYTES = 268_435_460;
const MAX_RECEIVE_MAXIMUM = 65_535;
/** Bytes of acknowledgements that wait for a broker that goes on sending: more than it needs that keeps a Receive Maximum. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** CONNACK of 3.1.1 with Return code 1. */
const OLDER_REFUSAL = [0x20, 2, 0, 1];

/**
 * One Network Connection to a broker, without I/O: bytes go in by `receive`, come out by `takeOutput`, and time is told. It knows CONNECT
 * and CONNACK, Keep Alive, Topic Aliases, the broker's limits and the send quota; sessions are somebody else's.
 *
 * | state       | CONNACK         | other packet   | our DISCONNECT | end of stream, fault |
 * |-------------|-----------------|----------------|----------------|----------------------|
 * | connecting  | connected/ended | ended          | leaving        | ended                |
 * | connected   | ended           | to the handler | leaving        | ended                |
 * | leaving     | -               | -              | -              | ended                |
 */
export class ClientConnection {
  /** Where it stands. */
  #state: "connecting" | "connected" | "leaving" | "ended" = "connecting";
  readonly #version: ProtocolVersion;
  readonly #connect: Connect;
  readonly #limits: ConnectionLimits;
  readonly #handler: ConnectionHandler;
  readonly #input: Input;
  readonly #output = new Output();
  readonly #incomingAliases: IncomingAliases;
  #outgoingAliases: OutgoingAliases | undefined;
  #keepAlive: KeepAlive;
  #connectDeadlineMs: number;
  #connack: Connack | undefined;
  #sendQuota = 0;
  /** Bytes of acknowledgements that nobody has taken to write. */
  #unreadBytes = 0;

  /** Begins with CONNECT, which is the first output. Throws `EncodeError`. */
  constructor(
    connect: Connect,
    limits: ConnectionLimits,
    handler: ConnectionHandler,
    nowMs: number,
  ) {
    const { properties, protocolVersion } = connect;
    this.#version = protocolVersion;
    this.#connect = connect;
    this.#limits = limits;
    this.#handler = handler;
    this.#input = new Input(
      protocolVersion,
      properties?.maximumPacketSize ?? MAX_PACKET_SIZE_BYTES,
    );
    this.#incomingAliases = new IncomingAliases(properties?.topicAliasMaximum ?? 0);
    this.#keepAlive = new KeepAlive(0, nowMs);
    this.#connectDeadlineMs = nowMs + (limits.connectTimeoutMs ?? Infinity);
    this.#output.add(connect, protocolVersion);
  }

  /** Whether the broker has let us in, and nothing has ended it. */
  get isConnected(): boolean {
    return this.#state === "connected";
  }

  /** Whether nothing more comes and goes. */
  get isEnded(): boolean {
    return this.#state === "ended";
  }

  /** The broker's answer to CONNECT, once it is there. */
  get connack(): Connack | undefined {
    return this.#connack;
  }

  /** How many more PUBLISH of QoS 1 and 2 the broker takes now. [MQTT-3.3.4-7] */
  get sendQuota(): number {
    return this.#sendQuota;
  }

  /** When `tick` wants to be called; `Infinity`: never. */
  get deadlineMs(): number {
    if (this.#state === "connecting") return this.#connectDeadlineMs;
    return this.#state === "connected" ? this.#keepAlive.deadlineMs : Infinity;
  }

  /** Bytes that came. */
  receive(bytes: Uint8Array, nowMs: number): void {
    if (this.#state === "leaving" || this.#state === "ended") return;
    this.#keepAlive.received(nowMs);
    if (this.#unreadBytes > MAX_UNREAD_BYTES) {
      return this.end(new ClientError("protocol", "The broker reads no acknowledgements"));
    }
    if (this.#state === "connecting" && this.#isRefusedByOlder(bytes)) {
      const code = ReasonCode.UnsupportedProtocolVersion;
      return this.end(refusal(5, code, "the broker speaks no 5.0"));
    }
    try {
      this.#input.read(bytes, (packet) => {
        this.#handle(packet, nowMs);
        return this.#state === "connecting" || this.#state === "connected";
      });
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      this.#fault(error);
    }
  }

  /** Time has passed. */
  tick(nowMs: number): void {
    if (nowMs < this.deadlineMs) return;
    if (this.#state === "connecting") {
      const { connectTimeoutMs } = this.#limits;
      return this.end(new ClientError("timeout", `No CONNACK within ${connectTimeoutMs} ms`));
    }
    const due = this.#keepAlive.due(nowMs);
    if (due === "gone") {
      this.end(new ClientError("timeout", "The broker does not answer PINGREQ"));
    } else if (due === "ping") this.#add({ type: "pingreq" });
  }

  /** The stream has ended, or failed with `error`, or is given up. */
  end(error?: ClientError): void {
    if (this.#state === "ended") return;
    const isLeaving = this.#state === "leaving";
    const reason = error ??
      (this.#state === "connecting"
        ? closedEarly()
        : new ClientError("closed", "The broker closed the connection"));
    this.#state = "ended";
    this.#sendQuota = 0;
    this.#handler.onEnd(isLeaving ? undefined : reason);
  }

  /**
   * Sends a packet: what a client may send after CONNACK. Throws a `ClientError` of kind `limit` where the broker takes no packet of its
   * size, of kind `closed` where it is not connected, and `EncodeError`; nothing is sent then.
   */
  send(packet: Packet): void {
    if (this.#state !== "connected") throw new ClientError("closed", "The connection has ended");
    const sizeBytes = packetSize(packet, this.#version);
    const maxBytes = this.#connack!.properties?.maximumPacketSize ?? Infinity;
    if (sizeBytes > maxBytes) { // [MQTT-3.2.2-15]
      throw new ClientError(
        "limit",
        `Cannot send a packet of ${sizeBytes} bytes: the broker takes ${maxBytes}`,
        ReasonCode.PacketTooLarge,
      );
    }
    if (packet.type !== "publish") {
      if (packet.type.startsWith("pub")) this.#unreadBytes += sizeBytes;
      return this.#add(packet, sizeBytes);
    }
    const aliased = this.#withAlias(packet);
    if (aliased === packet) this.#add(packet, sizeBytes);
    else this.#add(aliased);
    if (packet.qos > 0) this.#sendQuota--;
  }

  /** Says DISCONNECT: nothing that comes after that is handled. The stream is closed when the broker has closed it, or soon. */
  disconnect(reasonCode: ReasonCode = ReasonCode.Success, properties?: Properties): void {
    if (this.#state === "connecting") {
      this.#state = "leaving"; // A client that was not let in has nothing to say goodbye to.
      return;
    }
    if (this.#state !== "connected") return;
    this.#add({
      type: "disconnect",
      reasonCode,
      ...properties === undefined ? {} : { properties },
    });
    this.#state = "leaving";
  }

  /** The bytes to write, which then belong to the caller; `undefined`: there are none. */
  takeOutput(nowMs: number): Uint8Array | undefined {
    this.#unreadBytes = 0;
    const bytes = this.#output.take();
    if (bytes !== undefined) this.#keepAlive.sent(nowMs);
    return bytes;
  }

  #handle(packet: Packet, nowMs: number): void {
    if (this.#state === "connecting") return this.#begin(packet, nowMs);
    switch (packet.type) {
      case "publish":
        return this.#handler.onPacket(this.#withTopic(packet));
      case "puback":
      case "pubcomp":
        this.#giveQuota();
        return this.#handler.onPacket(packet);
      case "pubrec":
        if (packet.reasonCode >= 0x80) this.#giveQuota();
        return this.#handler.onPacket(packet);
      case "pubrel":
      case "suback":
      case "unsuback":
        return this.#handler.onPacket(packet);
      case "pingresp":
        return;
      case "disconnect": {
        const reason = packet.properties?.reasonString ?? reasonCodeName(packet.reasonCode);
        const message = `The broker ended the connection: ${reason}`;
        return this.end(new ClientError("closed", message, packet.reasonCode));
      }
      default:
        throw new MqttError(ReasonCode.ProtocolError, `The broker sent ${packet.type}`);
    }
  }

  /** A broker that knows no 5.0 answers in the form of 3.1.1, which in 5.0 is malformed: unacceptable protocol version. */
  #isRefusedByOlder(bytes: Uint8Array): boolean {
    return this.#version === 5 && bytes.length === 4 &&
      OLDER_REFUSAL.every((byte, i) => bytes[i] === byte);
  }

  /** The first packet: it has to be a CONNACK. */
  #begin(packet: Packet, nowMs: number): void {
    let connack: Connack;
    try {
      connack = accepted(packet, this.#version);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      return this.end(error);
    }
    const { serverKeepAlive, topicAliasMaximum, receiveMaximum } = connack.properties ?? {};
    this.#connack = connack;
    this.#state = "connected";
    this.#sendQuota = receiveMaximum ?? MAX_RECEIVE_MAXIMUM;
    // [MQTT-3.2.2-21]
    this.#keepAlive = new KeepAlive(serverKeepAlive ?? this.#connect.keepAliveSeconds, nowMs);
    // [MQTT-3.3.2-9]
    const aliases = Math.min(topicAliasMaximum ?? 0, this.#limits.maxTopicAliases ?? 0);
    if (aliases > 0) this.#outgoingAliases = new OutgoingAliases(aliases);
    this.#handler.onConnected(connack);
  }

  /** One more may be sent; a PUBCOMP for a PUBREL of an earlier connection does not lift it beyond what the broker said. */
  #giveQuota(): void {
    const maximum = this.#connack!.properties?.receiveMaximum ?? MAX_RECEIVE_MAXIMUM;
    if (this.#sendQuota < maximum) this.#sendQuota++;
  }

  /** Puts the Topic Name in the place of an alias. [MQTT-3.3.2-11] */
  #withTopic(packet: Publish): Publish {
    const alias = packet.properties?.topicAlias;
    if (alias === undefined) return packet;
    const { maximum } = this.#incomingAliases;
    if (alias > maximum) {
      throw new MqttError(
        ReasonCode.TopicAliasInvalid,
        `The broker uses Topic Alias ${alias}: we take ${maximum}`,
      );
    }
    if (packet.topicName !== "") this.#incomingAliases.set(alias, packet.topicName);
    const topicName = this.#incomingAliases.get(alias);
    if (topicName !== undefined) return { ...packet, topicName };
    throw new MqttError(ReasonCode.ProtocolError, `The broker has set no Topic Alias ${alias}`);
  }

  #withAlias(packet: Publish): Publish {
    const aliases = this.#outgoingAliases;
    if (aliases === undefined || packet.properties?.topicAlias !== undefined) return packet;
    const { alias, isNew } = aliases.use(packet.topicName);
    const properties = { ...packet.properties, topicAlias: alias };
    return { ...packet, topicName: isNew ? packet.topicName : "", properties };
  }

  /** The broker broke a rule: in 5.0 it is told which. */
  #fault(error: MqttError): void {
    if (this.#state === "connected" && this.#version === 5) {
      this.#add({ type: "disconnect", reasonCode: error.reasonCode });
    }
    this.end(new ClientError("protocol", error.message, error.reasonCode));
  }

  #add(packet: Packet, sizeBytes?: number): void {
    const wasEmpty = this.#output.length === 0;
    this.#output.add(packet, this.#version, sizeBytes);
    if (wasEmpty) this.#handler.onOutput();
  }
}
