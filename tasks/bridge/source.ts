/**
 * A publisher that costs next to nothing: it encodes its packets once and changes only their Packet Identifiers.
 *
 * @module
 */
import { encodePacket } from "../../lib/codec/mod.ts";

/** Packets of one write. */
const PACKETS = 256;
const READ_BYTES = 64 * 1024;
/** An acknowledgement of 3.1.1. */
const ACK_BYTES = 4;

/** Publishes as long as it may, one write at a time. */
export class BridgeSource {
  /** PUBLISH packets that were written. */
  sent = 0;
  /** Of these, QoS 1, those that the broker has acknowledged. */
  acknowledged = 0;
  readonly #conn: Deno.TcpConn;
  readonly #qos: 0 | 1;
  readonly #packets: Uint8Array;
  readonly #packetBytes: number;
  readonly #idAt: number;
  #packetId = 0;

  private constructor(conn: Deno.TcpConn, topicName: string, payloadBytes: number, qos: 0 | 1) {
    this.#conn = conn;
    this.#qos = qos;
    const packet = encodePacket({
      type: "publish",
      topicName,
      payload: new Uint8Array(payloadBytes),
      qos,
      retain: false,
      dup: false,
      packetId: qos,
      properties: undefined,
    }, 4);
    this.#packetBytes = packet.length;
    this.#idAt = packet.length - payloadBytes - 2;
    this.#packets = new Uint8Array(PACKETS * packet.length);
    for (let i = 0; i < PACKETS; i++) this.#packets.set(packet, i * packet.length);
  }

  /** Connects to a broker at 127.0.0.1. */
  static async open(
    port: number,
    topicName: string,
    payloadBytes: number,
    qos: 0 | 1,
  ): Promise<BridgeSource> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const source = new BridgeSource(conn, topicName, payloadBytes, qos);
    await conn.write(encodePacket({
      type: "connect",
      protocolVersion: 4,
      cleanStart: true,
      keepAliveSeconds: 0,
      clientId: `source-${crypto.randomUUID()}`,
    }, 4));
    const connack = new Uint8Array(4);
    await conn.read(connack);
    if (connack[0] !== 0x20 || connack[3] !== 0) throw new Error(`No CONNACK but ${connack}`);
    source.#read().catch(() => {});
    return source;
  }

  /** Publishes `count` messages, no more than one write takes; returns how many. */
  async publish(count: number): Promise<number> {
    const packets = Math.min(count, PACKETS);
    if (this.#qos > 0) this.#number(packets);
    const bytes = this.#packets.subarray(0, packets * this.#packetBytes);
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
    this.sent += packets;
    return packets;
  }

  /** Ends it. */
  close(): void {
    this.#conn.close();
  }

  #number(packets: number): void {
    for (let i = 0, at = this.#idAt; i < packets; i++, at += this.#packetBytes) {
      this.#packetId = this.#packetId % 65_535 + 1;
      this.#packets[at] = this.#packetId >> 8;
      this.#packets[at + 1] = this.#packetId;
    }
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    let bytes = 0;
    for (let count; (count = await this.#conn.read(buffer)) !== null;) {
      bytes += count;
      this.acknowledged = Math.floor(bytes / ACK_BYTES);
    }
  }
}
