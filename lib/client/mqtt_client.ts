import {
  type Connack,
  encodePacket,
  MqttError,
  type Packet,
  type Properties,
  type ProtocolVersion,
  type Publish,
  type Qos,
  ReasonCode,
  reasonCodeName,
  type Suback,
  type SubscriptionRequest,
  type Unsuback,
} from "../codec/mod.ts";
import { ClientError, connectionError } from "./error.ts";
import { accepted, CONNECT_TIMEOUT_MS, type ConnectInit, connectPacket } from "./handshake.ts";
import { PacketReader } from "./packet_reader.ts";
import { SendQuota } from "./quota.ts";
import { open, tryClose, writeAll } from "./transport.ts";

/** What is done with a message; QoS 2 ones come once. It may disconnect: what came behind is then not acknowledged. */
export type MessageHandler = (message: Publish, client: MqttClient) => void;

/** How to connect, and what to do with what comes. */
export interface MqttClientInit extends ConnectInit {
  /** Called for every message, from the first one on: a session that goes on may have some at once. Default: they are lost. */
  readonly onMessage?: MessageHandler;
}

/** What to publish, beside topic and payload. */
export interface PublishInit {
  /** Default: 0. */
  readonly qos?: Qos;
  /** Default: false. */
  readonly retain?: boolean;
  /** 5.0 only. */
  readonly properties?: Properties;
}

const MAX_PACKET_ID = 65_535;
/** How long the broker has to close after our DISCONNECT, milliseconds. */
const LEAVE_MS = 1000;
/** A PINGREQ leaves a little before the Keep Alive runs out: this many milliseconds for each of its seconds. */
const PING_MS_PER_SECOND = 900;

/** Packets that answer one of ours by its Packet Identifier. */
type Answer = Extract<Packet, { readonly packetId: number }>;
/** Those that answer a PUBLISH or a PUBREL. */
type Acknowledgement = Extract<Answer, { readonly reasonCode: number }>;

/** A client of any MQTT broker: one connection, on the broker's own codec. */
export class MqttClient {
  /** The broker's answer to CONNECT. */
  readonly connack: Connack;
  /** Called for every message. */
  onMessage: MessageHandler;
  /** Resolves when the connection has ended: with what ended it, or nothing after our DISCONNECT. */
  readonly closed: Promise<ClientError | undefined>;
  readonly #conn: Deno.Conn;
  readonly #version: ProtocolVersion;
  readonly #end = Promise.withResolvers<ClientError | undefined>();
  readonly #waiting = new Map<number, (answer: Answer | ClientError) => void>();
  readonly #held = new Set<number>();
  /** Topic Aliases that the broker has set. */
  readonly #topicNames = new Map<number, string>();
  readonly #quota: SendQuota;
  #reading: Promise<void> = Promise.resolve();
  #isPingAnswered = true;
  #isLeaving = false;
  #lastPacketId = 0;
  #writing: Promise<void> = Promise.resolve();
  #isEnded = false;
  #keepAliveTimer: ReturnType<typeof setInterval> | undefined;

  private constructor(conn: Deno.Conn, connack: Connack, init: MqttClientInit) {
    this.#conn = conn;
    this.connack = connack;
    this.#version = init.protocolVersion ?? 5;
    this.closed = this.#end.promise;
    this.onMessage = init.onMessage ?? (() => {});
    const seconds = connack.properties?.serverKeepAlive ?? init.keepAliveSeconds ?? 60;
    if (seconds > 0) {
      this.#keepAliveTimer = setInterval(() => this.#ping(), seconds * PING_MS_PER_SECOND);
    }
    this.#quota = new SendQuota(connack.properties?.receiveMaximum ?? MAX_PACKET_ID);
  }

  /** Connects; throws a `ClientError` that says why not. */
  static async connect(init: MqttClientInit): Promise<MqttClient> {
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS, protocolVersion = 5 } = init;
    const connect = encodePacket(connectPacket(init), protocolVersion);
    const deadlineMs = performance.now() + connectTimeoutMs;
    const conn = await open(init, connectTimeoutMs);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      tryClose(conn);
    }, deadlineMs - performance.now());
    const reader = new PacketReader(conn, protocolVersion);
    try {
      await writeAll(conn, connect);
      const connack = accepted(await reader.next(), protocolVersion);
      const client = new MqttClient(conn, connack, init);
      client.#reading = client.#run(reader);
      return client;
    } catch (error) {
      tryClose(conn);
      if (isLate) throw new ClientError("timeout", `No CONNACK within ${connectTimeoutMs} ms`);
      if (error instanceof ClientError) throw error;
      if (error instanceof MqttError) throw new ClientError("protocol", error.message);
      throw connectionError(error, `${init.hostname}:${init.port}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Publishes; resolves with the Reason Code of its last acknowledgement, 0 at QoS 0. */
  async publish(topicName: string, payload: Uint8Array, init: PublishInit = {}): Promise<number> {
    const { qos = 0, retain = false, properties } = init;
    const packet = {
      type: "publish",
      topicName,
      payload,
      qos,
      retain,
      dup: false,
      properties,
    } as const;
    if (qos === 0) {
      await this.#send({ ...packet, packetId: 0 });
      if (this.#isEnded) throw new ClientError("closed", "The connection has ended");
      return ReasonCode.Success;
    }
    await this.#quota.take();
    try {
      const packetId = this.#newPacketId();
      const { reasonCode } = await this.#ask({ ...packet, packetId }) as Acknowledgement;
      if (qos === 1 || reasonCode >= 0x80) return reasonCode;
      const release = { type: "pubrel", packetId, reasonCode: ReasonCode.Success } as const;
      return (await this.#ask(release) as Acknowledgement).reasonCode;
    } finally {
      this.#quota.give();
    }
  }

  /** Subscribes; the Reason Codes of the SUBACK tell which filters were granted. */
  async subscribe(
    subscriptions: readonly SubscriptionRequest[],
    properties?: Properties,
  ): Promise<Suback> {
    const packetId = this.#newPacketId();
    const options = properties === undefined ? {} : { properties };
    return await this.#ask({ type: "subscribe", packetId, subscriptions, ...options }) as Suback;
  }

  /** Ends subscriptions. */
  async unsubscribe(topicFilters: readonly string[]): Promise<Unsuback> {
    const packetId = this.#newPacketId();
    return await this.#ask({ type: "unsubscribe", packetId, topicFilters }) as Unsuback;
  }

  /** Says DISCONNECT, lets the broker close, and closes. */
  async disconnect(
    reasonCode: ReasonCode = ReasonCode.Success,
    properties?: Properties,
  ): Promise<void> {
    if (this.#isEnded || this.#isLeaving) return;
    const options = properties === undefined ? {} : { properties };
    const sent = this.#send({ type: "disconnect", reasonCode, ...options });
    this.#isLeaving = true;
    clearInterval(this.#keepAliveTimer);
    await sent;
    // A socket that is closed with bytes unread takes its own last ones back: the broker would miss the DISCONNECT.
    const timer = setTimeout(() => this.#finish(undefined), LEAVE_MS);
    await this.#reading;
    clearTimeout(timer);
  }

  /** Closes without a word, as a cable that is pulled: the broker publishes the will. */
  abort(): void {
    this.#finish(undefined);
  }

  async #run(reader: PacketReader): Promise<void> {
    try {
      for (;;) {
        const packet = await reader.next();
        if (packet === undefined) {
          return this.#finish(new ClientError("closed", "The broker closed the connection"));
        }
        if (!this.#isLeaving) this.#handle(packet);
      }
    } catch (error) {
      const isTheirs = error instanceof MqttError;
      const message = error instanceof Error ? error.message : String(error);
      this.#finish(new ClientError(isTheirs ? "protocol" : "closed", message));
    }
  }

  #handle(packet: Packet): void {
    switch (packet.type) {
      case "publish":
        return this.#receive(packet);
      case "pubrel":
        this.#held.delete(packet.packetId);
        this.#send({ ...packet, type: "pubcomp", reasonCode: ReasonCode.Success });
        return;
      case "disconnect": {
        const reason = packet.properties?.reasonString ?? reasonCodeName(packet.reasonCode);
        const message = `The broker ended the connection: ${reason}`;
        return this.#finish(new ClientError("closed", message, packet.reasonCode));
      }
      case "puback":
      case "pubrec":
      case "pubcomp":
      case "suback":
      case "unsuback": {
        const resolve = this.#waiting.get(packet.packetId);
        this.#waiting.delete(packet.packetId);
        return resolve?.(packet);
      }
      case "pingresp":
        this.#isPingAnswered = true;
        return;
      default:
        throw new MqttError(ReasonCode.ProtocolError, `The broker sent ${packet.type}`);
    }
  }

  #receive(packet: Publish): void {
    const { qos, packetId } = packet;
    const reasonCode = ReasonCode.Success;
    if (qos === 1) this.#send({ type: "puback", packetId, reasonCode });
    if (qos === 2) {
      this.#send({ type: "pubrec", packetId, reasonCode });
      if (this.#held.has(packetId)) return;
      this.#held.add(packetId);
    }
    this.onMessage(this.#withTopic(packet), this);
  }

  /** Puts the Topic Name in the place of an alias. */
  #withTopic(packet: Publish): Publish {
    const alias = packet.properties?.topicAlias;
    if (alias === undefined) return packet;
    if (packet.topicName !== "") this.#topicNames.set(alias, packet.topicName);
    const topicName = this.#topicNames.get(alias);
    if (topicName !== undefined) return { ...packet, topicName };
    throw new MqttError(ReasonCode.ProtocolError, `The broker has set no Topic Alias ${alias}`);
  }

  /** A broker that did not answer the PINGREQ before is gone, whatever the network says. */
  #ping(): void {
    if (!this.#isPingAnswered) {
      return this.#finish(new ClientError("timeout", "The broker does not answer PINGREQ"));
    }
    this.#isPingAnswered = false;
    this.#send({ type: "pingreq" });
  }

  /** Sends a packet and waits for the one that answers it. */
  #ask(packet: Answer | Extract<Packet, { readonly type: "subscribe" }>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#isEnded || this.#isLeaving) {
        return reject(new ClientError("closed", "The connection has ended"));
      }
      this.#send(packet); // Throws what cannot be encoded, before anybody waits.
      this.#waiting.set(packet.packetId, (answer) => {
        if (answer instanceof ClientError) reject(answer);
        else resolve(answer);
      });
    });
  }

  /** One write at a time, in order: two at once could mix their bytes. */
  #send(packet: Packet): Promise<void> {
    if (this.#isEnded || this.#isLeaving) return Promise.resolve();
    const bytes = encodePacket(packet, this.#version);
    this.#writing = this.#writing.then(() => writeAll(this.#conn, bytes)).catch((error) => {
      this.#finish(new ClientError("closed", String(error)));
    });
    return this.#writing;
  }

  #newPacketId(): number {
    do this.#lastPacketId = this.#lastPacketId % MAX_PACKET_ID + 1; while (
      this.#waiting.has(this.#lastPacketId)
    );
    return this.#lastPacketId;
  }

  #finish(error: ClientError | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const reason = this.#isLeaving ? undefined : error;
    clearInterval(this.#keepAliveTimer);
    tryClose(this.#conn);
    const cause = error ?? new ClientError("closed", "The connection has ended");
    for (const resolve of this.#waiting.values()) resolve(cause);
    this.#waiting.clear();
    this.#quota.fail(cause);
    this.#end.resolve(reason);
  }
}
