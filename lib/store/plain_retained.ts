import type { PlainPacket, Publisher, StoredRetained } from "../broker/mod.ts";
import { plainTopicNameAt, type Qos } from "../codec/mod.ts";

/** A retained message that does not expire, of a packet without properties. Only its Topic Name is taken from elsewhere: nothing is decoded. */
export class PlainRetained implements StoredRetained, PlainPacket {
  readonly topicName: string;
  readonly publisherId: string;
  readonly publisher: Publisher | undefined;
  readonly bytes: Uint8Array;
  readonly nameAt: number;
  readonly nameEnd: number;
  readonly payloadAt: number;
  readonly end: number;
  readonly qos: Qos;

  private constructor(
    topicName: string,
    publisherId: string,
    publisher: Publisher | undefined,
    bytes: Uint8Array,
    textAt: number,
    end: number,
    qos: Qos,
  ) {
    this.topicName = topicName;
    this.publisherId = publisherId;
    this.publisher = publisher;
    this.bytes = bytes;
    this.nameAt = textAt - 2;
    this.nameEnd = textAt + (bytes[textAt - 2]! << 8 | bytes[textAt - 1]!);
    this.payloadAt = this.nameEnd + (qos === 0 ? 1 : 3);
    this.end = end;
    this.qos = qos;
  }

  /** The message of the packet in [start, end), which is that of the topic; `undefined`: it has properties. */
  static of(
    topicName: string,
    publisherId: string,
    publisher: Publisher | undefined,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): PlainRetained | undefined {
    const qos = bytes[start]! >> 1 & 3;
    if (qos === 3) return undefined;
    const textAt = plainTopicNameAt(bytes, start, end, true, qos === 0 ? 0 : 2);
    if (textAt === 0) return undefined;
    return new PlainRetained(topicName, publisherId, publisher, bytes, textAt, end, qos as Qos);
  }

  /** {@linkcode StoredRetained.plain} */
  get plain(): PlainPacket {
    return this;
  }

  /** {@linkcode StoredRetained.payload}: a new view on each call. */
  get payload(): Uint8Array {
    return this.bytes.subarray(this.payloadAt, this.end);
  }

  /** {@linkcode StoredRetained.retain} */
  get retain(): true {
    return true;
  }

  /** {@linkcode StoredRetained.properties} */
  get properties(): undefined {
    return undefined;
  }

  /** {@linkcode StoredRetained.expiresAtMs} */
  get expiresAtMs(): number {
    return Infinity;
  }
}
