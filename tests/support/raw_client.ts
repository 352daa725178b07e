import { strict as assert } from "node:assert";
import {
  type Connect,
  decodePacket,
  encodePacket,
  frameLength,
  type Packet,
  type Properties,
  type ProtocolVersion,
  type Publish,
  type Qos,
} from "../../lib/codec/mod.ts";

/** The CONNECT of a raw client. */
export interface RawConnect {
  readonly protocolVersion?: ProtocolVersion;
  readonly clientId?: string;
  /** Default: 0, none. */
  readonly keepAliveSeconds?: number;
  readonly cleanStart?: boolean;
  readonly properties?: Properties;
  readonly will?: Connect["will"];
}

/** The stream of a raw client: a TCP connection, or something with its interface. */
export type RawStream = Pick<Deno.Conn, "read" | "write" | "closeWrite" | "close">;

/** A connection on which the test controls every byte, so that it can misbehave. */
export class RawClient {
  readonly #stream: RawStream;
  readonly protocolVersion: ProtocolVersion;
  #buffer = new Uint8Array(64 * 1024);
  #start = 0;
  #end = 0;

  /** Opens the connection and sends nothing. */
  static async open(port: number, protocolVersion: ProtocolVersion = 5): Promise<RawClient> {
    const stream = await Deno.connect({ hostname: "127.0.0.1", port });
    stream.setNoDelay(true);
    return new RawClient(stream, protocolVersion);
  }

  /** Uses an open connection. */
  static over(stream: RawStream, protocolVersion: ProtocolVersion = 5): RawClient {
    return new RawClient(stream, protocolVersion);
  }

  /** Opens the connection, sends CONNECT and expects to be accepted. */
  static async connect(port: number, init: RawConnect = {}): Promise<RawClient> {
    const client = await RawClient.open(port, init.protocolVersion);
    await client.introduce(init);
    return client;
  }

  private constructor(stream: RawStream, protocolVersion: ProtocolVersion) {
    this.#stream = stream;
    this.protocolVersion = protocolVersion;
  }

  /** Sends CONNECT and expects to be accepted. */
  async introduce(init: RawConnect = {}): Promise<void> {
    await this.send(connectPacket(init));
    const connack = await this.receive();
    assert.equal(connack?.type, "connack");
    assert.equal(connack.reasonCode, 0);
  }

  async send(...packets: readonly Packet[]): Promise<void> {
    for (const packet of packets) await this.write(encodePacket(packet, this.protocolVersion));
  }

  /** Writes all the bytes; throws if the connection is gone. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#stream.write(bytes.subarray(at));
  }

  /** The next packet; `undefined` if the broker has ended the connection normally. Throws after a reset. */
  async receive(): Promise<Packet | undefined> {
    for (;;) {
      const length = frameLength(this.#buffer, this.#start, this.#end, Infinity);
      if (length > 0 && this.#start + length <= this.#end) {
        const at = this.#start;
        this.#start += length;
        const bytes = this.#buffer.slice(at, at + length);
        return decodePacket(bytes, 0, length, this.protocolVersion);
      }
      this.#makeRoom();
      const count = await this.#stream.read(this.#buffer.subarray(this.#end));
      if (count === null) return undefined;
      this.#end += count;
    }
  }

  /** Subscribes and waits for the answer. */
  async subscribe(topicFilter: string, qos: Qos = 0): Promise<void> {
    await this.send(subscribePacket(topicFilter, qos));
    assert.equal((await this.receive())?.type, "suback");
  }

  /** Subscribes, and returns the messages that this brings: those that are retained come before the answer to a ping behind SUBACK. */
  async retained(topicFilter: string): Promise<readonly Publish[]> {
    const messages: Publish[] = [];
    await this.send(subscribePacket(topicFilter));
    for (;;) {
      const packet = await this.receive();
      switch (packet?.type) {
        case "publish":
          messages.push(packet);
          break;
        case "suback":
          await this.send({ type: "pingreq" });
          break;
        case "pingresp":
          return messages;
        default:
          assert.fail(`Got ${packet?.type}`);
      }
    }
  }

  /** Sends PINGREQ and waits for PINGRESP; ignores packets before it. */
  async ping(): Promise<void> {
    await this.send({ type: "pingreq" });
    for (;;) {
      const packet = await this.receive();
      assert.ok(packet !== undefined, "The connection ended before PINGRESP");
      if (packet.type === "pingresp") return;
    }
  }

  /** Reads all packets until the broker ends the connection, normally or by a reset. */
  async untilEnd(): Promise<{ packets: Packet[]; isReset: boolean }> {
    const packets: Packet[] = [];
    try {
      for (;;) {
        const packet = await this.receive();
        if (packet === undefined) return { packets, isReset: false };
        packets.push(packet);
      }
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return { packets, isReset: true };
    }
  }

  /** Ends the direction to the broker and continues to read. */
  async halfClose(): Promise<void> {
    await this.#stream.closeWrite();
  }

  /** Closes at once. If there are unread bytes the system sends a reset. */
  close(): void {
    this.#stream.close();
  }

  [Symbol.dispose](): void {
    try {
      this.#stream.close();
    } catch {
      // The test has closed it.
    }
  }

  #makeRoom(): void {
    if (this.#end < this.#buffer.length) return;
    const rest = this.#buffer.subarray(this.#start, this.#end);
    const isTight = rest.length * 2 > this.#buffer.length;
    const buffer = isTight ? new Uint8Array(this.#buffer.length * 2) : this.#buffer;
    if (isTight) buffer.set(rest);
    else buffer.copyWithin(0, this.#start, this.#end);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = rest.length;
  }
}

/** A CONNECT, with a unique Client Identifier by default. */
export function connectPacket(init: RawConnect = {}): Connect {
  const { protocolVersion = 5, clientId = `raw-${crypto.randomUUID()}` } = init;
  const { keepAliveSeconds = 0, cleanStart = true, properties, will } = init;
  return {
    type: "connect",
    protocolVersion,
    clientId,
    keepAliveSeconds,
    cleanStart,
    ...properties === undefined ? {} : { properties },
    ...will === undefined ? {} : { will },
  };
}

/** A SUBSCRIBE to one filter. */
export function subscribePacket(topicFilter: string, qos: Qos = 0): Packet {
  const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  return {
    type: "subscribe",
    packetId: 1,
    subscriptions: [{ topicFilter, qos, ...options }],
  };
}

/** A PUBLISH of QoS 0, or of another QoS with a Packet Identifier. */
export function publishPacket(
  topicName: string,
  payload: string | Uint8Array,
  qos: Qos = 0,
  packetId = 0,
): Packet {
  return {
    type: "publish",
    topicName,
    payload: typeof payload === "string" ? new TextEncoder().encode(payload) : payload,
    qos,
    retain: false,
    dup: false,
    packetId,
    properties: undefined,
  };
}
