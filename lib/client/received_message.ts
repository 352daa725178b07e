import type { Properties, Publish, Qos, ReasonCode } from "../codec/mod.ts";

/** A received message. Its payload is a copy, so the message may be kept. */
export class ReceivedMessage implements Publish {
  /** For narrowing a packet. */
  readonly type = "publish";
  /** Where it was published; a Topic Alias is resolved. */
  readonly topicName: string;
  /** The payload as it was published. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** The lower of the QoS of its publication and that of the subscription. */
  readonly qos: Qos;
  /** Whether it is a retained message; with Retain As Published, whether it was published as one. */
  readonly retain: boolean;
  /** Whether it may be a repeat; never with QoS 0. */
  readonly dup: boolean;
  /** 0 at QoS 0. */
  readonly packetId: number;
  /** 5.0 only. */
  readonly properties: Properties | undefined;
  readonly #packet: Publish;
  readonly #acknowledge: (packet: Publish, reasonCode?: ReasonCode) => boolean;

  /** Copies the payload. */
  constructor(
    packet: Publish,
    acknowledge: (packet: Publish, reasonCode?: ReasonCode) => boolean,
  ) {
    this.topicName = packet.topicName;
    this.payload = new Uint8Array(packet.payload);
    this.qos = packet.qos;
    this.retain = packet.retain;
    this.dup = packet.dup;
    this.packetId = packet.packetId;
    this.properties = packet.properties;
    this.#packet = packet;
    this.#acknowledge = acknowledge;
  }

  /** The payload as UTF-8 text; ill-formed bytes are replaced by U+FFFD. */
  text(): string {
    return new TextDecoder().decode(this.payload);
  }

  /** The payload as JSON. Throws a `SyntaxError` where it is none. */
  json(): unknown {
    return JSON.parse(this.text());
  }

  /**
   * With `manualAcknowledgement`: the broker may forget the message. In 5.0 a Reason Code of 0x80 or more refuses it. `false`: the broker does not wait for
   * it any more, or this was done already.
   */
  acknowledge(reasonCode?: ReasonCode): boolean {
    return this.#acknowledge(this.#packet, reasonCode);
  }
}
