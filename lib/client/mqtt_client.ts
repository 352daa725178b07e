import {
  type Connack,
  decodePacket,
  encodePacket,
  frameLength,
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
  type Will,
} from "../codec/mod.ts";
import { ClientError, refusal } from "./error.ts";
import { open, type Place, writeAll } from "./transport.ts";

/** How to connect. */
export interface MqttClientInit extends Place {
  /** Default: 5. */
  readonly protocolVersion?: ProtocolVersion;
  /** Default: empty, which the broker replaces. */
  readonly clientId?: string;
  /** Default: true. */
  readonly cleanStart?: boolean;
  /** Seconds; default: 60. 0 turns it off. */
  readonly keepAliveSeconds?: number;
  /** Default: none, as for an anonymous client. */
  readonly userName?: string;
  /** Any bytes; before 5.0 only with a user name. */
  readonly password?: Uint8Array;
  /** What the broker publishes when the connection ends without a DISCONNECT. */
  readonly will?: Will;
  /** Of CONNECT; 5.0 only. */
  readonly properties?: Properties;
  /** Milliseconds until CONNACK; default: 10,000. */
  readonly connectTimeoutMs?: number;
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

const MAX_PACKET_SIZE_BYTES = 268_435_460;
const MAX_PACKET_ID = 65_535;

/** Packets that answer one of ours by its Packet Identifier. */
type Answer = Extract<Packet, { readonly packetId: number }>;

/** A client of any MQTT broker: one connection, on the broker's own codec. */
export class MqttClient {
  /** The broker's answer to CONNECT. */
  readonly connack: Connack;
  /** Called for every message; a QoS 2 message comes once. */
  onMessage: (message: Publish) => void = () => {};
  /** Resolves when the connection has ended: with what ended it, or nothing after our DISCONNECT. */
  readonly closed: Promise<ClientError | undefined>;
  readonly #conn: Deno.Conn;
  readonly #version: ProtocolVersion;
  readonly #end = Promise.withResolvers<ClientError | undefined>();
  readonly #waiting = new Map<number, (answer: Answer | ClientError) => void>();
  readonly #held = new Set<number>();
  #lastPacketId = 0;
  #writing: Promise<void> = Promise.resolve();
  #isEnded = false;
  #keepAliveTimer: ReturnType<typeof setInterval> | undefined;

  private constructor(conn: Deno.Conn, connack: Connack, init: MqttClientInit) {
    this.#conn = conn;
    this.connack = connack;
    this.#version = init.protocolVersion ?? 5;
    this.closed = this.#end.promise;
    const seconds = connack.properties?.serverKeepAlive ?? init.keepAliveSeconds ?? 60;
    if (seconds > 0) {
      this.#keepAliveTimer = setInterval(() => this.#send({ type: "pingreq" }), seconds * 900);
    }
  }

  /** Connects; throws a `ClientError` that says why not. */
  static async connect(init: MqttClientInit): Promise<MqttClient> {
    const { connectTimeoutMs = 10_000, protocolVersion = 5 } = init;
    const conn = await open(init);
    const timer = setTimeout(() => conn.close(), connectTimeoutMs);
    const reader = new PacketReader(conn, protocolVersion);
    try {
      await writeAll(conn, encodePacket(connectPacket(init), protocolVersion));
      const packet = await reader.next();
      if (packet?.type !== "connack") {
        throw new ClientError("protocol", "The broker did not answer with CONNACK");
      }
      if (packet.reasonCode !== 0) {
        throw refusal(protocolVersion, packet.reasonCode, packet.properties?.reasonString);
      }
      const client = new MqttClient(conn, packet, init);
      client.#run(reader);
      return client;
    } catch (error) {
      tryClose(conn);
      if (error instanceof ClientError) throw error;
      if (error instanceof MqttError) throw new ClientError("protocol", error.message);
      throw new ClientError("timeout", `No CONNACK within ${connectTimeoutMs} ms`);
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
      return ReasonCode.Success;
    }
    const packetId = this.#newPacketId();
    const first = await this.#ask({ ...packet, packetId }) as Extract<
      Answer,
      { reasonCode: number }
    >;
    if (qos === 1 || first.reasonCode >= 0x80) return first.reasonCode;
    const release = { type: "pubrel", packetId, reasonCode: ReasonCode.Success } as const;
    return (await this.#ask(release) as Extract<Answer, { reasonCode: number }>).reasonCode;
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

  /** Says DISCONNECT and closes. */
  async disconnect(
    reasonCode: ReasonCode = ReasonCode.Success,
    properties?: Properties,
  ): Promise<void> {
    if (this.#isEnded) return;
    const options = properties === undefined ? {} : { properties };
    await this.#send({ type: "disconnect", reasonCode, ...options });
    this.#finish(undefined);
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
        this.#handle(packet);
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
    this.onMessage(packet);
  }

  /** Sends a packet and waits for the one that answers it. */
  #ask(packet: Answer | Extract<Packet, { readonly type: "subscribe" }>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#isEnded) return reject(new ClientError("closed", "The connection has ended"));
      this.#waiting.set(packet.packetId, (answer) => {
        if (answer instanceof ClientError) reject(answer);
        else resolve(answer);
      });
      this.#send(packet);
    });
  }

  /** One write at a time, in order: two at once could mix their bytes. */
  #send(packet: Packet): Promise<void> {
    if (this.#isEnded) return Promise.resolve();
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
    clearInterval(this.#keepAliveTimer);
    tryClose(this.#conn);
    const cause = error ?? new ClientError("closed", "The connection has ended");
    for (const resolve of this.#waiting.values()) resolve(cause);
    this.#waiting.clear();
    this.#end.resolve(error);
  }
}

function connectPacket(init: MqttClientInit): Packet {
  const { userName, password, will, properties } = init;
  return {
    type: "connect",
    protocolVersion: init.protocolVersion ?? 5,
    cleanStart: init.cleanStart ?? true,
    keepAliveSeconds: init.keepAliveSeconds ?? 60,
    clientId: init.clientId ?? "",
    ...(will === undefined ? {} : { will }),
    ...(userName === undefined ? {} : { userName }),
    ...(password === undefined ? {} : { password }),
    ...(properties === undefined ? {} : { properties }),
  };
}

function tryClose(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed.
  }
}

/** Packets out of a stream that is cut anywhere. */
class PacketReader {
  #buffer = new Uint8Array(4096);
  #start = 0;
  #end = 0;

  constructor(readonly conn: Deno.Conn, readonly version: ProtocolVersion) {}

  /** `undefined`: the stream has ended. Payloads are copies. */
  async next(): Promise<Packet | undefined> {
    for (;;) {
      const length = frameLength(this.#buffer, this.#start, this.#end, MAX_PACKET_SIZE_BYTES);
      if (length > 0 && this.#start + length <= this.#end) {
        const bytes = this.#buffer.slice(this.#start, this.#start + length);
        this.#start += length;
        return decodePacket(bytes, 0, length, this.version);
      }
      this.#makeRoom(length);
      const count = await this.conn.read(this.#buffer.subarray(this.#end));
      if (count === null) return undefined;
      this.#end += count;
    }
  }

  #makeRoom(packetBytes: number): void {
    const left = this.#buffer.subarray(this.#start, this.#end);
    if (packetBytes > this.#buffer.length || left.length === this.#buffer.length) {
      const grown = new Uint8Array(Math.max(2 * this.#buffer.length, packetBytes));
      grown.set(left);
      this.#buffer = grown;
    } else this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }
}
